/*
 * custody.h - the life of a key: made, enrolled, tried, renamed, forgotten, destroyed
 *
 * A key is known to the keep only once it has proved itself: it signs a random challenge, which is
 * verified in software, and its attributes are read back and judged. One that fails after it was
 * made is destroyed again. What a story changes of the keep is one change with one line of the
 * journal. A key that a role trusts is not destroyed, and neither is a token that holds the only
 * copy of one; a backup counts as a copy, and so does a token that is not here.
 *
 * Ownership  everything given is borrowed; keys given back are the keep's; other ret_* belong to
 *            the caller.
 * Errors     as hands.h, keep.h, change.h and repo.h list them; RK_E_EXISTS a name, public key,
 *            label or id that is taken; RK_E_REFUSED something would be lost, or an attribute that is
 *            wrong; RK_E_KEY_UNPROVEN; RK_E_NOT_FOUND; RK_E_AMBIGUOUS.
 */
#ifndef RK_FLOW_CUSTODY_H
#define RK_FLOW_CUSTODY_H

#include "flow/hands.h"
#include "flow/keyplace.h"
#include "flow/plan.h"
#include "keep/keep.h"

/* What the stories are told with. */
struct rk_custody {
	rk_env *env;
	rk_keep *keep; /* open for writing where something changes */
	rk_hands *hands; /* NULL where no token is touched */
	int64_t clock; /* the machine's: journaled where env believes another time */
};

/* Making a key. */

struct rk_custody_wish {
	const char *name;
	const char *token; /* its URI */
	enum rk_key_type type;
	struct rk_keyplace place; /* its id, slot and label on the token, and what it asks for */
	const char *holder; /* NULL: nobody named */
	bool wrappable;
	const char *state_dir; /* what tokens were tried out for (keep/probes.h); NULL: not asked */
};

/* Judges the names, finds the token, logs nothing in. */
RK_CHECKED rk_error *rk_custody_generate_plan(
    const struct rk_custody *custody, const struct rk_custody_wish *wish, rk_plan **ret_plan);
/* The PIN, and where it is the SO who makes keys the SO PIN: asked before signals are held back, since
 * the rest is not to be left half done. */
RK_CHECKED rk_error *
rk_custody_generate_login(const struct rk_custody *custody, const struct rk_custody_wish *wish);
/* Made, proved, judged, and committed; or no trace of it is left, or the message names what is. */
RK_CHECKED rk_error *rk_custody_generate(const struct rk_custody *custody,
    const struct rk_custody_wish *wish, const rk_keep_key **ret_key);

/* Knowing a key that is there already. */

/* `text`: a pkcs11: URI, or a file with its public half; a certificate is kept too, and has to be one
 * that Notary's clients take (RK_E_UNTRUSTED). A name that is known, with the same public key: one more
 * token, or certificate. */
RK_CHECKED rk_error *rk_custody_enrol_plan(
    const struct rk_custody *custody, const char *name, const char *text, rk_plan **ret_plan);
/* `*ret_changed` false: all of it was known. */
RK_CHECKED rk_error *rk_custody_enrol(const struct rk_custody *custody, const char *name,
    const char *text, const rk_keep_key **ret_key, bool *ret_changed);
/* Finds a token of the key, logs nothing in. */
RK_CHECKED rk_error *
rk_custody_test_plan(const struct rk_custody *custody, const rk_keep_key *key, rk_plan **ret_plan);
/* A fresh challenge by a token of the key that is here; its hand tells which. */
RK_CHECKED rk_error *
rk_custody_test(const struct rk_custody *custody, const rk_keep_key *key, const rk_hand **ret_hand);

/* Changing what is said of one. */

/* NULL: as it is; a holder of "": nobody. */
RK_CHECKED rk_error *rk_custody_set(const struct rk_custody *custody, const rk_keep_key *key,
    const char *name, const char *holder, const rk_keep_key **ret_key);
/* The key's URI that `uri` fits (flow/keyuri.h), as it is stored. */
RK_CHECKED rk_error *
rk_custody_token_of(const rk_keep_key *key, const char *uri, const char **ret_stored);
/* `stored` is one of the key's. */
RK_CHECKED rk_error *
rk_custody_forget(const struct rk_custody *custody, const rk_keep_key *key, const char *stored);

/* Destroying one. */

/*
 * On `stored`, one of its tokens; NULL for a key of which only the public half is known, which is
 * forgotten. `ret_expect` is what has to be typed back, NULL for such a key; borrowed from the hands.
 */
RK_CHECKED rk_error *rk_custody_delete_plan(const struct rk_custody *custody,
    const rk_keep_key *key, const char *stored, rk_plan **ret_plan, const char **ret_expect);
/* The PIN, before signals are held back. */
RK_CHECKED rk_error *rk_custody_delete_login(
    const struct rk_custody *custody, const rk_keep_key *key, const char *stored);
/* `*ret_gone`: it was its last token, and the keep does not know the key any more. */
RK_CHECKED rk_error *rk_custody_delete(
    const struct rk_custody *custody, const rk_keep_key *key, const char *stored, bool *ret_gone);

/* Who trusts whom. */

/* A role of a repository that trusts a key of the keep. */
typedef struct rk_custody_role {
	const rk_keep_key *key;
	const char *repo; /* the keep's */
	char *role; /* the house's spelling */
	bool published, next; /* in which view; both where nothing is staged */
} rk_custody_role;

typedef struct rk_custody_roles {
	rk_custody_role *roles; /* by key, repository, role */
	size_t count;
} rk_custody_roles;

/* Of every key, in one walk over the repositories. */
RK_CHECKED rk_error *
rk_custody_roles_read(rk_keep *keep, rk_env *env, rk_custody_roles **ret_roles);
/* The first of a key's, and how many follow each other. */
const rk_custody_role *
rk_custody_roles_of(const rk_custody_roles *roles, const rk_keep_key *key, size_t *ret_count);
void rk_custody_roles_free(rk_custody_roles *roles);
RK_DEFINE_FREEP(rk_custody_roles)

/*
 * May everything on this token be destroyed? RK_E_REFUSED names a key whose only copy it holds and
 * the role that trusts it.
 */
RK_CHECKED rk_error *
rk_custody_token(rk_keep *keep, rk_env *env, rk_tokens *tokens, const rk_token_info *info);

#endif
