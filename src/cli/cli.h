/*
 * cli.h - the commands of rootkeep
 *
 * One `extern` line here and one in commands.c for each command; its table and its function are in
 * cmd_<noun>.c.
 */
#ifndef RK_CLI_CLI_H
#define RK_CLI_CLI_H

#include "term/about.h"

extern const struct rk_program rk_cli_program;

extern const struct rk_command rk_cmd_token_init;
extern const struct rk_command rk_cmd_token_list;
extern const struct rk_command rk_cmd_token_show;
extern const struct rk_command rk_cmd_token_softhsm;
extern const struct rk_command rk_cmd_token_test;

#endif
