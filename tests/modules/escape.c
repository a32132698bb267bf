/*
 * A module that tries the ways out of its worker and tells in its token's label which were open:
 * the letter of each is a capital one where it was. The serial has the number of descriptors and
 * the letters of environment variables that are still there. The letters: sockets of IPv4, IPv6,
 * netlink and UNIX (ijnu), fork, spawn and exec (fsx), ptrace, typing, threads (pyt), io_uring (w),
 * other processes' memory (v), their descriptors (g), the kernel's keys (k), perf events (e), files
 * by handle (h), the memory of the launcher (m) and of the process before it (q).
 */
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char doors[33], rest[32];

static char
letter(char name, int is_open)
{
	return (char)(is_open ? name - 'a' + 'A' : name);
}

static char
seen(char name, const char *variable)
{
	return letter(name, getenv(variable) != NULL);
}

static int
can_open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int
can_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	return child > 0;
}

static int
can_spawn(void)
{
	char name[] = "true";
	char *args[] = {name, NULL};
	pid_t child;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, args, environ) != 0)
		return 0;
	(void)waitpid(child, NULL, 0);
	return 1;
}

static int
can_exec(void)
{
	char name[] = "false";
	char *args[] = {name, NULL};

	/* Where it is allowed there is no worker any more to tell it. */
	(void)execv("/bin/false", args);
	return errno != EPERM;
}

static int
can_trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 || errno != EPERM;
}

static int
can_type(void)
{
	return ioctl(STDERR_FILENO, TIOCSTI, "x") == 0 || errno != EPERM;
}

/* Only the filter says EPERM to these arguments. */
static int
can_call(long number)
{
	return syscall(number, -1L, 0L, 0L, 0L, 0L, 0L) >= 0 || errno != EPERM;
}

/* The process that asked for this worker: the launcher's parent. */
static pid_t
main_process(void)
{
	char path[64], line[256];
	int number = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", getppid());
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "PPid: %d", &number) == 1)
			break;
	if (status)
		fclose(status);
	return number;
}

static int
can_read_memory(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return pid == 0 || fd >= 0;
}

static void *
run_thread(void *argument)
{
	return argument;
}

static int
can_thread(void)
{
	pthread_t thread;
	void *result = NULL;

	return pthread_create(&thread, NULL, run_thread, doors) == 0 &&
	       pthread_join(thread, &result) == 0 && result == doors;
}

static int
count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static CK_RV
try_all(void *args)
{
	(void)args;
	snprintf(doors, sizeof(doors), "%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c",
	    letter('i', can_open_socket(AF_INET)), letter('j', can_open_socket(AF_INET6)),
	    letter('n', can_open_socket(AF_NETLINK)), letter('u', can_open_socket(AF_UNIX)),
	    letter('f', can_fork()), letter('s', can_spawn()), letter('x', can_exec()),
	    letter('p', can_trace()), letter('y', can_type()), letter('t', can_thread()),
	    letter('w', can_call(SYS_io_uring_setup)), letter('v', can_call(SYS_process_vm_readv)),
	    letter('g', can_call(SYS_pidfd_getfd)), letter('k', can_call(SYS_keyctl)),
	    letter('e', can_call(SYS_perf_event_open)),
	    letter('h', can_call(SYS_open_by_handle_at)), letter('m', can_read_memory(getppid())),
	    letter('q', can_read_memory(main_process())));
	snprintf(rest, sizeof(rest), "%d%c%c%c%c%c%c%c%c%c%c%c", count_descriptors(),
	    seen('l', "LD_BIND_NOW"), seen('o', "OPENSSL_CONF"), seen('m', "OPENSSL_MODULES"),
	    seen('e', "OPENSSL_ENGINES"), seen('s', "PKCS11SPY"), seen('d', "P11_KIT_DEBUG"),
	    seen('c', "OPENSC_DEBUG"), seen('y', "YKCS11_DBG"), seen('a', "P11_KIT_SERVER_ADDRESS"),
	    seen('h', "SOFTHSM2_CONF"), seen('k', "RK_KEPT"));
	return CKR_OK;
}

static CK_RV
one_slot(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	(void)present;
	if (ids)
		ids[0] = 1;
	*count = 1;
	return CKR_OK;
}

static CK_RV
slot_info(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	(void)id;
	memset(info, ' ', sizeof(*info));
	return CKR_OK;
}

static CK_RV
token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	(void)id;
	memset(info, 0, sizeof(*info));
	rk_plain_pad(info->label, sizeof(info->label), doors);
	rk_plain_pad(info->serialNumber, sizeof(info->serialNumber), rest);
	info->flags = CKF_TOKEN_INITIALIZED;
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	rk_plain_list.C_Initialize = try_all;
	rk_plain_list.C_GetSlotList = one_slot;
	rk_plain_list.C_GetSlotInfo = slot_info;
	rk_plain_list.C_GetTokenInfo = token_info;
	*list = &rk_plain_list;
	return CKR_OK;
}
