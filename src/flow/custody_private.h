/*
 * custody_private.h - what the stories of a key share
 */
#ifndef RK_FLOW_CUSTODY_PRIVATE_H
#define RK_FLOW_CUSTODY_PRIVATE_H

#include "flow/custody.h"
#include "world/certificate.h"

/* A file; one without a path is none. */
struct rk_custody_bytes {
	const char *path;
	const void *bytes;
	size_t len;
};

/* One line of the journal. */
struct rk_custody_record {
	const char *action; /* "key generate k" */
	const char *holder; /* NULL: nobody named */
	const char *fingerprint;
	const char *note; /* NULL: none */
	const char *path, *text; /* a file that comes with it; NULL: none */
	struct rk_custody_bytes files[2]; /* others, which may be there already */
};

/* keep.json as it stands in memory and the line, as one change. `*ret_settled` is true where the
 * change happens in any case, now or when the keep is opened next. `ret_settled` may be NULL. */
RK_CHECKED rk_error *rk_custody_commit(
    const struct rk_custody *custody, const struct rk_custody_record *record, bool *ret_settled);

/* The certificate for a repository that the token has of this key, signed by the key; untouched:
 * none. One under another name is told. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_custody_find_certificate(
    const struct rk_custody *custody, const rk_hand *hand, rk_certificate **ret_certificate);

/* What a key must be. */
enum rk_custody_kind {
	RK_CUSTODY_KEPT, /* made here: what is wrong is an error */
	RK_CUSTODY_WRAPPABLE, /* made here, to be wrapped */
	RK_CUSTODY_COPY, /* come from another token, or from a file: the same, but not made there */
	RK_CUSTODY_FOREIGN, /* made elsewhere: told, unless it cannot sign */
};
/* The attributes as they were read back. What is unknown is a warning. RK_E_KEY_UNPROVEN. */
RK_CHECKED rk_error *rk_custody_judge(rk_env *env, const rk_hand *hand, enum rk_custody_kind kind);

/* A key that is being made, generated or copied, on a token that is logged in. */
struct rk_custody_making {
	const struct rk_custody *custody;
	rk_token *token;
	const struct rk_key_spec *spec;
	const char *name; /* the keep's */
	bool fresh; /* its id is this run's own: what has it was made by this run */
};

/* The world is rolled back by hand: the message says whether it is as it was. `why` is taken over,
 * and comes back with that above it. */
RK_CHECKED rk_error *rk_custody_take_back(
    const struct rk_custody_making *making, const rk_token_key *made, rk_error *why);
/* Making it failed with `why`, and it may be there all the same: an answer can get lost. What is
 * seen there is taken back; what may be there is named. */
RK_CHECKED rk_error *rk_custody_unmade(const struct rk_custody_making *making, rk_error *why);

#endif
