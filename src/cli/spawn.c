#include "cli/spawn.h"

#include "base/show.h"
#include "json/document.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

/* What is held back while the child runs. */
static const int held[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD};

struct child {
	pid_t pid;
	int signals_fd, out_fd; /* out_fd -1: not captured, or at its end */
	sigset_t before;
	bool overflow;
};

static size_t
count_of(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

/* posix_spawn takes char *const *, and changes none of it. */
static char *
loose(const char *text)
{
	return (char *)(uintptr_t)text;
}

static bool
same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && b[len] == '=';
}

static rk_error *
make_environment(const struct rk_spawn *spawn, char ***ret_list)
{
	size_t extra = count_of(spawn->environment), ours = 0, count = 0;
	char **list;

	while (environ && environ[ours])
		ours++;
	list = calloc(ours + extra + 1, sizeof(*list));
	if (!list)
		return rk_out_of_memory();
	for (size_t i = 0; i < ours; i++) {
		bool replaced = false;

		for (size_t j = 0; j < extra; j++)
			replaced |= same_name(spawn->environment[j], environ[i]);
		if (!replaced)
			list[count++] = environ[i];
	}
	for (size_t j = 0; j < extra; j++)
		list[count++] = loose(spawn->environment[j]);
	*ret_list = list;
	return NULL;
}

static rk_error *
make_arguments(const struct rk_spawn *spawn, char ***ret_list)
{
	size_t count = count_of(spawn->arguments);
	char **list = calloc(count + 2, sizeof(*list));

	if (!list)
		return rk_out_of_memory();
	list[0] = loose("rootkeep");
	for (size_t i = 0; i < count; i++)
		list[i + 1] = loose(spawn->arguments[i]);
	*ret_list = list;
	return NULL;
}

/* 0, or an errno. The child gets its signals as we had them, SIGPIPE as a fresh program has it. */
static int
start(struct child *child, char **arguments, char **environment, int out_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int result;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	result = posix_spawn_file_actions_init(&actions);
	if (result != 0)
		return result;
	result = posix_spawnattr_init(&attributes);
	if (result != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return result;
	}
	if (out_fd >= 0)
		result = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawnattr_setsigmask(&attributes, &child->before);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (result == 0)
		result =
		    posix_spawn(&child->pid, SELF, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

static rk_error *
hold_signals(struct child *child)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&set, held[i]);
	child->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child->signals_fd < 0)
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "signals cannot be watched");
	sigprocmask(SIG_BLOCK, &set, &child->before);
	return NULL;
}

static void
release_signals(struct child *child)
{
	close(child->signals_fd);
	sigprocmask(SIG_SETMASK, &child->before, NULL);
}

/* Its own number stays the child's until it was waited for, so no stranger is ever meant. */
static void
pass_on(const struct child *child, const struct signalfd_siginfo *info)
{
	bool by_terminal = info->ssi_code == SI_KERNEL;

	if (info->ssi_signo != SIGCHLD && !by_terminal)
		(void)kill(child->pid, (int)info->ssi_signo);
}

/* True once the child has ended. */
static bool
has_ended(struct child *child, rk_spawn_end *end)
{
	struct signalfd_siginfo info;
	int status;

	while (read(child->signals_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		pass_on(child, &info);
	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	if (WIFSIGNALED(status))
		end->signal = WTERMSIG(status);
	else
		end->status = WEXITSTATUS(status);
	return true;
}

/* What the pipe holds now; what is too much is read and dropped, so that the child can end. */
static void
drain(struct child *child, rk_spawn_end *end)
{
	char bytes[4096];
	ssize_t got = read(child->out_fd, bytes, sizeof(bytes));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		close(child->out_fd);
		child->out_fd = -1;
		return;
	}
	if (end->out.len + (size_t)got > RK_SPAWN_MAX)
		child->overflow = true;
	else
		rk_buf_append(&end->out, bytes, (size_t)got);
}

static void
wait_for(struct child *child, rk_spawn_end *end)
{
	bool ended = false;

	while (!ended || child->out_fd >= 0) {
		struct pollfd watched[] = {
		    {.fd = child->signals_fd, .events = POLLIN},
		    {.fd = child->out_fd, .events = POLLIN},
		};

		/* After its end a grandchild may still hold the pipe: take what is there, and go. */
		int ready = poll(watched, 2, ended ? 0 : -1);

		if (ready < 0 && errno != EINTR)
			break;
		if (child->out_fd >= 0 && watched[1].revents)
			drain(child, end);
		else if (ended)
			break;
		if (!ended)
			ended = has_ended(child, end);
	}
	if (child->out_fd >= 0)
		close(child->out_fd);
}

static rk_error *
run_lists(const struct rk_spawn *spawn, char **arguments, char **environment, rk_spawn_end *ret_end)
{
	struct child child = {.out_fd = -1};
	RK_AUTO_SPAWN_END(end);
	int ends[2] = {-1, -1}, result;
	rk_error *err;

	if (spawn->capture && pipe2(ends, O_CLOEXEC) != 0)
		return rk_fail_errno(RK_E_INTERNAL, errno, NULL, "a pipe cannot be made");
	child.out_fd = ends[0];
	err = hold_signals(&child);
	result = err ? 0 : start(&child, arguments, environment, ends[1]);
	if (spawn->capture)
		close(ends[1]);
	if (err || result != 0) {
		if (spawn->capture)
			close(ends[0]);
		if (err)
			return err;
		release_signals(&child);
		return rk_fail_errno(RK_E_INTERNAL, result, "mount /proc, or free some memory",
		    "this program could not be started once more");
	}
	wait_for(&child, &end);
	release_signals(&child);
	if (child.overflow)
		return rk_fail(
		    RK_E_LIMIT, NULL, "the child printed more than %u bytes", RK_SPAWN_MAX);
	err = rk_buf_check(&end.out);
	if (err)
		return err;
	*ret_end = end;
	end = (rk_spawn_end){0};
	return NULL;
}

rk_error *
rk_spawn_run(const struct rk_spawn *spawn, rk_spawn_end *ret_end)
{
	char **arguments = NULL, **environment = NULL;
	rk_error *err = make_arguments(spawn, &arguments);

	if (!err)
		err = make_environment(spawn, &environment);
	if (!err)
		err = run_lists(spawn, arguments, environment, ret_end);
	free(arguments);
	free(environment);
	return err;
}

static enum rk_code
code_of(const char *name)
{
	for (int code = RK_OK + 1; name && code < RK_CODE_COUNT; code++)
		if (!strcmp(rk_code_name((enum rk_code)code), name))
			return (enum rk_code)code;
	return RK_E_INTERNAL;
}

/* The child showed it already; once more at worst doubles a backslash, and believes nobody. */
static rk_error *
put_around(rk_error *err, enum rk_code code, const char *remedy, const char *sentence)
{
	RK_AUTO_BUF(text);

	rk_show_bare(&text, sentence, strlen(sentence), 0);
	if (err)
		return rk_wrap(err, "%s", rk_buf_str(&text));
	return rk_fail(code, remedy, "%s", rk_buf_str(&text));
}

/* The innermost cause first, then one around the other. */
static rk_error *
rebuild(const rk_node *told)
{
	enum rk_code code = code_of(rk_node_text(rk_node_get(told, "code")));
	const char *remedy = rk_node_text(rk_node_get(told, "remedy"));
	const char *message = rk_node_text(rk_node_get(told, "message"));
	const rk_node *causes = rk_node_get(told, "causes");
	rk_error *err = NULL;

	for (size_t i = rk_node_count(causes); i > 0; i--) {
		const char *cause = rk_node_text(rk_node_at(causes, i - 1));

		err = put_around(err, code, remedy, cause ? cause : "");
	}
	return put_around(err, code, remedy, message ? message : "the child failed without a word");
}

rk_error *
rk_spawn_judge(const rk_spawn_end *end)
{
	RK_AUTO(rk_node) document = NULL;
	rk_error *err;

	if (end->signal)
		return rk_fail(RK_E_CANCELLED, NULL, "stopped by %s", strsignal(end->signal));
	if (end->status == 0)
		return NULL;
	err = rk_node_parse(rk_buf_str(&end->out), end->out.len, "the child's answer", &document);
	if (err)
		return rk_wrap(err, "the child ended with status %d and no answer", end->status);
	return rebuild(rk_node_get(document, "error"));
}

void
rk_spawn_end_clear(rk_spawn_end *end)
{
	rk_buf_clear(&end->out);
}
