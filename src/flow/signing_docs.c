#include "flow/signing_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

struct rk_signing_doc *
rk_signing_doc_of(struct rk_signing_repo *run, const char *role)
{
	for (size_t i = 0; i < run->count; i++)
		if (!strcmp(run->docs[i].role, role))
			return &run->docs[i];
	return NULL;
}

static void
doc_clear(struct rk_signing_doc *doc)
{
	free(doc->role);
	rk_envelope_free(doc->envelope);
}

void
rk_signing_docs_free(struct rk_signing_repo *run)
{
	for (size_t i = 0; i < run->count; i++)
		doc_clear(&run->docs[i]);
	free(run->docs);
}

rk_error *
rk_signing_doc_put(
    struct rk_signing_repo *run, const char *role, rk_envelope *envelope, bool on_disk)
{
	RK_AUTO(rk_envelope) taken = envelope;
	struct rk_signing_doc *doc = rk_signing_doc_of(run, role), *grown;
	RK_AUTO(rk_str) name = NULL;
	rk_error *err;

	if (doc) {
		rk_envelope_free(doc->envelope);
		doc->envelope = RK_TAKE(taken);
		doc->changed = true;
		return NULL;
	}
	err = rk_strdup(role, &name);
	if (err)
		return err;
	grown = realloc(run->docs, (run->count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	run->docs = grown;
	grown[run->count++] = (struct rk_signing_doc){
	    .role = RK_TAKE(name),
	    .kind = rk_role_kind_of(role),
	    .envelope = RK_TAKE(taken),
	    .changed = !on_disk,
	    .staged = on_disk,
	};
	return NULL;
}

static rk_error *
doc_met(struct rk_signing_doc *doc)
{
	doc->met = doc->judge_count > 0;
	for (size_t i = 0; i < doc->judge_count && doc->met; i++) {
		RK_AUTO(rk_verdict) verdict = NULL;
		rk_error *err =
		    rk_verify(doc->envelope, doc->judges[i].role, doc->judges[i].keys, &verdict);

		if (err)
			return err;
		doc->met = verdict->met;
	}
	return NULL;
}

rk_error *
rk_signing_doc_judge(struct rk_signing_repo *run, struct rk_signing_doc *doc, bool new_root)
{
	enum rk_view view = new_root || run->first ? RK_VIEW_NEXT : RK_VIEW_PUBLISHED;
	rk_error *err;

	doc->judge_count = 0;
	if (doc->kind == RK_ROLE_ROOT || doc->kind == RK_ROLE_DELEGATED)
		err = rk_repo_judges(
		    run->repo, RK_VIEW_NEXT, doc->role, doc->judges, &doc->judge_count);
	else
		err = rk_repo_judges(run->repo, view, doc->role, doc->judges, &doc->judge_count);
	return err ? err : doc_met(doc);
}

bool
rk_signing_is_wanted(const struct rk_signing *signing, const rk_keep_key *key)
{
	for (size_t i = 0; i < signing->options.only_key_count; i++)
		if (signing->options.only_keys[i] == key)
			return true;
	return signing->options.only_key_count == 0;
}

struct rk_signing_signer *
rk_signing_signer_of(const struct rk_signing *signing, const rk_keep_key *key)
{
	struct rk_signing_signer *signer = signing->signers;

	while (signer && signer->key != key)
		signer = signer->next;
	return signer;
}

/* Not being here is no error, unless the key was named. */
static bool
is_absence(const rk_error *err)
{
	switch (rk_error_code(err)) {
	case RK_E_TOKEN_NONE:
	case RK_E_TOKEN_GONE:
	case RK_E_TOKEN:
	case RK_E_KEY_NONE:
	case RK_E_NO_INPUT:
	case RK_E_PIN_NEEDED:
		return true;
	default:
		return false;
	}
}

static rk_error *
note_absence(struct rk_signing *signing, struct rk_signing_signer *signer, rk_error *err)
{
	enum rk_code code = rk_error_code(err);
	const rk_error *last = err;
	rk_error *failed;

	if (!is_absence(err) || signing->options.only_key_count > 0)
		return code == RK_E_NO_INPUT ? rk_recode(err, RK_E_PIN_NEEDED) : err;
	while (rk_error_cause(last))
		last = rk_error_cause(last);
	free(RK_TAKE(signer->reason));
	failed = rk_strdupf(&signer->reason, "%s%s%s", rk_error_message(last),
	    rk_error_remedy(err) ? "; " : "", rk_error_remedy(err) ? rk_error_remedy(err) : "");
	signer->lacked_pin = code == RK_E_NO_INPUT || code == RK_E_PIN_NEEDED;
	signer->hand = NULL;
	rk_error_free(err);
	return failed;
}

static rk_error *
reach_key(struct rk_signing *signing, const rk_keep_key *key)
{
	struct rk_signing_signer *signer;
	struct rk_reach reach = {
	    .name = key->name,
	    .pubkey = key->pubkey,
	    .uris = (const char *const *)key->tokens,
	    .uri_count = key->token_count,
	};
	rk_error *err;

	if (!rk_signing_is_wanted(signing, key) || rk_signing_signer_of(signing, key))
		return NULL;
	signer = calloc(1, sizeof(*signer));
	if (!signer)
		return rk_out_of_memory();
	signer->key = key;
	signer->next = signing->signers;
	signing->signers = signer;
	err = rk_hands_reach(signing->hands, &reach, &signer->hand);
	return err ? note_absence(signing, signer, err) : NULL;
}

static rk_error *
reach_authority(struct rk_signing_repo *run, const struct rk_authority *authority)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < authority->role->keyid_count && !err; i++) {
		const rk_tuf_key *key =
		    rk_keyring_by_id(authority->keys, authority->role->keyids[i]);
		const rk_keep_key *known = key ? rk_repo_keep_key(run->repo, key) : NULL;

		if (known && key->scheme)
			err = reach_key(run->signing, known);
	}
	return err;
}

rk_error *
rk_signing_doc_reach(struct rk_signing_repo *run, const struct rk_signing_doc *doc)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < doc->judge_count && !err; i++)
		err = reach_authority(run, &doc->judges[i]);
	return err;
}

rk_error *
rk_signing_role_reach(struct rk_signing_repo *run, const char *role)
{
	struct rk_authority authority;
	rk_error *err = rk_repo_authority(run->repo, RK_VIEW_NEXT, role, &authority);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	return err ? err : reach_authority(run, &authority);
}

/* One signature that is wanted, and where it goes. */
struct wanted {
	struct rk_signing_doc *doc;
	const rk_tuf_key *key;
	struct rk_signing_signer *signer;
};

struct batch {
	struct wanted *items;
	size_t count;
	struct rk_hand_job *jobs;
};

static void
batch_clear(struct batch *batch)
{
	for (size_t i = 0; batch->jobs && i < batch->count; i++) {
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

	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].doc == wanted->doc &&
		    !strcmp(batch->items[i].key->keyid, wanted->key->keyid))
			return NULL;
	grown = realloc(batch->items, (batch->count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	batch->items = grown;
	grown[batch->count++] = *wanted;
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
collect(struct rk_signing_repo *run, struct rk_signing_doc *doc, const struct rk_authority *judge,
    struct batch *batch)
{
	RK_AUTO(rk_verdict) verdict = NULL;
	rk_error *err = rk_verify(doc->envelope, judge->role, judge->keys, &verdict);

	for (size_t i = 0; i < judge->role->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(judge->keys, judge->role->keyids[i]);
		const rk_keep_key *known = key ? rk_repo_keep_key(run->repo, key) : NULL;
		struct rk_signing_signer *signer =
		    known && key->scheme ? rk_signing_signer_of(run->signing, known) : NULL;
		struct wanted wanted = {doc, key, signer};

		if (signer && signer->hand && !has_signed(verdict, key->keyid))
			err = batch_add(batch, &wanted);
	}
	return err;
}

/* What the person at the prompt is told. */
static rk_error *
purpose_of(const struct rk_signing_repo *run, const struct batch *batch, rk_buf *out)
{
	const struct rk_signing_doc *last = NULL;
	bool any = false;

	rk_buf_text(out, "sign ");
	for (size_t i = 0; i < batch->count; i++) {
		const struct rk_signing_doc *doc = batch->items[i].doc;

		if (doc != last)
			rk_buf_printf(out, "%s%s %lld", any ? ", " : "", RK_SHOW_BARE(doc->role),
			    (long long)doc->envelope->version);
		any = true;
		last = doc;
	}
	rk_buf_printf(out, " of %s", RK_SHOW_BARE(rk_repo_name(run->repo)));
	return rk_buf_check(out);
}

static rk_error *
ready_signers(struct rk_signing_repo *run, struct batch *batch)
{
	RK_AUTO_BUF(purpose);
	rk_error *err = purpose_of(run, batch, &purpose);
	size_t kept = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		struct rk_signing_signer *signer = batch->items[i].signer;

		if (signer->hand && !signer->ready) {
			err = rk_hand_ready(signer->hand, rk_buf_str(&purpose));
			signer->ready = err == NULL;
			if (err)
				err = note_absence(run->signing, signer, err);
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

static rk_error *
batch_sign(struct rk_signing_repo *run, struct batch *batch)
{
	rk_error *err = NULL;

	batch->jobs = calloc(batch->count + 1, sizeof(*batch->jobs));
	if (!batch->jobs)
		return rk_out_of_memory();
	for (size_t i = 0; i < batch->count && !err; i++) {
		struct wanted *item = &batch->items[i];

		batch->jobs[i].hand = item->signer->hand;
		batch->jobs[i].scheme = item->key->scheme;
		err = rk_envelope_payload_for(
		    item->doc->envelope, item->key->scheme, &batch->jobs[i].payload);
	}
	if (!err)
		err = rk_hands_sign(run->signing->hands, batch->jobs, batch->count);
	for (size_t i = 0; i < batch->count && !err; i++)
		if (batch->jobs[i].err)
			err = RK_TAKE(batch->jobs[i].err);
	run->signing->token_used |= err == NULL && batch->count > 0;
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

/* Put the doc's new signatures into its text. */
static rk_error *
doc_splice(struct rk_signing_repo *run, struct rk_signing_doc *doc, const struct batch *batch)
{
	struct rk_new_sig *sigs = calloc(batch->count + 1, sizeof(*sigs));
	RK_AUTO_BUF(out);
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_text *text = NULL;
	size_t count = 0;
	rk_error *err = sigs ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct wanted *item = &batch->items[i];

		if (item->doc != doc)
			continue;
		sigs[count++] = (struct rk_new_sig){.keyid = item->key->keyid,
		    .scheme = item->key->scheme,
		    .sig = batch->jobs[i].signature.data,
		    .len = batch->jobs[i].signature.len};
		err = note_signature(run, item);
	}
	if (!err && count > 0)
		err = rk_envelope_splice(doc->envelope, sigs, count, NULL, rk_sink_buf(&out));
	free(sigs);
	if (err || count == 0)
		return err;
	err = rk_text_take(&out, &text);
	if (!err)
		err =
		    rk_envelope_open(doc->envelope->dialect, text, doc->envelope->name, &envelope);
	if (err)
		return err;
	rk_envelope_free(doc->envelope);
	doc->envelope = RK_TAKE(envelope);
	doc->changed = true;
	return doc_met(doc);
}

static rk_error *
sign_all(
    struct rk_signing_repo *run, struct rk_signing_doc **docs, size_t count, struct batch *batch)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < count && !err; i++)
		for (size_t j = 0; j < docs[i]->judge_count && !err; j++)
			err = collect(run, docs[i], &docs[i]->judges[j], batch);
	for (size_t i = 0; i < batch->count && !err; i++)
		err = judge_payload(run, batch->items[i].doc);
	if (err || batch->count == 0)
		return err;
	err = ready_signers(run, batch);
	if (!err)
		err = batch_sign(run, batch);
	for (size_t i = 0; i < count && !err; i++)
		err = doc_splice(run, docs[i], batch);
	return err;
}

rk_error *
rk_signing_docs_sign(struct rk_signing_repo *run, struct rk_signing_doc **docs, size_t count)
{
	struct batch batch = {0};
	rk_error *err = sign_all(run, docs, count, &batch);

	batch_clear(&batch);
	return err;
}
