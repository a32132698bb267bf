#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/certwatch.h"
#include "flow/edit.h"

#include <string.h>

/* renew */

struct renew_args {
	rk_list repos;
	bool all;
	const char *role;
};

/* A file that somebody has signed already is final; only when it was named is that an error. */
static rk_error *
pass_over_frozen(rk_repo *repo, const char *role, bool *ret_wants)
{
	rk_error *err = rk_repo_not_frozen(repo, role);

	if (rk_error_code(err) != RK_E_REFUSED)
		return err;
	rk_sayf(rk_repo_env(repo), RK_SAY_WARNING, "not renewed: %s", rk_error_message(err));
	rk_error_free(err);
	*ret_wants = false;
	return NULL;
}

static rk_error *
wants(rk_repo *repo, const struct renew_args *renew, const char *role, bool *ret_wants)
{
	bool held = false;
	rk_error *err = rk_repo_is_held(repo, RK_VIEW_NEXT, role, &held);

	*ret_wants = false;
	if (err || !held)
		return err;
	if (renew->role && !strcmp(renew->role, role)) {
		*ret_wants = true;
		return NULL;
	}
	if (renew->role)
		*ret_wants = !strcmp(renew->role, "all");
	else
		err = rk_edit_is_due(repo, role, ret_wants);
	return err || !*ret_wants ? err : pass_over_frozen(repo, role, ret_wants);
}

static rk_error *
note_renewed(const char *repo, const char *role, int64_t version, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "repository", repo) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "role", role);
	if (!err)
		err = rk_node_put_int(node, "version", version);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

/* A new expiry of root does not help a certificate: that one is named, with what renews it. */
static rk_error *
name_certificates(rk_repo *repo)
{
	rk_env *env = rk_repo_env(repo);
	RK_AUTO(rk_certwatch) watch = NULL;
	const rk_root *root = NULL;
	rk_error *err = rk_repo_root(repo, RK_VIEW_NEXT, &root);

	if (!err)
		err = rk_certwatch_take(root, rk_repo_keep(repo), env->ops->now(env), &watch);
	for (size_t i = 0; !err && i < watch->count; i++) {
		const struct rk_certwatch_item *item = &watch->items[i];
		const rk_tuf_key *key = rk_keyring_by_id(root->keys, item->keyid);
		RK_AUTO_BUF(line);

		if (!item->alarm)
			continue;
		rk_certwatch_sentence(item, rk_repo_key_name(repo, key),
		    RK_SHOW_BARE(rk_repo_name(repo)), env->ops->now(env), &line);
		err = rk_buf_check(&line);
		if (!err)
			rk_sayf(env, RK_SAY_WARNING, "%s", rk_buf_str(&line));
	}
	return err;
}

static rk_error *
renew_repo(
    rk_repo *repo, const struct renew_args *renew, rk_change *change, rk_plan *plan, rk_node *array)
{
	RK_AUTO(rk_names) roles = NULL;
	size_t before = plan->count;
	rk_error *err = rk_repo_trust(repo);

	if (!err)
		err = rk_repo_roles(repo, RK_VIEW_NEXT, &roles);
	for (size_t i = 0; !err && i < roles->count; i++) {
		int64_t version = 0;
		bool wanted = false;

		err = wants(repo, renew, roles->names[i], &wanted);
		if (err || !wanted)
			continue;
		err = rk_edit_renew(repo, roles->names[i], change, &version);
		if (!err)
			err = note_renewed(rk_repo_name(repo), roles->names[i], version, array);
		if (!err)
			err = rk_plan_add(plan, RK_EFFECT_STAGE,
			    "stage %s %lld of %s, with a new expiry", RK_SHOW_BARE(roles->names[i]),
			    (long long)version, RK_SHOW_BARE(rk_repo_name(repo)));
	}
	if (!err && plan->count > before)
		err = rk_edit_journal(
		    repo, &(struct rk_edit_note){.action = "renew", .note = renew->role}, change);
	return err || renew->role ? err : name_certificates(repo);
}

static rk_error *
renew_all(struct rk_run *run, const struct renew_args *renew, rk_keep *keep, rk_change *change,
    rk_plan *plan, rk_node *array)
{
	RK_AUTO(rk_names) names = NULL;
	rk_error *err = rk_work_repos(keep, &renew->repos, renew->all, &names);

	for (size_t i = 0; !err && i < names->count; i++) {
		RK_AUTO(rk_repo) repo = NULL;

		err = rk_repo_open(keep, run->env, names->names[i], &repo);
		if (!err)
			err = renew_repo(repo, renew, change, plan, array);
	}
	return err;
}

static rk_error *
renew_run(struct rk_run *run, const void *args)
{
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	bool done = false;
	rk_error *err =
	    node && array ? rk_work_keep(run, RK_WORK_WRITE, &keep) : rk_out_of_memory();

	if (!err)
		err = rk_change_new(keep, &change);
	if (!err)
		err = rk_plan_new(&plan, "renew");
	if (!err)
		err = renew_all(run, args, keep, change, plan, array);
	if (!err && plan->count > 0)
		err = rk_work_finish(run, plan, change, &done);
	if (!err && plan->count == 0)
		rk_sayf(run->env, RK_SAY_INFO,
		    "nothing is inside its warning window; --role all renews everything");
	if (!err)
		err = rk_node_put(node, "renewed", RK_TAKE(array));
	if (err || (run->globals->dry_run && plan->count > 0))
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	for (size_t i = 0; i < plan->count; i++)
		rk_render_line(run->out, "%s", plan->steps[i].text);
	return NULL;
}

static const struct rk_argument renew_arguments[] = {
    RK_ARG_LIST(renew_args, repos, "REPO", "repositories", 0),
    RK_ARG_END,
};

static const struct rk_option renew_options[] = {
    RK_OPT_FLAG(renew_args, all, "all", "every repository of the keep"),
    RK_OPT_STRING(renew_args, role, "role", "ROLE",
	"this role, or all (default: those inside their warning window)", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_renew = {
    .name = "renew",
    .summary = "stage the next version with a new expiry, and nothing else",
    .args_size = sizeof(struct renew_args),
    .arguments = renew_arguments,
    .options = renew_options,
    .effects = RK_WRITES_METADATA,
    .example = "rootkeep renew --all\nrootkeep renew demo --role timestamp",
    .description =
	"Then 'rootkeep sign' signs it. Warning windows are in keep.json's policy. A root "
	"certificate inside its own window is named, with the commands that renew it.",
    .run = renew_run,
};

/* reset */

struct reset_args {
	const char *repo;
	const char *role;
};

static rk_error *
reset_roles(
    rk_repo *repo, const struct reset_args *reset, rk_change *change, rk_plan *plan, rk_node *array)
{
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = rk_repo_staged_roles(repo, &roles);
	size_t dropped = 0;

	for (size_t i = 0; !err && i < roles->count; i++) {
		size_t signatures = 0;

		if (reset->role && strcmp(reset->role, roles->names[i]) != 0)
			continue;
		err = rk_edit_reset(repo, roles->names[i], change, &signatures);
		if (!err && signatures > 0)
			err = rk_plan_add(plan, RK_EFFECT_FORGET,
			    "drop %s: %zu signature%s on it stay valid for ever, and are recorded",
			    RK_SHOW_BARE(roles->names[i]), signatures, signatures == 1 ? "" : "s");
		else if (!err)
			err = rk_plan_add(
			    plan, RK_EFFECT_STAGE, "drop %s", RK_SHOW_BARE(roles->names[i]));
		if (!err)
			err = rk_node_append_text(array, roles->names[i]);
		dropped++;
	}
	if (!err && dropped == 0)
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep status'",
		    "nothing is staged for %s%s%s", reset->role ? RK_SHOW_BARE(reset->role) : "",
		    reset->role ? " of " : "", RK_SHOW(rk_repo_name(repo)));
	return err;
}

static rk_error *
reset_run(struct rk_run *run, const void *args)
{
	const struct reset_args *reset = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	bool done = false;
	rk_error *err =
	    node && array ? rk_work_keep(run, RK_WORK_WRITE, &keep) : rk_out_of_memory();

	if (!err)
		err = rk_repo_open(keep, run->env, reset->repo, &repo);
	if (!err)
		err = rk_change_new(keep, &change);
	if (!err)
		err = rk_plan_new(&plan, "reset %s", RK_SHOW_BARE(reset->repo));
	if (!err)
		err = reset_roles(repo, reset, change, plan, array);
	if (!err)
		err = rk_edit_journal(
		    repo, &(struct rk_edit_note){.action = "reset", .note = reset->role}, change);
	if (err)
		return err;
	rk_change_save_keep(change);
	err = rk_work_finish(run, plan, change, &done);
	if (!err && done)
		err = rk_node_put(node, "reset", RK_TAKE(array));
	if (err || !done)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	for (size_t i = 0; i < plan->count; i++)
		rk_render_line(run->out, "%s", plan->steps[i].text);
	return NULL;
}

static const struct rk_argument reset_arguments[] = {
    RK_ARG(reset_args, repo, "REPO", "the repository"),
    RK_ARG_END,
};

static const struct rk_option reset_options[] = {
    RK_OPT_STRING(reset_args, role, "role", "ROLE", "this role alone", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_reset = {
    .name = "reset",
    .summary = "forget what is staged; signatures already given out are remembered",
    .args_size = sizeof(struct reset_args),
    .arguments = reset_arguments,
    .options = reset_options,
    .effects = RK_WRITES_METADATA | RK_WRITES_KEEP,
    .example = "rootkeep reset demo --role targets",
    .description =
	"A signature on what is dropped stays valid for whoever has it: another payload for that "
	"version is refused, and targets skip the version.",
    .run = reset_run,
};
