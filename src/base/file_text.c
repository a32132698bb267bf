#include "base/file_private.h"
#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORGET_STEP ((size_t)1 << 20)
#define COPY_FOLDER "/var/tmp" /* on a disk by convention, so that the pages can leave memory */

/* Behind rk_text.owner: bytes of malloc, or a mapping. */
struct owner {
	char *bytes;
	void *map;
	size_t map_len;
	_Atomic size_t forgotten; /* a text may be read by two threads */
};

void
rk_text_free(rk_text *text)
{
	struct owner *owner;

	if (!text)
		return;
	owner = text->owner;
	if (owner) {
		if (owner->map)
			munmap(owner->map, owner->map_len);
		free(owner->bytes);
		free(owner);
	}
	free(text);
}

static rk_error *
new_text(rk_text **ret_text)
{
	rk_text *text = calloc(1, sizeof(*text));
	struct owner *owner = calloc(1, sizeof(*owner));

	if (!text || !owner) {
		free(text);
		free(owner);
		return rk_out_of_memory();
	}
	text->owner = owner;
	text->data = "";
	*ret_text = text;
	return NULL;
}

rk_error *
rk_text_take(rk_buf *buf, rk_text **ret_text)
{
	RK_AUTO(rk_text) text = NULL;
	struct owner *owner;
	rk_error *err;
	size_t len = buf->len;

	err = rk_buf_check(buf);
	if (!err)
		err = new_text(&text);
	if (err)
		return err;
	owner = text->owner;
	err = rk_buf_take(buf, &owner->bytes);
	if (err)
		return err;
	text->data = owner->bytes;
	text->len = len;
	*ret_text = RK_TAKE(text);
	return NULL;
}

rk_error *
rk_text_copy(const void *bytes, size_t len, rk_text **ret_text)
{
	RK_AUTO_BUF(buf);

	rk_buf_append(&buf, bytes, len);
	return rk_text_take(&buf, ret_text);
}

void
rk_text_forget(const rk_text *text, size_t offset)
{
	struct owner *owner = text->owner;
	size_t from;

	if (!owner->map)
		return;
	from = atomic_load(&owner->forgotten);
	/* Further back than last time: another pass has begun. */
	if (offset < from)
		from = 0;
	offset = (offset < text->len ? offset : text->len) / FORGET_STEP * FORGET_STEP;
	if (offset <= from)
		return;
	madvise((char *)owner->map + from, offset - from, MADV_DONTNEED);
	atomic_store(&owner->forgotten, offset);
}

rk_error *
rk_text_map(int fd, size_t len, const char *where, rk_text **ret_text)
{
	RK_AUTO(rk_text) text = NULL;
	struct owner *owner;
	rk_error *err;
	void *at;

	err = new_text(&text);
	if (err)
		return err;
	at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return rk_file_trouble(errno, "map", where);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): success has made it */
	owner = text->owner;
	owner->map = at;
	owner->map_len = len;
	text->data = at;
	text->len = len;
	*ret_text = RK_TAKE(text);
	return NULL;
}

static rk_error *
too_large(const char *where, size_t max)
{
	return rk_fail(RK_E_LIMIT, "check that it is the file you mean",
	    "%s is larger than %zu bytes", RK_SHOW(where), max);
}

int
rk_text_private_file(void)
{
	int fd = open(COPY_FOLDER, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("rootkeep", MFD_CLOEXEC);
}

rk_error *
rk_text_no_copy(int number, const char *where)
{
	return rk_advise(rk_file_trouble(number, "make a private copy of", where),
	    "make room in %s", COPY_FOLDER);
}

/* Bytes on their way from a descriptor to a private file. */
struct copying {
	int from;
	int to;
	size_t len;
	size_t max;
	const char *where;
};

/* From file to file without coming by here; where that cannot be, or ends, reading goes on. */
static rk_error *
copy_within(struct copying *copying)
{
	ssize_t got;

	while (
	    (got = copy_file_range(copying->from, NULL, copying->to, NULL, RK_FILE_LARGE, 0)) > 0) {
		if ((size_t)got > copying->max - copying->len)
			return too_large(copying->where, copying->max);
		copying->len += (size_t)got;
	}
	return NULL;
}

static rk_error *
copy_rest(struct copying *copying, char *piece)
{
	rk_error *err = copy_within(copying);
	ssize_t got;
	int number;

	if (err)
		return err;
	while ((got = rk_file_read_some(copying->from, piece, RK_FILE_PIECE)) > 0) {
		if ((size_t)got > copying->max - copying->len)
			return too_large(copying->where, copying->max);
		number = rk_file_write_all(copying->to, piece, (size_t)got);
		if (number != 0)
			return rk_text_no_copy(number, copying->where);
		copying->len += (size_t)got;
	}
	return got < 0 ? rk_file_trouble(errno, "read", copying->where) : NULL;
}

/* What `head` holds was read already. */
static rk_error *
copy_large(struct copying *copying, const rk_buf *head, rk_text **ret_text)
{
	RK_AUTO(rk_str) piece = malloc(RK_FILE_PIECE);
	rk_error *err = NULL;
	int number;

	if (!piece)
		return rk_out_of_memory();
	copying->to = rk_text_private_file();
	if (copying->to < 0)
		return rk_file_trouble(errno, "make a private copy of", copying->where);
	copying->len = head->len;
	number = rk_file_write_all(copying->to, head->data, head->len);
	if (number != 0)
		err = rk_text_no_copy(number, copying->where);
	if (!err)
		err = copy_rest(copying, piece);
	if (!err)
		err = rk_text_map(copying->to, copying->len, copying->where, ret_text);
	close(copying->to);
	return err;
}

static rk_error *
read_piece(int fd, rk_buf *buf, const char *where, bool *ret_at_end)
{
	char piece[8 * 1024];
	ssize_t got = rk_file_read_some(fd, piece, sizeof(piece));

	if (got < 0)
		return rk_file_trouble(errno, "read", where);
	rk_buf_append(buf, piece, (size_t)got);
	*ret_at_end = (size_t)got < sizeof(piece);
	return rk_buf_check(buf);
}

/* Small ones into memory, the rest of a large one into a private file. */
static rk_error *
copy(int fd, size_t max, const char *where, rk_text **ret_text)
{
	struct copying copying = {.from = fd, .to = -1, .max = max, .where = where};
	RK_AUTO_BUF(head);
	bool at_end = false;
	rk_error *err = NULL;

	while (!err && !at_end && head.len < RK_FILE_LARGE) {
		err = read_piece(fd, &head, where, &at_end);
		if (!err && head.len > max)
			err = too_large(where, max);
	}
	if (err)
		return err;
	return at_end ? rk_text_take(&head, ret_text) : copy_large(&copying, &head, ret_text);
}

static rk_error *
read_open(int fd, const rk_file_place *place, size_t max, rk_text **ret_text)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return rk_file_trouble(errno, "look at", place->where);
	if ((uint64_t)st.st_size > max)
		return too_large(place->where, max);
	/* Beneath our own folder nobody else can change the bytes under us. */
	if (place->trust == RK_DIR_OURS && (size_t)st.st_size >= RK_FILE_LARGE)
		return rk_text_map(fd, (size_t)st.st_size, place->where, ret_text);
	return copy(fd, max, place->where, ret_text);
}

rk_error *
rk_text_read(const rk_dir *dir, const char *name, size_t max, rk_text **ret_text)
{
	RK_FILE_PLACE(place);
	rk_error *err;
	int fd;

	err = rk_file_find(dir, name, &place);
	if (!err)
		err = rk_file_open_plain(&place, O_RDONLY, 0, &fd);
	if (err)
		return err;
	err = read_open(fd, &place, max, ret_text);
	close(fd);
	return err;
}

/* The descriptor that a path means, or -1: such paths fail in a process that may not be dumped. */
static int
own_descriptor(const char *path)
{
	static const char *const before[] = {"/dev/fd/", "/proc/self/fd/"};

	if (strcmp(path, "/dev/stdin") == 0)
		return STDIN_FILENO;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		size_t len = strlen(before[i]);
		char *end;
		long fd;

		if (strncmp(path, before[i], len) != 0)
			continue;
		fd = strtol(path + len, &end, 10);
		if (path[len] >= '0' && path[len] <= '9' && !*end && fd <= INT_MAX)
			return (int)fd;
	}
	return -1;
}

rk_error *
rk_text_read_path(const char *path, size_t max, rk_text **ret_text)
{
	int fd, own = own_descriptor(path);
	rk_error *err = NULL;
	struct stat st;

	fd =
	    own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return rk_file_trouble(errno, "open", path);
	if (fstat(fd, &st) != 0)
		err = rk_file_trouble(errno, "look at", path);
	else if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		err = too_large(path, max);
	if (!err)
		err = copy(fd, max, path, ret_text);
	close(fd);
	return err;
}
