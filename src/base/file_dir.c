#include "base/file_private.h"
#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0755

static rk_error *
new_dir(const char *path, size_t len, enum rk_dir_trust trust, rk_dir **ret_dir)
{
	rk_dir *dir = calloc(1, sizeof(*dir));
	rk_error *err;

	if (!dir)
		return rk_out_of_memory();
	dir->fd = -1;
	dir->trust = trust;
	err = rk_strndup(path, len, &dir->path);
	if (err) {
		rk_dir_free(dir);
		return err;
	}
	*ret_dir = dir;
	return NULL;
}

void
rk_dir_free(rk_dir *dir)
{
	if (!dir)
		return;
	if (dir->fd >= 0)
		close(dir->fd);
	free(dir->path);
	free(dir);
}

const char *
rk_dir_path(const rk_dir *dir)
{
	return dir->path;
}

int
rk_dir_fd(const rk_dir *dir)
{
	return dir->fd;
}

static rk_error *
judge_above(const struct stat *st, const char *where)
{
	bool is_sticky = (st->st_mode & S_ISVTX) && (st->st_uid == 0 || st->st_uid == geteuid());

	if (!(st->st_mode & S_IWOTH) || is_sticky)
		return NULL;
	return rk_fail(RK_E_UNSAFE, "run chmod o-w on that folder, or keep it somewhere else",
	    "a folder above %s can be written to by everybody (mode %04o)", RK_SHOW(where),
	    (unsigned)(st->st_mode & 07777));
}

/* The real folders above, whatever links the path went through. */
static rk_error *
judge_all_above(const rk_dir *dir)
{
	struct stat last, st;
	rk_error *err = NULL;
	int fd = dir->fd;

	if (fstat(fd, &last) != 0)
		return rk_file_trouble(errno, "look at", dir->path);
	for (bool is_top = false; !err && !is_top; last = st) {
		int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd != dir->fd)
			close(fd);
		fd = up;
		/* Nobody gets through a folder that we may not even look into from below. */
		if (up < 0)
			return NULL;
		if (fstat(up, &st) != 0)
			err = rk_file_trouble(errno, "look above", dir->path);
		else
			err = judge_above(&st, dir->path);
		is_top = !err && st.st_dev == last.st_dev && st.st_ino == last.st_ino;
	}
	if (fd != dir->fd)
		close(fd);
	return err;
}

static rk_error *
open_ours(rk_dir *dir)
{
	struct stat st;
	rk_error *err;

	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir->fd < 0) {
		int number = errno;

		if (lstat(dir->path, &st) == 0 && S_ISLNK(st.st_mode))
			number = ELOOP;
		return rk_file_trouble(number, "open", dir->path);
	}
	err = rk_file_judge(dir->fd, S_IFDIR, RK_DIR_OURS, dir->path);
	return err ? err : judge_all_above(dir);
}

static rk_error *
open_any(rk_dir *dir)
{
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir->fd < 0 ? rk_file_trouble(errno, "open", dir->path) : NULL;
}

rk_error *
rk_dir_open(const char *path, enum rk_dir_trust trust, rk_dir **ret_dir)
{
	RK_AUTO(rk_dir) dir = NULL;
	size_t len = strlen(path);
	rk_error *err;

	/* A slash at the end would follow a link. */
	while (len > 1 && path[len - 1] == '/')
		len--;
	err = new_dir(path, len, trust, &dir);
	if (!err)
		err = trust == RK_DIR_OURS ? open_ours(dir) : open_any(dir);
	if (err)
		return err;
	*ret_dir = RK_TAKE(dir);
	return NULL;
}

rk_error *
rk_dir_open_at(const rk_dir *dir, const char *name, rk_dir **ret_dir)
{
	RK_AUTO(rk_dir) below = NULL;
	RK_FILE_PLACE(place);
	rk_error *err;

	err = rk_file_enter(dir, name, &place);
	if (!err)
		err = new_dir(place.where, strlen(place.where), dir->trust, &below);
	if (err)
		return err;
	below->fd = openat(place.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below->fd < 0)
		return rk_file_trouble(errno, "open", place.where);
	*ret_dir = RK_TAKE(below);
	return NULL;
}

rk_error *
rk_file_sync_folder(int fd, const char *where)
{
	int again, number = 0;

	/* `fd` may be one that only leads down. */
	again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0)
		return errno == EACCES ? NULL : rk_file_trouble(errno, "open", where);
	if (fsync(again) != 0)
		number = errno;
	close(again);
	/* EINVAL: a file system that has nothing to sync here. */
	if (number == 0 || number == EINVAL)
		return NULL;
	return rk_file_trouble(number, "bring to the disk the folder of", where);
}

rk_error *
rk_dir_sync(const rk_dir *dir, const char *below)
{
	RK_FILE_PLACE(place);
	rk_error *err;

	err = rk_file_enter(dir, below, &place);
	return err ? err : rk_file_sync_folder(place.fd, place.where);
}

/* What making a chain of folders has to know at every step. */
struct making {
	const char *where;
	enum rk_dir_trust trust;
	bool follows_links;
};

static rk_error *
enter_made(const struct making *making, int parent, const char *part, int *ret_fd)
{
	rk_error *err;
	int fd;

	if (making->follows_links)
		fd = openat(parent, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
	else
		fd = rk_file_openat(parent, part, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return rk_file_trouble(errno, "open", making->where);
	err = rk_file_judge(fd, S_IFDIR, making->trust, making->where);
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return NULL;
}

/* What was made here goes again when something further down fails. */
static rk_error *
make_parts(const struct making *making, int parent, const char *rest)
{
	char part[RK_FILE_PART];
	bool is_new;
	rk_error *err = NULL;
	int fd = -1;

	if (!rk_file_next_part(&rest, part))
		return NULL;
	if (!making->follows_links)
		err = rk_file_check_part(part, making->where);
	if (err)
		return err;
	is_new = mkdirat(parent, part, FOLDER_MODE) == 0;
	if (!is_new && errno != EEXIST)
		return rk_file_trouble(errno, "make", making->where);
	err = enter_made(making, parent, part, &fd);
	if (!err) {
		if (is_new)
			err = rk_file_sync_folder(parent, making->where);
		if (!err)
			err = make_parts(making, fd, rest);
		close(fd);
	}
	if (err && is_new)
		unlinkat(parent, part, AT_REMOVEDIR);
	return err;
}

rk_error *
rk_dir_make(const rk_dir *dir, const char *name)
{
	RK_AUTO(rk_str) where = NULL;
	struct making making = {.trust = dir->trust};
	rk_error *err;

	if (name[0] == '/')
		return rk_fail(RK_E_UNSAFE, "name it from the folder on", "%s does not lie in %s",
		    RK_SHOW(name), RK_SHOW(dir->path));
	err = rk_strdupf(&where, "%s/%s", dir->path, name);
	if (err)
		return err;
	making.where = where;
	return make_parts(&making, dir->fd, name);
}

rk_error *
rk_dir_make_path(const char *path)
{
	struct making making = {.where = path, .trust = RK_DIR_ANY, .follows_links = true};
	rk_error *err;
	int fd;

	fd = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rk_file_trouble(errno, "make", path);
	err = make_parts(&making, fd, path);
	close(fd);
	return err;
}
