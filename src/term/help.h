/*
 * help.h - what `help` says, from the command table
 *
 * Three sizes: the program (its groups and the options that every command takes), a group, a
 * command. Text is wrapped to the columns of the terminal. What the manual pages tell in the same
 * words is exported here.
 *
 * Errors     RK_E_USAGE the words name nothing; RK_E_NOMEM.
 * Units      widths in columns of a terminal.
 */
#ifndef RK_TERM_HELP_H
#define RK_TERM_HELP_H

#include "term/command.h"
#include "json/document.h"

/* `words` is "", a group ("key") or a command ("key generate"). RK_E_USAGE, RK_E_NOMEM. */
RK_CHECKED rk_error *
rk_help_append(const struct rk_program *program, const char *words, size_t width, rk_buf *out);
/*
 * The same as a value: {"program", "version", "options": […], "commands": [{"name", "summary",
 * "synopsis", "effects": […], "arguments": […], "options": […], "example", "hidden"}]}. RK_E_USAGE,
 * RK_E_NOMEM.
 */
RK_CHECKED rk_error *
rk_help_node(const struct rk_program *program, const char *words, rk_node **ret_node);
/* Is the command `words`, or one of that group? Every command is one of "". */
bool rk_help_covers(const struct rk_command *command, const char *words);
/* The columns of the terminal behind `fd`, between 40 and 100; 80 where it is none. */
size_t rk_help_width(int fd);

/* "rootkeep key show KEY [--format pem|der]". */
void
rk_help_synopsis(rk_buf *out, const struct rk_program *program, const struct rk_command *command);
/* "-q, --quiet", "--token URI,…". */
void rk_help_option(rk_buf *out, const struct rk_option *option);
/* The word and the sentence for an effect that a command has; false behind the last. */
struct rk_help_effect {
	const char *word; /* "destroys" */
	const char *sentence; /* "destroys something that cannot be had back: …" */
};
bool rk_help_effect(unsigned effects, size_t index, struct rk_help_effect *ret_effect);
/* `text` in lines of at most `width` columns, all but the first begun by `indent` blanks; the first
 * line already stands at column `at`. Paragraphs are kept, and lines that begin with a blank. */
void rk_help_wrap(rk_buf *out, const char *text, size_t at, size_t indent, size_t width);

#endif
