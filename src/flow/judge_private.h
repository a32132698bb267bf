/*
 * judge_private.h - what judge.c leaves to its neighbours
 */
#ifndef RK_FLOW_JUDGE_PRIVATE_H
#define RK_FLOW_JUDGE_PRIVATE_H

#include "flow/judge.h"

/* Every target of every role that is found below the folder, under its name or HASH.name. */
RK_CHECKED rk_error *rk_judge_targets(rk_judge *judge, rk_env *env, const char *folder);

#endif
