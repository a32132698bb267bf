#include "pkcs11/launcher.h"

#include "pkcs11/cell.h"
#include "pkcs11/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define GRACE_STEPS 200 /* of 10 ms: how long the workers may take to finalize their modules */

struct rk_launcher {
	int fd;
	pid_t pid;
};

enum order_kind { ORDER_START, ORDER_KILL };

/* Both ends are one program, so a struct travels as it is, one packet each. */
struct order {
	enum order_kind kind;
	bool network;
	pid_t pid;
};

struct answer {
	pid_t pid;
	int error; /* an errno, or 0: a descriptor is with it */
};

/* The launcher's own side. */
struct brood {
	int fd;
	pid_t workers[WORKERS_MAX];
	size_t count;
};

static bool
send_answer(int fd, const struct answer *answer, int pass)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)answer, .iov_len = sizeof(*answer)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (pass >= 0) {
		struct cmsghdr *header;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &pass, sizeof(pass));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*answer);
}

static _Noreturn void
become_worker(int fd, pid_t launcher, bool network)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != launcher)
		_exit(1);
	_exit(rk_worker_run(fd, network));
}

static void
start_worker(struct brood *brood, bool network)
{
	struct answer answer = {.pid = -1};
	pid_t self = getpid();
	int pipe_ends[2] = {-1, -1};

	if (brood->count == WORKERS_MAX)
		answer.error = EAGAIN;
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_ends) != 0)
		answer.error = errno;
	else if ((answer.pid = fork()) == 0)
		become_worker(pipe_ends[1], self, network);
	else if (answer.pid < 0)
		answer.error = errno;
	else
		brood->workers[brood->count++] = answer.pid;
	(void)send_answer(brood->fd, &answer, answer.error == 0 ? pipe_ends[0] : -1);
	if (pipe_ends[0] >= 0) {
		close(pipe_ends[0]);
		close(pipe_ends[1]);
	}
}

static void
kill_worker(struct brood *brood, pid_t pid)
{
	struct answer answer = {.pid = pid};

	for (size_t i = 0; i < brood->count; i++) {
		if (brood->workers[i] != pid)
			continue;
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		brood->workers[i] = brood->workers[--brood->count];
		break;
	}
	(void)send_answer(brood->fd, &answer, -1);
}

/* The pipes are closed, so workers finalize and go; one that does not is killed. */
static void
end_workers(struct brood *brood)
{
	for (unsigned step = 0; step < GRACE_STEPS && brood->count > 0; step++) {
		for (size_t i = 0; i < brood->count;) {
			if (waitpid(brood->workers[i], NULL, WNOHANG) == 0)
				i++;
			else
				brood->workers[i] = brood->workers[--brood->count];
		}
		if (brood->count > 0)
			(void)poll(NULL, 0, step < 50 ? 1 : 10);
	}
	while (brood->count > 0) {
		pid_t pid = brood->workers[--brood->count];

		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

static _Noreturn void
launcher_main(int fd)
{
	struct brood brood = {.fd = fd};
	RK_AUTO(rk_error) err = rk_cell_process();

	if (!err)
		err = rk_cell_descriptors(fd);
	if (err)
		_exit(1);
	for (;;) {
		struct order order;
		ssize_t got = recv(fd, &order, sizeof(order), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)sizeof(order))
			break;
		if (order.kind == ORDER_START)
			start_worker(&brood, order.network);
		else
			kill_worker(&brood, order.pid);
	}
	end_workers(&brood);
	_exit(0);
}

rk_error *
rk_launcher_fork(rk_launcher **ret_launcher)
{
	rk_launcher *launcher = calloc(1, sizeof(*launcher));
	int ends[2];

	if (!launcher)
		return rk_out_of_memory();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		free(launcher);
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot make a socket pair");
	}
	launcher->fd = ends[0];
	launcher->pid = fork();
	if (launcher->pid == 0)
		launcher_main(ends[1]);
	close(ends[1]);
	if (launcher->pid < 0) {
		rk_error *err = rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot start a process");

		close(ends[0]);
		free(launcher);
		return err;
	}
	*ret_launcher = launcher;
	return NULL;
}

static int
passed_descriptor(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* One order and its answer. The launcher forks and kills, nothing else, so it answers at once. */
static bool
command(rk_launcher *launcher, const struct order *order, struct answer *ret_answer, int *ret_fd)
{
	struct iovec part = {.iov_base = ret_answer, .iov_len = sizeof(*ret_answer)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	if (send(launcher->fd, order, sizeof(*order), MSG_NOSIGNAL) != (ssize_t)sizeof(*order))
		return false;
	do
		got = recvmsg(launcher->fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*ret_answer))
		return false;
	*ret_fd = passed_descriptor(&message);
	return true;
}

rk_error *
rk_launcher_start(rk_launcher *launcher, bool network, int *ret_fd, pid_t *ret_pid)
{
	const struct order order = {.kind = ORDER_START, .network = network};
	struct answer answer;
	int fd = -1;

	if (!command(launcher, &order, &answer, &fd))
		return rk_fail(RK_E_TOKEN_GONE, "start the command again",
		    "the process that starts the modules' workers is gone");
	if (answer.error != 0 || fd < 0)
		return rk_fail_errno(RK_E_TOKEN_GONE, answer.error ? answer.error : EBADF,
		    "close other programs and start the command again",
		    "cannot start a worker for the module");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		close(fd);
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "cannot set up a worker's pipe");
	}
	*ret_fd = fd;
	*ret_pid = answer.pid;
	return NULL;
}

void
rk_launcher_kill(rk_launcher *launcher, pid_t pid)
{
	const struct order order = {.kind = ORDER_KILL, .pid = pid};
	struct answer answer;
	int fd = -1;

	if (command(launcher, &order, &answer, &fd) && fd >= 0)
		close(fd);
}

void
rk_launcher_free(rk_launcher *launcher)
{
	if (!launcher)
		return;
	close(launcher->fd);
	while (waitpid(launcher->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(launcher);
}
