#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/compare.h"
#include "json/write.h"

#include <string.h>

struct diff_args {
	const char *repo;
};

/* Lines go out as they are found: a million targets may differ. */
struct diff {
	struct rk_run *run;
	rk_sink sink;
	bool any;
};

static rk_error *
diff_json(struct diff *diff, const struct rk_compare_line *line)
{
	RK_AUTO_BUF(out);
	rk_error *err;

	rk_buf_printf(&out, "%s\n    {\"role\": ", diff->any ? "," : "");
	rk_write_text(&out, line->role, &rk_style_line);
	rk_buf_text(&out, ", \"kind\": ");
	rk_write_text(&out, line->kind, &rk_style_line);
	if (line->subject) {
		rk_buf_text(&out, ", \"subject\": ");
		rk_write_text(&out, line->subject, &rk_style_line);
	}
	rk_buf_text(&out, ", \"message\": ");
	rk_write_text(&out, line->sentence, &rk_style_line);
	rk_buf_text(&out, "}");
	err = rk_buf_check(&out);
	diff->any = true;
	return err ? err : diff->sink.write(diff->sink.context, out.data, out.len);
}

static rk_error *
diff_line(void *context, const struct rk_compare_line *line)
{
	struct diff *diff = context;

	if (diff->run->globals->json)
		return diff_json(diff, line);
	diff->any = true;
	rk_render_line(diff->run->out, "%s: %s", RK_SHOW_BARE(line->role), line->sentence);
	return NULL;
}

static rk_error *
frame(struct diff *diff, const char *name, bool begin)
{
	RK_AUTO_BUF(out);
	rk_error *err;

	if (!diff->run->globals->json)
		return NULL;
	if (begin) {
		rk_buf_text(&out, "{\n  \"repository\": ");
		rk_write_text(&out, name, &rk_style_line);
		rk_buf_text(&out, ",\n  \"changes\": [");
	} else {
		rk_buf_printf(&out, "%s]\n}\n", diff->any ? "\n  " : "");
	}
	err = rk_buf_check(&out);
	return err ? err : diff->sink.write(diff->sink.context, out.data, out.len);
}

static rk_error *
diff_run(struct rk_run *run, const void *args)
{
	const char *name = ((const struct diff_args *)args)->repo;
	struct diff diff = {.run = run};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	rk_error *err = rk_work_keep(run, RK_WORK_READ, &keep);

	if (!err)
		err = rk_repo_open(keep, run->env, name, &repo);
	if (err)
		return err;
	if (run->globals->json)
		diff.sink = rk_render_sink(run->out);
	err = frame(&diff, name, true);
	if (!err)
		err = rk_compare_staged(repo, diff_line, &diff);
	if (!err && !diff.any)
		rk_sayf(run->env, RK_SAY_INFO, "nothing is staged for %s", RK_SHOW(name));
	return err ? err : frame(&diff, name, false);
}

static const struct rk_argument diff_arguments[] = {
    RK_ARG(diff_args, repo, "REPO", "the repository"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_diff = {
    .name = "diff",
    .summary = "what is staged against what is published, in words",
    .args_size = sizeof(struct diff_args),
    .arguments = diff_arguments,
    .effects = RK_READS,
    .example = "rootkeep diff demo",
    .run = diff_run,
};
