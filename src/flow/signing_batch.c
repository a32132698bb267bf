#include "flow/signing_private.h"

#include "base/show.h"
#include "flow/factory.h"

#include <stdlib.h>
#include <string.h>

#define REPOS_NAMED 3 /* at a prompt */

/* One signature that is wanted, and where it goes. */
struct wanted {
	struct rk_signing_repo *run;
	struct rk_signing_doc *doc;
	const rk_tuf_key *key;
	struct rk_signing_signer *signer;
	size_t job; /* that makes it: one for all ids of a key */
	bool makes; /* it is the first that the job is for */
};

struct batch {
	struct rk_signing *signing;
	struct wanted *items; /* those of a doc are neighbours, and so are those of a repository */
	size_t count, cap;
	struct rk_hand_job *jobs;
	size_t job_count;
};

static void
batch_clear(struct batch *batch)
{
	for (size_t i = 0; i < batch->job_count; i++) {
		rk_buf_clear(&batch->jobs[i].signature);
		rk_error_free(batch->jobs[i].err);
	}
	free(batch->jobs);
	free(batch->items);
}

static rk_error *
batch_add(struct batch *batch, const struct wanted *wanted)
{
	struct wanted *grown;

	for (size_t i = batch->count; i > 0 && batch->items[i - 1].doc == wanted->doc; i--)
		if (!strcmp(batch->items[i - 1].key->keyid, wanted->key->keyid))
			return NULL;
	if (batch->count == batch->cap) {
		size_t cap = 2 * batch->cap + 8;

		grown = reallocarray(batch->items, cap, sizeof(*grown));
		if (!grown)
			return rk_out_of_memory();
		batch->items = grown;
		batch->cap = cap;
	}
	batch->items[batch->count++] = *wanted;
	return NULL;
}

static bool
has_signed(const rk_verdict *verdict, const char *keyid)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (!strcmp(verdict->sigs[i].keyid, keyid) &&
		    (verdict->sigs[i].judgement == RK_JUDGED_VALID ||
			verdict->sigs[i].judgement == RK_JUDGED_SAME_KEY))
			return true;
	return false;
}

/* Those of one judge's keys that are reached and have not signed. */
static rk_error *
collect_judge(struct rk_signing_repo *run, struct rk_signing_doc *doc,
    const struct rk_authority *judge, struct batch *batch)
{
	RK_AUTO(rk_verdict) verdict = NULL;
	rk_error *err = rk_verify(doc->envelope, judge->role, judge->keys, &verdict);

	for (size_t i = 0; i < judge->role->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(judge->keys, judge->role->keyids[i]);
		const rk_keep_key *known = key ? rk_repo_keep_key(run->repo, key) : NULL;
		struct rk_signing_signer *signer =
		    known && key->scheme ? rk_signing_signer_of(run->signing, known) : NULL;
		struct wanted wanted = {run, doc, key, signer, 0, false};

		if (signer && signer->hand && !has_signed(verdict, key->keyid))
			err = batch_add(batch, &wanted);
	}
	return err;
}

/* The same PIN signs what is derived, once it is known. */
static rk_error *
name_derived(struct rk_signing_repo *run, rk_buf *out)
{
	static const char *const derived[] = {"snapshot", "timestamp"};
	const char *between = ", then its ";
	rk_error *err = NULL;

	for (size_t i = 0; i < 2 && !err; i++) {
		bool held = false;

		err = rk_signing_is_held(
		    run, derived[i], rk_signing_doc_of(run, "root") != NULL, &held);
		if (!held)
			continue;
		rk_buf_printf(out, "%s%s", between, derived[i]);
		between = " and ";
	}
	return err;
}

/* "targets 3 of demo, then its snapshot": `at` moves on to the next repository's. */
static rk_error *
name_files(const struct batch *batch, size_t *at, rk_buf *out)
{
	struct rk_signing_repo *run = batch->items[*at].run;
	size_t first = *at;
	bool edits = false;

	for (; *at < batch->count && batch->items[*at].run == run; (*at)++) {
		const struct rk_signing_doc *doc = batch->items[*at].doc;

		if (*at > first && batch->items[*at - 1].doc == doc)
			continue;
		rk_buf_printf(out, "%s%s %lld", *at > first ? ", " : "", RK_SHOW_BARE(doc->role),
		    (long long)doc->envelope->version);
		edits |= doc->kind != RK_ROLE_SNAPSHOT && doc->kind != RK_ROLE_TIMESTAMP;
	}
	rk_buf_printf(out, " of %s", RK_SHOW_BARE(rk_repo_name(run->repo)));
	return edits ? name_derived(run, out) : NULL;
}

/* What the person at the prompt is told: of many repositories the first, and how many there are. */
static rk_error *
purpose_of(const struct batch *batch, rk_buf *out)
{
	size_t total = batch->signing->count, named = 0, at = 0;
	rk_error *err = NULL;

	rk_buf_text(out, "sign ");
	for (; at < batch->count && named < REPOS_NAMED && !err; named++) {
		if (named > 0)
			rk_buf_text(out, "; ");
		err = name_files(batch, &at, out);
	}
	if (total > named)
		rk_buf_printf(out, ", and what is staged of %zu more", total - named);
	return err ? err : rk_buf_check(out);
}

static rk_error *
ready_signers(struct batch *batch)
{
	RK_AUTO_BUF(purpose);
	rk_error *err = purpose_of(batch, &purpose);
	size_t kept = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		struct rk_signing_signer *signer = batch->items[i].signer;

		if (signer->hand && !signer->ready) {
			err = rk_hand_ready(signer->hand, rk_buf_str(&purpose));
			signer->ready = err == NULL;
			if (err)
				err = rk_signing_note_absence(batch->signing, signer, err);
		}
		if (signer->hand)
			batch->items[kept++] = batch->items[i];
	}
	if (!err)
		batch->count = kept;
	return err;
}

/* Has somebody signed another payload of this role and version before? */
static rk_error *
judge_payload(struct rk_signing_repo *run, const struct rk_signing_doc *doc)
{
	const struct rk_signing_options *options = &run->signing->options;
	const rk_keep_outstanding *other;
	uint8_t sha256[RK_SHA256_SIZE];
	rk_error *err = rk_envelope_sha256(doc->envelope, sha256);

	if (err || options->second_payload)
		return err;
	other = rk_keep_repo_outstanding(
	    rk_repo_entry(run->repo), doc->role, doc->envelope->version, sha256);
	if (other && other->fingerprint_count >= doc->judges[0].role->threshold)
		return rk_fail(RK_E_REFUSED,
		    "publish the one that was signed; or give --except second-payload=REASON",
		    "enough signatures are outstanding on another %s %lld of %s: two could be "
		    "believed",
		    RK_SHOW_BARE(doc->role), (long long)doc->envelope->version,
		    RK_SHOW(rk_repo_name(run->repo)));
	return rk_memory_check(
	    options->memory, run->anchor, doc->role, doc->envelope->version, sha256);
}

/* A key that a root and the one before it know by two ids, as under a new certificate, signs once:
 * nobody touches a token twice for the same bytes. */
static bool
is_made_already(const struct batch *batch, size_t at, size_t *ret_job)
{
	const struct wanted *item = &batch->items[at];

	for (size_t i = at; i > 0 && batch->items[i - 1].doc == item->doc; i--) {
		const struct wanted *other = &batch->items[i - 1];

		if (other->signer != item->signer || other->key->scheme != item->key->scheme)
			continue;
		*ret_job = other->job;
		return true;
	}
	return false;
}

static rk_error *
make_jobs(struct batch *batch)
{
	rk_error *err = NULL;

	batch->jobs = calloc(batch->count + 1, sizeof(*batch->jobs));
	if (!batch->jobs)
		return rk_out_of_memory();
	for (size_t i = 0; i < batch->count && !err; i++) {
		struct wanted *item = &batch->items[i];
		struct rk_hand_job *job;

		if (is_made_already(batch, i, &item->job))
			continue;
		item->makes = true;
		item->job = batch->job_count++;
		job = &batch->jobs[item->job];
		job->hand = item->signer->hand;
		job->scheme = item->key->scheme;
		err =
		    rk_envelope_payload_for(item->doc->envelope, item->key->scheme, &job->payload);
	}
	return err;
}

static rk_error *
note_signature(struct rk_signing_repo *run, const struct wanted *item)
{
	size_t count = run->outcome.signature_count;
	struct rk_signing_signed *grown = realloc(run->signatures, (count + 1) * sizeof(*grown));
	char *role = NULL;
	rk_error *err;

	if (!grown)
		return rk_out_of_memory();
	run->signatures = grown;
	err = rk_strdup(item->doc->role, &role);
	if (!err)
		err = rk_signing_own_text(run, role);
	if (err)
		return err;
	grown[count] = (struct rk_signing_signed){
	    .role = role,
	    .version = item->doc->envelope->version,
	    .key = item->signer->key->name,
	    .fingerprint = item->signer->key->fingerprint,
	    .token = rk_hand_token_name(item->signer->hand),
	};
	run->outcome.signatures = grown;
	run->outcome.signature_count = count + 1;
	return NULL;
}

/* A large file goes to the disk at once, and is read back from there. */
static rk_error *
splice_on_disk(struct rk_signing_repo *run, struct rk_signing_doc *doc,
    const struct rk_new_sig *sigs, size_t count, rk_envelope **ret_envelope)
{
	const rk_store *store = rk_repo_store(run->repo);
	RK_AUTO(rk_text) text = NULL;
	uint8_t sha256[RK_SHA256_SIZE];
	rk_sink sink;
	rk_error *err = rk_store_stage_stream(store, run->signing->change, doc->role, &sink);

	if (!err)
		err = rk_envelope_splice(doc->envelope, sigs, count, NULL, sink);
	if (!err)
		err = rk_store_read_back(store, run->signing->change, doc->role, sha256, &text);
	if (!err)
		err = rk_envelope_open_spliced(doc->envelope, RK_TAKE(text), ret_envelope);
	if (err)
		return err;
	rk_envelope_note_file_sha256(*ret_envelope, sha256);
	doc->written = true;
	return NULL;
}

static rk_error *
splice_in_memory(struct rk_signing_doc *doc, const struct rk_new_sig *sigs, size_t count,
    rk_envelope **ret_envelope)
{
	RK_AUTO_BUF(out);
	rk_text *text = NULL;
	rk_error *err = rk_envelope_splice(doc->envelope, sigs, count, NULL, rk_sink_buf(&out));

	if (!err)
		err = rk_text_take(&out, &text);
	return err ? err : rk_envelope_open_spliced(doc->envelope, text, ret_envelope);
}

/* Put the new signatures, one for each item, into the doc's text. */
static rk_error *
doc_splice(struct rk_signing_repo *run, struct rk_signing_doc *doc, const struct wanted *items,
    size_t count, const struct rk_hand_job *jobs)
{
	struct rk_new_sig *sigs = calloc(count + 1, sizeof(*sigs));
	RK_AUTO(rk_envelope) envelope = NULL;
	size_t before = run->outcome.signature_count;
	bool large = rk_signing_is_large(doc);
	rk_error *err = sigs ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < count && !err; i++) {
		const rk_buf *signature = &jobs[items[i].job].signature;

		sigs[i] = (struct rk_new_sig){
		    items[i].key->keyid, items[i].key->scheme, signature->data, signature->len};
		if (items[i].makes)
			err = note_signature(run, &items[i]);
	}
	if (!err && large)
		err = rk_signing_remember(run, before);
	if (!err && large)
		err = splice_on_disk(run, doc, sigs, count, &envelope);
	else if (!err)
		err = splice_in_memory(doc, sigs, count, &envelope);
	free(sigs);
	if (err)
		return err;
	rk_envelope_free(doc->envelope);
	doc->envelope = RK_TAKE(envelope);
	doc->changed = true;
	return rk_signing_doc_met(doc);
}

/* One repository's part: all of its signatures, or none. */
static rk_error *
splice_run(struct batch *batch, size_t first, size_t end)
{
	rk_error *err = NULL;

	for (size_t i = first; i < end && !err; i++)
		err = RK_TAKE(batch->jobs[batch->items[i].job].err);
	for (size_t i = first, next; i < end && !err; i = next) {
		struct rk_signing_doc *doc = batch->items[i].doc;

		for (next = i + 1; next < end && batch->items[next].doc == doc; next++)
			;
		err = doc_splice(batch->items[i].run, doc, &batch->items[i], next - i, batch->jobs);
	}
	return err;
}

static void
splice_all(struct batch *batch)
{
	for (size_t i = 0, end; i < batch->count; i = end) {
		struct rk_signing_repo *run = batch->items[i].run;
		rk_error *err;

		for (end = i + 1; end < batch->count && batch->items[end].run == run; end++)
			;
		err = splice_run(batch, i, end);
		if (err)
			rk_signing_fail(run, err);
	}
}

/* A root is not signed on a token whose PIN everybody knows. */
static rk_error *
judge_secrets(const struct wanted *item)
{
	if (item->doc->kind != RK_ROLE_ROOT)
		return NULL;
	return rk_factory_judge(rk_hand_token_info(item->signer->hand),
	    rk_hand_token_name(item->signer->hand), item->signer->key->name);
}

/* The signatures of one file that are wanted, and may be made. */
static rk_error *
collect(const struct rk_signing_wanted *want, struct batch *batch)
{
	size_t before = batch->count;
	rk_error *err = NULL;

	for (size_t j = 0; j < want->doc->judge_count && !err; j++)
		err = collect_judge(want->run, want->doc, &want->doc->judges[j], batch);
	if (!err && batch->count > before)
		err = judge_payload(want->run, want->doc);
	for (size_t i = before; i < batch->count && !err; i++)
		err = judge_secrets(&batch->items[i]);
	return err;
}

/* Take out what a repository that failed meanwhile wanted. */
static void
drop_failed(struct batch *batch)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (!batch->items[i].run->failed)
			batch->items[kept++] = batch->items[i];
	batch->count = kept;
}

static rk_error *
sign_all(const struct rk_signing_wants *wants, struct batch *batch)
{
	rk_error *err;

	for (size_t i = 0; i < wants->count; i++) {
		struct rk_signing_repo *run = wants->items[i].run;
		rk_error *own = run->failed ? NULL : collect(&wants->items[i], batch);

		if (own)
			rk_signing_fail(run, own);
	}
	drop_failed(batch);
	if (batch->count == 0)
		return NULL;
	err = ready_signers(batch);
	if (!err)
		err = make_jobs(batch);
	if (!err)
		err = rk_hands_sign(batch->signing->hands, batch->jobs, batch->job_count);
	if (err)
		return err;
	batch->signing->token_used |= batch->count > 0;
	splice_all(batch);
	return NULL;
}

rk_error *
rk_signing_want(
    struct rk_signing_wants *wants, struct rk_signing_repo *run, struct rk_signing_doc *doc)
{
	if (wants->count == wants->cap) {
		size_t cap = 2 * wants->cap + 8;
		struct rk_signing_wanted *grown = reallocarray(wants->items, cap, sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		wants->items = grown;
		wants->cap = cap;
	}
	wants->items[wants->count++] = (struct rk_signing_wanted){run, doc};
	return NULL;
}

rk_error *
rk_signing_docs_sign(struct rk_signing *signing, const struct rk_signing_wants *wants)
{
	struct batch batch = {.signing = signing};
	rk_error *err = sign_all(wants, &batch);

	batch_clear(&batch);
	return err;
}
