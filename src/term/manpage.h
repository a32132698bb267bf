/*
 * manpage.h - the manual pages, from the command table
 *
 * One page for the program and one for each command, in the man(7) macros. They bear no date, so
 * that building twice gives the same bytes.
 *
 * Errors     RK_E_NOMEM; rk_manpage_write also what base/file.h lists.
 * Standard   man(7), as groff and mandoc read it.
 */
#ifndef RK_TERM_MANPAGE_H
#define RK_TERM_MANPAGE_H

#include "term/command.h"

/* "rootkeep-key-generate.1"; `command` NULL: "rootkeep.1". Appended. */
void
rk_manpage_name(rk_buf *out, const struct rk_program *program, const struct rk_command *command);
/* `command` NULL: the program's own page. RK_E_NOMEM. */
RK_CHECKED rk_error *
rk_manpage_append(const struct rk_program *program, const struct rk_command *command, rk_buf *out);
/* Every page into the folder, which is made where it is missing. */
RK_CHECKED rk_error *rk_manpage_write(const struct rk_program *program, const char *folder);

#endif
