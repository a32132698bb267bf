#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/edit.h"

#include <string.h>

/* role show */

struct show_args {
	const char *repo;
	const char *role;
};

static rk_error *
key_node(rk_repo *repo, const struct rk_authority *authority, const char *keyid, rk_node *array)
{
	const rk_tuf_key *key = rk_keyring_by_id(authority->keys, keyid);
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "keyid", keyid) : rk_out_of_memory();

	if (!err && key) {
		const rk_keep_key *known = rk_repo_keep_key(repo, key);

		err = rk_node_put_text(node, "keytype", key->keytype);
		if (!err)
			err = rk_node_put_text(node, "scheme", key->scheme_name);
		if (!err && key->pubkey)
			err = rk_node_put_text(
			    node, "fingerprint", rk_pubkey_fingerprint_hex(key->pubkey));
		if (!err && known)
			err = rk_node_put_text(node, "name", known->name);
		if (!err && known && known->holder)
			err = rk_node_put_text(node, "holder", known->holder);
	}
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
role_node(rk_repo *repo, const char *role, const struct rk_authority *authority, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) keys = rk_node_new_array();
	rk_error *err = node && keys ? rk_node_put_text(node, "role", role) : rk_out_of_memory();

	for (size_t i = 0; i < authority->role->keyid_count && !err; i++)
		err = key_node(repo, authority, authority->role->keyids[i], keys);
	if (!err)
		err = rk_node_put_int(node, "threshold", authority->role->threshold);
	if (!err)
		err = rk_node_put(node, "keys", RK_TAKE(keys));
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static void
role_lines(
    struct rk_run *run, rk_repo *repo, const char *role, const struct rk_authority *authority)
{
	rk_render_line(run->out, "%s: %u of %zu", RK_SHOW_BARE(role), authority->role->threshold,
	    authority->role->keyid_count);
	for (size_t i = 0; i < authority->role->keyid_count; i++) {
		const char *keyid = authority->role->keyids[i];
		const rk_tuf_key *key = rk_keyring_by_id(authority->keys, keyid);

		rk_render_line(run->out, "  %-20s %s  %s",
		    key ? rk_repo_key_name(repo, key) : "(no such key)",
		    key ? RK_SHOW_BARE(key->scheme_name) : "", RK_SHOW_BARE(keyid));
	}
}

static rk_error *
show_role(struct rk_run *run, rk_repo *repo, const char *role, rk_node *array)
{
	struct rk_authority authority;
	rk_error *err = rk_repo_authority(repo, RK_VIEW_NEXT, role, &authority);

	if (!err)
		err = role_node(repo, role, &authority, array);
	if (!err)
		role_lines(run, repo, role, &authority);
	return err;
}

static rk_error *
show_roles(struct rk_run *run, rk_repo *repo, const char *only, rk_node *array)
{
	static const enum rk_role_kind kinds[] = {
	    RK_ROLE_ROOT, RK_ROLE_TARGETS, RK_ROLE_SNAPSHOT, RK_ROLE_TIMESTAMP};
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = NULL;

	if (only)
		return show_role(run, repo, only, array);
	for (size_t i = 0; i < 4 && !err; i++)
		err = show_role(run, repo, rk_role_kind_name(kinds[i]), array);
	if (!err)
		err = rk_repo_roles(repo, RK_VIEW_NEXT, &roles);
	for (size_t i = 0; !err && i < roles->count; i++)
		if (rk_role_kind_of(roles->names[i]) == RK_ROLE_DELEGATED)
			err = show_role(run, repo, roles->names[i], array);
	return err;
}

static rk_error *
show_run(struct rk_run *run, const void *args)
{
	const struct show_args *show = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? rk_work_keep(run, RK_WORK_READ, &keep) : rk_out_of_memory();

	if (!err)
		err = rk_repo_open(keep, run->env, show->repo, &repo);
	if (!err)
		err = show_roles(run, repo, show->role, array);
	if (!err)
		err = rk_node_put_text(node, "repository", rk_repo_name(repo));
	if (!err)
		err = rk_node_put(node, "roles", RK_TAKE(array));
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

static const struct rk_argument show_arguments[] = {
    RK_ARG(show_args, repo, "REPO", "the repository"),
    RK_ARG_OPTIONAL(show_args, role, "ROLE", "one role (default: all)"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_role_show = {
    .name = "role show",
    .summary = "who may sign a role, and how many must, with what is staged",
    .args_size = sizeof(struct show_args),
    .arguments = show_arguments,
    .effects = RK_READS,
    .example = "rootkeep role show demo\nrootkeep role show demo targets",
    .run = show_run,
};

/* role set */

struct set_args {
	const char *repo;
	const char *role;
	int64_t threshold;
	rk_list add, remove;
	int64_t expires;
};

static rk_error *
set_role(struct rk_run *run, rk_repo *repo, const struct set_args *set)
{
	RK_AUTO(rk_hands) hands = NULL;
	RK_AUTO(rk_attestation_pins) pins = NULL;
	struct rk_attest_terms terms = {NULL, rk_globals_exception(run->globals, RK_ATTEST_RULE)};
	struct rk_custody custody = {run->env, rk_repo_keep(repo), NULL, run->clock};
	struct rk_edit_role edit = {
	    .role = set->role,
	    .threshold = (uint32_t)set->threshold,
	    .add = set->add.items,
	    .add_count = set->add.count,
	    .remove = set->remove.items,
	    .remove_count = set->remove.count,
	    .expires_days = (unsigned)set->expires,
	    .below_policy = rk_globals_exception(run->globals, "min-threshold") != NULL,
	    .dry = run->globals->dry_run,
	    .custody = &custody,
	    .attestation = &terms,
	};
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	bool done = false;
	rk_error *err = node ? rk_change_new(rk_repo_keep(repo), &change) : rk_out_of_memory();

	if (!err)
		err = rk_hands_new(run->env, run->tokens, &hands);
	custody.hands = hands;
	if (!err)
		err = rk_attestview_pins(custody.keep, &pins);
	terms.pins = pins;
	if (!err)
		err = rk_plan_new(&plan, "set role %s of %s", RK_SHOW_BARE(set->role),
		    RK_SHOW_BARE(rk_repo_name(repo)));
	if (!err)
		err = rk_edit_role(repo, &edit, change, plan);
	if (!err)
		err = rk_edit_journal(repo,
		    &(struct rk_edit_note){.action = "role set",
			.note = set->role,
			.exceptions = {{"min-threshold",
					   rk_globals_exception(run->globals, "min-threshold")},
			    {RK_ATTEST_RULE,
				rk_keep_wants_attestations(custody.keep) ? terms.excepted : NULL}},
			.hands = hands},
		    change);
	if (!err)
		err = rk_node_put_text(node, "repository", rk_repo_name(repo));
	if (!err)
		err = rk_node_put_text(node, "role", set->role);
	if (!err)
		err = rk_work_finish(run, plan, change, &done);
	if (err || !done)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	for (size_t i = 0; i < plan->count; i++)
		rk_render_line(run->out, "%s", plan->steps[i].text);
	return rk_work_tell_head_used(run, rk_repo_keep(repo), hands);
}

static rk_error *
set_run(struct rk_run *run, const void *args)
{
	const struct set_args *set = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	rk_error *err;

	if (!set->threshold && !set->expires && !set->add.count && !set->remove.count)
		return rk_fail(RK_E_USAGE, "give --threshold, --add-key, --remove-key or --expires",
		    "nothing was said to be set");
	err = rk_work_keep(run, RK_WORK_WRITE, &keep);
	if (!err)
		err = rk_repo_open(keep, run->env, set->repo, &repo);
	if (!err)
		err = rk_role_check_name(rk_repo_dialect(repo), set->role);
	return err ? err : set_role(run, repo, set);
}

static const struct rk_argument set_arguments[] = {
    RK_ARG(set_args, repo, "REPO", "the repository"),
    RK_ARG(set_args, role, "ROLE", "root, targets, snapshot or timestamp"),
    RK_ARG_END,
};

static const struct rk_option set_options[] = {
    RK_OPT_INT(set_args, threshold, "threshold", "N", "how many keys must sign", 1, 1024, 0),
    RK_OPT_LIST(set_args, add, "add-key", "KEY", "trust this key too (a file for a server's)", 0),
    RK_OPT_LIST(set_args, remove, "remove-key", "KEY", "trust it no more", 0),
    RK_OPT_INT(set_args, expires, "expires", "DAYS", "how long new versions are good", 1, 36500, 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_role_set = {
    .name = "role set",
    .summary = "stage a root that gives a role other keys or another threshold",
    .args_size = sizeof(struct set_args),
    .arguments = set_arguments,
    .options = set_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_METADATA | RK_WRITES_KEEP,
    .example = "rootkeep role set demo root --add-key root-dora --remove-key root-carol\n"
	       "rootkeep role set demo timestamp --expires 3",
    .run = set_run,
};
