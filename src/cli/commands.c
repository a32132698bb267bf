#include "cli/cli.h"

static const struct rk_command *const commands[] = {
    &rk_about_completion,
    &rk_about_help,
    &rk_about_man,
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
