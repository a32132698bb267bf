/*
 * run.h - what a command is given
 *
 * A command does its work through these, returns an error or NULL, and leaves its result in `out`.
 * A command that has shown its result and found something (exit 3), or is not finished (exit 5),
 * sets `status` and returns NULL.
 *
 * Ownership  everything is main's; a command borrows it.
 */
#ifndef RK_TERM_RUN_H
#define RK_TERM_RUN_H

#include "term/command.h"
#include "term/globals.h"
#include "term/render.h"
#include "world/token.h"

struct rk_run {
	rk_env *env;
	rk_tokens *tokens; /* NULL unless the command has RK_TOUCHES_TOKEN */
	const struct rk_globals *globals;
	rk_render *out;
	int status; /* exit status when no error is returned */
	int signal; /* of a child that ended by one: main ends by it too; else 0 */
	int64_t clock; /* what the machine's clock says; env->now is what is believed */
	const char *state_dir; /* $XDG_STATE_HOME/rootkeep, absolute; may not exist yet */
	const char *working_dir; /* absolute */
	const struct rk_program *program;
};

#endif
