#include "forward.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct state {
	atomic_ulong calls;
	atomic_bool gone;
};

static struct state alone, *state = &alone;
static int log_fd = -1;

void
turn_settle(void)
{
	const char *log = getenv("RK_FORWARD_LOG"), *shared = getenv("RK_FORWARD_STATE");
	int fd;

	if (log)
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (!shared)
		return;
	fd = open(shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*state)) != 0)
		abort();
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (state == MAP_FAILED)
		abort();
	close(fd);
}

/* The rule for call number `number`, or "" */
static void
find_action(const char *name, unsigned long number, char action[static 32])
{
	const char *rule = getenv("RK_FORWARD_RULE");
	size_t len = strlen(name);

	action[0] = '\0';
	for (; rule && *rule; rule += strcspn(rule, ";"), rule += *rule == ';') {
		const char *at = rule + len + 1;
		char *end;

		if (strncmp(rule, name, len) != 0 || rule[len] != ':')
			continue;
		if (*at == '*')
			end = (char *)(size_t)at + 1;
		else if (strtoul(at, &end, 10) != number)
			continue;
		if (*end == '=')
			snprintf(action, 32, "%.*s", (int)strcspn(end + 1, ";"), end + 1);
	}
}

bool
turn_does(const struct turn *turn, const char *action)
{
	return strcmp(turn->action, action) == 0;
}

bool
turn_token_is_gone(void)
{
	return atomic_load(&state->gone);
}

static void
write_line(const struct turn *turn, CK_RV rv)
{
	char line[192];
	int len = snprintf(line, sizeof(line), "%s 0x%lx%s%s%s\n", turn->name, rv, turn->note,
	    turn->action[0] ? " fault=" : "", turn->action);

	if (log_fd >= 0 && write(log_fd, line, (size_t)len) != len)
		abort();
}

/* Acts that are no answer; those that come back are. */
static bool
is_answer(const struct turn *turn, const char *action, CK_RV *ret_rv)
{
	bool ends = strcmp(action, "die") == 0, stands = strcmp(action, "stop") == 0;

	if (ends || stands) {
		write_line(turn, CKR_FUNCTION_CANCELED);
		(void)raise(ends ? SIGKILL : SIGSTOP);
		return false;
	}
	if (strcmp(action, "gone") == 0) {
		atomic_store(&state->gone, true);
		*ret_rv = CKR_DEVICE_REMOVED;
		return true;
	}
	if (action[0] < '0' || action[0] > '9')
		return false;
	*ret_rv = strtoul(action, NULL, 0);
	return true;
}

/* As if the token had been pulled out: what is left is a module with an empty slot. */
static bool
is_refused(const char *name, CK_RV *ret_rv)
{
	static const char *const module[] = {
	    "C_Initialize", "C_Finalize", "C_GetInfo", "C_GetSlotList"};
	static const char *const slot[] = {"C_GetSlotInfo", "C_GetTokenInfo", "C_GetMechanismList",
	    "C_GetMechanismInfo", "C_InitToken", "C_OpenSession"};

	if (!turn_token_is_gone())
		return false;
	for (size_t i = 0; i < sizeof(module) / sizeof(module[0]); i++)
		if (strcmp(name, module[i]) == 0)
			return false;
	*ret_rv = CKR_DEVICE_REMOVED;
	for (size_t i = 0; i < sizeof(slot) / sizeof(slot[0]); i++)
		if (strcmp(name, slot[i]) == 0)
			*ret_rv = CKR_TOKEN_NOT_PRESENT;
	return true;
}

bool
turn_begin(struct turn *turn, const char *name, atomic_ulong *number, CK_RV *ret_rv)
{
	unsigned long any = atomic_fetch_add(&state->calls, 1) + 1;

	*turn = (struct turn){.name = name};
	find_action(name, atomic_fetch_add(number, 1) + 1, turn->action);
	if (!turn->action[0])
		find_action("any", any, turn->action);
	if (turn_does(turn, "crash"))
		abort();
	while (turn_does(turn, "hang"))
		(void)pause();
	if (is_refused(name, ret_rv))
		return false;
	return !is_answer(turn, turn->action, ret_rv);
}

CK_RV
turn_end(const struct turn *turn, CK_RV rv)
{
	if (turn->action[0] == '+')
		(void)is_answer(turn, turn->action + 1, &rv);
	write_line(turn, rv);
	return rv;
}
