#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/edit.h"

#include <string.h>

struct repo_args {
	const char *repo;
};

/* repo list */

static rk_error *
repo_node(const rk_keep_repo *repo, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_str) path = NULL;
	rk_error *err =
	    node ? rk_keep_repo_path(repo->name, "metadata", &path) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "name", repo->name);
	if (!err)
		err = rk_node_put_text(node, "dialect", repo->dialect);
	if (!err)
		err = rk_node_put_text(node, "metadata", path);
	if (!err)
		err = rk_node_put_bool(node, "published", repo->anchored);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
list_run(struct rk_run *run, const void *args)
{
	static const char *const headings[] = {"NAME", "DIALECT", "PUBLISHED", NULL};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_table) table = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? rk_work_keep(run, RK_WORK_READ, &keep) : rk_out_of_memory();

	(void)args;
	if (!err)
		err = rk_table_new(headings, &table);
	for (size_t i = 0; !err && i < rk_keep_repo_count(keep); i++) {
		const rk_keep_repo *repo = rk_keep_repo_at(keep, i);

		err = repo_node(repo, array);
		rk_table_cell(table, "%s", RK_SHOW_BARE(repo->name));
		rk_table_cell(table, "%s", RK_SHOW_BARE(repo->dialect));
		rk_table_cell(table, "%s", repo->anchored ? "yes" : "not yet");
	}
	if (!err)
		err = rk_node_put(node, "repositories", RK_TAKE(array));
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	if (rk_table_rows(table) > 0)
		rk_render_table(run->out, table);
	return NULL;
}

const struct rk_command rk_cmd_repo_list = {
    .name = "repo list",
    .summary = "the repositories of the keep",
    .effects = RK_READS,
    .example = "rootkeep repo list",
    .run = list_run,
};

/* repo path */

static rk_error *
path_run(struct rk_run *run, const void *args)
{
	const struct repo_args *wanted = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_str) below = NULL;
	RK_AUTO(rk_str) whole = NULL;
	RK_AUTO(rk_node) node = rk_node_new_object();
	const rk_keep_repo *repo = NULL;
	rk_error *err = node ? rk_work_keep(run, RK_WORK_READ, &keep) : rk_out_of_memory();

	if (!err)
		err = rk_keep_repo_find(keep, wanted->repo, &repo);
	if (!err)
		err = rk_keep_repo_path(repo->name, "metadata", &below);
	if (!err)
		err = rk_strdupf(&whole, "%s/%s", rk_keep_path(keep), below);
	if (!err)
		err = rk_node_put_text(node, "path", whole);
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	rk_render_line(run->out, "%s", RK_SHOW_BARE(whole));
	return NULL;
}

static const struct rk_argument repo_arguments[] = {
    RK_ARG(repo_args, repo, "REPO", "the repository"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_repo_path = {
    .name = "repo path",
    .summary = "the folder to publish: the last complete state",
    .args_size = sizeof(struct repo_args),
    .arguments = repo_arguments,
    .effects = RK_READS,
    .example = "rsync -a \"$(rootkeep repo path demo)/\" server:/srv/tuf/",
    .run = path_run,
};

/* repo remove */

static rk_error *
remove_plan(rk_repo *repo, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "remove repository %s", RK_SHOW(rk_repo_name(repo)));

	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_FORGET,
		    "forget its metadata, what is staged, its anchor and what is outstanding");
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

static rk_error *
remove_run(struct rk_run *run, const void *args)
{
	const struct repo_args *wanted = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_change) change = NULL;
	bool done = false;
	rk_error *err = rk_work_keep(run, RK_WORK_WRITE, &keep);

	if (!err)
		err = rk_repo_open(keep, run->env, wanted->repo, &repo);
	if (!err)
		err = remove_plan(repo, &plan);
	if (!err)
		err = rk_change_new(keep, &change);
	if (!err)
		err = rk_store_remove_all(rk_repo_store(repo), change);
	if (!err)
		err =
		    rk_edit_journal(repo, &(struct rk_edit_note){.action = "repo remove"}, change);
	rk_repo_free(RK_TAKE(repo));
	if (!err)
		err = rk_keep_repo_remove(keep, wanted->repo);
	if (!err) {
		rk_change_save_keep(change);
		err = rk_work_finish(run, plan, change, &done);
	}
	if (!err && done) {
		RK_AUTO(rk_node) node = rk_node_new_object();

		err = node ? rk_node_put_text(node, "removed", wanted->repo) : rk_out_of_memory();
		if (!err)
			rk_render_json(run->out, RK_TAKE(node));
		rk_render_line(run->out, "removed %s", RK_SHOW(wanted->repo));
	}
	return err;
}

const struct rk_command rk_cmd_repo_remove = {
    .name = "repo remove",
    .summary = "forget a repository and its metadata; keys stay",
    .args_size = sizeof(struct repo_args),
    .arguments = repo_arguments,
    .effects = RK_WRITES_METADATA | RK_WRITES_KEEP | RK_DESTROYS,
    .example = "rootkeep repo remove demo",
    .description = "Asks first; --yes answers.",
    .run = remove_run,
};
