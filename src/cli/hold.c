#include "cli/hold.h"

#include <stddef.h>
#include <time.h>

static void
fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
}

void
rk_hold_begin(sigset_t *ret_before)
{
	sigset_t set;

	fill(&set);
	sigprocmask(SIG_BLOCK, &set, ret_before);
}

bool
rk_hold_asked(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
	       sigismember(&pending, SIGHUP) || sigismember(&pending, SIGQUIT);
}

int
rk_hold_end(const sigset_t *before)
{
	const struct timespec at_once = {0, 0};
	sigset_t set;
	int number;

	fill(&set);
	number = sigtimedwait(&set, NULL, &at_once);
	sigprocmask(SIG_SETMASK, before, NULL);
	return number > 0 ? number : 0;
}
