#include "term/pinfile.h"

#include "base/show.h"
#include "term/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line that came from stdin, which gives it once. */
struct kept_line {
	const char *entry;
	rk_secret *line;
	struct kept_line *next;
};

struct rk_pinfiles {
	int stdin_fd;
	struct kept_line *kept;
	size_t next_entry; /* of rk_pinfiles_next */
	int next_fd; /* -1: none is open */
};

rk_error *
rk_pinfiles_new(int stdin_fd, rk_pinfiles **ret_files)
{
	rk_pinfiles *files = calloc(1, sizeof(*files));

	if (!files)
		return rk_out_of_memory();
	files->stdin_fd = stdin_fd;
	files->next_fd = -1;
	*ret_files = files;
	return NULL;
}

static bool
is_path(const char *entry)
{
	return entry[0] == '/' || !strncmp(entry, "./", 2) || !strncmp(entry, "../", 3);
}

/* The FILE of an entry that begins with "whose="; NULL for others. */
static const char *
after_whose(const char *entry, const char *whose)
{
	size_t len = whose ? strlen(whose) : 0;

	if (len == 0 || is_path(entry) || strncmp(entry, whose, len) != 0 || entry[len] != '=')
		return NULL;
	return entry + len + 1;
}

static bool
is_labelled(const char *entry)
{
	return !is_path(entry) && strchr(entry, '=');
}

static const char *
file_of(const char *entry, const struct rk_pin_request *request)
{
	const char *file = after_whose(entry, request->serial);

	if (!file)
		file = after_whose(entry, request->label);
	if (!file)
		file = after_whose(entry, "*");
	return file ? file : entry;
}

/* A label of two tokens says nothing: a try of the wrong one could be spent. */
static rk_error *
judge_label(const struct rk_pin_request *request, const char *chosen)
{
	rk_error *err;

	if (!request->shared_label || !chosen || !after_whose(chosen, request->label) ||
	    after_whose(chosen, request->serial))
		return NULL;
	err = rk_fail(RK_E_AMBIGUOUS, NULL, "two tokens of this run are labelled %s",
	    RK_SHOW(request->label));
	return rk_advise(err, "say by serial whose the %s is: %s=FILE", request->kind,
	    RK_SHOW_BARE(request->serial));
}

/* How well an entry fits: 3 names the token, 2 is for every token, 1 names none, 0 not. */
static int
fit(const char *entry, const struct rk_pin_request *request)
{
	if (after_whose(entry, request->serial) || after_whose(entry, request->label))
		return 3;
	if (after_whose(entry, "*"))
		return 2;
	return !is_labelled(entry) && request->only_token ? 1 : 0;
}

rk_error *
rk_pinfiles_choose(
    const rk_list *entries, const struct rk_pin_request *request, const char **ret_entry)
{
	const char *chosen = NULL;
	bool several = false;
	int best = 0;
	rk_error *err;

	for (size_t i = 0; i < entries->count; i++) {
		int now = fit(entries->items[i], request);

		if (now > best) {
			best = now;
			chosen = entries->items[i];
			several = false;
		} else if (now > 0 && now == best)
			several = true;
	}
	if (several)
		return rk_fail(RK_E_AMBIGUOUS,
		    "give one file for each, as SERIAL=FILE; for passphrases ROLE=FILE",
		    "two files are given for the %s of %s", request->kind, RK_SHOW(request->label));
	err = judge_label(request, chosen);
	if (!err)
		*ret_entry = chosen;
	return err;
}

/* Only the caller and root may have seen what is in there. */
static rk_error *
judge_file(int fd, const char *path)
{
	struct stat status;
	rk_error *err;

	if (fstat(fd, &status) != 0)
		return rk_fail_errno(RK_E_IO, errno, NULL, "%s cannot be judged", RK_SHOW(path));
	if (S_ISDIR(status.st_mode))
		return rk_fail(
		    RK_E_USAGE, "name a file", "%s is a folder, not a secret", RK_SHOW(path));
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return rk_fail(RK_E_UNSAFE, "use a file of your own", "%s belongs to another user",
		    RK_SHOW(path));
	if ((status.st_mode & 077) == 0)
		return NULL;
	err = rk_fail(RK_E_UNSAFE, NULL, "others can read %s", RK_SHOW(path));
	return rk_advise(err, "chmod 600 %s, and consider the secret seen", RK_SHOW(path));
}

static rk_error *
open_file(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	rk_error *err;

	if (fd < 0)
		return rk_fail_errno(errno == ENOENT ? RK_E_NOT_FOUND : RK_E_IO, errno,
		    "name a file that you can read", "%s cannot be opened", RK_SHOW(path));
	err = judge_file(fd, path);
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return NULL;
}

/* An empty line is no secret. */
static rk_error *
read_secret(int fd, const char *name, rk_secret **ret_line)
{
	RK_AUTO(rk_secret) line = NULL;
	rk_error *err = rk_terminal_read_line(fd, name, &line);

	if (err && rk_error_code(err) != RK_E_CANCELLED)
		return err;
	if (err || rk_secret_len(line) == 0) {
		rk_error_free(err);
		return rk_fail(RK_E_PIN_NEEDED, "write the secret into its first line",
		    "there is no secret in %s", name);
	}
	*ret_line = RK_TAKE(line);
	return NULL;
}

static rk_error *
read_file(const char *path, rk_secret **ret_line)
{
	int fd;
	rk_error *err = open_file(path, &fd);

	if (err)
		return err;
	err = read_secret(fd, RK_SHOW(path), ret_line);
	close(fd);
	return err;
}

static rk_error *
read_stdin(int fd, rk_secret **ret_line)
{
	if (isatty(fd))
		return rk_fail(RK_E_USAGE, "leave the option out to be asked at the terminal",
		    "stdin is a terminal, where a secret would be seen");
	return read_secret(fd, "stdin", ret_line);
}

/* The line that stdin gave for this entry, read the first time. */
static rk_error *
read_kept(rk_pinfiles *files, const char *entry, rk_secret **ret_line)
{
	struct kept_line *kept = files->kept;
	rk_error *err;

	while (kept && kept->entry != entry)
		kept = kept->next;
	if (!kept) {
		kept = calloc(1, sizeof(*kept));
		if (!kept)
			return rk_out_of_memory();
		err = read_stdin(files->stdin_fd, &kept->line);
		if (err) {
			free(kept);
			return err;
		}
		kept->entry = entry;
		kept->next = files->kept;
		files->kept = kept;
	}
	return rk_secret_copy(rk_secret_peek(kept->line), rk_secret_len(kept->line), ret_line);
}

rk_error *
rk_pinfiles_read(rk_pinfiles *files, const char *entry, const struct rk_pin_request *request,
    rk_secret **ret_line)
{
	const char *file = file_of(entry, request);

	if (!strcmp(file, "-"))
		return read_kept(files, entry, ret_line);
	return read_file(file, ret_line);
}

/* The path of a file: URI (RFC 8089), percent-decoded. */
static rk_error *
decode_file_uri(const char *uri, char **ret_path)
{
	const char *at = uri + strlen("file:");
	RK_AUTO_BUF(path);

	if (!strncmp(at, "//localhost/", 12))
		at += 11;
	else if (!strncmp(at, "///", 3))
		at += 2;
	else if (!strncmp(at, "//", 2))
		return rk_fail(RK_E_REFUSED, "name a file of this machine",
		    "the pin-source %s is on another machine", RK_SHOW(uri));
	for (; *at; at++) {
		uint8_t byte = (uint8_t)*at;

		if (*at == '%') {
			rk_error *err = rk_unhex(at + 1, strnlen(at + 1, 2), &byte, 1);

			if (err || byte == 0) {
				rk_error_free(err);
				return rk_fail(RK_E_USAGE, "write %25 for a percent sign",
				    "the pin-source %s is not a file: URI", RK_SHOW(uri));
			}
			at += 2;
		}
		rk_buf_byte(&path, byte);
	}
	return rk_buf_take(&path, ret_path);
}

rk_error *
rk_pinfiles_source(const char *source, rk_secret **ret_line)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	if (source[0] == '|')
		return rk_fail(RK_E_REFUSED,
		    "run the command yourself, its output into --pin-file -",
		    "the pin-source %s is a command, which is never run", RK_SHOW(source));
	if (strncmp(source, "file:", 5) != 0)
		return read_file(source, ret_line);
	err = decode_file_uri(source, &path);
	return err ? err : read_file(path, ret_line);
}

/* A share by itself: blank lines between shares are nothing, the end of a file is the next's turn. */
static rk_error *
next_line(int fd, const char *name, rk_secret **ret_line)
{
	for (;;) {
		RK_AUTO(rk_secret) line = NULL;
		rk_error *err = rk_terminal_read_line(fd, name, &line);

		if (err && rk_error_code(err) == RK_E_CANCELLED) {
			rk_error_free(err);
			return NULL;
		}
		if (err)
			return err;
		if (rk_secret_len(line) > 0) {
			*ret_line = RK_TAKE(line);
			return NULL;
		}
	}
}

static rk_error *
open_next(rk_pinfiles *files, const char *entry)
{
	if (strcmp(entry, "-") != 0)
		return open_file(entry, &files->next_fd);
	files->next_fd = dup(files->stdin_fd);
	return files->next_fd >= 0 ? NULL
				   : rk_fail_errno(RK_E_IO, errno, NULL, "stdin cannot be read");
}

rk_error *
rk_pinfiles_next(rk_pinfiles *files, const rk_list *entries, rk_secret **ret_line)
{
	rk_secret *line = NULL;

	while (!line && files->next_entry < entries->count) {
		const char *entry = entries->items[files->next_entry];
		rk_error *err = files->next_fd >= 0 ? NULL : open_next(files, entry);

		if (!err)
			err = next_line(files->next_fd, RK_SHOW(entry), &line);
		if (err)
			return err;
		if (line)
			break;
		close(files->next_fd);
		files->next_fd = -1;
		files->next_entry++;
	}
	*ret_line = line;
	return NULL;
}

void
rk_pinfiles_free(rk_pinfiles *files)
{
	if (!files)
		return;
	if (files->next_fd >= 0)
		close(files->next_fd);
	while (files->kept) {
		struct kept_line *kept = files->kept;

		files->kept = kept->next;
		rk_secret_free(kept->line);
		free(kept);
	}
	free(files);
}
