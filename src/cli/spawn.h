/*
 * spawn.h - this same program, run once more as a child
 *
 * For what has to happen under another environment: SoftHSM reads its configuration when its module
 * is loaded, so a token in another folder wants a process of its own. The child has our terminal,
 * stdin and stderr; its stdout is ours, or captured. While it runs, the terminal's Ctrl-C is the
 * child's, and what is sent to us alone is passed on to it; it is always waited for, and nothing
 * else is ever signalled.
 *
 * Ownership  ret_* belong to the caller.
 * Errors     RK_E_INTERNAL the child could not be started; RK_E_LIMIT it printed more than
 *            RK_SPAWN_MAX; RK_E_NOMEM.
 */
#ifndef RK_CLI_SPAWN_H
#define RK_CLI_SPAWN_H

#include "base/buf.h"

#define RK_SPAWN_MAX (16u << 20) /* bytes of captured stdout */

struct rk_spawn {
	const char *const *arguments; /* without the program's name, ended by NULL */
	const char *const *environment; /* "NAME=value", in place of ours; ended by NULL, or NULL */
	bool capture; /* stdout into the ended child's `out` */
};

typedef struct rk_spawn_end {
	int status; /* exit status, 0 where a signal ended it */
	int signal; /* or 0 */
	rk_buf out;
} rk_spawn_end;

/* A child that fails is no error here: its status tells. */
RK_CHECKED rk_error *rk_spawn_run(const struct rk_spawn *spawn, rk_spawn_end *ret_end);
/*
 * What went wrong in a child that ran with --json and was captured: its error with its code, causes
 * and remedy; NULL where it ended with 0. RK_E_CANCELLED where a signal ended it.
 */
RK_CHECKED rk_error *rk_spawn_judge(const rk_spawn_end *end);
void rk_spawn_end_clear(rk_spawn_end *end);
#define RK_AUTO_SPAWN_END(name) __attribute__((cleanup(rk_spawn_end_clear))) rk_spawn_end name = {0}

#endif
