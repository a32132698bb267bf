#include "cli/work.h"

#include "base/show.h"
#include "cli/planview.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_work_keep(struct rk_run *run, enum rk_work_how how, rk_keep **ret_keep)
{
	struct rk_keep_options options = {
	    .dir = run->globals->keep_dir,
	    .from = run->working_dir,
	    .write = how != RK_WORK_READ,
	    .create = how == RK_WORK_CREATE,
	    .env = run->env,
	};
	rk_error *err = rk_keep_open(&options, ret_keep);

	if (!err && rk_keep_is_new(*ret_keep) && !run->globals->dry_run)
		rk_sayf(
		    run->env, RK_SAY_INFO, "%s becomes a keep", RK_SHOW(rk_keep_path(*ret_keep)));
	return err;
}

rk_error *
rk_work_finish(struct rk_run *run, const rk_plan *plan, rk_change *change, bool *ret_done)
{
	rk_error *err;

	*ret_done = false;
	if (run->globals->dry_run)
		return rk_planview_render(run, plan);
	err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	if (!err)
		err = rk_change_commit(change);
	*ret_done = err == NULL;
	return err;
}

rk_error *
rk_work_tell_head(struct rk_run *run, const rk_keep *keep)
{
	rk_journal_head head;
	RK_AUTO_BUF(words);
	rk_error *err = rk_journal_read_head(rk_keep_dir(keep), &head);

	if (!err) {
		rk_hashwords_append(&words, head.sha256, "  ");
		err = rk_buf_check(&words);
	}
	/* The last of the lines is ended by what says them. */
	if (!err)
		rk_sayf(run->env, RK_SAY_INFO,
		    "journal head, line %lld (write these words down):\n%.*s",
		    (long long)head.count, (int)words.len - 1, rk_buf_str(&words));
	return err;
}

rk_error *
rk_work_tell_head_used(struct rk_run *run, const rk_keep *keep, const rk_hands *hands)
{
	RK_AUTO(rk_node) tokens = NULL;
	rk_error *err = rk_hands_used(hands, &tokens);

	return err || rk_node_count(tokens) == 0 ? err : rk_work_tell_head(run, keep);
}

bool
rk_work_is_path(const char *argument)
{
	size_t len = strlen(argument);

	return (len > 5 && !strcmp(argument + len - 5, ".json")) || argument[0] == '/' ||
	       !strncmp(argument, "./", 2) || !strncmp(argument, "../", 3) ||
	       !strcmp(argument, ".") || !strcmp(argument, "..");
}

static rk_error *
all_repos(const rk_keep *keep, rk_names *names)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < rk_keep_repo_count(keep) && !err; i++)
		err = rk_names_add(names, rk_keep_repo_at(keep, i)->name);
	return err;
}

rk_error *
rk_work_repos(const rk_keep *keep, const rk_list *named, bool all, rk_names **ret_names)
{
	RK_AUTO(rk_names) names = calloc(1, sizeof(*names));
	rk_error *err = names ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < named->count && !err; i++) {
		const rk_keep_repo *repo = NULL;

		err = rk_keep_repo_find(keep, named->items[i], &repo);
		if (!err)
			err = rk_names_add(names, repo->name);
	}
	if (!err && named->count == 0 && !all && rk_keep_repo_count(keep) != 1)
		return rk_fail(RK_E_USAGE, "name them, or give --all",
		    "the keep has %zu repositories, and none was named", rk_keep_repo_count(keep));
	if (!err && named->count == 0)
		err = all_repos(keep, names);
	if (!err)
		*ret_names = RK_TAKE(names);
	return err;
}
