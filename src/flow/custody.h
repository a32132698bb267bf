/*
 * custody.h - what would be lost with a key: who trusts it, and where else it is
 *
 * A key that a role trusts is not destroyed, and neither is a token that holds the only copy of
 * one. Where keys are is said by keep.json; a backup counts as a copy, a token that is not here
 * counts as another.
 *
 * Ownership  everything given is borrowed; ret_* belong to the caller.
 * Errors     RK_E_REFUSED something would be lost; what flow/repo.h lists for repositories that
 *            cannot be read, since nobody knows whom they trust; RK_E_NOMEM.
 */
#ifndef RK_FLOW_CUSTODY_H
#define RK_FLOW_CUSTODY_H

#include "keep/keep.h"
#include "world/token.h"

/* A role that trusts a key; `role` NULL: none does. `repo` is the keep's. */
typedef struct rk_custody_trust {
	char *role;
	const char *repo;
} rk_custody_trust;

/* One of the roles, published or staged, that trust this key. */
RK_CHECKED rk_error *rk_custody_trusted(
    rk_keep *keep, rk_env *env, const rk_pubkey *pubkey, rk_custody_trust *ret_trust);
void rk_custody_trust_clear(rk_custody_trust *trust);
/*
 * May everything on this token be destroyed? RK_E_REFUSED names a key whose only copy it holds and
 * the role that trusts it.
 */
RK_CHECKED rk_error *
rk_custody_token(rk_keep *keep, rk_env *env, rk_tokens *tokens, const rk_token_info *info);

#endif
