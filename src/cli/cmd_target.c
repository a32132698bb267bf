#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/collect.h"
#include "flow/edit.h"

#include <stdlib.h>
#include <string.h>

/* What add and remove have in common: one rewrite of a role's file, and what it did. */
struct rewrite {
	const char *repo;
	const char *role;
	const char *action;
};

static rk_error *
changed_node(rk_repo *repo, const struct rewrite *what, const struct rk_targets_changed *changed,
    rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err =
	    node ? rk_node_put_text(node, "repository", rk_repo_name(repo)) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "role", what->role);
	if (!err)
		err = rk_node_put_int(node, "added", (int64_t)changed->added);
	if (!err)
		err = rk_node_put_int(node, "replaced", (int64_t)changed->replaced);
	if (!err)
		err = rk_node_put_int(node, "removed", (int64_t)changed->removed);
	if (!err)
		err = rk_node_put_int(node, "same", (int64_t)changed->same);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
rewrite_plan(rk_repo *repo, const struct rewrite *what, const struct rk_targets_changed *changed,
    rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "%s %s", what->action, RK_SHOW_BARE(rk_repo_name(repo)));

	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_STAGE,
		    "stage %s of %s: %llu added, %llu replaced, %llu removed, %llu the same",
		    RK_SHOW_BARE(what->role), RK_SHOW_BARE(rk_repo_name(repo)),
		    (unsigned long long)changed->added, (unsigned long long)changed->replaced,
		    (unsigned long long)changed->removed, (unsigned long long)changed->same);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

/* `collection` has what to change; `*ret_done`: it is staged. */
static rk_error *
rewrite_run(struct rk_run *run, rk_repo *repo, const struct rewrite *what,
    rk_collection *collection, bool *ret_done)
{
	struct rk_edit_targets edit = {.role = what->role};
	struct rk_targets_changed changed = {0};
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_node *node = NULL;
	rk_error *err = rk_repo_trust(repo);

	if (!err)
		err = rk_collection_edits(collection, &edit.edits);
	if (!err)
		err = rk_change_new(rk_repo_keep(repo), &change);
	if (!err)
		err = rk_edit_targets(repo, &edit, change, &changed);
	if (!err)
		err = rk_edit_journal(repo,
		    &(struct rk_edit_note){.action = what->action, .note = what->role}, change);
	if (!err)
		err = rewrite_plan(repo, what, &changed, &plan);
	if (!err)
		err = rk_work_finish(run, plan, change, ret_done);
	if (err || !*ret_done)
		return err;
	err = changed_node(repo, what, &changed, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	for (size_t i = 0; i < plan->count; i++)
		rk_render_line(run->out, "%s", plan->steps[i].text);
	return NULL;
}

/* target add */

struct add_args {
	const char *repo;
	rk_list paths;
	const char *base, *role, *custom, *publish;
	const char *name, *sha256, *sha512, *from;
	int64_t length;
};

static rk_error *
add_hash(const char *hex, enum rk_hash hash, rk_target *target)
{
	uint8_t digest[RK_HASHES_MAX];
	rk_error *err;

	if (!hex)
		return NULL;
	err = rk_unhex(hex, strlen(hex), digest, rk_hashes_size(hash));
	if (err)
		return rk_recode(
		    rk_wrap(err, "--%s is not a hash", rk_hashes_name(hash)), RK_E_USAGE);
	rk_hashes_set(&target->hashes, hash, digest);
	return NULL;
}

static rk_error *
add_fact(const struct add_args *add, char *custom, rk_collection *collection)
{
	rk_target target = {
	    .name = (char *)(uintptr_t)add->name,
	    .length = (uint64_t)add->length,
	    .custom = custom,
	};
	rk_error *err;

	if (!add->name || add->length < 0 || (!add->sha256 && !add->sha512))
		return rk_fail(RK_E_USAGE, "give --name, --length and --sha256 (or --sha512)",
		    "a target's facts are its name, its length and a hash");
	err = add_hash(add->sha256, RK_HASH_SHA256, &target);
	if (!err)
		err = add_hash(add->sha512, RK_HASH_SHA512, &target);
	return err ? err : rk_collection_fact(collection, &target);
}

static rk_error *
collect(struct rk_run *run, rk_repo *repo, const struct add_args *add, rk_collection *collection)
{
	RK_AUTO(rk_str) custom = NULL;
	struct rk_collect how = {
	    .env = run->env,
	    .hashes = rk_repo_dialect(repo)->target_hashes,
	    .base = add->base,
	};
	rk_error *err = NULL;

	if (add->custom)
		err = rk_target_custom(
		    rk_repo_dialect(repo), add->custom, strlen(add->custom), &custom);
	how.custom = custom;
	if (!err && add->from)
		return rk_collection_list(collection, add->from);
	if (!err && (add->name || add->sha256 || add->sha512 || add->length >= 0))
		return add_fact(add, custom, collection);
	for (size_t i = 0; i < add->paths.count && !err; i++)
		err = rk_collection_path(collection, &how, add->paths.items[i]);
	return err;
}

static rk_error *
judge_sources(const struct add_args *add)
{
	int sources = (add->paths.count > 0) + (add->from != NULL) + (add->name != NULL);

	if (sources == 1)
		return NULL;
	return rk_fail(RK_E_USAGE, "give files, or --name with its facts, or --from FILE",
	    sources ? "files, --name and --from do not go together" : "no target was named");
}

static rk_error *
publish(rk_repo *repo, const struct add_args *add, const rk_collection *collection)
{
	const rk_root *root = NULL;
	rk_error *err = rk_repo_root(repo, RK_VIEW_NEXT, &root);

	return err ? err
		   : rk_collection_publish(collection, add->publish, root->consistent_snapshot);
}

static rk_error *
add_run(struct rk_run *run, const void *args)
{
	const struct add_args *add = args;
	const struct rewrite what = {add->repo, add->role ? add->role : "targets", "target add"};
	RK_AUTO(rk_collection) collection = NULL;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	bool done = false;
	rk_error *err = judge_sources(add);

	if (!err)
		err = rk_work_keep(run, RK_WORK_WRITE, &keep);
	if (!err)
		err = rk_repo_open(keep, run->env, add->repo, &repo);
	if (!err)
		err = rk_collection_new(rk_repo_dialect(repo), &collection);
	if (!err)
		err = collect(run, repo, add, collection);
	if (!err)
		err = rewrite_run(run, repo, &what, collection, &done);
	if (!err && done && add->publish)
		err = publish(repo, add, collection);
	return err;
}

static const struct rk_argument add_arguments[] = {
    RK_ARG(add_args, repo, "REPO", "the repository"),
    RK_ARG_LIST(add_args, paths, "PATH", "files, or folders with all that is below them", 0),
    RK_ARG_END,
};

static const struct rk_option add_options[] = {
    RK_OPT_STRING(add_args, base, "base", "DIR", "names are relative to this folder", 0),
    RK_OPT_STRING(add_args, role, "role", "ROLE", "the role to put them in (targets)", 0),
    RK_OPT_STRING(add_args, custom, "custom", "JSON", "an object to keep with each target", 0),
    RK_OPT_STRING(add_args, publish, "publish", "DIR",
	"copy the files there, under the names that clients ask for", 0),
    RK_OPT_STRING(add_args, name, "name", "N", "take the facts as given: the target's name", 0),
    RK_OPT_INT(
	add_args, length, "length", "L", "its length in bytes", 0, INT64_C(9007199254740991), -1),
    RK_OPT_STRING(add_args, sha256, "sha256", "HEX", "its SHA-256", 0),
    RK_OPT_STRING(add_args, sha512, "sha512", "HEX", "its SHA-512", 0),
    RK_OPT_STRING(
	add_args, from, "from", "FILE", "take the facts from a list, one object a line", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_target_add = {
    .name = "target add",
    .summary = "stage target files, or facts about them",
    .args_size = sizeof(struct add_args),
    .arguments = add_arguments,
    .options = add_options,
    .effects = RK_WRITES_METADATA,
    .example = "rootkeep target add demo dist/tool-1.0.tar.gz --base dist\n"
	       "rootkeep target add demo --from facts.jsonl",
    .description = "A list has one object a line: {\"name\", \"length\", \"sha256\", "
		   "\"sha512\"?, \"custom\"?}.",
    .run = add_run,
};

/* target remove */

struct remove_args {
	const char *repo;
	rk_list names;
	const char *role;
};

static rk_error *
remove_run(struct rk_run *run, const void *args)
{
	const struct remove_args *removal = args;
	const struct rewrite what = {
	    removal->repo, removal->role ? removal->role : "targets", "target remove"};
	RK_AUTO(rk_collection) collection = NULL;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	bool done = false;
	rk_error *err = rk_work_keep(run, RK_WORK_WRITE, &keep);

	if (!err)
		err = rk_repo_open(keep, run->env, removal->repo, &repo);
	if (!err)
		err = rk_collection_new(rk_repo_dialect(repo), &collection);
	for (size_t i = 0; i < removal->names.count && !err; i++)
		err = rk_collection_remove(collection, removal->names.items[i]);
	return err ? err : rewrite_run(run, repo, &what, collection, &done);
}

static const struct rk_argument remove_arguments[] = {
    RK_ARG(remove_args, repo, "REPO", "the repository"),
    RK_ARG_LIST(remove_args, names, "NAME", "names of targets", RK_REQUIRED),
    RK_ARG_END,
};

static const struct rk_option remove_options[] = {
    RK_OPT_STRING(remove_args, role, "role", "ROLE", "the role that they are in (targets)", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_target_remove = {
    .name = "target remove",
    .summary = "stage the removal of targets",
    .args_size = sizeof(struct remove_args),
    .arguments = remove_arguments,
    .options = remove_options,
    .effects = RK_WRITES_METADATA,
    .example = "rootkeep target remove demo tool-0.9.tar.gz",
    .run = remove_run,
};
