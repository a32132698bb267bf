#include "term/confine.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sanitized build traces its own process at the end, and runs a program that tells names of
 * functions. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define TRACED_BY_ITSELF true
#else
#define TRACED_BY_ITSELF false
#endif

/* What would let the caller's environment choose code or configuration for OpenSSL, or where
 * libraries write: none of it is needed here. */
static const char *const unwanted[] = {
    "OPENSSL_CONF",
    "OPENSSL_CONF_INCLUDE",
    "OPENSSL_MODULES",
    "OPENSSL_ENGINES",
    "OPENSSL_ia32cap",
    "PKCS11SPY",
    "PKCS11SPY_OUTPUT",
    "P11_KIT_DEBUG",
    "SSLKEYLOGFILE",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "MALLOC_TRACE",
    "RESOLV_HOST_CONF",
    "HOSTALIASES",
};

static rk_error *
open_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is this one. A read-only stdout makes writes fail loudly. */
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return rk_fail_errno(RK_E_INTERNAL, errno, "run it with a usual /dev",
			    "descriptor %d could not be opened", fd);
	}
	return NULL;
}

rk_error *
rk_confine_inherited(void)
{
	rk_error *err = open_standard_descriptors();

	if (err)
		return err;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "SIGPIPE cannot be ignored");
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		unsetenv(unwanted[i]);
	return NULL;
}

rk_error *
rk_confine_memory(void)
{
	const struct rlimit none = {0, 0};

	umask(umask(077) | 022);
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, TRACED_BY_ITSELF, 0, 0, 0) != 0)
		return rk_fail_errno(
		    RK_E_INTERNAL, errno, NULL, "memory could not be kept out of core dumps");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return rk_fail_errno(
		    RK_E_INTERNAL, errno, NULL, "privileges could not be given up");
	return rk_secret_heap_init();
}

static bool
is_sanitizers(int call)
{
	return TRACED_BY_ITSELF && (call == SCMP_SYS(ptrace) || call == SCMP_SYS(execve));
}

static int
deny(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		if (!is_sanitizers(calls[i]))
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 0);
	return result;
}

/* What looks into other processes, or does calls that a filter does not see. */
static int
deny_always(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	    SCMP_SYS(io_uring_register), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(bpf),
	    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(socketcall)};
	int result = deny(filter, calls, sizeof(calls) / sizeof(calls[0]));

	return result == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				 SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0))
			   : result;
}

static int
deny_alone(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind),
	    SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(execve),
	    SCMP_SYS(execveat)};
	int result = seccomp_rule_add(
	    filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));

	return result == 0 ? deny(filter, calls, sizeof(calls) / sizeof(calls[0])) : result;
}

static int
load(scmp_filter_ctx filter, bool spawns)
{
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result == 0)
		result = deny_always(filter);
	if (result == 0 && !spawns)
		result = deny_alone(filter);
	return result == 0 ? seccomp_load(filter) : result;
}

rk_error *
rk_confine_calls(bool spawns)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result;

	if (!filter)
		return rk_out_of_memory();
	result = load(filter, spawns);
	seccomp_release(filter);
	return result == 0 ? NULL
			   : rk_fail_errno(RK_E_INTERNAL, -result,
				 "run it on a kernel with seccomp filters",
				 "the filter of system calls could not be set");
}
