/*
 * analysis.h - told to the static analyser before each file, by scripts/check
 *
 * Making an error cannot fail; the analyser in Debian 12 does not believe returns_nonnull, so it
 * is told by an assertion. error.c, which defines these functions, is analysed without.
 */
#ifndef RK_SCRIPTS_ANALYSIS_H
#define RK_SCRIPTS_ANALYSIS_H

#include "base/error.h"

static inline rk_error *
rk_analysis_made(rk_error *err)
{
	if (!err)
		__builtin_unreachable();
	return err;
}

#define rk_fail(...) rk_analysis_made(rk_fail(__VA_ARGS__))
#define rk_fail_errno(...) rk_analysis_made(rk_fail_errno(__VA_ARGS__))
#define rk_out_of_memory() rk_analysis_made(rk_out_of_memory())

#endif
