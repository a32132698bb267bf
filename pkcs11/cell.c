#include "pkcs11/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static rk_error *
refused(const char *what)
{
	return rk_fail_errno(RK_E_TOKEN, errno, NULL, "the module's worker cannot %s", what);
}

rk_error *
rk_cell_descriptors(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return refused("open /dev/null");
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return refused("close its input and output");
	if ((fcntl(STDERR_FILENO, F_GETFD) < 0 || isatty(STDERR_FILENO)) &&
	    dup2(null, STDERR_FILENO) < 0)
		return refused("open /dev/null");
	/* The pipe keeps its number; what lies on both sides of it goes. */
	if (keep > STDERR_FILENO + 1 && close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0) != 0)
		return refused("close what it inherited");
	if (close_range((unsigned)keep + 1, ~0u, 0) != 0)
		return refused("close what it inherited");
	return NULL;
}

/* Root's ways into other processes and the kernel; its ways to files and devices stay. */
static int
drop_capabilities(void)
{
	static const unsigned dropped[] = {CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_MODULE,
	    CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_PERFMON, CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW,
	    CAP_MKNOD, CAP_SETPCAP};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		struct __user_cap_data_struct *set = &sets[CAP_TO_INDEX(dropped[i])];
		const uint32_t kept = ~CAP_TO_MASK(dropped[i]);

		set->effective &= kept;
		set->permitted &= kept;
		set->inheritable &= kept;
	}
	return (int)syscall(SYS_capset, &header, sets);
}

rk_error *
rk_cell_process(void)
{
	const struct rlimit none = {0, 0};
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t nothing;

	/* A session of its own is refused only to a group leader, which has its own group already. */
	(void)setsid();
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGQUIT, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	sigemptyset(&nothing);
	(void)sigprocmask(SIG_SETMASK, &nothing, NULL);
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
		return refused("forbid core dumps");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused("give up new privileges");
	if (drop_capabilities() != 0)
		return refused("give up capabilities");
	return NULL;
}

/* What loads more code, puts another module in between, or has a module write down what it does. */
static bool
is_dangerous(const char *variable)
{
	static const char *const prefixes[] = {
	    "LD_",
	    "GLIBC_TUNABLES=",
	    "OPENSSL_",
	    "PKCS11SPY",
	    "P11_KIT_",
	    "OPENSC_",
	    "YKCS11_DBG=",
	    "YKPIV_",
	    "LIBPCSCLITE_",
	    "NSPR_LOG_",
	    "NSS_DEBUG_",
	    "NSS_OUTPUT_FILE=",
	    "TSS2_LOG",
	    "GCONV_PATH=",
	    "LOCPATH=",
	    "NLSPATH=",
	    "MALLOC_",
	    "SSLKEYLOGFILE=",
	};
	/* Where a forwarded token is: the address of a socket, no code. */
	static const char kept[] = "P11_KIT_SERVER_ADDRESS=";

	if (strncmp(variable, kept, strlen(kept)) == 0)
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

void
rk_cell_environment(void)
{
	size_t kept = 0;

	for (size_t i = 0; environ && environ[i]; i++)
		if (!is_dangerous(environ[i]))
			environ[kept++] = environ[i];
	if (environ)
		environ[kept] = NULL;
}

/*
 * Rules only ever deny, and each has one condition: rules are a union, so two conditions that
 * each allow something would together allow more.
 */
static int
deny_sockets(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
}

/* Ways around the filter, into other processes, or to other programs. */
static int
deny_escapes(scmp_filter_ctx filter)
{
	static const int calls[] = {
	    SCMP_SYS(io_uring_setup),
	    SCMP_SYS(io_uring_enter),
	    SCMP_SYS(io_uring_register),
	    SCMP_SYS(ptrace),
	    SCMP_SYS(process_vm_readv),
	    SCMP_SYS(process_vm_writev),
	    SCMP_SYS(pidfd_getfd),
	    SCMP_SYS(open_by_handle_at),
	    SCMP_SYS(add_key),
	    SCMP_SYS(request_key),
	    SCMP_SYS(keyctl),
	    SCMP_SYS(bpf),
	    SCMP_SYS(perf_event_open),
	    SCMP_SYS(userfaultfd),
	    SCMP_SYS(unshare),
	    SCMP_SYS(setns),
	    SCMP_SYS(mount),
	    SCMP_SYS(move_mount),
	    SCMP_SYS(open_tree),
	    SCMP_SYS(fsopen),
	    SCMP_SYS(pivot_root),
	    SCMP_SYS(chroot),
	    SCMP_SYS(kexec_load),
	    SCMP_SYS(kexec_file_load),
	    SCMP_SYS(init_module),
	    SCMP_SYS(finit_module),
	    SCMP_SYS(execve),
	    SCMP_SYS(execveat),
	};
	int bad = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && bad == 0; i++)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	return bad;
}

/*
 * A child would hold the pipe open after its parent's death, and share the module's state with it.
 * Threads stay: clone3 hides its flags from the filter, so it seems to be missing and clone is used.
 */
static int
deny_children(scmp_filter_ctx filter)
{
	int bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

	if (bad == 0)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (bad == 0)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fork), 0);
	if (bad == 0)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(vfork), 0);
	return bad;
}

/* Typing in the name of the person at a terminal. The kernel looks at 32 bits of the number. */
static int
deny_typing(scmp_filter_ctx filter)
{
	static const unsigned numbers[] = {TIOCSTI, TIOCLINUX};
	int bad = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && bad == 0; i++)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, numbers[i]));
	return bad;
}

rk_error *
rk_cell_calls(bool network)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int bad = filter ? 0 : -ENOMEM;

	if (bad == 0)
		bad = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (bad == 0)
		bad = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (bad == 0)
		bad = deny_escapes(filter);
	if (bad == 0)
		bad = deny_children(filter);
	if (bad == 0)
		bad = deny_typing(filter);
	if (bad == 0 && !network)
		bad = deny_sockets(filter);
	if (bad == 0)
		bad = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	if (bad != 0)
		return rk_fail_errno(RK_E_TOKEN, -bad, "use a kernel with seccomp filters",
		    "the module's worker cannot confine itself");
	return NULL;
}
