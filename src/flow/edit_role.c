#include "flow/edit_private.h"

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

/* Root has the key under another id: by an older certificate. */
static bool
is_other_certificate(const rk_root *root, const rk_tuf_key *key)
{
	const rk_role *role = rk_root_role(root, RK_ROLE_ROOT);

	if (!root->dialect->root_certificates || rk_role_has(role, key->keyid))
		return false;
	for (size_t i = 0; i < role->keyid_count; i++) {
		const rk_tuf_key *other = rk_keyring_by_id(root->keys, role->keyids[i]);

		if (other && other->pubkey && rk_pubkey_equal(other->pubkey, key->pubkey))
			return true;
	}
	return false;
}

static rk_error *
add_key(rk_repo *repo, rk_root *root, enum rk_role_kind kind, const struct rk_edit_role *edit,
    const char *text, rk_change *change)
{
	bool file = kind == RK_ROLE_SNAPSHOT || kind == RK_ROLE_TIMESTAMP;
	const struct rk_keyarg_root how = {
	    edit->custody, rk_repo_dialect(repo), rk_repo_gun(repo), change};
	RK_AUTO(rk_tuf_key) key = NULL;
	rk_error *err;

	if (kind == RK_ROLE_ROOT)
		err = rk_keyarg_root(&how, text, &key);
	else
		err = rk_keyarg_tuf(rk_repo_keep(repo), rk_repo_dialect(repo), text, file, &key);
	if (err)
		return err;
	return kind == RK_ROLE_ROOT && is_other_certificate(root, key)
		   ? rk_root_replace_key(root, kind, key)
		   : rk_root_add_key(root, kind, key);
}

static rk_error *
edit_keys(rk_repo *repo, rk_root *root, enum rk_role_kind kind, const struct rk_edit_role *edit,
    rk_change *change)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < edit->add_count && !err; i++)
		err = add_key(repo, root, kind, edit, edit->add[i], change);
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

/* Steps for certificates that have to be made first; `*ret_any`: there are some. */
static rk_error *
plan_certificates(rk_repo *repo, const struct rk_edit_role *edit, rk_plan *plan, bool *ret_any)
{
	bool wants =
	    rk_repo_dialect(repo)->root_certificates && rk_role_kind_of(edit->role) == RK_ROLE_ROOT;
	size_t before = plan->count;
	rk_error *err = NULL;

	for (size_t i = 0; wants && i < edit->add_count && !err; i++) {
		struct rk_certify_wish wish = {.gun = rk_repo_gun(repo)};

		err = rk_keyarg_known(rk_repo_keep(repo), edit->add[i], &wish.key);
		if (!err)
			err = rk_certify_want_plan(edit->custody, &wish, plan);
	}
	*ret_any = plan->count > before;
	return err;
}

rk_error *
rk_edit_role(rk_repo *repo, const struct rk_edit_role *edit, rk_change *change, rk_plan *plan)
{
	enum rk_role_kind kind = rk_role_kind_of(edit->role);
	bool keys = edit->threshold || edit->add_count > 0 || edit->remove_count > 0;
	RK_AUTO(rk_root) root = NULL;
	rk_envelope *staged = NULL;
	bool certificates = false;
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
	err = plan_certificates(repo, edit, plan, &certificates);
	if (err || (certificates && edit->dry))
		return err;
	err = begin_root(repo, &root);
	if (!err)
		err = edit_keys(repo, root, kind, edit, change);
	if (!err && edit->threshold)
		err = rk_root_set_threshold(root, kind, edit->threshold);
	if (!err)
		err = judge_policy(repo, root, edit);
	if (!err && keys)
		err = rk_attest_demand_root(rk_repo_keep(repo), edit->attestation, root, kind);
	if (!err)
		err = stage_root(repo, root, change);
	return err ? err : tell(repo, root, edit, plan);
}

/* The certificate of one id's key that lasts longer than the one that root has; or none. */
static rk_error *
newer_certificate(rk_repo *repo, const rk_tuf_key *key, rk_tuf_key **ret_key)
{
	const rk_keep_key *known = rk_repo_keep_key(repo, key);
	const rk_dialect *dialect = rk_repo_dialect(repo);
	RK_AUTO(rk_certificate) old = NULL;
	RK_AUTO(rk_certificate) new = NULL;
	rk_error *err = NULL;

	if (known)
		err = dialect->certificate_of(key, &old);
	if (err || !old)
		return err;
	err = rk_certify_find(rk_repo_keep(repo), known, rk_repo_gun(repo), &new);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err || new->not_after <= old->not_after)
		return err;
	return rk_keyarg_certificate(dialect, new, ret_key);
}

static rk_error *
take_certificates(rk_repo *repo, rk_root *root)
{
	RK_AUTO(rk_role) before = NULL;
	rk_error *err = rk_role_copy(rk_root_role(root, RK_ROLE_ROOT), &before);

	for (size_t i = 0; !err && i < before->keyid_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, before->keyids[i]);
		RK_AUTO(rk_tuf_key) newer = NULL;

		if (key)
			err = newer_certificate(repo, key, &newer);
		if (err || !newer)
			continue;
		err = rk_root_replace_key(root, RK_ROLE_ROOT, newer);
		if (!err)
			rk_sayf(rk_repo_env(repo), RK_SAY_INFO,
			    "root %lld takes the newer certificate of %s", (long long)root->version,
			    rk_repo_key_name(repo, newer));
	}
	return err;
}

rk_error *
rk_edit_renew_root(rk_repo *repo, rk_change *change, int64_t *ret_version)
{
	RK_AUTO(rk_root) root = NULL;
	rk_error *err = begin_root(repo, &root);

	if (!err)
		err = take_certificates(repo, root);
	if (!err)
		err = stage_root(repo, root, change);
	if (!err)
		*ret_version = root->version;
	return err;
}
