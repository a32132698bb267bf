#include "flow/edit_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_edit_journal(rk_repo *repo, const struct rk_edit_note *note, rk_change *change)
{
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_str) whole = NULL;
	RK_AUTO(rk_node) tokens = NULL;
	rk_error *err = rk_strdupf(&whole, "%s %s", note->action, rk_repo_name(repo));

	if (!err)
		err = rk_journal_entry_new(rk_repo_env(repo), whole, &entry);
	if (!err && note->note)
		err = rk_journal_entry_note(entry, note->note);
	for (size_t i = 0; i < sizeof(note->exceptions) / sizeof(note->exceptions[0]) && !err; i++)
		if (note->exceptions[i].reason)
			err = rk_journal_entry_except(
			    entry, note->exceptions[i].rule, note->exceptions[i].reason);
	if (!err && note->hands)
		err = rk_hands_used(note->hands, &tokens);
	if (!err && rk_node_count(tokens) > 0)
		err = rk_journal_entry_tokens(entry, RK_TAKE(tokens));
	return err ? err : rk_change_journal(change, RK_TAKE(entry));
}

/* The file to go on from, and the version that the next one has. NULL: the role has none yet. */
static rk_error *
begin(rk_repo *repo, const char *role, rk_envelope **ret_from, int64_t *ret_version)
{
	rk_envelope *staged = NULL;
	rk_error *err = rk_repo_not_frozen(repo, role);

	if (!err)
		err = rk_repo_staged(repo, role, &staged);
	if (!err)
		err = rk_repo_envelope(repo, RK_VIEW_NEXT, role, ret_from);
	if (err)
		return err;
	if (!staged)
		return rk_repo_next_version(repo, role, ret_version);
	*ret_version = staged->version;
	return NULL;
}

rk_error *
rk_edit_targets(rk_repo *repo, const struct rk_edit_targets *edit, rk_change *change,
    struct rk_targets_changed *ret_changed)
{
	struct rk_targets_change rewrite = {.edits = edit->edits};
	struct rk_authority authority;
	RK_AUTO(rk_text) blank = NULL;
	RK_AUTO(rk_envelope) made = NULL;
	rk_envelope *from = NULL;
	rk_sink sink;
	rk_error *err = rk_repo_authority(repo, RK_VIEW_NEXT, edit->role, &authority);

	if (!err)
		err = begin(repo, edit->role, &from, &rewrite.version);
	if (!err)
		err = rk_repo_next_expiry(repo, edit->role, &rewrite.expires);
	if (!err && !from) {
		err = rk_targets_blank(rk_repo_dialect(repo), rewrite.expires, &blank);
		if (!err)
			err = rk_envelope_open(
			    rk_repo_dialect(repo), RK_TAKE(blank), edit->role, &made);
		from = made;
	}
	if (!err)
		err = rk_store_stage_stream(rk_repo_store(repo), change, edit->role, &sink);
	return err ? err : rk_targets_rewrite(from, &rewrite, sink, ret_changed);
}

rk_error *
rk_edit_renew(rk_repo *repo, const char *role, rk_change *change, int64_t *ret_version)
{
	struct rk_targets_change rewrite = {0};
	rk_envelope *from = NULL;
	rk_sink sink;
	rk_error *err;

	if (rk_role_kind_of(role) == RK_ROLE_ROOT && rk_repo_dialect(repo)->root_certificates)
		return rk_edit_renew_root(repo, change, ret_version);
	err = begin(repo, role, &from, &rewrite.version);
	if (!err && !from)
		return rk_fail(RK_E_NOT_FOUND, "sign its first version", "%s has no %s to renew",
		    RK_SHOW(rk_repo_name(repo)), RK_SHOW(role));
	if (!err)
		err = rk_repo_next_expiry(repo, role, &rewrite.expires);
	if (!err)
		err = rk_store_stage_stream(rk_repo_store(repo), change, role, &sink);
	if (!err)
		err = rk_targets_rewrite(from, &rewrite, sink, NULL);
	if (!err)
		*ret_version = rewrite.version;
	return err;
}

rk_error *
rk_edit_is_due(rk_repo *repo, const char *role, bool *ret_due)
{
	rk_env *env = rk_repo_env(repo);
	rk_envelope *envelope = NULL;
	unsigned days = rk_keep_warn_window(rk_repo_keep(repo), role);
	rk_error *err = rk_repo_envelope(repo, RK_VIEW_NEXT, role, &envelope);

	if (!err)
		*ret_due =
		    envelope && envelope->expires <= env->ops->now(env) + (int64_t)days * RK_DAY;
	return err;
}

/* Who signed it: the public keys behind signatures that verify. */
static rk_error *
signers_of(rk_repo *repo, const char *role, rk_envelope *staged, rk_names **ret_signers)
{
	struct rk_authority judges[2];
	RK_AUTO(rk_names) signers = calloc(1, sizeof(*signers));
	size_t count = 0;
	rk_error *err = signers ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_repo_judges(repo, RK_VIEW_NEXT, role, judges, &count);
	for (size_t i = 0; i < count && !err; i++) {
		RK_AUTO(rk_verdict) verdict = NULL;

		err = rk_verify(staged, judges[i].role, judges[i].keys, &verdict);
		for (size_t j = 0; !err && j < verdict->count; j++)
			if (verdict->sigs[j].judgement == RK_JUDGED_VALID)
				err = rk_names_add(signers, verdict->sigs[j].fingerprint);
	}
	if (!err)
		*ret_signers = RK_TAKE(signers);
	return err;
}

rk_error *
rk_edit_reset(rk_repo *repo, const char *role, rk_change *change, size_t *ret_signatures)
{
	RK_AUTO(rk_names) signers = NULL;
	rk_keep_outstanding outstanding = {.role = (char *)(uintptr_t)role};
	rk_envelope *staged = NULL;
	rk_error *err = rk_repo_staged(repo, role, &staged);

	if (err)
		return err;
	if (!staged)
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep status'",
		    "nothing is staged for %s of %s", RK_SHOW(role), RK_SHOW(rk_repo_name(repo)));
	err = signers_of(repo, role, staged, &signers);
	if (!err)
		err = rk_envelope_sha256(staged, outstanding.sha256);
	if (!err && signers->count > 0) {
		outstanding.version = staged->version;
		outstanding.fingerprints = signers->names;
		outstanding.fingerprint_count = signers->count;
		err = rk_keep_repo_add_outstanding(
		    rk_repo_keep(repo), rk_repo_name(repo), &outstanding);
	}
	if (!err)
		err = rk_store_unstage(rk_repo_store(repo), change, role);
	if (!err)
		*ret_signatures = signers->count;
	return err;
}
