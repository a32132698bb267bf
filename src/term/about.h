/*
 * about.h - the commands that a program has about itself: help, completion, version, man
 *
 * They read run->program's table and touch nothing else; `man` is hidden and writes the manual
 * pages where the build wants them.
 *
 * Errors     what term/help.h, term/completion.h and term/manpage.h list.
 */
#ifndef RK_TERM_ABOUT_H
#define RK_TERM_ABOUT_H

#include "term/run.h"

extern const struct rk_command rk_about_completion;
extern const struct rk_command rk_about_help;
extern const struct rk_command rk_about_man;
extern const struct rk_command rk_about_version;

/* What --help after `words` shows, and --version. */
RK_CHECKED rk_error *rk_about_words(struct rk_run *run, const char *words);
RK_CHECKED rk_error *rk_about_program(struct rk_run *run);

#endif
