#include "term/color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const codes[] = {
    [RK_PLAIN] = "",
    [RK_STRONG] = "\033[1m",
    [RK_GOOD] = "\033[32m",
    [RK_CAUTION] = "\033[33m",
    [RK_BAD] = "\033[31m",
    [RK_FAINT] = "\033[2m",
};

bool
rk_color_wanted(const char *mode, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (mode && strcmp(mode, "auto") != 0)
		return !strcmp(mode, "always");
	if (no_color && *no_color)
		return false;
	if (!terminal || !strcmp(terminal, "dumb"))
		return false;
	return isatty(fd);
}

void
rk_color_append(rk_buf *out, bool on, enum rk_style_name style, const char *text, size_t len)
{
	on = on && style != RK_PLAIN;
	if (on)
		rk_buf_text(out, codes[style]);
	rk_buf_append(out, text, len);
	if (on)
		rk_buf_text(out, "\033[0m");
}
