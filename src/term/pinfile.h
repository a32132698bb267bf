/*
 * pinfile.h - secrets from files that the command line names
 *
 * [WHOSE=]FILE: the secret is the file's first line, for the token whose serial or label is WHOSE,
 * for every token where WHOSE is *, or, where there is no WHOSE, for the one token of the plan. A
 * text that begins with '/', './' or '../' is a FILE. "-" is the next line of stdin, read once.
 *
 * Ownership  an rk_pinfiles keeps the lines that were read from stdin, in secrets.
 * Errors     RK_E_UNSAFE others can read the file, or it is another user's; RK_E_PIN_NEEDED it has
 *            no first line; RK_E_AMBIGUOUS two files for one token, or one for a label of two;
 *            RK_E_REFUSED a pin-source that is a command; RK_E_USAGE; RK_E_NOT_FOUND, RK_E_IO,
 *            RK_E_LIMIT, RK_E_NOMEM.
 */
#ifndef RK_TERM_PINFILE_H
#define RK_TERM_PINFILE_H

#include "term/command.h"
#include "world/env.h"

typedef struct rk_pinfiles rk_pinfiles;

/* `stdin_fd` is what "-" reads. */
RK_CHECKED rk_error *rk_pinfiles_new(int stdin_fd, rk_pinfiles **ret_files);
/* Which of `entries` is meant for this request; NULL: none. RK_E_AMBIGUOUS. */
RK_CHECKED rk_error *rk_pinfiles_choose(
    const rk_list *entries, const struct rk_pin_request *request, const char **ret_entry);
/* The first line of a chosen entry's file. */
RK_CHECKED rk_error *rk_pinfiles_read(rk_pinfiles *files, const char *entry,
    const struct rk_pin_request *request, rk_secret **ret_line);
/* A URI's pin-source: a path or a file: URI. */
RK_CHECKED rk_error *rk_pinfiles_source(const char *source, rk_secret **ret_line);
/* The next line of these files, one after another; NULL once there is none left. */
RK_CHECKED rk_error *
rk_pinfiles_next(rk_pinfiles *files, const rk_list *entries, rk_secret **ret_line);
void rk_pinfiles_free(rk_pinfiles *files);
RK_DEFINE_FREEP(rk_pinfiles)

#endif
