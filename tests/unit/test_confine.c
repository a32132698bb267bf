#include "support/spec.h"

#include "term/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitized build keeps ptrace and exec for itself. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* What a process confines cannot be undone: each scene is a child, its answer the exit status. */
static int
status_of(int (*scene)(void))
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0)
		_exit(scene());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool
fails(rk_error *err)
{
	bool failed = err != NULL;

	rk_error_free(err);
	return failed;
}

static bool
is_refused(long number)
{
	return syscall(number, -1L, 0L, 0L, 0L, 0L, 0L) < 0 && errno == EACCES;
}

static bool
can_open_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The number of the first door that is open, from 10 on; 0: none. */
static int
open_door(void)
{
	static const long calls[] = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	    SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_bpf,
	    SYS_perf_event_open};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!is_refused(calls[i]))
			return 10 + (int)i;
	if (!SANITIZED && !is_refused(SYS_ptrace))
		return 30;
	return can_open_socket(AF_INET) || can_open_socket(AF_INET6) || can_open_socket(AF_NETLINK)
		   ? 31
		   : 0;
}

static int
alone(void)
{
	int ends[2];

	if (fails(rk_confine_calls(false)))
		return 1;
	if (can_open_socket(AF_UNIX) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0)
		return 2;
	if (!is_refused(SYS_connect) || !is_refused(SYS_bind) || !is_refused(SYS_accept4))
		return 3;
	if (!SANITIZED && (!is_refused(SYS_execve) || !is_refused(SYS_execveat)))
		return 4;
	return open_door();
}

static void
a_process_of_its_own_has_no_sockets_programs_or_ways_into_others(void **state)
{
	(void)state;
	assert_int_equal(status_of(alone), 0);
}

static int
spawning(void)
{
	if (fails(rk_confine_calls(true)))
		return 1;
	if (!can_open_socket(AF_UNIX) || is_refused(SYS_execve))
		return 2;
	return open_door();
}

static void
one_that_runs_itself_keeps_programs_and_local_sockets(void **state)
{
	(void)state;
	assert_int_equal(status_of(spawning), 0);
}

static int before[2], after[2];

static void *
wait_and_try(void *result)
{
	char byte;

	if (read(before[0], &byte, 1) == 1 && can_open_socket(AF_INET))
		*(bool *)result = true;
	return write(after[1], "x", 1) == 1 ? result : NULL;
}

/* TSYNC: a thread that was there already is held too. */
static int
threaded(void)
{
	bool opened = false;
	pthread_t thread;
	char byte;

	if (pipe(before) != 0 || pipe(after) != 0 ||
	    pthread_create(&thread, NULL, wait_and_try, &opened) != 0)
		return 1;
	if (fails(rk_confine_calls(false)))
		return 2;
	if (write(before[1], "x", 1) != 1 || read(after[0], &byte, 1) != 1)
		return 3;
	return pthread_join(thread, NULL) == 0 && !opened ? 0 : 4;
}

static void
threads_that_run_already_are_held_too(void **state)
{
	(void)state;
	assert_int_equal(status_of(threaded), 0);
}

#if defined(__x86_64__)
static int
foreign(void)
{
	long result = 20; /* getpid of the 32-bit architecture */

	if (fails(rk_confine_calls(false)))
		return 1;
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return 2;
}

static void
a_call_of_another_architecture_is_the_end(void **state)
{
	int status = status_of(foreign);

	(void)state;
	/* A kernel without that architecture ends it by itself. */
	assert_true(status == -SIGSYS || status == -SIGSEGV);
}
#endif

static int
remembering(void)
{
	struct rlimit limit;

	if (fails(rk_confine_memory()))
		return 1;
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
		return 2;
	if (!SANITIZED && prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	return (umask(0) & 022) == 022 ? 0 : 5;
}

static void
memory_is_not_dumped_and_privileges_are_not_gained(void **state)
{
	(void)state;
	assert_int_equal(status_of(remembering), 0);
}

static int
inheriting(void)
{
	static const char *const gone[] = {"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES",
	    "OPENSSL_CONF_INCLUDE", "PKCS11SPY", "PKCS11SPY_OUTPUT", "P11_KIT_DEBUG",
	    "SSLKEYLOGFILE", "GCONV_PATH"};
	static const char *const kept[] = {"SOFTHSM2_CONF", "P11_KIT_SERVER_ADDRESS", "HOME"};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		setenv(gone[i], "/dev/null", 1);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		setenv(kept[i], "/dev/null", 1);
	close(STDIN_FILENO);
	if (fails(rk_confine_inherited()) || fcntl(STDIN_FILENO, F_GETFD) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (getenv(gone[i]))
			return 10 + (int)i;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (!getenv(kept[i]))
			return 30 + (int)i;
	return signal(SIGPIPE, SIG_DFL) == SIG_IGN ? 0 : 2;
}

static void
variables_that_change_what_runs_are_dropped_and_where_tokens_are_is_not(void **state)
{
	(void)state;
	assert_int_equal(status_of(inheriting), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_of_its_own_has_no_sockets_programs_or_ways_into_others),
		cmocka_unit_test(one_that_runs_itself_keeps_programs_and_local_sockets),
		cmocka_unit_test(threads_that_run_already_are_held_too),
#if defined(__x86_64__)
		cmocka_unit_test(a_call_of_another_architecture_is_the_end),
#endif
		cmocka_unit_test(memory_is_not_dumped_and_privileges_are_not_gained),
		cmocka_unit_test(
		    variables_that_change_what_runs_are_dropped_and_where_tokens_are_is_not),
	};

	return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
