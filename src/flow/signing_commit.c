#include "flow/signing_private.h"

#include "base/show.h"
#include "flow/attest.h"

#include <stdlib.h>
#include <string.h>

/* The order in which files appear: what a client reads first comes last. */
static const enum rk_role_kind order[] = {
    RK_ROLE_DELEGATED, RK_ROLE_TARGETS, RK_ROLE_SNAPSHOT, RK_ROLE_ROOT, RK_ROLE_TIMESTAMP};

static rk_error *
consistent(struct rk_signing_repo *run, bool *ret_consistent)
{
	struct rk_signing_doc *doc = rk_signing_doc_of(run, "root");
	const rk_root *root = NULL;
	rk_error *err =
	    rk_repo_root(run->repo, doc && doc->publish ? RK_VIEW_NEXT : RK_VIEW_PUBLISHED, &root);

	if (!err)
		*ret_consistent = root->consistent_snapshot;
	return err;
}

static rk_error *
published_name(struct rk_signing_repo *run, const struct rk_signing_doc *doc, char **ret_name)
{
	bool numbered = false;
	rk_error *err = consistent(run, &numbered);

	return err ? err
		   : rk_repo_dialect(run->repo)->published_name(
			 doc->role, doc->envelope->version, numbered, ret_name);
}

/* What would be published, as a client would be given it. */
struct offer {
	rk_source *memory; /* what is in memory, to be read as any */
	struct rk_chain_ready *ready; /* large files, read from the disk */
	char **names;
	size_t count;
};

static void
offer_clear(struct offer *offer)
{
	for (size_t i = 0; i < offer->count; i++)
		free(offer->names[i]);
	free(offer->names);
	free(offer->ready);
	rk_source_free(offer->memory);
}

static int
compare_ready(const void *a, const void *b)
{
	return strcmp(
	    ((const struct rk_chain_ready *)a)->role, ((const struct rk_chain_ready *)b)->role);
}

/* A root under its plain name too, where the dialect has that. */
static rk_error *
offer_plain(struct rk_signing_repo *run, const struct rk_signing_doc *doc, struct offer *offer)
{
	const rk_dialect *dialect = rk_repo_dialect(run->repo);
	const rk_text *text = doc->envelope->text;
	RK_AUTO(rk_str) name = NULL;
	rk_error *err;

	if (doc->kind != RK_ROLE_ROOT || !dialect->root_plain)
		return NULL;
	err = dialect->plain_name("root", &name);
	return err ? err : rk_source_put(offer->memory, name, text->data, text->len);
}

static rk_error *
offer_doc(struct rk_signing_repo *run, const struct rk_signing_doc *doc, struct offer *offer)
{
	const rk_text *text = doc->envelope->text;
	RK_AUTO(rk_str) name = NULL;
	rk_error *err = published_name(run, doc, &name);

	if (err)
		return err;
	if (!rk_signing_is_large(doc)) {
		err = rk_source_put(offer->memory, name, text->data, text->len);
		return err ? err : offer_plain(run, doc, offer);
	}
	offer->names[offer->count] = RK_TAKE(name);
	offer->ready[offer->count] =
	    (struct rk_chain_ready){doc->role, offer->names[offer->count], doc->envelope};
	offer->count++;
	return NULL;
}

static rk_error *
make_offer(struct rk_signing_repo *run, struct offer *offer)
{
	rk_error *err = rk_source_memory(&offer->memory);

	offer->names = calloc(run->count + 1, sizeof(char *));
	offer->ready = calloc(run->count + 1, sizeof(*offer->ready));
	if (!err && (!offer->names || !offer->ready))
		err = rk_out_of_memory();
	for (size_t i = 0; i < run->count && !err; i++)
		if (run->docs[i].publish)
			err = offer_doc(run, &run->docs[i], offer);
	if (!err && offer->count > 1)
		qsort(offer->ready, offer->count, sizeof(*offer->ready), compare_ready);
	return err;
}

/* The result as a client would find it, before it is written. */
static rk_error *
walk_offer(struct rk_signing_repo *run, bool new_root, const struct offer *offer)
{
	RK_AUTO(rk_source) folder = NULL;
	RK_AUTO(rk_source) rest = NULL;
	RK_AUTO(rk_source) whole = NULL;
	RK_AUTO(rk_client_state) state = NULL;
	rk_env *env = run->signing->options.env;
	struct rk_chain_request request = {
	    .dialect = rk_repo_dialect(run->repo),
	    .name = rk_repo_gun(run->repo),
	    .anchor_version = run->anchor_version,
	    .anchor_sha256 = run->anchor,
	    .now = env->ops->now(env),
	    .ignore_expiry = true,
	    .delegations_may_miss = true,
	    .ready = offer->ready,
	    .ready_count = offer->count,
	};
	bool held = false;
	rk_error *err = rk_repo_source(run->repo, &folder);

	if (!err)
		err = rk_signing_rest(run, folder, &rest);
	if (!err)
		err = rk_source_overlay(offer->memory, rest, &whole);
	if (!err)
		err = rk_signing_is_held(run, "snapshot", new_root, &held);
	request.snapshot_may_miss = !held;
	if (!err)
		err = rk_signing_is_held(run, "timestamp", new_root, &held);
	request.timestamp_may_miss = !held;
	request.source = whole;
	if (!err)
		err = rk_chain_walk(&request, &state);
	return err;
}

static rk_error *
walk(struct rk_signing_repo *run, bool new_root)
{
	struct offer offer = {0};
	rk_error *err = make_offer(run, &offer);

	if (!err)
		err = walk_offer(run, new_root, &offer);
	offer_clear(&offer);
	return rk_wrap(err,
	    "a client would refuse what would be published of %s; nothing was written",
	    RK_SHOW(rk_repo_name(run->repo)));
}

static rk_error *
note_published(struct rk_signing_repo *run, const struct rk_signing_doc *doc, char *name)
{
	size_t count = run->outcome.published_count;
	struct rk_signing_published *grown = realloc(run->published, (count + 1) * sizeof(*grown));
	rk_error *err = rk_signing_own_text(run, name);

	if (grown)
		run->published = grown;
	if (err)
		return err;
	if (!grown)
		return rk_out_of_memory();
	grown[count] = (struct rk_signing_published){doc->role, doc->envelope->version, name};
	run->outcome.published = grown;
	run->outcome.published_count = count + 1;
	return NULL;
}

/* Lists and roots are put there; a file that is on the disk already moves. */
static rk_error *
publish_doc(struct rk_signing_repo *run, struct rk_signing_doc *doc)
{
	const rk_store *store = rk_repo_store(run->repo);
	const rk_text *text = doc->envelope->text;
	char *name = NULL;
	rk_error *err = published_name(run, doc, &name);

	if (err)
		return err;
	err = note_published(run, doc, name);
	if (!err && doc->kind >= RK_ROLE_TARGETS && (doc->written || !doc->changed))
		return rk_store_promote(store, run->signing->change, doc->role, name);
	if (!err)
		err = rk_store_put_published(
		    store, run->signing->change, name, text->data, text->len);
	if (!err && doc->staged)
		err = rk_store_unstage(store, run->signing->change, doc->role);
	return err;
}

static rk_error *
stage_doc(struct rk_signing_repo *run, const struct rk_signing_doc *doc)
{
	const rk_text *text = doc->envelope->text;
	rk_sink sink;
	rk_error *err =
	    rk_store_stage_stream(rk_repo_store(run->repo), run->signing->change, doc->role, &sink);

	return err ? err : rk_text_feed(text, 0, text->len, sink);
}

static rk_error *
add_files(struct rk_signing_repo *run, bool *ret_any)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (size_t j = 0; j < run->count && !err; j++)
			if (run->docs[j].kind == order[i] && run->docs[j].publish)
				err = publish_doc(run, &run->docs[j]);
	for (size_t i = 0; i < run->count && !err; i++) {
		const struct rk_signing_doc *doc = &run->docs[i];

		*ret_any |= doc->publish || doc->changed;
		if (!doc->publish && doc->changed && !doc->written)
			err = stage_doc(run, doc);
	}
	return err ? err : rk_signing_remove_gone(run);
}

static rk_error *
add_journal(struct rk_signing_repo *run)
{
	const struct rk_signing_options *options = &run->signing->options;
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_str) action = NULL;
	RK_AUTO(rk_node) tokens = NULL;
	rk_error *err = rk_strdupf(&action, "sign %s", rk_repo_name(run->repo));

	if (!err)
		err = rk_journal_entry_new(options->env, action, &entry);
	for (size_t i = 0; i < run->outcome.signature_count && !err; i++)
		err = rk_journal_entry_key(entry, run->outcome.signatures[i].fingerprint);
	if (!err)
		err = rk_hands_used(run->signing->hands, &tokens);
	if (!err && rk_node_count(tokens) > 0)
		err = rk_journal_entry_tokens(entry, RK_TAKE(tokens));
	if (!err && options->second_payload)
		err = rk_journal_entry_except(entry, "second-payload", options->second_payload);
	if (!err && options->despite_lint && rk_signing_doc_of(run, "root"))
		err = rk_journal_entry_except(entry, "lint", options->despite_lint);
	if (!err && options->unattested)
		err = rk_journal_entry_except(entry, RK_ATTEST_RULE, options->unattested);
	if (err)
		return err;
	if (options->clock != options->env->ops->now(options->env))
		rk_journal_entry_clock(entry, options->clock);
	return rk_change_journal(run->signing->change, RK_TAKE(entry));
}

/* News of a repository's signatures, and what they point at. */
struct news {
	struct rk_memory_news told;
	rk_memory_payload *payloads;
	char **prints;
};

static void
news_clear(struct news *news)
{
	free(news->payloads);
	free(news->prints);
}

static rk_error *
news_fill(struct news *news, const struct rk_signing_repo *run, size_t from)
{
	size_t count = run->outcome.signature_count - from;
	rk_error *err = NULL;

	news->payloads = calloc(count + 1, sizeof(*news->payloads));
	news->prints = calloc(count + 1, sizeof(*news->prints));
	if (!news->payloads || !news->prints)
		return rk_out_of_memory();
	for (size_t i = 0; i < count && !err; i++) {
		const struct rk_signing_signed *sig = &run->signatures[from + i];
		const struct rk_signing_doc *doc = rk_signing_doc_of(run, sig->role);

		news->prints[i] = (char *)(uintptr_t)sig->fingerprint;
		news->payloads[i].role = doc->role;
		news->payloads[i].version = sig->version;
		news->payloads[i].fingerprints = &news->prints[i];
		news->payloads[i].fingerprint_count = 1;
		err = rk_envelope_sha256(doc->envelope, news->payloads[i].sha256);
	}
	news->told = (struct rk_memory_news){
	    .name = rk_repo_name(run->repo),
	    .anchor_version = run->anchor_version,
	    .anchor_sha256 = run->anchor,
	    .payloads = news->payloads,
	    .count = count,
	};
	return err;
}

rk_error *
rk_signing_remember(struct rk_signing_repo *run, size_t from)
{
	struct news news = {0};
	rk_error *err = news_fill(&news, run, from);

	if (!err && news.told.count > 0)
		err = rk_memory_record_news(run->signing->options.memory, &news.told, 1);
	news_clear(&news);
	return err;
}

/* All that the batch signed, with one wait for the disk. */
static rk_error *
remember_batch(const struct rk_signing_batch *batch)
{
	struct news *news = calloc(batch->count + 1, sizeof(*news));
	struct rk_memory_news *told = calloc(batch->count + 1, sizeof(*told));
	size_t count = 0;
	rk_error *err = news && told ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < batch->count && !err; i++) {
		if (batch->repos[i]->failed || batch->repos[i]->outcome.signature_count == 0)
			continue;
		err = news_fill(&news[i], batch->repos[i], 0);
		told[count++] = news[i].told;
	}
	if (!err && count > 0)
		err = rk_memory_record_news(batch->signing->options.memory, told, count);
	for (size_t i = 0; news && i < batch->count; i++)
		news_clear(&news[i]);
	free(news);
	free(told);
	return err;
}

/* A server that writes files anew would publish other bytes than were signed, and no client could
 * read the repository any more. */
static rk_error *
check_exact(struct rk_signing_repo *run)
{
	const rk_dialect *dialect = rk_repo_dialect(run->repo);
	rk_error *err = NULL;

	for (size_t i = 0; dialect->exact && i < run->count && !err; i++)
		if (run->docs[i].publish || run->docs[i].changed)
			err = dialect->exact(run->docs[i].envelope);
	return rk_wrap(err, "no client could read what would be made of %s; nothing was written",
	    RK_SHOW(rk_repo_name(run->repo)));
}

/* Would a client take it? */
static rk_error *
judge_result(struct rk_signing_repo *run)
{
	struct rk_signing_doc *root = rk_signing_doc_of(run, "root");
	bool new_root = root && root->publish;
	bool any = false;
	rk_error *err = check_exact(run);

	for (size_t i = 0; i < run->count; i++)
		any |= run->docs[i].publish;
	if (err || !any)
		return err;
	err = rk_signing_find_gone(run, new_root);
	return err ? err : walk(run, new_root);
}

/* Its files, its anchor, and its line of the journal where there is anything to tell. */
static rk_error *
add_repo(struct rk_signing_repo *run)
{
	const struct rk_signing_doc *root = rk_signing_doc_of(run, "root");
	rk_change *change = run->signing->change;
	bool publishes_first = run->first && root && root->publish;
	bool any = false;
	rk_error *err = add_files(run, &any);

	if (err || !any)
		return err;
	if (publishes_first) {
		err = rk_keep_repo_set_anchor(run->signing->options.keep, rk_repo_name(run->repo),
		    run->anchor_version, run->anchor);
		rk_change_save_keep(change);
	}
	return err ? err : add_journal(run);
}

rk_error *
rk_signing_commit(const struct rk_signing_batch *batch)
{
	rk_error *err;

	for (size_t i = 0; i < batch->count; i++) {
		struct rk_signing_repo *run = batch->repos[i];
		rk_error *own = run->failed ? NULL : judge_result(run);

		if (own)
			rk_signing_fail(run, own);
	}
	err = remember_batch(batch);
	for (size_t i = 0; i < batch->count && !err; i++)
		if (!batch->repos[i]->failed)
			err = add_repo(batch->repos[i]);
	if (!err)
		err = rk_change_commit(batch->signing->change);
	for (size_t i = 0; i < batch->count && !err; i++)
		batch->repos[i]->done = !batch->repos[i]->failed;
	return err;
}
