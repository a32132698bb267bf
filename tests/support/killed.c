#include "support/killed.h"

#include "support/spec.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void
run_traced(int (*work)(void *context), void *context)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(99);
	raise(SIGSTOP);
	_exit(work(context));
}

static bool
opens_new(pid_t child, uint64_t how)
{
	struct open_how copy = {0};
	struct iovec here = {&copy, sizeof(copy)};
	struct iovec there = {(void *)(uintptr_t)how, sizeof(copy)};

	return process_vm_readv(child, &here, 1, &there, 1, 0) == (ssize_t)sizeof(copy) &&
	       (copy.flags & O_CREAT);
}

static bool
changes_disk(pid_t child)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	switch (info.entry.nr) {
	case SYS_openat:
		return info.entry.args[2] & O_CREAT;
	case SYS_openat2:
		return opens_new(child, info.entry.args[2]);
	case SYS_write:
		return info.entry.args[0] > 2;
	case SYS_pwrite64:
	case SYS_ftruncate:
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_linkat:
	case SYS_fsync:
	case SYS_syncfs:
#ifdef SYS_mkdir
	case SYS_mkdir:
	case SYS_unlink:
	case SYS_rename:
#endif
		return true;
	default:
		return false;
	}
}

bool
rk_killed_at(unsigned step, int (*work)(void *context), void *context)
{
	unsigned done = 0;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		run_traced(work, context);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL,
			     (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)),
	    0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(WIFSTOPPED(status));
		if (!changes_disk(child) || ++done < step)
			continue;
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		return true;
	}
}
