/*
 * completion.h - what a shell needs to finish a half-typed command line, from the command table
 *
 * A script for bash, zsh or fish: groups and commands, options, the words of a choice, and files or
 * folders where a value's name says so (FILE, PATH, DIR). Nothing in it runs the program.
 *
 * Errors     RK_E_USAGE a shell that is not known; RK_E_NOMEM.
 */
#ifndef RK_TERM_COMPLETION_H
#define RK_TERM_COMPLETION_H

#include "term/command.h"

/* What may stand in the place of a value that is called `name`. */
enum rk_completion_kind {
	RK_COMPLETION_NONE,
	RK_COMPLETION_WORDS, /* the name lists them: "bash|zsh|fish" */
	RK_COMPLETION_FILES,
	RK_COMPLETION_FOLDERS,
};

/* `shell` is "bash", "zsh" or "fish". RK_E_USAGE, RK_E_NOMEM. */
RK_CHECKED rk_error *
rk_completion_append(const struct rk_program *program, const char *shell, rk_buf *out);
enum rk_completion_kind rk_completion_kind_of(const char *name);

#endif
