/*
 * Time-outs of half a minute in a fraction of a second: preloaded (LD_PRELOAD) beneath the program.
 * What it waits for is a timer that it sets in whole seconds; RK_HASTE says by how much each is
 * divided.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/timerfd.h>

int
timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *old)
{
	int (*set)(int, int, const struct itimerspec *, struct itimerspec *) = NULL;
	const char *text = getenv("RK_HASTE");
	long divisor = text ? strtol(text, NULL, 10) : 1;
	struct itimerspec hurried = *wanted;

	*(void **)&set = dlsym(RTLD_NEXT, "timerfd_settime");
	if (hurried.it_value.tv_sec > 0 && divisor > 1) {
		long ms = hurried.it_value.tv_sec * 1000 / divisor;

		hurried.it_value.tv_sec = ms / 1000;
		hurried.it_value.tv_nsec = ms % 1000 * 1000000;
	}
	return set(fd, flags, &hurried, old);
}
