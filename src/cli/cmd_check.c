#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "keep/check.h"

static rk_error *
finding_node(const rk_check_finding *finding, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err =
	    node ? rk_node_put_text(node, "severity", rk_check_severity_name(finding->severity))
		 : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "path", finding->path);
	if (!err)
		err = rk_node_put_text(node, "message", finding->sentence);
	if (!err && finding->remedy)
		err = rk_node_put_text(node, "remedy", finding->remedy);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
check_node(const rk_check *check, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err =
	    node && array ? rk_node_put_text(node, "keep", check->path) : rk_out_of_memory();

	for (size_t i = 0; i < check->count && !err; i++)
		err = finding_node(&check->findings[i], array);
	if (!err)
		err = rk_node_put_int(node, "files", (int64_t)check->files);
	if (!err)
		err = rk_node_put_bool(node, "sound", check->wrong == 0);
	if (!err)
		err = rk_node_put(node, "findings", RK_TAKE(array));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
check_run(struct rk_run *run, const void *args)
{
	struct rk_keep_options options = {
	    .dir = run->globals->keep_dir, .from = run->working_dir, .env = run->env};
	RK_AUTO(rk_check) check = NULL;
	rk_node *node = NULL;
	rk_error *err = rk_check_keep(&options, &check);

	(void)args;
	if (!err)
		err = check_node(check, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	for (size_t i = 0; i < check->count; i++) {
		const rk_check_finding *finding = &check->findings[i];

		rk_render_line(run->out, "%s: %s: %s%s%s",
		    rk_check_severity_name(finding->severity), RK_SHOW_BARE(finding->path),
		    finding->sentence, finding->remedy ? "; " : "",
		    finding->remedy ? finding->remedy : "");
	}
	rk_render_line(run->out, "%zu files looked at: %s", check->files,
	    check->wrong ? "the keep is not sound" : "the keep is sound");
	if (check->wrong)
		run->status = rk_code_exit(RK_E_FOUND);
	return NULL;
}

const struct rk_command rk_cmd_check = {
    .name = "check",
    .summary = "the keep itself: keep.json, journal, unfinished changes, stray files, owners",
    .effects = RK_READS,
    .example = "rootkeep check",
    .description = "Exit status 3 when something is wrong. Whether signatures suffice is what "
		   "'rootkeep verify' asks.",
    .run = check_run,
};
