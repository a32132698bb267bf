#include "flow/edit.h"

#include "base/show.h"
#include "flow/keyarg.h"

#include <string.h>

/* The root to edit: the staged one, or the published one's successor. */
static rk_error *
begin_root(rk_repo *repo, rk_root **ret_root)
{
	RK_AUTO(rk_root) root = NULL;
	const rk_root *from = NULL;
	rk_envelope *staged = NULL;
	int64_t version, expires = 0;
	rk_error *err = rk_repo_trust(repo);

	if (!err)
		err = rk_repo_not_frozen(repo, "root");
	if (!err)
		err = rk_repo_staged(repo, "root", &staged);
	if (!err)
		err = rk_repo_root(repo, RK_VIEW_NEXT, &from);
	if (!err)
		err = rk_root_copy(from, &root);
	if (!err && staged)
		version = staged->version;
	else if (!err)
		err = rk_repo_next_version(repo, "root", &version);
	if (!err)
		err = rk_repo_next_expiry(repo, "root", &expires);
	if (!err)
		err = rk_root_set_version(root, version);
	if (!err)
		err = rk_root_set_expires(root, expires);
	if (!err)
		*ret_root = RK_TAKE(root);
	return err;
}

static rk_error *
remove_key(rk_repo *repo, rk_root *root, enum rk_role_kind kind, const char *text)
{
	const rk_keep_key *known = NULL;
	rk_error *err;

	if (rk_role_has(rk_root_role(root, kind), text))
		return rk_root_remove_keyid(root, kind, text);
	err = rk_keyarg_known(rk_repo_keep(repo), text, &known);
	return err ? err : rk_root_remove_key(root, kind, known->pubkey);
}

static rk_error *
edit_keys(rk_repo *repo, rk_root *root, enum rk_role_kind kind, const struct rk_edit_role *edit)
{
	bool file = kind == RK_ROLE_SNAPSHOT || kind == RK_ROLE_TIMESTAMP;
	rk_error *err = NULL;

	for (size_t i = 0; i < edit->add_count && !err; i++) {
		RK_AUTO(rk_tuf_key) key = NULL;

		err = rk_keyarg_tuf(
		    rk_repo_keep(repo), rk_repo_dialect(repo), edit->add[i], file, &key);
		if (!err)
			err = rk_root_add_key(root, kind, key);
	}
	for (size_t i = 0; i < edit->remove_count && !err; i++)
		err = remove_key(repo, root, kind, edit->remove[i]);
	return err;
}

static rk_error *
judge_policy(rk_repo *repo, const rk_root *root, const struct rk_edit_role *edit)
{
	const rk_role *role = rk_root_role(root, rk_role_kind_of(edit->role));
	unsigned least = rk_keep_min_threshold(rk_repo_keep(repo), edit->role);

	if (edit->below_policy || role->threshold >= least)
		return NULL;
	return rk_fail(RK_E_REFUSED, "raise it, or give --except min-threshold=REASON",
	    "the keep's policy wants a threshold of at least %u for %s", least, edit->role);
}

static rk_error *
stage_root(rk_repo *repo, const rk_root *root, rk_change *change)
{
	RK_AUTO(rk_text) text = NULL;
	rk_envelope *from = NULL;
	rk_style style;
	rk_error *err = rk_repo_envelope(repo, RK_VIEW_NEXT, "root", &from);

	if (err)
		return err;
	style = rk_envelope_style(from);
	err = rk_root_compose(root, &style, &text);
	return err ? err
		   : rk_store_stage(rk_repo_store(repo), change, "root", text->data, text->len);
}

static rk_error *
tell(rk_repo *repo, const rk_root *root, const struct rk_edit_role *edit, rk_plan *plan)
{
	enum rk_role_kind kind = rk_role_kind_of(edit->role);

	return rk_plan_add(plan, RK_EFFECT_STAGE,
	    "stage root %lld of %s: %s has %zu key%s and a threshold of %u",
	    (long long)root->version, RK_SHOW_BARE(rk_repo_name(repo)), edit->role,
	    rk_root_key_count(root, kind), rk_root_key_count(root, kind) == 1 ? "" : "s",
	    rk_root_role(root, kind)->threshold);
}

static rk_error *
set_expiry(rk_repo *repo, const struct rk_edit_role *edit, rk_change *change, rk_plan *plan)
{
	rk_envelope *staged = NULL;
	int64_t version;
	rk_error *err = rk_keep_repo_set_expires(
	    rk_repo_keep(repo), rk_repo_name(repo), edit->role, edit->expires_days);

	if (err)
		return err;
	rk_change_save_keep(change);
	err = rk_plan_add(plan, RK_EFFECT_STAGE,
	    "versions of %s made from now on expire after %u days", RK_SHOW_BARE(edit->role),
	    edit->expires_days);
	if (!err)
		err = rk_repo_staged(repo, edit->role, &staged);
	/* What is staged and unsigned follows; root is composed with it anyway. */
	if (err || !staged || staged->sig_count > 0 || !strcmp(edit->role, "root"))
		return err;
	return rk_edit_renew(repo, edit->role, change, &version);
}

rk_error *
rk_edit_role(rk_repo *repo, const struct rk_edit_role *edit, rk_change *change, rk_plan *plan)
{
	enum rk_role_kind kind = rk_role_kind_of(edit->role);
	bool keys = edit->threshold || edit->add_count > 0 || edit->remove_count > 0;
	RK_AUTO(rk_root) root = NULL;
	rk_envelope *staged = NULL;
	rk_error *err = NULL;

	if (kind == RK_ROLE_DELEGATED && keys)
		return rk_fail(RK_E_REFUSED, "edit the delegator's file",
		    "%s is a delegation: its keys are not root's to say", RK_SHOW(edit->role));
	if (edit->expires_days)
		err = set_expiry(repo, edit, change, plan);
	if (!err && kind == RK_ROLE_ROOT && !keys)
		err = rk_repo_staged(repo, "root", &staged);
	if (err || (!keys && !staged))
		return err;
	err = begin_root(repo, &root);
	if (!err)
		err = edit_keys(repo, root, kind, edit);
	if (!err && edit->threshold)
		err = rk_root_set_threshold(root, kind, edit->threshold);
	if (!err)
		err = judge_policy(repo, root, edit);
	if (!err)
		err = stage_root(repo, root, change);
	return err ? err : tell(repo, root, edit, plan);
}
