/*
 * talk.h - what is said to a person while work goes on, on stderr
 *
 * Lines by level, and one line of progress that appears on a terminal once something has taken a
 * second, and is gone before the next line is said.
 *
 * Errors     none: talk that cannot be written is lost.
 * Units      what done and total count is the caller's.
 */
#ifndef RK_TERM_TALK_H
#define RK_TERM_TALK_H

#include "world/env.h"

typedef struct rk_talk rk_talk;

struct rk_talk_options {
	int fd;
	const char *color;
	bool quiet, verbose;
};

RK_CHECKED rk_error *rk_talk_new(const struct rk_talk_options *options, rk_talk **ret_talk);
void rk_talk_say(rk_talk *talk, enum rk_say level, const char *text);
/*
 * Call it often: with a total it is a bar until done == total; without one it is a wait, shown with
 * the seconds it has taken until another `what`, or NULL, comes. `what` is ours or already shown.
 */
void rk_talk_progress(rk_talk *talk, const char *what, uint64_t done, uint64_t total);
/* Take the progress line away; before a question is asked. */
void rk_talk_clear(rk_talk *talk);
void rk_talk_free(rk_talk *talk);
RK_DEFINE_FREEP(rk_talk)

#endif
