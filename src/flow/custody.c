#include "flow/custody.h"

#include "base/show.h"

#include <string.h>

/* One card that two modules show, each by a serial of its own. */
static bool
same_reader(const rk_token_info *a, const rk_token_info *b)
{
	return a->hardware && b->hardware && a->slot_name && b->slot_name && a->slot_name[0] &&
	       strcmp(a->module_path, b->module_path) != 0 && !strcmp(a->slot_name, b->slot_name);
}

static bool
same_token(const rk_token_info *a, const rk_token_info *b)
{
	if (same_reader(a, b))
		return true;
	return a->slot == b->slot && !strcmp(a->module_path, b->module_path) &&
	       !strcmp(a->serial, b->serial) && !strcmp(a->label, b->label);
}

/* A URI is opaque here: what it means is what it opens. One that fits several may mean this one. */
static rk_error *
means(rk_tokens *tokens, const char *uri, const rk_token_info *info, bool *ret_means)
{
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_info) found = NULL;
	rk_error *err = tokens->ops->open(tokens, uri, &token);

	if (!err)
		err = token->ops->info(token, &found);
	*ret_means = err ? rk_error_code(err) == RK_E_TOKEN_MANY : same_token(info, found);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	return NULL;
}

static rk_error *
holds_only_copy(
    rk_tokens *tokens, const rk_keep_key *key, const rk_token_info *info, bool *ret_only)
{
	bool here = key->token_count > 0;
	rk_error *err = NULL;

	*ret_only = false;
	if (rk_node_count(rk_node_get(key->rest, "backups")) > 0)
		return NULL;
	for (size_t i = 0; !err && here && i < key->token_count; i++)
		err = means(tokens, key->tokens[i], info, &here);
	*ret_only = !err && here;
	return err;
}

static rk_error *
judge_key(const rk_custody_roles *roles, const rk_keep_key *key, const rk_token_info *info)
{
	size_t count = 0;
	const rk_custody_role *trust = rk_custody_roles_of(roles, key, &count);

	if (count == 0)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "give the role another key first ('rootkeep role set', then 'rootkeep sign'), or have "
	    "a copy of this one on another token",
	    "%s holds the only copy of key %s, which %s of %s trusts", RK_SHOW(info->label),
	    RK_SHOW(key->name), RK_SHOW_BARE(trust->role), RK_SHOW(trust->repo));
}

rk_error *
rk_custody_token(rk_keep *keep, rk_env *env, rk_tokens *tokens, const rk_token_info *info)
{
	RK_AUTO(rk_custody_roles) roles = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; !err && i < rk_keep_key_count(keep); i++) {
		const rk_keep_key *key = rk_keep_key_at(keep, i);
		bool only = false;

		err = holds_only_copy(tokens, key, info, &only);
		if (!err && only && !roles)
			err = rk_custody_roles_read(keep, env, &roles);
		if (!err && only)
			err = judge_key(roles, key, info);
	}
	return err;
}
