/*
 * clone_private.h - what the halves of a copy share: the two ends, and the way between them
 */
#ifndef RK_FLOW_CLONE_PRIVATE_H
#define RK_FLOW_CLONE_PRIVATE_H

#include "flow/clone.h"

struct rk_clone_ends {
	const rk_keep_key *key;
	rk_hand *source; /* not ready before the login */
	rk_token *target;
	bool to_device; /* not to software */
	bool ways[RK_WRAP_WAY_COUNT]; /* that both name */
};

/* RK_E_TOKEN_UNSUPPORTED: they have no way in common. */
RK_CHECKED rk_error *rk_clone_way_find(struct rk_clone_ends *ends);
/* The best of them, for people. */
const char *rk_clone_way_name(const struct rk_clone_ends *ends);
/*
 * Wrapped on the source, unwrapped on the target, by the first way that works; no transport key is
 * left, or a warning names it. Both are logged in.
 */
RK_CHECKED rk_error *
rk_clone_way_go(rk_env *env, const struct rk_clone_ends *ends, rk_token_key **ret_copy);

#endif
