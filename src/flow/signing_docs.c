#include "flow/signing_private.h"

#include "base/show.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Which doc a role has: there may be thousands of delegations. */
struct place {
	char *role; /* owned by the doc */
	size_t number;
};

static int
compare_places(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->role, ((const struct place *)b)->role);
}

struct rk_signing_doc *
rk_signing_doc_of(const struct rk_signing_repo *run, const char *role)
{
	const struct place wanted = {.role = (char *)(uintptr_t)role};
	void *const *found = tfind(&wanted, &run->by_role, compare_places);

	return found ? &run->docs[((const struct place *)*found)->number] : NULL;
}

void
rk_signing_docs_free(struct rk_signing_repo *run)
{
	tdestroy(run->by_role, free);
	for (size_t i = 0; i < run->count; i++) {
		free(run->docs[i].role);
		rk_envelope_free(run->docs[i].envelope);
	}
	free(run->docs);
}

static rk_error *
note_place(struct rk_signing_repo *run, char *role)
{
	struct place *place = malloc(sizeof(*place));

	if (!place)
		return rk_out_of_memory();
	*place = (struct place){role, run->count};
	if (tsearch(place, &run->by_role, compare_places))
		return NULL;
	free(place);
	return rk_out_of_memory();
}

static rk_error *
make_room(struct rk_signing_repo *run)
{
	size_t cap = 2 * run->cap + 8;
	struct rk_signing_doc *grown;

	if (run->count < run->cap)
		return NULL;
	grown = reallocarray(run->docs, cap, sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	run->docs = grown;
	run->cap = cap;
	return NULL;
}

rk_error *
rk_signing_doc_put(
    struct rk_signing_repo *run, const char *role, rk_envelope *envelope, bool on_disk)
{
	RK_AUTO(rk_envelope) taken = envelope;
	struct rk_signing_doc *doc = rk_signing_doc_of(run, role);
	RK_AUTO(rk_str) name = NULL;
	rk_error *err;

	if (doc) {
		rk_envelope_free(doc->envelope);
		doc->envelope = RK_TAKE(taken);
		doc->changed = true;
		doc->written = false;
		return NULL;
	}
	err = make_room(run);
	if (!err)
		err = rk_strdup(role, &name);
	if (!err)
		err = note_place(run, name);
	if (err)
		return err;
	run->docs[run->count++] = (struct rk_signing_doc){
	    .role = RK_TAKE(name),
	    .kind = rk_role_kind_of(role),
	    .envelope = RK_TAKE(taken),
	    .changed = !on_disk,
	    .staged = on_disk,
	};
	return NULL;
}

rk_error *
rk_signing_doc_met(struct rk_signing_doc *doc)
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
	return err ? err : rk_signing_doc_met(doc);
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

rk_error *
rk_signing_note_absence(struct rk_signing *signing, struct rk_signing_signer *signer, rk_error *err)
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
	return err ? rk_signing_note_absence(signing, signer, err) : NULL;
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
