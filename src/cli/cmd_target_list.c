#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/repo.h"
#include "json/write.h"

#include <string.h>

/* Millions of targets are listed one by one: neither a table nor a document is built. */

struct list_args {
	const char *repo;
	const char *role;
	bool published;
};

static rk_error *
write_hashes(const rk_dialect *dialect, const rk_target *target, rk_buf *out)
{
	RK_AUTO(rk_node) hashes = NULL;
	rk_error *err = rk_hashes_node(dialect, &target->hashes, &hashes);

	if (!err)
		rk_write_node(out, hashes, &rk_style_line, 0);
	return err;
}

static rk_error *
list_json(struct rk_run *run, rk_repo *repo, const char *role, rk_envelope *envelope)
{
	rk_sink sink = rk_render_sink(run->out);
	rk_targets_iter iter = {0};
	RK_AUTO_BUF(out);
	bool first = true;
	rk_error *err = NULL;

	rk_buf_text(&out, "{\n  \"repository\": ");
	rk_write_text(&out, rk_repo_name(repo), &rk_style_line);
	rk_buf_text(&out, ",\n  \"role\": ");
	rk_write_text(&out, role, &rk_style_line);
	rk_buf_printf(&out, ",\n  \"version\": %lld,\n  \"targets\": [",
	    envelope ? (long long)envelope->version : 0);
	if (envelope)
		iter = rk_targets_each(envelope);
	while (envelope && !err) {
		RK_AUTO(rk_target) target = NULL;

		err = rk_targets_next(&iter, &target);
		if (err || !target)
			break;
		rk_buf_printf(&out, "%s\n    {\"name\": ", first ? "" : ",");
		rk_write_text(&out, target->name, &rk_style_line);
		rk_buf_printf(
		    &out, ", \"length\": %llu, \"hashes\": ", (unsigned long long)target->length);
		err = write_hashes(rk_repo_dialect(repo), target, &out);
		if (target->custom)
			rk_buf_printf(&out, ", \"custom\": %s", target->custom);
		rk_buf_text(&out, "}");
		first = false;
		if (!err)
			err = rk_buf_check(&out);
		if (!err)
			err = sink.write(sink.context, out.data, out.len);
		rk_buf_clear(&out);
	}
	rk_buf_printf(&out, "%s]\n}\n", first ? "" : "\n  ");
	if (!err)
		err = rk_buf_check(&out);
	return err ? err : sink.write(sink.context, out.data, out.len);
}

static rk_error *
list_text(struct rk_run *run, rk_envelope *envelope)
{
	rk_targets_iter iter;
	rk_error *err = NULL;

	if (!envelope)
		return NULL;
	iter = rk_targets_each(envelope);
	while (!err) {
		RK_AUTO(rk_target) target = NULL;
		char hex[2 * RK_HASHES_MAX + 1] = "";

		err = rk_targets_next(&iter, &target);
		if (err || !target)
			break;
		if (target->hashes.have & (1u << RK_HASH_SHA256))
			rk_hex(hex, target->hashes.value[RK_HASH_SHA256], 32);
		rk_render_line(run->out, "%s  %12llu  %s", hex, (unsigned long long)target->length,
		    RK_SHOW_BARE(target->name));
	}
	return err;
}

static rk_error *
list_run(struct rk_run *run, const void *args)
{
	const struct list_args *list = args;
	const char *role = list->role ? list->role : "targets";
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	rk_envelope *envelope = NULL;
	rk_error *err = rk_work_keep(run, RK_WORK_READ, &keep);

	if (!err)
		err = rk_repo_open(keep, run->env, list->repo, &repo);
	if (!err)
		err = rk_repo_envelope(
		    repo, list->published ? RK_VIEW_PUBLISHED : RK_VIEW_NEXT, role, &envelope);
	if (!err && !envelope)
		rk_sayf(run->env, RK_SAY_INFO, "%s has no %s%s", RK_SHOW(list->repo),
		    list->published ? "published " : "", RK_SHOW_BARE(role));
	if (err)
		return err;
	return run->globals->json ? list_json(run, repo, role, envelope) : list_text(run, envelope);
}

static const struct rk_argument list_arguments[] = {
    RK_ARG(list_args, repo, "REPO", "the repository"),
    RK_ARG_END,
};

static const struct rk_option list_options[] = {
    RK_OPT_STRING(list_args, role, "role", "ROLE", "the role to list (targets)", 0),
    RK_OPT_FLAG(list_args, published, "published", "what is out, not what is staged"),
    RK_OPT_END,
};

const struct rk_command rk_cmd_target_list = {
    .name = "target list",
    .summary = "the targets of a role, with what is staged",
    .args_size = sizeof(struct list_args),
    .arguments = list_arguments,
    .options = list_options,
    .effects = RK_READS,
    .example = "rootkeep target list demo --published",
    .run = list_run,
};
