#include "term/talk.h"

#include "term/color.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 1000 /* milliseconds before progress is shown */
#define REDRAW 100 /* milliseconds between two drawings */
#define BAR 24 /* columns */
#define WHAT_MAX 96 /* bytes of the phrase that are compared and shown */

struct rk_talk {
	int fd;
	bool terminal, color, quiet, verbose;
	bool drawn;
	char what[WHAT_MAX]; /* in progress; "" for nothing */
	int64_t begun, last; /* milliseconds */
};

rk_error *
rk_talk_new(const struct rk_talk_options *options, rk_talk **ret_talk)
{
	rk_talk *talk = calloc(1, sizeof(*talk));

	if (!talk)
		return rk_out_of_memory();
	talk->fd = options->fd;
	talk->terminal = isatty(options->fd);
	talk->color = rk_color_wanted(options->color, options->fd);
	talk->quiet = options->quiet;
	talk->verbose = options->verbose;
	*ret_talk = talk;
	return NULL;
}

static int64_t
milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void
write_out(int fd, const rk_buf *text)
{
	const char *at = rk_buf_str(text);
	size_t len = text->len;

	while (len > 0) {
		ssize_t written = write(fd, at, len);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			at += written;
			len -= (size_t)written;
		}
	}
}

void
rk_talk_clear(rk_talk *talk)
{
	RK_AUTO_BUF(text);

	if (!talk->drawn)
		return;
	rk_buf_text(&text, "\r\033[K");
	write_out(talk->fd, &text);
	talk->drawn = false;
}

void
rk_talk_say(rk_talk *talk, enum rk_say level, const char *text)
{
	RK_AUTO_BUF(line);

	if ((level == RK_SAY_DETAIL && !talk->verbose) || (level == RK_SAY_INFO && talk->quiet))
		return;
	rk_talk_clear(talk);
	if (level == RK_SAY_WARNING)
		rk_color_append(&line, talk->color, RK_CAUTION, "warning:", strlen("warning:"));
	rk_buf_printf(&line, "%s%s\n", level == RK_SAY_WARNING ? " " : "", text);
	write_out(talk->fd, &line);
}

static void
draw_bar(rk_buf *line, uint64_t done, uint64_t total)
{
	uint64_t full = done >= total ? BAR : (uint64_t)((double)done / (double)total * BAR);

	rk_buf_text(line, " [");
	for (uint64_t i = 0; i < BAR; i++)
		rk_buf_byte(line, i < full ? '#' : ' ');
	rk_buf_printf(line, "] %3d %%", (int)((double)done / (double)total * 100));
}

static void
draw(rk_talk *talk, uint64_t done, uint64_t total, int64_t now)
{
	RK_AUTO_BUF(line);

	rk_buf_printf(&line, "\r\033[K%s", talk->what);
	if (total > 0)
		draw_bar(&line, done, total);
	else
		rk_buf_printf(&line, " (%lld s)", (long long)(now - talk->begun) / 1000);
	write_out(talk->fd, &line);
	talk->drawn = true;
	talk->last = now;
}

static void
begin(rk_talk *talk, const char *what, int64_t now)
{
	size_t len = strnlen(what, WHAT_MAX - 1);

	rk_talk_clear(talk);
	while (len > 0 && len == WHAT_MAX - 1 && ((uint8_t)what[len] & 0xc0) == 0x80)
		len--; /* not within a character */
	memcpy(talk->what, what, len);
	talk->what[len] = 0;
	talk->begun = now;
	talk->last = 0;
}

void
rk_talk_progress(rk_talk *talk, const char *what, uint64_t done, uint64_t total)
{
	int64_t now;

	if (!talk->terminal || talk->quiet)
		return;
	if (!what || (total > 0 && done >= total)) {
		rk_talk_clear(talk);
		talk->what[0] = 0;
		return;
	}
	now = milliseconds();
	if (strncmp(talk->what, what, strlen(talk->what)) != 0 || talk->what[0] == 0)
		begin(talk, what, now);
	if (now - talk->begun >= PATIENCE && now - talk->last >= REDRAW)
		draw(talk, done, total, now);
}

void
rk_talk_free(rk_talk *talk)
{
	if (!talk)
		return;
	rk_talk_clear(talk);
	free(talk);
}
