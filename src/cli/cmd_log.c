#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "keep/journal.h"

#include <string.h>

#define COPY_MAX ((size_t)RK_JOURNAL_MAX)

/* log */

static void
member_text(const rk_node *entry, const char *member, const char *before, rk_buf *out)
{
	const char *text = rk_node_text(rk_node_get(entry, member));

	if (text)
		rk_buf_printf(out, "%s%s", before, RK_SHOW_BARE(text));
}

struct log {
	struct rk_run *run;
	rk_node *array;
};

static rk_error *
log_entry(void *context, const rk_node *entry, const rk_journal_head *upto)
{
	struct log *log = context;
	RK_AUTO_BUF(line);
	rk_error *err;

	(void)upto;
	rk_buf_printf(&line, "%4lld", (long long)rk_node_int(rk_node_get(entry, "seq")));
	member_text(entry, "time", "  ", &line);
	member_text(entry, "action", "  ", &line);
	member_text(entry, "who", "  by ", &line);
	member_text(entry, "note", "  ", &line);
	err = rk_buf_check(&line);
	if (err)
		return err;
	rk_render_line(log->run->out, "%s", rk_buf_str(&line));
	return log->run->globals->json ? rk_node_append(log->array, rk_node_copy(entry)) : NULL;
}

static rk_error *
log_run(struct rk_run *run, const void *args)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	RK_AUTO(rk_keep) keep = NULL;
	struct log log = {run, array};
	rk_error *err = node && array ? rk_work_keep(run, RK_WORK_READ, &keep) : rk_out_of_memory();

	(void)args;
	if (!err)
		err = rk_journal_each(rk_keep_dir(keep), log_entry, &log);
	if (!err)
		err = rk_node_put(node, "entries", RK_TAKE(array));
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

const struct rk_command rk_cmd_log = {
    .name = "log",
    .summary = "what happened to the keep, line by line",
    .effects = RK_READS,
    .example = "rootkeep log",
    .run = log_run,
};

/* log verify */

struct verify_args {
	const char *head;
	const char *against;
};

/* The chain; and what was asked to be found in it. */
static rk_error *
judge(const rk_dir *dir, const struct verify_args *wanted, rk_journal_head *head, int64_t *since)
{
	uint8_t digest[RK_SHA256_SIZE];
	RK_AUTO(rk_text) copy = NULL;
	rk_error *err = rk_journal_verify(dir, head);

	if (!err && wanted->head) {
		err = rk_hashwords_parse(wanted->head, digest);
		if (err)
			return rk_recode(err, RK_E_USAGE);
		err = rk_journal_check_head(dir, digest, since);
	}
	if (!err && wanted->against) {
		err = rk_text_read_path(wanted->against, COPY_MAX, &copy);
		if (!err)
			err = rk_journal_check_copy(dir, copy, since);
	}
	return rk_error_code(err) == RK_E_MALFORMED ? rk_recode(err, RK_E_UNTRUSTED) : err;
}

static rk_error *
verify_node(const rk_journal_head *head, int64_t since, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO_BUF(words);
	char hex[2 * RK_SHA256_SIZE + 1];
	rk_error *err = node ? rk_node_put_int(node, "lines", head->count) : rk_out_of_memory();

	rk_hex(hex, head->sha256, sizeof(head->sha256));
	rk_hashwords_line(&words, head->sha256);
	if (!err)
		err = rk_node_put_text(node, "head", hex);
	if (!err)
		err = rk_node_put_text(node, "words", rk_buf_str(&words));
	if (!err)
		err = rk_node_put_bool(node, "torn", head->torn > 0);
	if (!err && since >= 0)
		err = rk_node_put_int(node, "since", since);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
verify_run(struct rk_run *run, const void *args)
{
	const struct verify_args *wanted = args;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO_BUF(words);
	rk_journal_head head = {0};
	rk_node *node = NULL;
	int64_t since = -1;
	rk_error *err = rk_work_keep(run, RK_WORK_READ, &keep);

	if (!err)
		err = judge(rk_keep_dir(keep), wanted, &head, &since);
	if (!err)
		err = verify_node(&head, since, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	rk_hashwords_append(&words, head.sha256, "  ");
	rk_render_line(run->out, "%lld lines, each chained to the one before; the head is",
	    (long long)head.count);
	rk_render_text(run->out, rk_buf_str(&words));
	if (since >= 0)
		rk_render_line(run->out, "what was asked for is there; %lld line%s came after it",
		    (long long)since, since == 1 ? "" : "s");
	else
		rk_render_line(run->out,
		    "without --head or --against, nobody can tell whether it was written anew");
	if (head.torn)
		rk_sayf(run->env, RK_SAY_WARNING,
		    "a torn line of %llu bytes follows; the next command that writes sets it aside",
		    (unsigned long long)head.torn);
	return NULL;
}

static const struct rk_option verify_options[] = {
    RK_OPT_STRING(verify_args, head, "head", "WORDS", "the 32 words of a head written down", 0),
    RK_OPT_STRING(verify_args, against, "against", "COPY", "a copy of the journal", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_log_verify = {
    .name = "log verify",
    .summary = "is the journal whole, and does it hold what was written down?",
    .args_size = sizeof(struct verify_args),
    .options = verify_options,
    .effects = RK_READS,
    .example = "rootkeep log verify --head \"$(cat head.txt)\"\n"
	       "rootkeep log verify --against /media/stick/journal.jsonl",
    .run = verify_run,
};
