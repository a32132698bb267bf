#include "base/file_private.h"
#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define HOLDER_SIZE 160
#define LOCK_MODE 0600
#ifndef EXFAT_SUPER_MAGIC
#define EXFAT_SUPER_MAGIC 0x2011BAB0
#endif

struct rk_lock {
	int fd;
};

void
rk_lock_free(rk_lock *lock)
{
	if (!lock)
		return;
	/* An old name in it would accuse a process that is gone; closing is what unlocks. */
	if (lock->fd >= 0 && ftruncate(lock->fd, 0) != 0)
		errno = 0;
	if (lock->fd >= 0)
		close(lock->fd);
	free(lock);
}

static rk_error *
refuse_file_system(const rk_file_place *place)
{
	struct statfs fs;

	if (fstatfs(place->fd, &fs) != 0)
		return rk_file_trouble(errno, "look at the file system of", place->where);
	if (fs.f_type != MSDOS_SUPER_MAGIC && fs.f_type != EXFAT_SUPER_MAGIC)
		return NULL;
	return rk_fail(RK_E_UNSAFE, "copy it to a local disk, work there, and copy it back",
	    "%s is on a file system without permissions and safe renames (%s)",
	    RK_SHOW(place->where), fs.f_type == MSDOS_SUPER_MAGIC ? "vfat" : "exfat");
}

static rk_error *
held(int fd, const char *where)
{
	char holder[HOLDER_SIZE] = "";
	ssize_t got = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[got > 0 ? got : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return rk_fail(RK_E_BUSY, "wait until it is done, or end it",
	    "another rootkeep holds %s (%s)", RK_SHOW(where),
	    holder[0] ? RK_SHOW_BARE(holder) : "it does not say who");
}

static int
write_holder(int fd)
{
	char holder[HOLDER_SIZE], host[100] = "";
	int len;

	if (gethostname(host, sizeof(host) - 1) != 0)
		strcpy(host, "an unnamed host");
	len = snprintf(holder, sizeof(holder), "process %ld of user %ld on %s\n", (long)getpid(),
	    (long)geteuid(), host);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, (size_t)len, 0) != len)
		return errno;
	return 0;
}

static rk_error *
take(int fd, const char *where)
{
	int number;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			return held(fd, where);
		if (errno != EINTR)
			return rk_fail_errno(RK_E_UNSAFE, errno,
			    "copy it to a local disk, work there, and copy it back",
			    "%s is on a file system without locks", RK_SHOW(where));
	}
	number = write_holder(fd);
	return number == 0 ? NULL : rk_file_trouble(number, "write", where);
}

/* Made where missing; that, too, has to be on the disk. */
static rk_error *
open_lock(const rk_file_place *place, int *ret_fd)
{
	struct stat st;
	bool is_new = fstatat(place->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) != 0;
	rk_error *err;

	err = rk_file_open_plain(place, O_RDWR | O_CREAT, LOCK_MODE, ret_fd);
	if (!err && is_new) {
		err = rk_file_sync_folder(place->fd, place->where);
		if (err)
			close(*ret_fd);
	}
	return err;
}

/* A folder that did not become a keep takes its lock away again: what was locked must still be the
 * file of that name. */
static bool
is_in_place(const rk_file_place *place, int fd)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 &&
	       fstatat(place->fd, place->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

rk_error *
rk_lock_take(const rk_dir *dir, const char *name, rk_lock **ret_lock)
{
	RK_AUTO(rk_lock) lock = NULL;
	RK_FILE_PLACE(place);
	rk_error *err;
	int fd;

	err = rk_file_find(dir, name, &place);
	if (!err)
		err = refuse_file_system(&place);
	if (err)
		return err;
	lock = calloc(1, sizeof(*lock));
	if (!lock)
		return rk_out_of_memory();
	lock->fd = -1;
	err = open_lock(&place, &fd);
	if (err)
		return err;
	err = take(fd, place.where);
	if (!err && !is_in_place(&place, fd))
		err = rk_fail(RK_E_BUSY, "run it again", "%s was taken away by another rootkeep",
		    RK_SHOW(place.where));
	if (err) {
		/* Not by rk_lock_free, which would wipe the holder's words. */
		close(fd);
		return err;
	}
	lock->fd = fd;
	*ret_lock = RK_TAKE(lock);
	return NULL;
}
