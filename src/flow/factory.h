/*
 * factory.h - secrets that a token still has from its factory
 *
 * Everybody knows them, so a root key is not trusted to a token that has one. Whether it has is
 * told by the device alone (struct rk_token_info's factory_*): nothing is tried, and where it
 * cannot be told nothing is refused.
 *
 * Errors     RK_E_REFUSED with the commands that change them; RK_E_NOMEM, and those of looking.
 */
#ifndef RK_FLOW_FACTORY_H
#define RK_FLOW_FACTORY_H

#include "flow/custody.h"

/* May a root key be on this token? `name` is the token's and `key` the key's, safe to print. */
RK_CHECKED rk_error *rk_factory_judge(const rk_token_info *info, const char *name, const char *key);
/* The same of every token of the key that is here; one that is not here is not looked at. */
RK_CHECKED rk_error *rk_factory_judge_key(const struct rk_custody *custody, const rk_keep_key *key);
/* For a key that may become a root key: a warning. */
RK_CHECKED rk_error *rk_factory_warn(rk_env *env, const rk_token_info *info, const char *name);

#endif
