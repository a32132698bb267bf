#include "flow/judge.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

void
rk_judge_file_free(rk_judge_file *judge)
{
	if (!judge)
		return;
	for (size_t i = 0; i < 2; i++) {
		rk_verdict_free(judge->verdicts[i]);
		free(judge->under[i]);
	}
	rk_envelope_free(judge->envelope);
	free(judge->role);
	free(judge);
}

/* `under` is taken over, also on failure. */
static rk_error *
add_verdict(rk_judge_file *judge, const rk_role *role, const rk_keyring *keys, char *under)
{
	judge->under[judge->count] = under;
	return rk_verify(judge->envelope, role, keys, &judge->verdicts[judge->count++]);
}

static rk_error *
judge_by_root(rk_judge_file *judge, const rk_root *root)
{
	char *under = NULL;
	rk_error *err =
	    rk_strdupf(&under, "the keys of the trusted root %lld", (long long)root->version);

	return err ? err
		   : add_verdict(
			 judge, rk_root_role(root, judge->envelope->kind), root->keys, under);
}

static rk_error *
judge_by_itself(rk_judge_file *judge, const rk_root *root)
{
	char *under = NULL;
	rk_error *err = rk_strdup("its own keys", &under);

	return err ? err : add_verdict(judge, rk_root_role(root, RK_ROLE_ROOT), root->keys, under);
}

static rk_error *
settle(const rk_judge_file *judge)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < judge->count; i++) {
		rk_error *one =
		    rk_verdict_error(judge->verdicts[i], judge->envelope, judge->under[i]);

		err = err ? rk_join(err, one) : one;
	}
	return err;
}

static rk_error *
same_payload(rk_envelope *trusted, rk_judge_file *judge)
{
	uint8_t sha256[RK_SHA256_SIZE];
	rk_error *err = rk_envelope_sha256(trusted, sha256);

	if (!err)
		judge->same = memcmp(sha256, judge->sha256, sizeof(sha256)) == 0;
	return err;
}

static rk_error *
judge_root(const struct rk_judge_file_wish *wish, rk_judge_file *judge, rk_envelope *trusted,
    const rk_root *root)
{
	RK_AUTO(rk_root) own = NULL;
	rk_error *err = rk_root_read(judge->envelope, &own);

	if (!err)
		err = same_payload(trusted, judge);
	if (!err && !judge->same)
		err = judge_by_root(judge, root);
	if (!err)
		err = judge_by_itself(judge, own);
	if (!err)
		err = settle(judge);
	if (!err && !judge->same)
		err = rk_chain_root_follows(root, judge->envelope, own);
	return err ? err
		   : rk_chain_root_is_taken(
			 judge->envelope, own, wish->gun, wish->env->ops->now(wish->env));
}

static rk_error *
open_root(const char *path, rk_envelope **ret_envelope, rk_root **ret_root)
{
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err = rk_envelope_open_path(NULL, path, &envelope);

	if (!err && envelope->kind != RK_ROLE_ROOT)
		return rk_fail(RK_E_REFUSED, "name a root file",
		    "%s is no root: nothing else can be trusted to begin with", RK_SHOW(path));
	if (!err)
		err = rk_root_read(envelope, ret_root);
	if (!err)
		*ret_envelope = RK_TAKE(envelope);
	return err;
}

static rk_error *
take_by_root(const struct rk_judge_file_wish *wish, rk_judge_file *judge)
{
	RK_AUTO(rk_envelope) trusted = NULL;
	RK_AUTO(rk_root) root = NULL;
	rk_error *err = open_root(wish->root, &trusted, &root);

	if (!err)
		err = rk_strdup(rk_role_kind_name(judge->envelope->kind), &judge->role);
	if (!err && judge->envelope->kind == RK_ROLE_ROOT)
		return judge_root(wish, judge, trusted, root);
	if (!err)
		err = judge_by_root(judge, root);
	return err ? err : settle(judge);
}

/* The delegator, believed as it is, or under the root that is given. */
static rk_error *
open_delegator(const struct rk_judge_file_wish *wish, rk_envelope **ret_by)
{
	RK_AUTO(rk_envelope) by = NULL;
	RK_AUTO(rk_envelope) trusted = NULL;
	RK_AUTO(rk_root) root = NULL;
	rk_error *err = rk_envelope_open_path(NULL, wish->by, &by);

	if (!err && by->kind != RK_ROLE_TARGETS)
		return rk_fail(RK_E_REFUSED, "name a targets file",
		    "%s is no targets file: it delegates to nobody", RK_SHOW(wish->by));
	if (!err && wish->root)
		err = open_root(wish->root, &trusted, &root);
	if (!err && root)
		err = rk_verify_role(by, rk_root_role(root, RK_ROLE_TARGETS), root->keys,
		    "the keys of the trusted root");
	if (!err)
		*ret_by = RK_TAKE(by);
	return err;
}

/* "targets/alice" and "alice" both mean the same role. */
static rk_error *
house_name(const rk_dialect *dialect, const char *typed, char **ret_role)
{
	if (!strncmp(typed, "targets/", strlen("targets/")))
		return rk_strdup(typed, ret_role);
	return dialect->role_from_file(typed, ret_role);
}

static rk_error *
take_by_delegator(const struct rk_judge_file_wish *wish, rk_judge_file *judge)
{
	RK_AUTO(rk_envelope) by = NULL;
	RK_AUTO(rk_delegations) delegations = NULL;
	RK_AUTO(rk_role) role = NULL;
	char *under = NULL;
	rk_error *err = open_delegator(wish, &by);

	if (!err && judge->envelope->kind != RK_ROLE_TARGETS)
		return rk_fail(RK_E_REFUSED, "judge it by its root: --root FILE",
		    "%s is a %s file, and no delegation", RK_SHOW(wish->file),
		    rk_role_kind_name(judge->envelope->kind));
	if (!err)
		err = house_name(judge->envelope->dialect, wish->role, &judge->role);
	if (!err)
		err = rk_delegations_read(by, &delegations);
	if (!err)
		err = rk_delegations_role(delegations, judge->role, &role);
	if (!err)
		err = rk_strdupf(&under, "the keys that %s delegates to", RK_SHOW(wish->by));
	if (!err)
		err = add_verdict(judge, role, delegations->keys, under);
	return err ? err : settle(judge);
}

rk_error *
rk_judge_file_take(const struct rk_judge_file_wish *wish, rk_judge_file **ret_judge)
{
	rk_judge_file *judge = calloc(1, sizeof(*judge));
	rk_error *err;

	if (!judge)
		return rk_out_of_memory();
	err = rk_envelope_open_path(NULL, wish->file, &judge->envelope);
	if (!err)
		err = rk_envelope_sha256(judge->envelope, judge->sha256);
	if (err) {
		rk_judge_file_free(judge);
		return err;
	}
	judge->expired = judge->envelope->expires <= wish->env->ops->now(wish->env);
	err = wish->by ? take_by_delegator(wish, judge) : take_by_root(wish, judge);
	if (err && !rk_error_remedy(err))
		err = rk_advise(err, "let those sign it whose signatures are missing, or look "
				     "whether it is the file you mean");
	*ret_judge = judge;
	return err;
}
