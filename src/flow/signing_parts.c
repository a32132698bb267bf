#include "flow/signing_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static void
clear_marks(struct rk_signing_repo *run)
{
	for (size_t i = 0; i < run->count; i++)
		run->docs[i].publish = false;
}

static bool
is_derived(const struct rk_signing_doc *doc)
{
	return doc->kind == RK_ROLE_SNAPSHOT || doc->kind == RK_ROLE_TIMESTAMP;
}

/* Does the staged root give this role other keys than the published one? Then it waits for it. */
static rk_error *
waits_for_root(struct rk_signing_repo *run, const char *role, bool *ret_waits)
{
	struct rk_authority before, after;
	rk_error *err;

	*ret_waits = false;
	if (run->first || !rk_signing_doc_of(run, "root") ||
	    rk_role_kind_of(role) == RK_ROLE_DELEGATED)
		return NULL;
	err = rk_repo_authority(run->repo, RK_VIEW_PUBLISHED, role, &before);
	if (!err)
		err = rk_repo_authority(run->repo, RK_VIEW_NEXT, role, &after);
	if (!err)
		*ret_waits = !rk_role_same_keys(before.role, after.role);
	return err;
}

/* Mark the edited docs that have their signatures under that root. */
static rk_error *
mark_edits(struct rk_signing_repo *run, bool new_root)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < run->count && !err; i++) {
		struct rk_signing_doc *doc = &run->docs[i];
		bool waits = false;

		if (is_derived(doc) || doc->kind == RK_ROLE_ROOT)
			continue;
		err = rk_signing_doc_judge(run, doc, new_root);
		if (!err && !new_root)
			err = waits_for_root(run, doc->role, &waits);
		doc->publish = !err && doc->met && !waits;
	}
	return err;
}

/* Is there a targets file that the root in force believes? */
static rk_error *
targets_hold(struct rk_signing_repo *run, bool new_root, bool *ret_hold)
{
	struct rk_signing_doc *doc = rk_signing_doc_of(run, "targets");
	bool held = false;
	rk_error *err;

	*ret_hold = doc && doc->publish;
	if (*ret_hold)
		return NULL;
	err = rk_signing_is_held(run, "targets", new_root, &held);
	if (err)
		return err;
	if (held)
		return rk_signing_published_holds(run, "targets", new_root, ret_hold);
	*ret_hold = true;
	return NULL;
}

static bool
is_trying(const struct rk_signing_repo *run)
{
	return run->trying && !run->failed;
}

/* Snapshot or timestamp over what is marked, where it is to be made. */
static rk_error *
derive(struct rk_signing_repo *run, enum rk_role_kind kind, bool new_root,
    struct rk_signing_doc **ret_doc)
{
	bool held = false;
	rk_error *err = rk_signing_is_held(run, rk_role_kind_name(kind), new_root, &held);

	if (err || !held)
		return err;
	return kind == RK_ROLE_SNAPSHOT ? rk_signing_derive_snapshot(run, new_root, ret_doc)
					: rk_signing_derive_timestamp(run, new_root, ret_doc);
}

/* The same for all that try: made, signed together, marked. Without it their part may not go. */
static rk_error *
settle_derived(const struct rk_signing_batch *batch, enum rk_role_kind kind, bool new_root)
{
	struct rk_signing_wants wants = {0};
	rk_error *err = NULL;

	for (size_t i = 0; i < batch->count && !err; i++) {
		struct rk_signing_repo *run = batch->repos[i];
		struct rk_signing_doc *doc = NULL;
		rk_error *own = is_trying(run) ? derive(run, kind, new_root, &doc) : NULL;

		if (own)
			rk_signing_fail(run, own);
		else if (doc)
			err = rk_signing_want(&wants, run, doc);
	}
	if (!err)
		err = rk_signing_docs_sign(batch->signing, &wants);
	for (size_t i = 0; i < wants.count && !err; i++) {
		struct rk_signing_doc *doc = wants.items[i].doc;

		doc->publish = doc->met;
		wants.items[i].run->trying = doc->publish;
	}
	free(wants.items);
	return err;
}

static bool
any_marked(const struct rk_signing_repo *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->docs[i].publish)
			return true;
	return false;
}

static bool
has_derived(const struct rk_signing_repo *run)
{
	return rk_signing_doc_of(run, "snapshot") || rk_signing_doc_of(run, "timestamp");
}

static rk_error *
begin_try(struct rk_signing_repo *run, bool new_root)
{
	bool holds = false;
	rk_error *err;

	clear_marks(run);
	if (new_root)
		rk_signing_doc_of(run, "root")->publish = true;
	err = mark_edits(run, new_root);
	if (!err)
		err = targets_hold(run, new_root, &holds);
	run->trying = holds && (any_marked(run) || has_derived(run));
	return err;
}

/* Everything that is ready under that root, with snapshot and timestamp, of all that are `trying`. */
static rk_error *
try_all(const struct rk_signing_batch *batch, bool new_root)
{
	rk_error *err;

	for (size_t i = 0; i < batch->count; i++) {
		rk_error *own =
		    is_trying(batch->repos[i]) ? begin_try(batch->repos[i], new_root) : NULL;

		if (own)
			rk_signing_fail(batch->repos[i], own);
	}
	err = settle_derived(batch, RK_ROLE_SNAPSHOT, new_root);
	if (!err)
		err = settle_derived(batch, RK_ROLE_TIMESTAMP, new_root);
	for (size_t i = 0; i < batch->count && !err; i++)
		if (is_trying(batch->repos[i]))
			batch->repos[i]->closed = any_marked(batch->repos[i]);
	return err;
}

/* The new root alone, where all that is published stays believed under it. */
static rk_error *
try_root_alone(struct rk_signing_repo *run)
{
	static const char *const others[] = {"targets", "snapshot", "timestamp"};
	bool holds = true;
	rk_error *err = NULL;

	clear_marks(run);
	if (run->first || rk_repo_dialect(run->repo)->meta_root)
		return NULL;
	for (size_t i = 0; i < 3 && !err && holds; i++) {
		bool held = false;

		err = rk_signing_is_held(run, others[i], true, &held);
		if (!err && held)
			err = rk_signing_published_holds(run, others[i], true, &holds);
	}
	if (!err && holds) {
		rk_signing_doc_of(run, "root")->publish = true;
		run->closed = true;
	}
	return err;
}

static bool
has_met_root(const struct rk_signing_repo *run)
{
	const struct rk_signing_doc *root = rk_signing_doc_of(run, "root");

	return root && root->met;
}

/* Before the first root has its signatures nothing can go out, but who is here need not come again:
 * what the root's own keys make of snapshot and timestamp is signed all the same, where no list has
 * the root in it, which is still to be signed by others. */
static bool
signs_ahead(const struct rk_signing_repo *run)
{
	return run->first && rk_signing_doc_of(run, "root") &&
	       !rk_repo_dialect(run->repo)->meta_root;
}

/* After the new root with all that it makes due: the new root alone, or else the old one. */
static void
fall_back(struct rk_signing_repo *run)
{
	bool is_met = has_met_root(run);
	rk_error *err = NULL;

	run->closed = run->closed && is_met;
	if (!run->closed && is_met)
		err = try_root_alone(run);
	run->trying = !run->closed && !run->first;
	if (err)
		rk_signing_fail(run, err);
}

rk_error *
rk_signing_parts(const struct rk_signing_batch *batch)
{
	rk_error *err;

	for (size_t i = 0; i < batch->count; i++)
		batch->repos[i]->trying =
		    has_met_root(batch->repos[i]) || signs_ahead(batch->repos[i]);
	err = try_all(batch, true);
	for (size_t i = 0; i < batch->count && !err; i++)
		if (!batch->repos[i]->failed)
			fall_back(batch->repos[i]);
	if (!err)
		err = try_all(batch, false);
	for (size_t i = 0; i < batch->count && !err; i++)
		if (!batch->repos[i]->closed)
			clear_marks(batch->repos[i]);
	return err;
}

static rk_error *
missing_of(struct rk_signing_repo *run, const struct rk_authority *judge, const rk_verdict *verdict,
    struct rk_signing_pending *pending)
{
	const char **names = calloc(verdict->missing_count + 1, sizeof(*names));
	const char **prints = calloc(verdict->missing_count + 1, sizeof(*prints));
	rk_error *err = names && prints ? NULL : rk_out_of_memory();
	size_t count = 0;

	for (size_t i = 0; !err && i < verdict->missing_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(judge->keys, verdict->missing[i]);

		if (!key)
			continue;
		names[count] = rk_repo_key_name(run->repo, key);
		prints[count++] = key->pubkey ? rk_pubkey_fingerprint_hex(key->pubkey) : "";
	}
	pending->missing = names;
	pending->missing_fingerprints = prints;
	pending->missing_count = count;
	if (names)
		err = rk_join(err, rk_signing_own_list(run, names));
	if (prints)
		err = rk_join(err, rk_signing_own_list(run, prints));
	return err;
}

/* The first judge that is not satisfied says why; a doc that has all waits for its part. */
static rk_error *
explain(struct rk_signing_repo *run, struct rk_signing_doc *doc, struct rk_signing_pending *pending)
{
	char *why = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; i < doc->judge_count && !err && !why; i++) {
		RK_AUTO(rk_verdict) verdict = NULL;

		err = rk_verify(doc->envelope, doc->judges[i].role, doc->judges[i].keys, &verdict);
		if (err || verdict->met)
			continue;
		err = rk_strdupf(&why, "%u of %u signatures under %s", verdict->valid,
		    verdict->threshold, doc->judges[i].under);
		if (!err)
			err = missing_of(run, &doc->judges[i], verdict, pending);
	}
	if (!err && !why)
		err = rk_strdup("it has its signatures, and waits for what goes out with it", &why);
	if (err) {
		free(why);
		return err;
	}
	pending->why = why;
	return rk_signing_own_text(run, why);
}

rk_error *
rk_signing_parts_pending(struct rk_signing_repo *run)
{
	rk_error *err = NULL;

	run->pending = calloc(run->count + 1, sizeof(*run->pending));
	if (!run->pending)
		return rk_out_of_memory();
	for (size_t i = 0; i < run->count && !err; i++) {
		struct rk_signing_doc *doc = &run->docs[i];
		struct rk_signing_pending *pending = &run->pending[run->outcome.pending_count];
		bool waits = false;

		if (doc->publish)
			continue;
		if (doc->kind != RK_ROLE_ROOT && !is_derived(doc))
			err = waits_for_root(run, doc->role, &waits);
		if (!err && !is_derived(doc))
			err = rk_signing_doc_judge(run, doc, waits);
		pending->role = doc->role;
		pending->version = doc->envelope->version;
		if (!err)
			err = explain(run, doc, pending);
		run->outcome.pending_count++;
	}
	run->outcome.pending = run->pending;
	return err;
}
