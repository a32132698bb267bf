#include "keep/journal_private.h"

#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_MODE 0644
#define TORN_MAX ((size_t)1 << 26)

static rk_error *
trouble(const char *verb)
{
	int number = errno;

	return rk_fail_errno(RK_E_IO, number,
	    number == ENOSPC ? "make room on that disk and run it again"
			     : "check who owns it, its mode, and the disk",
	    "cannot %s the journal", verb);
}

/* To write; made where missing. The folder is ours and its lock held. */
static rk_error *
open_journal(const rk_dir *dir, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	int fd = openat(rk_dir_fd(dir), RK_JOURNAL_FILE,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, JOURNAL_MODE);

	if (fd < 0 && errno == ELOOP)
		return rk_fail(RK_E_UNSAFE, "put the file itself in the link's place",
		    "the journal is a link");
	if (fd < 0)
		return trouble("open");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return rk_fail(RK_E_UNSAFE, "put a plain file in its place",
		    "the journal is not a plain file");
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return NULL;
}

static rk_error *
write_at(int fd, uint64_t offset, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = pwrite(fd, bytes, len, (off_t)offset);

		if (done < 0 && errno != EINTR)
			return trouble("write");
		if (done > 0) {
			bytes += done;
			offset += (size_t)done;
			len -= (size_t)done;
		}
	}
	return NULL;
}

/* What a power cut leaves of a line: its beginning, or blocks of zeros in place of it. */
static bool
is_remnant(const rk_text *text, const char *line, size_t len)
{
	for (size_t i = 0; i < len && i < text->len; i++) {
		char byte = text->data[i];

		if (byte != line[i] && byte != '\0')
			return false;
	}
	return true;
}

static rk_error *
judge_end(const rk_dir *dir, uint64_t offset, const char *line, size_t len)
{
	RK_AUTO(rk_text) text = NULL;
	uint64_t size;
	rk_error *err;

	err = rk_journal_from(dir, offset, &text, &size);
	if (err)
		return err;
	if (size < offset || size > offset + len || !is_remnant(text, line, len))
		return rk_fail(RK_E_UNTRUSTED,
		    "restore journal.jsonl from a copy, or move '.intent' away and look at "
		    "'rootkeep check'",
		    "the journal is not as the change left it that is to be finished");
	return NULL;
}

rk_error *
rk_journal_append(const rk_dir *dir, uint64_t offset, const char *line, size_t len)
{
	RK_AUTO_BUF(whole);
	uint64_t size;
	rk_error *err;
	int fd;

	rk_buf_append(&whole, line, len);
	rk_buf_byte(&whole, '\n');
	err = rk_buf_check(&whole);
	if (!err)
		err = judge_end(dir, offset, whole.data, whole.len);
	if (!err)
		err = open_journal(dir, &fd, &size);
	if (err)
		return err;
	err = write_at(fd, offset, whole.data, whole.len);
	if (!err && fsync(fd) != 0)
		err = trouble("bring to the disk");
	close(fd);
	/* The name, where the file is new. */
	if (!err && size == 0)
		err = rk_dir_sync(dir, NULL);
	return err;
}

rk_error *
rk_journal_reserve(const rk_dir *dir, uint64_t offset, size_t len)
{
	int fd = openat(rk_dir_fd(dir), RK_JOURNAL_FILE,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int number = 0;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return trouble("write");
	/* Where the file system cannot reserve, the append has to find out. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) != 0)
		number = errno;
	close(fd);
	errno = number;
	return number == ENOSPC || number == EDQUOT ? trouble("make room for a line in") : NULL;
}

static rk_error *
set_aside(const rk_dir *dir, const char *bytes, size_t len)
{
	RK_AUTO(rk_text) before = NULL;
	RK_AUTO_BUF(whole);
	rk_error *err;

	err = rk_text_read(dir, RK_JOURNAL_TORN, TORN_MAX, &before);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = NULL;
	}
	if (err)
		return err;
	if (before)
		rk_buf_append(&whole, before->data, before->len);
	rk_buf_append(&whole, bytes, len);
	rk_buf_byte(&whole, '\n');
	err = rk_buf_check(&whole);
	return err ? err
		   : rk_file_replace(dir, RK_JOURNAL_TORN, whole.data, whole.len, JOURNAL_MODE);
}

static rk_error *
cut_off(const rk_dir *dir, uint64_t at)
{
	uint64_t size;
	rk_error *err = NULL;
	int fd;

	err = open_journal(dir, &fd, &size);
	if (err)
		return err;
	if (ftruncate(fd, (off_t)at) != 0 || fsync(fd) != 0)
		err = trouble("cut the torn line off");
	close(fd);
	return err;
}

rk_error *
rk_journal_mend(const rk_dir *dir, bool *ret_torn)
{
	RK_AUTO(rk_text) text = NULL;
	uint64_t from;
	const char *end;
	size_t whole;
	rk_error *err;

	err = rk_journal_tail(dir, &text, &from);
	if (err)
		return err;
	end = text->len ? memrchr(text->data, '\n', text->len) : NULL;
	whole = end ? (size_t)(end - text->data) + 1 : 0;
	if (whole == text->len) {
		*ret_torn = false;
		return NULL;
	}
	err = set_aside(dir, text->data + whole, text->len - whole);
	if (!err)
		err = cut_off(dir, from + whole);
	if (!err)
		*ret_torn = true;
	return err;
}
