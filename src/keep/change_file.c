#include "keep/change_private.h"
#include "keep/keep_private.h"

#include "base/show.h"
#include "world/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)

struct rk_change_file {
	char *from; /* ".pending/N" */
	char *path;
	enum rk_change_how how;
	int fd;
	bool has_failed;
	rk_payload_pass *pass;
	size_t held;
	char piece[PIECE];
};

static rk_error *
trouble(const char *verb, const char *path)
{
	int number = errno;

	return rk_fail_errno(RK_E_IO, number,
	    number == ENOSPC || number == EDQUOT ? "make room on that disk and run it again"
						 : "check who owns it, its mode, and the disk",
	    "cannot %s %s", verb, RK_SHOW(path));
}

static void
file_free(struct rk_change_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	rk_payload_pass_free(file->pass);
	free(file->from);
	free(file->path);
	free(file);
}

static rk_error *
open_pending(rk_change *change)
{
	rk_error *err;

	if (change->pending)
		return NULL;
	err = rk_dir_make(change->dir, RK_CHANGE_PENDING);
	return err ? err : rk_dir_open_at(change->dir, RK_CHANGE_PENDING, &change->pending);
}

static rk_error *
open_file(rk_change *change, struct rk_change_file *file, const char *path)
{
	const char *name;
	rk_error *err;

	err = rk_strdup(path, &file->path);
	if (!err)
		err = rk_strdupf(
		    &file->from, "%s/%zu", RK_CHANGE_PENDING, ++change->keep->pending_count);
	if (!err)
		err = rk_payload_begin(1u << RK_HASH_SHA256, false, &file->pass);
	if (err)
		return err;
	name = file->from + sizeof(RK_CHANGE_PENDING);
	file->fd = openat(rk_dir_fd(change->pending), name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, RK_CHANGE_MODE);
	return file->fd < 0 ? trouble("write", path) : NULL;
}

rk_error *
rk_change_file_begin(rk_change *change, const char *path, enum rk_change_how how)
{
	struct rk_change_file *file;
	rk_error *err;

	err = rk_change_file_end(change);
	if (!err)
		err = open_pending(change);
	if (err)
		return err;
	file = malloc(sizeof(*file));
	if (!file)
		return rk_out_of_memory();
	memset(file, 0, offsetof(struct rk_change_file, piece));
	file->fd = -1;
	file->how = how;
	err = open_file(change, file, path);
	if (err) {
		file_free(file);
		return err;
	}
	change->file = file;
	return NULL;
}

static rk_error *
put_out(struct rk_change_file *file, const char *bytes, size_t len)
{
	rk_sink digest = rk_payload_sink(file->pass);
	rk_error *err = digest.write(digest.context, bytes, len);

	while (!err && len > 0) {
		ssize_t done = write(file->fd, bytes, len);

		if (done < 0 && errno != EINTR)
			err = trouble("write", file->path);
		if (done > 0) {
			bytes += done;
			len -= (size_t)done;
		}
	}
	file->has_failed = file->has_failed || err;
	return err;
}

static rk_error *
flush(struct rk_change_file *file)
{
	size_t held = file->held;

	file->held = 0;
	return held ? put_out(file, file->piece, held) : NULL;
}

static rk_error *
take_bytes(void *context, const void *bytes, size_t len)
{
	struct rk_change_file *file = context;
	rk_error *err = NULL;

	if (len > PIECE - file->held)
		err = flush(file);
	if (err)
		return err;
	if (len > PIECE)
		return put_out(file, bytes, len);
	memcpy(file->piece + file->held, bytes, len);
	file->held += len;
	return NULL;
}

rk_sink
rk_change_file_sink(rk_change *change)
{
	return (rk_sink){take_bytes, change->file};
}

/* On the disk at once while they are few; the commit brings many there together. */
static rk_error *
finish(rk_change *change, struct rk_change_file *file, uint8_t sha256[static RK_SHA256_SIZE])
{
	rk_payload payload = {0};
	rk_error *err;

	err = flush(file);
	if (!err && ++change->written > RK_CHANGE_SYNC_EACH)
		change->wants_sync = true;
	else if (!err && fsync(file->fd) != 0)
		err = trouble("bring to the disk", file->path);
	if (!err)
		err = rk_payload_finish(file->pass, &payload);
	if (err)
		return err;
	memcpy(sha256, payload.sha256, RK_SHA256_SIZE);
	rk_payload_clear(&payload);
	return NULL;
}

rk_error *
rk_change_file_end(rk_change *change)
{
	struct rk_change_file *file = change->file;
	struct rk_change_effect effect = {.kind = RK_CHANGE_PLACE};
	rk_error *err;

	if (!file)
		return NULL;
	change->file = NULL;
	if (file->has_failed)
		err = rk_fail(
		    RK_E_INTERNAL, NULL, "a file that could not be written was to be committed");
	else
		err = finish(change, file, effect.sha256);
	effect.from = file->from;
	effect.path = file->path;
	effect.how = file->how;
	if (!err)
		err = rk_change_effect_put(change, &effect);
	file_free(file);
	return err;
}

void
rk_change_file_drop(rk_change *change)
{
	file_free(change->file);
	change->file = NULL;
}

rk_error *
rk_change_read(rk_change *change, const char *path, size_t max,
    uint8_t sha256[static RK_SHA256_SIZE], rk_text **ret_text)
{
	const struct rk_change_effect *effect;
	rk_error *err = rk_change_file_end(change);

	if (err)
		return err;
	effect = rk_change_index_find(&change->index, &change->effects, path);
	if (!effect || effect->kind != RK_CHANGE_PLACE || effect->is_move)
		return rk_fail(
		    RK_E_NOT_FOUND, NULL, "%s is not written by this change", RK_SHOW(path));
	err =
	    rk_text_read(change->pending, effect->from + sizeof(RK_CHANGE_PENDING), max, ret_text);
	if (!err)
		memcpy(sha256, effect->sha256, RK_SHA256_SIZE);
	return err;
}
