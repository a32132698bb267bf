/*
 * stage.h - what lies in a rehearsal's folder before its first step: PINs, files, a server's keys
 *
 * Errors     RK_E_EXISTS something is there; RK_E_IO; RK_E_NOMEM; entropy's.
 */
#ifndef RK_CLI_STAGE_H
#define RK_CLI_STAGE_H

#include "world/env.h"

struct rk_stage {
	rk_env *env;
	const char *folder; /* absolute, empty */
	const char *softhsm, *state; /* "NAME=value": what env.sh exports */
};

/* "keep", "pins", "artifacts", "server", "state", "env.sh". */
RK_CHECKED rk_error *rk_stage_set(const struct rk_stage *stage);

#endif
