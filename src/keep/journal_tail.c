#include "keep/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REACH ((uint64_t)1 << 14) /* of some lines */
#define REACH_STEP 8

/* To read; `*ret_fd` is -1 where there is none. */
static rk_error *
open_to_read(const rk_dir *dir, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	rk_error *err = NULL;
	int fd = openat(rk_dir_fd(dir), RK_JOURNAL_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		*ret_fd = -1;
		*ret_size = 0;
		return NULL;
	}
	if (fd < 0 && errno == ELOOP)
		return rk_fail(RK_E_UNSAFE, "put the file itself in the link's place",
		    "the journal is a link");
	if (fd < 0)
		return rk_fail_errno(
		    RK_E_IO, errno, "check who owns it, and its mode", "cannot open the journal");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = rk_fail(RK_E_UNSAFE, "put a plain file in its place",
		    "the journal is not a plain file");
	else if ((uint64_t)st.st_size > RK_JOURNAL_MAX)
		err = rk_fail(RK_E_LIMIT, "check that it is the file you mean",
		    "the journal is larger than %u bytes", RK_JOURNAL_MAX);
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return NULL;
}

static rk_error *
read_range(int fd, uint64_t from, uint64_t to, rk_text **ret_text)
{
	RK_AUTO_BUF(bytes);
	char block[1 << 14];

	while (from < to) {
		size_t want = to - from < sizeof(block) ? (size_t)(to - from) : sizeof(block);
		ssize_t got = pread(fd, block, want, (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rk_fail_errno(
			    RK_E_IO, errno, "check the disk", "cannot read the journal");
		if (got == 0)
			break;
		rk_buf_append(&bytes, block, (size_t)got);
		from += (uint64_t)got;
	}
	return rk_text_take(&bytes, ret_text);
}

rk_error *
rk_journal_from(const rk_dir *dir, uint64_t from, rk_text **ret_text, uint64_t *ret_size)
{
	uint64_t size;
	rk_error *err;
	int fd;

	err = open_to_read(dir, &fd, &size);
	if (err)
		return err;
	err = read_range(fd, from, size, ret_text);
	if (fd >= 0)
		close(fd);
	if (!err)
		*ret_size = size;
	return err;
}

/* The last whole line is between two newlines. */
static bool
holds_a_line(const rk_text *text)
{
	const char *end = text->len ? memrchr(text->data, '\n', text->len) : NULL;

	return end && memrchr(text->data, '\n', (size_t)(end - text->data));
}

rk_error *
rk_journal_tail(const rk_dir *dir, rk_text **ret_text, uint64_t *ret_from)
{
	RK_AUTO(rk_text) text = NULL;
	uint64_t size, from;
	rk_error *err;
	int fd;

	err = open_to_read(dir, &fd, &size);
	if (err)
		return err;
	for (uint64_t reach = REACH;; reach *= REACH_STEP) {
		from = size > reach ? size - reach : 0;
		rk_text_free(text);
		text = NULL;
		err = read_range(fd, from, size, &text);
		if (err || from == 0 || holds_a_line(text))
			break;
	}
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	*ret_text = RK_TAKE(text);
	*ret_from = from;
	return NULL;
}
