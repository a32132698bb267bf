#include "term/terminal.h"

#include "base/secret.h"
#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Signals that end the question, then those that stop the process for a while. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))
#define ENDING_COUNT 4

static volatile sig_atomic_t caught[SIGNAL_COUNT];

struct terminal {
	int fd;
	bool echo;
	struct termios before, during;
	struct sigaction actions[SIGNAL_COUNT];
	pid_t guard;
	int guard_pipe; /* -1: no guard */
};

static void
note_signal(int number)
{
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (signals[i] == number)
			caught[i] = 1;
}

static void
catch_signals(struct terminal *terminal)
{
	struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART: read(2) returns */

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		caught[i] = 0;
		sigaction(signals[i], &action, &terminal->actions[i]);
		/* What the caller ignores (nohup) stays ignored. */
		if (terminal->actions[i].sa_handler == SIG_IGN)
			sigaction(signals[i], &terminal->actions[i], NULL);
	}
}

static void
release_signals(const struct terminal *terminal)
{
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(signals[i], &terminal->actions[i], NULL);
}

static bool
any_caught(void)
{
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (caught[i])
			return true;
	return false;
}

/*
 * The guard: all signals are blocked, so that it outlives a Ctrl-C and may set the terminal from
 * the background. It holds nothing but the pipe and the terminal, and none of our secrets. A byte
 * on the pipe sends it home; the pipe's end without one means that we were killed.
 */
static void
guard_run(const struct terminal *terminal, int pipe_fd)
{
	struct termios present;
	ssize_t got;
	char byte;
	/* Above both, so that neither dup2 closes the other's source. */
	int tty = fcntl(terminal->fd, F_DUPFD, 16);

	rk_secret_heap_drop();
	if (tty < 0 || dup2(pipe_fd, 0) < 0 || dup2(tty, 1) < 0 || close_range(2, ~0u, 0) != 0)
		_exit(1);
	do
		got = read(0, &byte, 1);
	while (got < 0 && errno == EINTR);
	/* If someone else has set the terminal in the meantime, it is theirs. */
	if (got == 0 && tcgetattr(1, &present) == 0 && present.c_lflag == terminal->during.c_lflag)
		tcsetattr(1, TCSANOW, &terminal->before);
	_exit(0);
}

static void
guard_start(struct terminal *terminal)
{
	int ends[2];
	sigset_t all, mask;

	terminal->guard_pipe = -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	terminal->guard = fork();
	if (terminal->guard == 0)
		guard_run(terminal, ends[0]);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(ends[0]);
	if (terminal->guard < 0)
		close(ends[1]);
	else
		terminal->guard_pipe = ends[1];
}

static void
guard_end(struct terminal *terminal)
{
	ssize_t written;

	if (terminal->guard_pipe < 0)
		return;
	do
		written = write(terminal->guard_pipe, "", 1);
	while (written < 0 && errno == EINTR);
	close(terminal->guard_pipe);
	while (waitpid(terminal->guard, NULL, 0) < 0 && errno == EINTR)
		;
}

static void
set_mode(int fd, const struct termios *mode)
{
	/* EINTR: only a stop signal needs the question again; the others end it. */
	while (tcsetattr(fd, TCSAFLUSH, mode) != 0 && errno == EINTR && !any_caught())
		;
}

static void
restore_mode(int fd, const struct termios *mode)
{
	sigset_t stops, mask;

	/* Blocked, SIGTTOU does not stop a background process that sets its terminal right. */
	sigemptyset(&stops);
	sigaddset(&stops, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stops, &mask);
	while (tcsetattr(fd, TCSADRAIN, mode) != 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void
write_text(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && !any_caught()) {
		ssize_t written = write(fd, text, len);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			text += written;
			len -= (size_t)written;
		}
	}
}

rk_error *
rk_terminal_read_line(int fd, const char *name, rk_secret **ret_line)
{
	RK_AUTO(rk_secret) line = NULL;
	rk_error *err = rk_secret_new(RK_TERMINAL_MAX, &line);
	size_t len = 0;

	if (err)
		return err;
	for (;;) {
		uint8_t *bytes = rk_secret_bytes(line);
		ssize_t got;

		if (len == RK_TERMINAL_MAX)
			return rk_fail(RK_E_LIMIT, NULL, "the line from %s is longer than %d bytes",
			    name, RK_TERMINAL_MAX);
		got = read(fd, bytes + len, 1);
		if (got < 0 && errno == EINTR && !any_caught())
			continue;
		if (got < 0 && errno != EINTR)
			return rk_fail_errno(RK_E_IO, errno, NULL, "%s cannot be read", name);
		if (got < 0 || (got == 0 && len == 0))
			return rk_fail(RK_E_CANCELLED, NULL, "there was no answer from %s", name);
		if (got == 0 || bytes[len] == '\n')
			break;
		len++;
	}
	if (len > 0 && rk_secret_peek(line)[len - 1] == '\r')
		len--;
	rk_secret_truncate(line, len);
	*ret_line = RK_TAKE(line);
	return NULL;
}

/* One showing of the question, with the terminal as it was before and after. */
static rk_error *
ask_once(struct terminal *terminal, const char *text, rk_secret **ret_answer)
{
	rk_error *err;

	catch_signals(terminal);
	if (!terminal->echo) {
		guard_start(terminal);
		set_mode(terminal->fd, &terminal->during);
	}
	write_text(terminal->fd, text);
	err = rk_terminal_read_line(terminal->fd, "the terminal", ret_answer);
	if (!terminal->echo) {
		(void)!write(terminal->fd, "\n", 1);
		restore_mode(terminal->fd, &terminal->before);
		guard_end(terminal);
	}
	release_signals(terminal);
	return err;
}

/* The signal that ended the question, or 0; a stop is carried out here, and true says: ask again. */
static bool
stopped(int *ret_signal)
{
	bool again = false;

	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		if (!caught[i])
			continue;
		caught[i] = 0;
		if (i < ENDING_COUNT) {
			*ret_signal = signals[i];
			return false;
		}
		raise(signals[i]);
		again = true;
	}
	return again;
}

static rk_error *
terminal_open(const struct rk_terminal_question *question, struct terminal *terminal)
{
	terminal->echo = question->echo;
	terminal->fd = open(question->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->fd < 0)
		return rk_fail_errno(RK_E_NO_INPUT, errno, NULL, "there is no terminal to ask at");
	if (tcgetattr(terminal->fd, &terminal->before) != 0) {
		close(terminal->fd);
		return rk_fail(RK_E_NO_INPUT, NULL, "%s is no terminal", RK_SHOW(question->path));
	}
	terminal->during = terminal->before;
	terminal->during.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	terminal->during.c_lflag |= ICANON | ISIG;
	return NULL;
}

rk_error *
rk_terminal_ask(
    const struct rk_terminal_question *question, rk_secret **ret_answer, int *ret_signal)
{
	RK_AUTO(rk_secret) answer = NULL;
	struct terminal terminal = {.guard_pipe = -1};
	rk_error *err = terminal_open(question, &terminal);
	bool again;

	if (err)
		return err;
	do {
		int number = 0;

		err = ask_once(&terminal, question->text, &answer);
		again = stopped(&number);
		if (number) {
			*ret_signal = number;
			rk_error_free(err);
			err = rk_fail(RK_E_CANCELLED, NULL, "stopped by %s", strsignal(number));
		}
		if (again) {
			rk_error_free(err);
			err = NULL;
			rk_secret_free(RK_TAKE(answer));
		}
	} while (again && !err);
	close(terminal.fd);
	if (!err)
		*ret_answer = RK_TAKE(answer);
	return err;
}
