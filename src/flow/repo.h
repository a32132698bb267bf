/*
 * repo.h - one repository of the keep: what is published, what is staged, who may sign what
 *
 * A repository is looked at in two views: PUBLISHED is the last complete state; NEXT is the same
 * with what is staged over it, as it would be if everything staged were promoted. Files are read
 * once and shared by every question of a run. After a change was committed the repository is
 * opened again.
 *
 * Roles whose keys the keep does not know (a server's public key) are not held: nobody here can
 * sign them, they are never staged, and a client's walk may miss them.
 *
 * Ownership  a repo borrows the keep and the env. Envelopes, roots, roles and rings it gives are
 *            borrowed from it.
 * Errors     RK_E_NOT_FOUND no such repository or role; RK_E_UNTRUSTED the published roots do not
 *            start at the anchor or do not follow each other; RK_E_REFUSED; RK_E_MALFORMED a file
 *            that is damaged; RK_E_IO; RK_E_NOMEM.
 */
#ifndef RK_FLOW_REPO_H
#define RK_FLOW_REPO_H

#include "keep/store.h"
#include "tuf/chain.h"

enum rk_view { RK_VIEW_PUBLISHED, RK_VIEW_NEXT };

typedef struct rk_repo rk_repo;

/* Who may sign a role, and how many of them must. */
struct rk_authority {
	const rk_role *role;
	const rk_keyring *keys;
	const char *under; /* "the keys of root 2": a phrase for messages, ours */
};

/* `name` must be in the keep. Nothing is verified yet; see rk_repo_trust. */
RK_CHECKED rk_error *rk_repo_open(rk_keep *keep, rk_env *env, const char *name, rk_repo **ret_repo);
rk_keep *rk_repo_keep(const rk_repo *repo);
rk_env *rk_repo_env(const rk_repo *repo);
const char *rk_repo_name(const rk_repo *repo);
/* The name that clients know it by. */
const char *rk_repo_gun(const rk_repo *repo);
const rk_dialect *rk_repo_dialect(const rk_repo *repo);
const rk_keep_repo *rk_repo_entry(const rk_repo *repo);
/* The folders beneath, for staging and publishing. */
rk_store *rk_repo_store(const rk_repo *repo);

/* Does the published chain start at the anchor, and does each root follow the one before? A
 * repository that never published has nothing to distrust. RK_E_UNTRUSTED. */
RK_CHECKED rk_error *rk_repo_trust(rk_repo *repo);

/* All roles that have a file in the view, in the order in which a client trusts them; the house's
 * spelling. */
RK_CHECKED rk_error *rk_repo_roles(rk_repo *repo, enum rk_view view, rk_names **ret_roles);
/* The staged ones only. */
RK_CHECKED rk_error *rk_repo_staged_roles(rk_repo *repo, rk_names **ret_roles);
/* `*ret_envelope` is NULL where the role has no file in the view. */
RK_CHECKED rk_error *
rk_repo_envelope(rk_repo *repo, enum rk_view view, const char *role, rk_envelope **ret_envelope);
/* The staged file alone; NULL where nothing is staged for the role. */
RK_CHECKED rk_error *rk_repo_staged(rk_repo *repo, const char *role, rk_envelope **ret_envelope);
/* The view's root as a value. RK_E_NOT_FOUND: it has none yet. */
RK_CHECKED rk_error *rk_repo_root(rk_repo *repo, enum rk_view view, const rk_root **ret_root);
/* Whose signatures the role needs in this view: by its root, or by its delegator (the targets file
 * of the view). For "root" itself: by that root. RK_E_NOT_FOUND: nobody is trusted with it. */
RK_CHECKED rk_error *rk_repo_authority(
    rk_repo *repo, enum rk_view view, const char *role, struct rk_authority *ret_authority);
/*
 * Every authority that a file of this role must satisfy to replace the published one: for root the
 * published root's and its own; else the view's one. `ret` has room for two.
 */
RK_CHECKED rk_error *rk_repo_judges(rk_repo *repo, enum rk_view view, const char *role,
    struct rk_authority ret[static 2], size_t *ret_count);
/* Is any key of the role, in this view, a key of the keep? */
RK_CHECKED rk_error *
rk_repo_is_held(rk_repo *repo, enum rk_view view, const char *role, bool *ret_held);

/* The version that the role's next file must have: one above the published; except for root, those
 * that signatures are outstanding on are skipped. */
RK_CHECKED rk_error *rk_repo_next_version(rk_repo *repo, const char *role, int64_t *ret_version);
/* When a file of the role that is made now expires: by keep.json, else the dialect's default. */
RK_CHECKED rk_error *rk_repo_next_expiry(rk_repo *repo, const char *role, int64_t *ret_expires);
/* RK_E_REFUSED when the role's staged file carries a signature: its bytes are final. */
RK_CHECKED rk_error *rk_repo_not_frozen(rk_repo *repo, const char *role);

/* What people call a key of the metadata: its name in the keep, else the first digits of its id.
 * Safe to print; borrowed from the repo. */
const char *rk_repo_key_name(rk_repo *repo, const rk_tuf_key *key);
/* The keep's key with this public half; NULL: not known here. */
const rk_keep_key *rk_repo_keep_key(const rk_repo *repo, const rk_tuf_key *key);
/* The published folder as a source for rk_chain_walk; the caller's, borrows the repo. */
RK_CHECKED rk_error *rk_repo_source(rk_repo *repo, rk_source **ret_source);

void rk_repo_free(rk_repo *repo);
RK_DEFINE_FREEP(rk_repo)

#endif
