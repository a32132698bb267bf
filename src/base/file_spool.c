#include "base/file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)
#define WHERE "what is being written"

/* In memory while it is small; then all of it is in the file but what `held` has. */
struct rk_spool {
	rk_buf held;
	int fd; /* -1: it is small */
	size_t written;
};

rk_error *
rk_spool_open(rk_spool **ret_spool)
{
	rk_spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return rk_out_of_memory();
	spool->fd = -1;
	*ret_spool = spool;
	return NULL;
}

static rk_error *
put_out(rk_spool *spool, const void *bytes, size_t len)
{
	int number;

	if (spool->fd < 0)
		spool->fd = rk_text_private_file();
	if (spool->fd < 0)
		return rk_text_no_copy(errno, WHERE);
	number = rk_file_write_all(spool->fd, bytes, len);
	if (number != 0)
		return rk_text_no_copy(number, WHERE);
	spool->written += len;
	return NULL;
}

static rk_error *
flush(rk_spool *spool)
{
	rk_error *err = put_out(spool, spool->held.data, spool->held.len);

	spool->held.len = 0;
	return err;
}

static rk_error *
take_bytes(void *context, const void *bytes, size_t len)
{
	rk_spool *spool = context;
	rk_error *err = NULL;

	if (spool->held.len > 0 && len > PIECE - spool->held.len)
		err = flush(spool);
	if (err)
		return err;
	if (len > PIECE)
		return put_out(spool, bytes, len);
	rk_buf_append(&spool->held, bytes, len);
	return rk_buf_check(&spool->held);
}

rk_sink
rk_spool_sink(rk_spool *spool)
{
	return (rk_sink){take_bytes, spool};
}

rk_error *
rk_spool_finish(rk_spool *spool, rk_text **ret_text)
{
	rk_error *err;

	if (spool->fd < 0)
		return rk_text_take(&spool->held, ret_text);
	err = flush(spool);
	return err ? err : rk_text_map(spool->fd, spool->written, WHERE, ret_text);
}

void
rk_spool_free(rk_spool *spool)
{
	if (!spool)
		return;
	if (spool->fd >= 0)
		close(spool->fd);
	rk_buf_clear(&spool->held);
	free(spool);
}

/* texts, a piece at a time */

rk_error *
rk_text_feed(const rk_text *text, size_t from, size_t to, rk_sink sink)
{
	rk_error *err = NULL;

	while (from < to && !err) {
		size_t len = to - from < RK_FILE_PIECE ? to - from : RK_FILE_PIECE;

		err = sink.write(sink.context, text->data + from, len);
		from += len;
		rk_text_forget(text, from);
	}
	return err;
}

bool
rk_text_same(const rk_text *a, size_t a_from, const rk_text *b, size_t b_from, size_t len)
{
	bool same = a_from + len <= a->len && b_from + len <= b->len;

	for (size_t at = 0; at < len && same;) {
		size_t piece = len - at < RK_FILE_PIECE ? len - at : RK_FILE_PIECE;

		same = memcmp(a->data + a_from + at, b->data + b_from + at, piece) == 0;
		at += piece;
		rk_text_forget(a, a_from + at);
		rk_text_forget(b, b_from + at);
	}
	return same;
}

/* Up to the first difference; `*ret_same` is set where there is none. */
static rk_error *
compare(const rk_text *text, int fd, const char *path, bool *ret_same)
{
	RK_AUTO(rk_str) piece = malloc(RK_FILE_PIECE);
	size_t at = 0;
	ssize_t got;

	if (!piece)
		return rk_out_of_memory();
	while ((got = rk_file_read_some(fd, piece, RK_FILE_PIECE)) > 0) {
		if ((size_t)got > text->len - at ||
		    memcmp(text->data + at, piece, (size_t)got) != 0)
			return NULL;
		at += (size_t)got;
		rk_text_forget(text, at);
	}
	if (got < 0)
		return rk_file_trouble(errno, "read", path);
	*ret_same = at == text->len;
	return NULL;
}

rk_error *
rk_text_is_file(const rk_text *text, const char *path, bool *ret_same)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	rk_error *err;

	if (fd < 0)
		return rk_file_trouble(errno, "open", path);
	*ret_same = false;
	err = compare(text, fd, path, ret_same);
	close(fd);
	return err;
}
