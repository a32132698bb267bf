#include "flow/signing_private.h"

#include "base/show.h"
#include "flow/lintrun.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_signing_new(const struct rk_signing_options *options, rk_signing **ret_signing)
{
	RK_AUTO(rk_signing) signing = calloc(1, sizeof(*signing));
	rk_error *err;

	if (!signing)
		return rk_out_of_memory();
	signing->options = *options;
	err = rk_hands_new(options->env, options->tokens, &signing->hands);
	if (!err)
		*ret_signing = RK_TAKE(signing);
	return err;
}

static void
run_free(struct rk_signing_repo *run)
{
	if (!run)
		return;
	rk_signing_docs_free(run);
	rk_repo_free(run->repo);
	for (size_t i = 0; i < run->text_count; i++)
		free(run->texts[i]);
	for (size_t i = 0; i < run->list_count; i++)
		free(run->lists[i]);
	free(run->texts);
	free(run->lists);
	free(run->signatures);
	free(run->published);
	free(run->pending);
	free(run->absent);
	free(run);
}

void
rk_signing_free(rk_signing *signing)
{
	if (!signing)
		return;
	for (size_t i = 0; i < signing->count; i++)
		run_free(signing->repos[i]);
	free(signing->repos);
	while (signing->signers) {
		struct rk_signing_signer *next = signing->signers->next;

		free(signing->signers->reason);
		free(signing->signers);
		signing->signers = next;
	}
	rk_hands_free(signing->hands);
	rk_error_free(signing->err);
	free(signing);
}

rk_error *
rk_signing_own_text(struct rk_signing_repo *run, char *text)
{
	char **grown = realloc(run->texts, (run->text_count + 1) * sizeof(*grown));

	if (!grown) {
		free(text);
		return rk_out_of_memory();
	}
	run->texts = grown;
	grown[run->text_count++] = text;
	return NULL;
}

rk_error *
rk_signing_own_list(struct rk_signing_repo *run, const char **list)
{
	const char ***grown = realloc(run->lists, (run->list_count + 1) * sizeof(*grown));

	if (!grown) {
		free(list);
		return rk_out_of_memory();
	}
	run->lists = grown;
	grown[run->list_count++] = list;
	return NULL;
}

/* What was staged before the published state moved on cannot follow it any more. */
static rk_error *
judge_version(struct rk_signing_repo *run, const char *role, const rk_envelope *envelope)
{
	int64_t next = 0;
	rk_error *err = rk_repo_next_version(run->repo, role, &next);

	/* A file that an earlier run derived may have stepped over versions that were signed before. */
	if (!err && envelope->version > next && rk_role_kind_of(role) != RK_ROLE_ROOT)
		err = rk_signing_skip_signed(run, role, &next);
	if (err || envelope->version == next)
		return err;
	err = rk_fail(RK_E_REFUSED, NULL, "%s %lld of %s is staged, but the next version is %lld",
	    RK_SHOW_BARE(role), (long long)envelope->version, RK_SHOW(rk_repo_name(run->repo)),
	    (long long)next);
	return rk_advise(err, "rootkeep reset %s --role %s, and stage it again",
	    RK_SHOW_BARE(rk_repo_name(run->repo)), RK_SHOW_BARE(role));
}

/* Each staged file as a doc of its own, since signatures change it. */
static rk_error *
load_docs(struct rk_signing_repo *run)
{
	const char *only = run->signing->options.only_role;
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = rk_repo_staged_roles(run->repo, &roles);

	for (size_t i = 0; !err && i < roles->count; i++) {
		rk_envelope *envelope = NULL;

		if (only && strcmp(only, roles->names[i]) != 0)
			continue;
		err = rk_store_open_staged(rk_repo_store(run->repo), roles->names[i], &envelope);
		if (!err)
			err = judge_version(run, roles->names[i], envelope);
		if (err) {
			rk_envelope_free(envelope);
			return err;
		}
		err = rk_signing_doc_put(run, roles->names[i], envelope, true);
	}
	if (!err && run->count == 0)
		return rk_fail(RK_E_NOT_FOUND, "stage something first: target add, role set, renew",
		    "nothing is staged for %s%s%s", only ? RK_SHOW_BARE(only) : "",
		    only ? " of " : "", RK_SHOW(rk_repo_name(run->repo)));
	return err;
}

/* A root that is out cannot be taken back: every client has to get past it. */
static rk_error *
gate_root(struct rk_signing_repo *run)
{
	const struct rk_signing_doc *root = rk_signing_doc_of(run, "root");

	if (!root || run->signing->options.despite_lint)
		return NULL;
	return rk_lintrun_gate(run->repo, root->envelope);
}

/* By what this person's memory knows the repository: its anchor, or the root that will be it. */
static rk_error *
find_anchor(struct rk_signing_repo *run)
{
	const rk_keep_repo *entry = rk_repo_entry(run->repo);
	rk_envelope *root = NULL;
	rk_error *err;

	run->first = !rk_store_is_published(rk_repo_store(run->repo), "root");
	if (entry->anchored) {
		run->anchor_version = entry->anchor_version;
		memcpy(run->anchor, entry->anchor_sha256, sizeof(run->anchor));
		return NULL;
	}
	err = rk_repo_envelope(run->repo, RK_VIEW_NEXT, "root", &root);
	if (err)
		return err;
	if (!root)
		return rk_fail(RK_E_MALFORMED, "remove the repository and make it again",
		    "repository %s has neither a published nor a staged root",
		    RK_SHOW(rk_repo_name(run->repo)));
	run->anchor_version = root->version;
	return rk_envelope_sha256(root, run->anchor);
}

/* A keep whose anchor was changed together with its chain looks whole: the name tells, where this
 * machine has signed for it before. Names are people's, so it is no more than a warning. */
static rk_error *
tell_other_anchor(struct rk_signing_repo *run)
{
	const rk_memory *memory = run->signing->options.memory;
	RK_AUTO(rk_memory_record) known = NULL;
	RK_AUTO(rk_memory_record) named = NULL;
	rk_error *err = rk_memory_recall(memory, run->anchor, &known);

	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	if (run->first)
		return NULL;
	err = rk_memory_recall_name(memory, rk_repo_name(run->repo), &named);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err && rk_error_code(err) != RK_E_AMBIGUOUS)
		return err;
	rk_error_free(err);
	rk_sayf(run->signing->options.env, RK_SAY_WARNING,
	    "this machine has signed for a repository named %s under another anchor, and never "
	    "under "
	    "this one: make sure that it is the keep you mean",
	    RK_SHOW(rk_repo_name(run->repo)));
	return NULL;
}

static rk_error *
reach_all(struct rk_signing_repo *run)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < run->count && !err; i++) {
		struct rk_signing_doc *doc = &run->docs[i];

		err = rk_signing_doc_judge(run, doc, rk_signing_doc_of(run, "root") != NULL);
		if (!err)
			err = rk_signing_doc_reach(run, doc);
	}
	if (!err)
		err = rk_signing_role_reach(run, "snapshot");
	if (!err)
		err = rk_signing_role_reach(run, "timestamp");
	return err;
}

rk_error *
rk_signing_add(rk_signing *signing, const char *repo_name)
{
	struct rk_signing_repo **grown =
	    realloc(signing->repos, (signing->count + 1) * sizeof(*grown));
	struct rk_signing_repo *run = calloc(1, sizeof(*run));
	rk_error *err;

	if (grown)
		signing->repos = grown;
	if (!grown || !run) {
		free(run);
		return rk_out_of_memory();
	}
	run->signing = signing;
	err = rk_repo_open(signing->options.keep, signing->options.env, repo_name, &run->repo);
	if (!err)
		err = rk_repo_trust(run->repo);
	if (!err)
		err = find_anchor(run);
	if (!err)
		err = tell_other_anchor(run);
	if (!err)
		err = load_docs(run);
	if (!err)
		err = gate_root(run);
	if (!err)
		err = rk_signing_derive_targets(run);
	if (!err)
		err = reach_all(run);
	if (err) {
		run_free(run);
		return err;
	}
	run->outcome.repo = rk_repo_name(run->repo);
	grown[signing->count++] = run;
	return NULL;
}

/* The keys at hand for a doc, as a phrase. */
static rk_error *
signers_phrase(struct rk_signing_repo *run, const struct rk_signing_doc *doc, rk_buf *out)
{
	for (const struct rk_signing_signer *signer = run->signing->signers; signer;
	     signer = signer->next) {
		bool wanted = false;

		for (size_t i = 0; i < doc->judge_count && signer->hand && !wanted; i++)
			wanted =
			    rk_keyring_by_pubkey(doc->judges[i].keys, signer->key->pubkey, NULL) &&
			    rk_role_has(doc->judges[i].role,
				rk_keyring_by_pubkey(doc->judges[i].keys, signer->key->pubkey, NULL)
				    ->keyid);
		if (wanted)
			rk_buf_printf(out, "%s%s on %s", out->len ? ", " : "", signer->key->name,
			    rk_hand_token_name(signer->hand));
	}
	return rk_buf_check(out);
}

static rk_error *
plan_repo(struct rk_signing_repo *run, rk_plan *plan)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < run->count && !err; i++) {
		const struct rk_signing_doc *doc = &run->docs[i];
		RK_AUTO_BUF(who);

		err = signers_phrase(run, doc, &who);
		if (!err)
			err = rk_plan_add(plan, who.len ? RK_EFFECT_SIGN : RK_EFFECT_READ,
			    "sign %s %lld of %s with %s", RK_SHOW_BARE(doc->role),
			    (long long)doc->envelope->version, RK_SHOW_BARE(run->outcome.repo),
			    who.len ? rk_buf_str(&who) : "no key that is at hand");
	}
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_PUBLISH,
		    "publish every part of %s that has its signatures, with its snapshot and "
		    "timestamp",
		    RK_SHOW_BARE(run->outcome.repo));
	return err;
}

rk_error *
rk_signing_plan(rk_signing *signing, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err;

	if (signing->count == 1)
		err = rk_plan_new(&plan, "sign %s", RK_SHOW_BARE(signing->repos[0]->outcome.repo));
	else
		err = rk_plan_new(&plan, "sign %zu repositories", signing->count);
	for (size_t i = 0; i < signing->count && !err; i++)
		err = plan_repo(signing->repos[i], plan);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

size_t
rk_signing_count(const rk_signing *signing)
{
	return signing->count;
}

const struct rk_signing_outcome *
rk_signing_result(const rk_signing *signing, size_t index)
{
	return &signing->repos[index]->outcome;
}

bool
rk_signing_used_token(const rk_signing *signing)
{
	return signing->token_used;
}

enum rk_code
rk_signing_verdict(const rk_signing *signing)
{
	bool waiting = false, lacked = false, did = false;

	for (size_t i = 0; i < signing->count; i++) {
		const struct rk_signing_outcome *outcome = &signing->repos[i]->outcome;

		waiting |= outcome->pending_count > 0;
		did |= outcome->signature_count > 0 || outcome->published_count > 0;
		for (size_t j = 0; j < outcome->absent_count; j++)
			lacked |= outcome->absent[j].lacked_pin;
	}
	if (!waiting)
		return RK_OK;
	return lacked && !did ? RK_E_PIN_NEEDED : RK_E_UNFINISHED;
}
