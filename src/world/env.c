#include "world/env.h"

#include "base/buf.h"

void
rk_sayf(rk_env *env, enum rk_say level, const char *fmt, ...)
{
	RK_AUTO_BUF(text);
	va_list args;

	va_start(args, fmt);
	rk_buf_vprintf(&text, fmt, args);
	va_end(args);
	env->ops->say(env, level, rk_buf_str(&text));
}
