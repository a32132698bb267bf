#include "flow/judge.h"

#include "base/show.h"
#include "flow/certwatch.h"
#include "flow/judge_private.h"

#include <stdlib.h>
#include <string.h>

#define KEYID_SHOWN 12

void
rk_judge_free(rk_judge *judge)
{
	if (!judge)
		return;
	rk_client_state_free(judge->state);
	rk_names_free(judge->warnings);
	rk_names_free(judge->amiss);
	free(judge);
}

static bool
is_no_such_file(rk_error *err)
{
	bool none = rk_error_code(err) == RK_E_NOT_FOUND;

	if (none)
		rk_error_free(err);
	return none;
}

/* Numbered roots, or one that is not. */
static rk_error *
has_root(const rk_dir *dir, bool *ret_has)
{
	RK_AUTO(rk_source) source = NULL;
	int64_t first = 0, last = 0;
	rk_error *err = rk_source_folder(dir, &source);

	if (!err)
		err = source->range(source, "root.json", &first, &last);
	if (!err)
		*ret_has = first > 0 || rk_file_exists(dir, "root.json") ||
			   rk_file_exists(dir, "timestamp.json");
	return err;
}

rk_error *
rk_judge_open_folder(const char *path, rk_dir **ret_dir)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_dir) below = NULL;
	bool has = false;
	rk_error *err = rk_dir_open(path, RK_DIR_ANY, &dir);

	if (!err)
		err = has_root(dir, &has);
	if (!err && !has) {
		err = rk_dir_open_at(dir, "metadata", &below);
		if (is_no_such_file(err))
			err = NULL;
	}
	if (!err)
		*ret_dir = below ? RK_TAKE(below) : RK_TAKE(dir);
	return err;
}

rk_error *
rk_judge_dialect(rk_source *source, const rk_dialect **ret_dialect)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_str) name = NULL;
	int64_t first = 0, last = 0;
	rk_error *err = source->range(source, "root.json", &first, &last);

	if (!err && first > 0)
		err = rk_strdupf(&name, "%lld.root.json", (long long)first);
	else if (!err)
		err = rk_strdup("root.json", &name);
	if (!err)
		err = source->fetch(source, name, rk_envelope_limit(RK_ROLE_ROOT), &text);
	if (rk_error_code(err) == RK_E_NOT_FOUND)
		err = rk_advise(rk_wrap(err, "there is no root to begin with"),
		    "name the folder that holds the metadata");
	if (!err)
		err = rk_envelope_open(NULL, RK_TAKE(text), name, &envelope);
	if (!err)
		*ret_dialect = envelope->dialect;
	return err;
}

/* What is under judgement, as long as that lasts. */
struct inquest {
	const struct rk_judge_wish *wish;
	rk_judge *judge;
	struct rk_chain_request request;
	rk_dir *dir;
	rk_source *source;
	rk_text *trusted;
	rk_client_state *since;
};

static void
inquest_clear(struct inquest *inquest)
{
	rk_client_state_free(inquest->since);
	rk_text_free(inquest->trusted);
	rk_source_free(inquest->source);
	rk_dir_free(inquest->dir);
}

static rk_error *
trust_root(struct inquest *inquest)
{
	const struct rk_judge_wish *wish = inquest->wish;
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err = rk_envelope_open_path(NULL, wish->root, &envelope);

	if (!err && envelope->kind != RK_ROLE_ROOT)
		return rk_fail(RK_E_REFUSED, "name a root file",
		    "%s is no root: nothing else can be trusted to begin with",
		    RK_SHOW(wish->root));
	if (!err)
		err = rk_text_copy(envelope->text->data, envelope->text->len, &inquest->trusted);
	if (err)
		return err;
	inquest->request.dialect = envelope->dialect;
	inquest->request.trusted_root = inquest->trusted;
	inquest->judge->start = RK_JUDGE_FROM_ROOT;
	return NULL;
}

static rk_error *
open_folder(struct inquest *inquest)
{
	rk_error *err = rk_judge_open_folder(inquest->wish->folder, &inquest->dir);

	inquest->request.name = inquest->wish->gun;
	if (!err)
		err = rk_source_folder(inquest->dir, &inquest->source);
	if (!err && inquest->wish->root)
		err = trust_root(inquest);
	else if (!err)
		err = rk_judge_dialect(inquest->source, &inquest->request.dialect);
	if (!err && inquest->wish->as_held && inquest->request.dialect->server_roles)
		inquest->request.timestamp_may_miss = inquest->request.snapshot_may_miss = true;
	return err;
}

/* Those that a server signs are not the keep's to have. */
static rk_error *
allow_missing(struct inquest *inquest)
{
	bool timestamp = true, snapshot = true;
	rk_repo *repo = inquest->wish->repo;
	rk_error *err = rk_repo_is_held(repo, RK_VIEW_PUBLISHED, "timestamp", &timestamp);

	if (!err)
		err = rk_repo_is_held(repo, RK_VIEW_PUBLISHED, "snapshot", &snapshot);
	inquest->request.timestamp_may_miss = !timestamp;
	inquest->request.snapshot_may_miss = !snapshot;
	return err;
}

static rk_error *
open_repo(struct inquest *inquest)
{
	rk_repo *repo = inquest->wish->repo;
	const rk_keep_repo *entry = rk_repo_entry(repo);
	rk_error *err = NULL;

	if (!rk_store_is_published(rk_repo_store(repo), "root"))
		return rk_fail(RK_E_NOT_FOUND, "sign what is staged: rootkeep sign REPO",
		    "%s has published nothing yet", RK_SHOW(rk_repo_name(repo)));
	inquest->request.dialect = rk_repo_dialect(repo);
	inquest->request.name = rk_repo_gun(repo);
	if (inquest->wish->root) {
		err = trust_root(inquest);
	} else if (entry->anchored) {
		inquest->request.anchor_version = entry->anchor_version;
		inquest->request.anchor_sha256 = entry->anchor_sha256;
		inquest->judge->start = RK_JUDGE_FROM_ANCHOR;
	}
	if (!err)
		err = allow_missing(inquest);
	return err ? err : rk_repo_source(repo, &inquest->source);
}

/* What a client that saw the folder then remembers: its root, and every version. */
static rk_error *
recall(struct inquest *inquest)
{
	const char *path = inquest->wish->since;
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_source) source = NULL;
	struct rk_chain_request request = inquest->request;
	const rk_client_role *root;
	rk_error *err = rk_judge_open_folder(path, &dir);

	if (!err)
		err = rk_source_folder(dir, &source);
	request.source = source;
	request.ignore_expiry = true;
	/* Of a keep's own folder: a server's files are not in it. */
	request.timestamp_may_miss |= request.dialect->server_roles;
	request.snapshot_may_miss |= request.dialect->server_roles;
	if (!err)
		err = rk_chain_walk(&request, &inquest->since);
	root = inquest->since ? rk_client_role_of(inquest->since, "root") : NULL;
	if (!err && !root)
		err = rk_fail(RK_E_UNTRUSTED, NULL, "it has no root");
	if (err)
		return rk_advise(
		    rk_wrap(err, "no client can have seen %s and believed it", RK_SHOW(path)),
		    "name a folder that was good when it was seen");
	rk_text_free(inquest->trusted);
	inquest->trusted = NULL;
	err =
	    rk_text_copy(root->envelope->text->data, root->envelope->text->len, &inquest->trusted);
	inquest->request.trusted_root = inquest->trusted;
	inquest->request.anchor_sha256 = NULL;
	inquest->request.since = inquest->since;
	return err;
}

static void
note_missing(struct inquest *inquest)
{
	static const enum rk_role_kind kinds[] = {RK_ROLE_TIMESTAMP, RK_ROLE_SNAPSHOT};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		inquest->judge->missing[kinds[i]] =
		    !rk_client_role_of(inquest->judge->state, rk_role_kind_name(kinds[i]));
}

/* A client stops at a gap, and for good: what comes after it is published for nobody. */
static rk_error *
judge_gap(struct inquest *inquest)
{
	int64_t first = 0, last = 0, version = inquest->judge->state->root->version;
	rk_source *source = inquest->source;
	rk_error *err = source->range ? source->range(source, "root.json", &first, &last) : NULL;

	if (err || last <= version)
		return err;
	return rk_fail(RK_E_UNTRUSTED, "put it back from a copy: every root stays published",
	    "root %lld is missing, so no client gets to root %lld", (long long)version + 1,
	    (long long)last);
}

/* A file that is not there is a reason not to believe, once there is a repository at all. */
static rk_error *
walk(struct inquest *inquest)
{
	rk_judge *judge = inquest->judge;
	rk_error *err;

	inquest->request.source = inquest->source;
	err = rk_chain_walk(&inquest->request, &judge->state);
	if (rk_error_code(err) == RK_E_NOT_FOUND)
		err = rk_recode(err, RK_E_UNTRUSTED);
	if (!err)
		err = judge_gap(inquest);
	if (err && !rk_error_remedy(err))
		err = rk_advise(err, "%s",
		    rk_client_state_has_expired(judge->state)
			? "get what is published now, or renew it: rootkeep renew REPO"
			: "get the files again from where they are published, or look for who "
			  "changed them");
	if (!err)
		note_missing(inquest);
	return err;
}

static rk_error *
warn_of(struct inquest *inquest, const struct rk_certwatch_item *item)
{
	const rk_judge *judge = inquest->judge;
	const rk_tuf_key *key = rk_keyring_by_id(judge->state->root->keys, item->keyid);
	rk_repo *repo = inquest->wish->repo;
	RK_AUTO(rk_str) digits = NULL;
	RK_AUTO_BUF(sentence);
	rk_error *err = rk_strndup(item->keyid, KEYID_SHOWN, &digits);

	if (err || !item->alarm)
		return err;
	rk_certwatch_sentence(item, repo ? rk_repo_key_name(repo, key) : RK_SHOW_BARE(digits),
	    repo ? RK_SHOW_BARE(rk_repo_name(repo)) : NULL, inquest->request.now, &sentence);
	err = rk_buf_check(&sentence);
	return err ? err : rk_names_add(judge->warnings, rk_buf_str(&sentence));
}

/* Of the root that a client ends at, and also where it refuses what follows. */
static rk_error *
watch_certificates(struct inquest *inquest)
{
	const rk_root *root = inquest->judge->state ? inquest->judge->state->root : NULL;
	rk_repo *repo = inquest->wish->repo;
	RK_AUTO(rk_certwatch) watch = NULL;
	rk_error *err = NULL;

	if (!root)
		return NULL;
	inquest->judge->warnings = calloc(1, sizeof(*inquest->judge->warnings));
	if (!inquest->judge->warnings)
		return rk_out_of_memory();
	err =
	    rk_certwatch_take(root, repo ? rk_repo_keep(repo) : NULL, inquest->request.now, &watch);
	for (size_t i = 0; !err && i < watch->count; i++)
		err = warn_of(inquest, &watch->items[i]);
	return err;
}

static rk_error *
judge_all(struct inquest *inquest)
{
	const struct rk_judge_wish *wish = inquest->wish;
	rk_error *err = wish->repo ? open_repo(inquest) : open_folder(inquest);

	if (!err && wish->since)
		err = recall(inquest);
	if (!err) {
		err = walk(inquest);
		err = rk_join(err, watch_certificates(inquest));
	}
	if (!err && wish->targets)
		err = rk_judge_targets(inquest->judge, wish->env, wish->targets);
	return err;
}

rk_error *
rk_judge_take(const struct rk_judge_wish *wish, rk_judge **ret_judge)
{
	rk_judge *judge = calloc(1, sizeof(*judge));
	struct inquest inquest = {.wish = wish, .judge = judge};
	rk_error *err;

	if (!judge)
		return rk_out_of_memory();
	inquest.request.now = wish->env->ops->now(wish->env);
	inquest.request.delegations_may_miss = true;
	err = judge_all(&inquest);
	inquest_clear(&inquest);
	*ret_judge = judge;
	return err;
}
