/*
 * cli.h - the commands of rootkeep
 *
 * One `extern` line here and one in commands.c for each command; its table and its function are in
 * cmd_<noun>.c.
 */
#ifndef RK_CLI_CLI_H
#define RK_CLI_CLI_H

#include "term/run.h"

extern const struct rk_program rk_cli_program;

extern const struct rk_command rk_cmd_help;
extern const struct rk_command rk_cmd_completion;
extern const struct rk_command rk_cmd_version;

#endif
