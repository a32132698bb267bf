#include "term/about.h"

#include "term/completion.h"
#include "term/help.h"
#include "term/manpage.h"

#include <unistd.h>

rk_error *
rk_about_words(struct rk_run *run, const char *words)
{
	rk_node *node = NULL;
	RK_AUTO_BUF(text);
	rk_error *err;

	if (rk_render_is_json(run->out)) {
		err = rk_help_node(run->program, words, &node);
		if (!err)
			rk_render_json(run->out, node);
		return err;
	}
	err = rk_help_append(run->program, words, rk_help_width(STDOUT_FILENO), &text);
	if (!err)
		rk_render_text(run->out, rk_buf_str(&text));
	return err;
}

rk_error *
rk_about_program(struct rk_run *run)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? NULL : rk_out_of_memory();

	rk_render_line(run->out, "%s %s", run->program->name, run->program->version);
	if (!err)
		err = rk_node_put_text(node, "program", run->program->name);
	if (!err)
		err = rk_node_put_text(node, "version", run->program->version);
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

struct help_args {
	rk_list words;
};

static rk_error *
help_run(struct rk_run *run, const void *args)
{
	const struct help_args *help = args;
	RK_AUTO_BUF(words);
	rk_error *err;

	for (size_t i = 0; i < help->words.count; i++)
		rk_buf_printf(&words, "%s%s", i > 0 ? " " : "", help->words.items[i]);
	err = rk_buf_check(&words);
	return err ? err : rk_about_words(run, rk_buf_str(&words));
}

static const struct rk_argument help_arguments[] = {
    RK_ARG_LIST(help_args, words, "COMMAND", "a command, or the first word of some", 0),
    RK_ARG_END,
};

const struct rk_command rk_about_help = {
    .name = "help",
    .summary = "what there is, what a command does, and how",
    .args_size = sizeof(struct help_args),
    .arguments = help_arguments,
    .effects = RK_READS,
    .example = "rootkeep help token init",
    .run = help_run,
};

struct completion_args {
	const char *shell;
};

static rk_error *
completion_run(struct rk_run *run, const void *args)
{
	const struct completion_args *completion = args;
	rk_sink sink = rk_render_sink(run->out);
	RK_AUTO_BUF(text);
	rk_error *err = rk_completion_append(run->program, completion->shell, &text);

	return err ? err : sink.write(sink.context, text.data, text.len);
}

static const struct rk_argument completion_arguments[] = {
    RK_ARG(completion_args, shell, "bash|zsh|fish", "the shell"),
    RK_ARG_END,
};

const struct rk_command rk_about_completion = {
    .name = "completion",
    .summary = "a script that lets the shell finish commands and options",
    .args_size = sizeof(struct completion_args),
    .arguments = completion_arguments,
    .effects = RK_READS,
    .example = "rootkeep completion bash > ~/.local/share/bash-completion/completions/rootkeep",
    .run = completion_run,
};

struct man_args {
	const char *folder;
};

static rk_error *
man_run(struct rk_run *run, const void *args)
{
	return rk_manpage_write(run->program, ((const struct man_args *)args)->folder);
}

static const struct rk_argument man_arguments[] = {
    RK_ARG(man_args, folder, "DIR", "where the pages go"),
    RK_ARG_END,
};

const struct rk_command rk_about_man = {
    .name = "man",
    .summary = "write the manual pages into a folder",
    .args_size = sizeof(struct man_args),
    .arguments = man_arguments,
    .effects = RK_HIDDEN,
    .example = "rootkeep man build/man",
    .run = man_run,
};

static rk_error *
version_run(struct rk_run *run, const void *args)
{
	(void)args;
	return rk_about_program(run);
}

const struct rk_command rk_about_version = {
    .name = "version",
    .summary = "the version",
    .effects = RK_READS | RK_HIDDEN,
    .example = "rootkeep version",
    .run = version_run,
};
