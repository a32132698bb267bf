#include "base/file_private.h"
#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_TRIES 1000
#define TEMP_SIZE 64

/* A file without its name yet: it stands beside the name as `temp`. */
struct rk_writer {
	rk_file_place place;
	int fd;
	char temp[TEMP_SIZE];
	bool is_exclusive;
	bool has_temp;
};

void
rk_writer_free(rk_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->has_temp)
		unlinkat(writer->place.fd, writer->temp, 0);
	rk_file_place_clear(&writer->place);
	free(writer);
}

/* No randomness here: the process and a count are enough, and O_EXCL is the judge. */
static int
open_temp(rk_writer *writer, unsigned mode)
{
	static _Atomic unsigned count;
	int fd = -1;

	for (unsigned try = 0; try < MOST_TRIES && fd < 0; try++) {
		snprintf(writer->temp, sizeof(writer->temp), RK_FILE_TEMP "%ld-%u", (long)getpid(),
		    atomic_fetch_add(&count, 1));
		fd = rk_file_openat(
		    writer->place.fd, writer->temp, O_WRONLY | O_CREAT | O_EXCL, (mode_t)mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static rk_error *
refuse_taken(const rk_writer *writer)
{
	return rk_file_trouble(EEXIST, "make", writer->place.where);
}

/* The place is moved into the writer. */
static rk_error *
open_in(rk_file_place *place, bool exclusive, unsigned mode, rk_writer **ret_writer)
{
	RK_AUTO(rk_writer) writer = calloc(1, sizeof(*writer));
	struct stat st;

	if (!writer)
		return rk_out_of_memory();
	writer->fd = -1;
	writer->is_exclusive = exclusive;
	writer->place = RK_FILE_TAKE(*place);
	/* Asked again when the name is given; this only saves the work. */
	if (exclusive &&
	    fstatat(writer->place.fd, writer->place.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return refuse_taken(writer);
	writer->fd = open_temp(writer, mode);
	if (writer->fd < 0)
		return rk_file_trouble(errno, "write", writer->place.where);
	writer->has_temp = true;
	*ret_writer = RK_TAKE(writer);
	return NULL;
}

/* A place with a descriptor of its own, since the writer may outlive the folder's. */
static rk_error *
find_own(const rk_dir *dir, const char *name, rk_file_place *ret_place)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = rk_file_find(dir, name, &place);
	if (err)
		return err;
	if (!place.is_own) {
		int fd = fcntl(place.fd, F_DUPFD_CLOEXEC, 3);

		if (fd < 0)
			return rk_file_trouble(errno, "open", place.where);
		place.fd = fd;
		place.is_own = true;
	}
	*ret_place = RK_FILE_TAKE(place);
	return NULL;
}

rk_error *
rk_writer_open(
    const rk_dir *dir, const char *name, bool exclusive, unsigned mode, rk_writer **ret_writer)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = find_own(dir, name, &place);
	return err ? err : open_in(&place, exclusive, mode, ret_writer);
}

static rk_error *
write_piece(void *context, const void *bytes, size_t len)
{
	rk_writer *writer = context;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a sink has its writer */
	int number = rk_file_write_all(writer->fd, bytes, len);

	return number == 0 ? NULL : rk_file_trouble(number, "write", writer->place.where);
}

rk_sink
rk_writer_sink(rk_writer *writer)
{
	return (rk_sink){write_piece, writer};
}

/* From the temporary name to the real one. 0 or an errno value. */
static int
give_name(rk_writer *writer)
{
	int fd = writer->place.fd;
	const char *name = writer->place.name;

	if (!writer->is_exclusive)
		return renameat(fd, writer->temp, fd, name) == 0 ? 0 : errno;
	if (renameat2(fd, writer->temp, fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* File systems without that flag can still refuse a second name. */
	if (linkat(fd, writer->temp, fd, name, 0) != 0)
		return errno;
	unlinkat(fd, writer->temp, 0);
	return 0;
}

/* Its bytes are on the disk: the real name is given. */
static rk_error *
settle(rk_writer *writer)
{
	const char *where = writer->place.where;
	int number = 0;

	if (close(writer->fd) != 0 && errno != EINTR)
		number = errno;
	writer->fd = -1;
	if (number == 0)
		number = give_name(writer);
	if (number == EEXIST)
		return refuse_taken(writer);
	if (number != 0)
		return rk_file_trouble(number, "write", where);
	writer->has_temp = false;
	return NULL;
}

static rk_error *
unsure(const rk_writer *writer, rk_error *cause)
{
	return rk_wrap(cause, "%s is written, but a power cut could still undo it",
	    RK_SHOW(writer->place.where));
}

rk_error *
rk_writer_finish(rk_writer *writer)
{
	const char *where = writer->place.where;
	rk_error *err;

	if (fsync(writer->fd) != 0 && errno != EINVAL)
		return rk_file_trouble(errno, "bring to the disk", where);
	err = settle(writer);
	if (err)
		return err;
	err = rk_file_sync_folder(writer->place.fd, where);
	return err ? unsure(writer, err) : NULL;
}

/* The whole disk at once: a wait for each of many files is far slower. */
static rk_error *
sync_disk(const rk_writer *writer, int fd)
{
	return syncfs(fd) == 0 ? NULL
			       : rk_file_trouble(errno, "bring to the disk", writer->place.where);
}

rk_error *
rk_writer_finish_all(rk_writer *const *writers, size_t count)
{
	rk_error *err;
	int folder;

	if (count == 0)
		return NULL;
	if (count == 1)
		return rk_writer_finish(writers[0]);
	err = sync_disk(writers[0], writers[0]->fd);
	for (size_t i = 0; i < count && !err; i++)
		err = settle(writers[i]);
	if (err)
		return err;
	/* A descriptor that only names a folder cannot be synced by. */
	folder = openat(writers[0]->place.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return unsure(writers[0], rk_file_trouble(errno, "open", writers[0]->place.where));
	err = sync_disk(writers[0], folder);
	close(folder);
	return err ? unsure(writers[0], err) : NULL;
}

static rk_error *
write_whole(rk_writer *writer, const void *bytes, size_t len)
{
	rk_error *err = write_piece(writer, bytes, len);

	return err ? err : rk_writer_finish(writer);
}

rk_error *
rk_file_replace(const rk_dir *dir, const char *name, const void *bytes, size_t len, unsigned mode)
{
	RK_AUTO(rk_writer) writer = NULL;
	rk_error *err;

	err = rk_writer_open(dir, name, false, mode, &writer);
	return err ? err : write_whole(writer, bytes, len);
}

rk_error *
rk_file_create(const rk_dir *dir, const char *name, const void *bytes, size_t len, unsigned mode)
{
	RK_AUTO(rk_writer) writer = NULL;
	rk_error *err;

	err = rk_writer_open(dir, name, true, mode, &writer);
	return err ? err : write_whole(writer, bytes, len);
}

/* A person's path: whatever folder it names, links and all; only the last part is ours. */
static rk_error *
find_path(const char *path, rk_file_place *ret_place)
{
	RK_FILE_PLACE(place);
	RK_AUTO(rk_str) folder = NULL;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	rk_error *err;

	err = rk_strdup(path, &place.where);
	if (!err && slash)
		err = rk_strndup(path, slash == path ? 1 : (size_t)(slash - path), &folder);
	if (!err && !*name)
		err = rk_fail(RK_E_IO, "name a file", "%s names a folder", RK_SHOW(path));
	if (!err)
		err = rk_file_check_part(name, path);
	if (err)
		return err;
	strcpy(place.name, name);
	place.fd = open(folder ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place.fd < 0)
		return rk_file_trouble(errno, "write", path);
	place.is_own = true;
	*ret_place = RK_FILE_TAKE(place);
	return NULL;
}

/* Whoever writes --out /dev/stdout does not mean that name to become a file. */
static rk_error *
refuse_special(const rk_file_place *place)
{
	char target[16] = "";
	struct stat st;
	bool is_ours = readlinkat(place->fd, place->name, target, sizeof(target) - 1) > 0 &&
		       strncmp(target, "/proc/", 6) == 0;

	if (!is_ours && (fstatat(place->fd, place->name, &st, 0) != 0 || S_ISREG(st.st_mode)))
		return NULL;
	return rk_fail(RK_E_UNSAFE, "name a new or a plain file", "%s is not a plain file",
	    RK_SHOW(place->where));
}

rk_error *
rk_writer_open_path(const char *path, unsigned mode, rk_writer **ret_writer)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = find_path(path, &place);
	if (!err)
		err = refuse_special(&place);
	return err ? err : open_in(&place, false, mode, ret_writer);
}

rk_error *
rk_file_replace_path(const char *path, const void *bytes, size_t len, unsigned mode)
{
	RK_AUTO(rk_writer) writer = NULL;
	rk_error *err;

	err = rk_writer_open_path(path, mode, &writer);
	return err ? err : write_whole(writer, bytes, len);
}
