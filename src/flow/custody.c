#include "flow/custody.h"

#include "base/show.h"
#include "flow/repo.h"

#include <stdlib.h>
#include <string.h>

static bool
is_signer(const struct rk_authority *authority, const rk_pubkey *pubkey)
{
	const rk_tuf_key *key = rk_keyring_by_pubkey(authority->keys, pubkey, NULL);

	for (; key; key = rk_keyring_by_pubkey(authority->keys, pubkey, key))
		if (rk_role_has(authority->role, key->keyid))
			return true;
	return false;
}

/* A role that nobody is trusted with trusts nobody. */
static rk_error *
role_trusts(
    rk_repo *repo, enum rk_view view, const char *role, const rk_pubkey *pubkey, char **ret_role)
{
	struct rk_authority authority;
	rk_error *err = rk_repo_authority(repo, view, role, &authority);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err || !is_signer(&authority, pubkey))
		return err;
	return rk_strdup(role, ret_role);
}

/* The four roles by name, since a trusted one may have no file yet; delegations by their files. */
static rk_error *
view_trusts(rk_repo *repo, enum rk_view view, const rk_pubkey *pubkey, char **ret_role)
{
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = NULL;

	for (int kind = 0; !err && !*ret_role && kind < RK_ROLE_TOP_COUNT; kind++)
		err = role_trusts(
		    repo, view, rk_role_kind_name((enum rk_role_kind)kind), pubkey, ret_role);
	if (!err && !*ret_role)
		err = rk_repo_roles(repo, view, &roles);
	for (size_t i = 0; !err && !*ret_role && i < roles->count; i++)
		if (rk_role_kind_of(roles->names[i]) == RK_ROLE_DELEGATED)
			err = role_trusts(repo, view, roles->names[i], pubkey, ret_role);
	return err;
}

rk_error *
rk_custody_trusted(rk_keep *keep, rk_env *env, const rk_pubkey *pubkey, rk_custody_trust *ret_trust)
{
	RK_AUTO(rk_str) role = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; i < rk_keep_repo_count(keep); i++) {
		RK_AUTO(rk_repo) repo = NULL;
		const char *name = rk_keep_repo_at(keep, i)->name;

		err = rk_repo_open(keep, env, name, &repo);
		if (!err)
			err = view_trusts(repo, RK_VIEW_PUBLISHED, pubkey, &role);
		if (!err && !role)
			err = view_trusts(repo, RK_VIEW_NEXT, pubkey, &role);
		if (err)
			return err;
		if (role) {
			*ret_trust = (rk_custody_trust){RK_TAKE(role), name};
			return NULL;
		}
	}
	*ret_trust = (rk_custody_trust){NULL, NULL};
	return NULL;
}

void
rk_custody_trust_clear(rk_custody_trust *trust)
{
	free(trust->role);
	*trust = (rk_custody_trust){NULL, NULL};
}

static bool
same_token(const rk_token_info *a, const rk_token_info *b)
{
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
judge_key(rk_keep *keep, rk_env *env, const rk_keep_key *key, const rk_token_info *info)
{
	__attribute__((cleanup(rk_custody_trust_clear))) rk_custody_trust trust = {NULL, NULL};
	rk_error *err = rk_custody_trusted(keep, env, key->pubkey, &trust);

	if (err || !trust.role)
		return err;
	return rk_fail(RK_E_REFUSED,
	    "rotate the role to another key first ('rootkeep rotate'), or back the key up",
	    "%s holds the only copy of key %s, which %s of %s trusts", RK_SHOW(info->label),
	    RK_SHOW(key->name), RK_SHOW_BARE(trust.role), RK_SHOW(trust.repo));
}

rk_error *
rk_custody_token(rk_keep *keep, rk_env *env, rk_tokens *tokens, const rk_token_info *info)
{
	rk_error *err = NULL;

	for (size_t i = 0; !err && i < rk_keep_key_count(keep); i++) {
		const rk_keep_key *key = rk_keep_key_at(keep, i);
		bool only = false;

		err = holds_only_copy(tokens, key, info, &only);
		if (!err && only)
			err = judge_key(keep, env, key, info);
	}
	return err;
}
