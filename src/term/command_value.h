/*
 * command_value.h - the values of options, stored in the fields that their tables name
 *
 * Ownership  what is made here belongs to the rk_command_line.
 * Errors     RK_E_USAGE a value that the option does not take; RK_E_NOMEM.
 */
#ifndef RK_TERM_COMMAND_VALUE_H
#define RK_TERM_COMMAND_VALUE_H

#include "term/command.h"

/* Keep `memory` (NULL: RK_E_NOMEM) until the line is freed; frees it on failure. */
RK_CHECKED rk_error *rk_command_own(rk_command_line *line, void *memory);
RK_CHECKED rk_error *
rk_command_own_text(rk_command_line *line, const char *text, size_t len, const char **ret_text);
RK_CHECKED rk_error *rk_command_list_add(rk_command_line *line, rk_list *list, const char *item);
/* `field` is where the option's table says. */
RK_CHECKED rk_error *rk_command_store(
    rk_command_line *line, const struct rk_option *option, const char *value, void *field);

#endif
