#include "cli/cli.h"

static const struct rk_command *const commands[] = {
    &rk_cmd_check,
    &rk_about_completion,
    &rk_cmd_diff,
    &rk_about_help,
    &rk_cmd_init,
    &rk_cmd_log,
    &rk_cmd_log_verify,
    &rk_about_man,
    &rk_cmd_renew,
    &rk_cmd_repo_list,
    &rk_cmd_repo_path,
    &rk_cmd_repo_remove,
    &rk_cmd_reset,
    &rk_cmd_role_set,
    &rk_cmd_role_show,
    &rk_cmd_sign,
    &rk_cmd_status,
    &rk_cmd_target_add,
    &rk_cmd_target_list,
    &rk_cmd_target_remove,
    &rk_cmd_token_init,
    &rk_cmd_token_list,
    &rk_cmd_token_show,
    &rk_cmd_token_softhsm,
    &rk_cmd_token_test,
    &rk_about_version,
    NULL,
};

const struct rk_program rk_cli_program = {
    .name = "rootkeep",
    .summary = "Keeps TUF root and targets keys on PKCS#11 tokens: makes them, signs with them, "
	       "rotates them, backs them up and recovers",
    .version = RK_VERSION,
    .commands = commands,
};
