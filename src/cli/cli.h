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

extern const struct rk_command rk_cmd_adopt;
extern const struct rk_command rk_cmd_backup_clone;
extern const struct rk_command rk_cmd_check;
extern const struct rk_command rk_cmd_diff;
extern const struct rk_command rk_cmd_digest;
extern const struct rk_command rk_cmd_init;
extern const struct rk_command rk_cmd_inspect;
extern const struct rk_command rk_cmd_lint;
extern const struct rk_command rk_cmd_log;
extern const struct rk_command rk_cmd_log_verify;
extern const struct rk_command rk_cmd_rehearse;
extern const struct rk_command rk_cmd_renew;
extern const struct rk_command rk_cmd_repo_list;
extern const struct rk_command rk_cmd_repo_path;
extern const struct rk_command rk_cmd_repo_remove;
extern const struct rk_command rk_cmd_reset;
extern const struct rk_command rk_cmd_role_set;
extern const struct rk_command rk_cmd_role_show;
extern const struct rk_command rk_cmd_sign;
extern const struct rk_command rk_cmd_status;
extern const struct rk_command rk_cmd_target_add;
extern const struct rk_command rk_cmd_target_list;
extern const struct rk_command rk_cmd_target_remove;
extern const struct rk_command rk_cmd_key_attest;
extern const struct rk_command rk_cmd_key_certify;
extern const struct rk_command rk_cmd_key_delete;
extern const struct rk_command rk_cmd_key_enrol;
extern const struct rk_command rk_cmd_key_forget;
extern const struct rk_command rk_cmd_key_generate;
extern const struct rk_command rk_cmd_key_import;
extern const struct rk_command rk_cmd_key_list;
extern const struct rk_command rk_cmd_key_set;
extern const struct rk_command rk_cmd_key_show;
extern const struct rk_command rk_cmd_key_test;
extern const struct rk_command rk_cmd_token_audit;
extern const struct rk_command rk_cmd_token_init;
extern const struct rk_command rk_cmd_token_list;
extern const struct rk_command rk_cmd_token_pin;
extern const struct rk_command rk_cmd_token_show;
extern const struct rk_command rk_cmd_token_softhsm;
extern const struct rk_command rk_cmd_token_test;
extern const struct rk_command rk_cmd_verify;

#endif
