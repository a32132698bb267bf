#include "base/show.h"
#include "flow/adopt_private.h"
#include "flow/judge.h"

#include <stdlib.h>
#include <string.h>

static bool
is_no_such_file(rk_error *err)
{
	bool none = rk_error_code(err) == RK_E_NOT_FOUND;

	if (none)
		rk_error_free(err);
	return none;
}

static rk_error *
read_trusted(struct rk_adopt *adopt, const rk_dialect **ret_dialect, rk_text **ret_text)
{
	const char *path = adopt->wish->root;
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err;

	if (!path)
		return rk_fail(RK_E_REFUSED, "give the root that you trust: --root FILE",
		    "nothing says which root of %s is to be believed", RK_SHOW(adopt->wish->name));
	err = rk_envelope_open_path(NULL, path, &envelope);
	if (!err && envelope->kind != RK_ROLE_ROOT)
		return rk_fail(RK_E_REFUSED, "name a root file",
		    "%s is no root: nothing else can be trusted to begin with", RK_SHOW(path));
	if (!err)
		err = rk_text_copy(envelope->text->data, envelope->text->len, ret_text);
	if (!err)
		*ret_dialect = envelope->dialect;
	return err;
}

/* What we have published is what a client of ours has seen. */
static rk_error *
read_own(struct rk_adopt *adopt)
{
	const rk_keep_repo *entry = rk_repo_entry(adopt->repo);
	RK_AUTO(rk_source) source = NULL;
	struct rk_chain_request request = {
	    .dialect = rk_repo_dialect(adopt->repo),
	    .name = rk_repo_gun(adopt->repo),
	    .anchor_version = entry->anchor_version,
	    .anchor_sha256 = entry->anchor_sha256,
	    .now = adopt->env->ops->now(adopt->env),
	    .ignore_expiry = true,
	    .timestamp_may_miss = true,
	    .snapshot_may_miss = true,
	    .delegations_may_miss = true,
	};
	const rk_client_role *root;
	rk_error *err = rk_repo_source(adopt->repo, &source);

	request.source = source;
	if (!err)
		err = rk_chain_walk(&request, &adopt->since);
	if (err)
		return rk_wrap(err, "what is published of %s here is not to be gone on from",
		    RK_SHOW(adopt->wish->name));
	root = rk_client_role_of(adopt->since, "root");
	adopt->dialect = rk_repo_dialect(adopt->repo);
	return rk_text_copy(root->envelope->text->data, root->envelope->text->len, &adopt->trusted);
}

static rk_error *
keep_root(struct rk_adopt *adopt, int64_t version, bool *ret_there)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_str) name = NULL;
	rk_error *err = adopt->dialect->published_name("root", version, true, &name);

	if (!err)
		err = adopt->folder->fetch(
		    adopt->folder, name, rk_envelope_limit(RK_ROLE_ROOT), &text);
	*ret_there = err == NULL;
	if (is_no_such_file(err))
		return NULL;
	return err ? err : rk_source_put(adopt->roots, name, text->data, text->len);
}

/* The trusted root has its place in the chain, whether the folder has it or not. */
static rk_error *
put_trusted(struct rk_adopt *adopt, int64_t *ret_version)
{
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_str) name = NULL;
	rk_text *copy = NULL;
	rk_error *err = rk_text_copy(adopt->trusted->data, adopt->trusted->len, &copy);

	if (!err)
		err = rk_envelope_open(adopt->dialect, copy, "the trusted root", &envelope);
	if (!err)
		err = adopt->dialect->published_name("root", envelope->version, true, &name);
	if (!err)
		err = rk_source_put(adopt->roots, name, adopt->trusted->data, adopt->trusted->len);
	if (!err)
		*ret_version = envelope->version;
	return err;
}

/* A client's own folder has the newest root under its plain name alone: it gets its number. */
static rk_error *
put_plain(struct rk_adopt *adopt)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_str) plain = NULL;
	RK_AUTO(rk_str) name = NULL;
	rk_text *copy = NULL;
	rk_error *err;

	if (!adopt->dialect->root_plain)
		return NULL;
	err = adopt->dialect->plain_name("root", &plain);
	if (!err)
		err = adopt->folder->fetch(
		    adopt->folder, plain, rk_envelope_limit(RK_ROLE_ROOT), &text);
	if (is_no_such_file(err))
		return NULL;
	if (!err)
		err = rk_text_copy(text->data, text->len, &copy);
	if (!err)
		err = rk_envelope_open(adopt->dialect, copy, plain, &envelope);
	if (!err)
		err = adopt->dialect->published_name("root", envelope->version, true, &name);
	return err ? err : rk_source_put(adopt->roots, name, text->data, text->len);
}

/* Read every root once, onward and back from the trusted one. */
static rk_error *
keep_roots(struct rk_adopt *adopt)
{
	int64_t trusted = 0;
	bool there = true;
	rk_error *err = rk_source_memory(&adopt->roots);

	if (!err)
		err = put_plain(adopt);
	if (!err)
		err = put_trusted(adopt, &trusted);
	for (int64_t i = 1; i <= RK_CHAIN_ROOTS && there && !err; i++)
		err = keep_root(adopt, trusted + i, &there);
	there = true;
	for (int64_t i = 1; i <= RK_CHAIN_ROOTS && there && i < trusted && !err; i++)
		err = keep_root(adopt, trusted - i, &there);
	if (!err)
		err = rk_source_overlay(adopt->roots, adopt->folder, &adopt->source);
	return err;
}

static bool
knows_a_key(const struct rk_adopt *adopt, const rk_root *root, enum rk_role_kind kind)
{
	const rk_role *role = rk_root_role(root, kind);

	for (size_t i = 0; i < role->keyid_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, role->keyids[i]);

		if (key && key->pubkey && rk_keep_key_by_pubkey(adopt->keep, key->pubkey))
			return true;
	}
	return false;
}

/* Whose keys the final root has for what a server may sign. */
static rk_error *
allow_missing(struct rk_adopt *adopt, struct rk_chain_request *request)
{
	RK_AUTO(rk_client_state) state = NULL;
	struct rk_chain_request roots = *request;
	rk_error *err;

	roots.roots_only = true;
	roots.ignore_expiry = true;
	roots.since = NULL;
	err = rk_chain_walk(&roots, &state);
	if (err)
		return err;
	request->timestamp_may_miss = !knows_a_key(adopt, state->root, RK_ROLE_TIMESTAMP);
	request->snapshot_may_miss = !knows_a_key(adopt, state->root, RK_ROLE_SNAPSHOT);
	return NULL;
}

/* What comes after a gap would be lost on the way. */
static rk_error *
judge_gap(struct rk_adopt *adopt)
{
	rk_source *folder = adopt->folder;
	int64_t first = 0, last = 0, version = adopt->state->root->version;
	rk_error *err = folder->range ? folder->range(folder, "root.json", &first, &last) : NULL;

	if (err || last <= version)
		return err;
	return rk_fail(RK_E_UNTRUSTED, "get it from where the others are published",
	    "root %lld is missing, so no client gets to root %lld", (long long)version + 1,
	    (long long)last);
}

/* What clients know it by. */
static const char *
gun_of(const struct rk_adopt *adopt)
{
	if (adopt->wish->gun)
		return adopt->wish->gun;
	return adopt->repo ? rk_repo_gun(adopt->repo) : adopt->wish->name;
}

static rk_error *
walk(struct rk_adopt *adopt)
{
	struct rk_chain_request request = {
	    .dialect = adopt->dialect,
	    .name = gun_of(adopt),
	    .source = adopt->source,
	    .trusted_root = adopt->trusted,
	    .now = adopt->env->ops->now(adopt->env),
	    .delegations_may_miss = true,
	    .since = adopt->since,
	};
	rk_error *err = allow_missing(adopt, &request);

	if (!err)
		err = rk_chain_walk(&request, &adopt->state);
	if (!err)
		err = judge_gap(adopt);
	if (!err)
		return NULL;
	if (rk_error_code(err) == RK_E_NOT_FOUND)
		err = rk_recode(err, RK_E_UNTRUSTED);
	err = rk_wrap(
	    err, "a client would refuse %s; nothing was adopted", RK_SHOW(adopt->wish->folder));
	if (rk_client_state_has_expired(adopt->state))
		return rk_advise(err, "get what is published now; or, to renew what has expired, "
				      "say with --now when it was good");
	return rk_error_remedy(err)
		   ? err
		   : rk_advise(err, "get the files again from where they are published");
}

/* Where a root leads, by the roots that are there and those that are ours. */
static rk_error *
follow(struct rk_adopt *adopt, rk_text *trusted, rk_client_state **ret_state)
{
	RK_AUTO(rk_source) own = NULL;
	RK_AUTO(rk_source) all = NULL;
	struct rk_chain_request request = {
	    .dialect = rk_repo_dialect(adopt->repo),
	    .name = rk_repo_gun(adopt->repo),
	    .trusted_root = trusted,
	    .now = adopt->env->ops->now(adopt->env),
	    .ignore_expiry = true,
	    .roots_only = true,
	};
	rk_error *err = rk_repo_source(adopt->repo, &own);

	if (!err)
		err = rk_source_overlay(adopt->source, own, &all);
	request.source = all;
	return err ? err : rk_chain_walk(&request, ret_state);
}

/* The root that a person trusts must lead there too. */
static rk_error *
check_given(struct rk_adopt *adopt)
{
	RK_AUTO(rk_text) given = NULL;
	RK_AUTO(rk_client_state) state = NULL;
	const rk_dialect *dialect = NULL;
	rk_error *err = read_trusted(adopt, &dialect, &given);

	if (!err && dialect != adopt->dialect)
		return rk_fail(RK_E_REFUSED, "adopt it under a name of its own",
		    "%s speaks another dialect than %s", RK_SHOW(adopt->wish->root),
		    RK_SHOW(adopt->wish->name));
	if (!err)
		err = follow(adopt, given, &state);
	if (err || !memcmp(rk_client_role_of(state, "root")->sha256,
		       rk_client_role_of(adopt->state, "root")->sha256, RK_SHA256_SIZE))
		return err;
	return rk_fail(RK_E_UNTRUSTED, "look which of the two is the right one",
	    "%s does not lead to the root that follows from the anchor of %s",
	    RK_SHOW(adopt->wish->root), RK_SHOW(adopt->wish->name));
}

/* A GUN is said once, and only where there are any. */
static rk_error *
judge_gun(const struct rk_adopt *adopt)
{
	const char *gun = adopt->wish->gun;

	if (gun && !adopt->dialect->repo_name_check)
		return rk_fail(
		    RK_E_USAGE, "leave --gun out", "%s knows no GUN", adopt->dialect->title);
	if (gun && adopt->repo && strcmp(gun, rk_repo_gun(adopt->repo)) != 0)
		return rk_fail(RK_E_REFUSED, "adopt it under a name of its own",
		    "clients know %s as %s, and not as %s", RK_SHOW(adopt->wish->name),
		    RK_SHOW(rk_repo_gun(adopt->repo)), RK_SHOW(gun));
	return NULL;
}

rk_error *
rk_adopt_walk(struct rk_adopt *adopt)
{
	rk_error *err =
	    adopt->repo ? read_own(adopt) : read_trusted(adopt, &adopt->dialect, &adopt->trusted);

	if (!err)
		err = judge_gun(adopt);
	if (!err)
		err = rk_judge_open_folder(adopt->wish->folder, &adopt->dir);
	if (!err)
		err = rk_source_folder(adopt->dir, &adopt->folder);
	if (!err)
		err = keep_roots(adopt);
	if (!err)
		err = walk(adopt);
	return err || !adopt->repo || !adopt->wish->root ? err : check_given(adopt);
}
