/*
 * analysis.h - told to the static analyser before each file, by scripts/check
 *
 * Making an error cannot fail, nor does one get lost where another is put above it; the analyser
 * in Debian 12 does not believe returns_nonnull, so it is told by assertions. error.c, which defines these functions, is analysed without.
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

/* `made` is NULL only where `given` is. */
#define RK_ANALYSIS_KEPT(given, made)            \
	__extension__({                          \
		rk_error *given_ = (given);      \
		rk_error *made_ = made;          \
		if (given_ && !made_)            \
			__builtin_unreachable(); \
		made_;                           \
	})
#define rk_wrap(cause, ...) RK_ANALYSIS_KEPT(cause, rk_wrap(given_, __VA_ARGS__))
#define rk_advise(err, ...) RK_ANALYSIS_KEPT(err, rk_advise(given_, __VA_ARGS__))
#define rk_recode(err, code) RK_ANALYSIS_KEPT(err, rk_recode(given_, code))

#endif
