#include "keep/check_private.h"

#include "base/show.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEEPEST 32
#define UNFINISHED ".rk-tmp-"

/* What belongs at the top of a keep; folders end in '/'. */
static const char *const known[] = {"keep.json", "journal.jsonl", "journal.torn", "repos/",
    "certificates/", "attestations/", "requests/", "ceremonies/", "backups/"};

struct look {
	rk_check *check;
	unsigned depth;
};

static bool
is_known(const char *name, bool is_folder)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		bool wants_folder = known[i][strlen(known[i]) - 1] == '/';

		if (strncmp(known[i], name, len) == 0 && is_folder == wants_folder &&
		    strlen(known[i]) == len + wants_folder)
			return true;
	}
	return false;
}

static rk_error *
judge_owner(rk_check *check, const char *path, const struct stat *st)
{
	struct rk_check_place place = {
	    RK_CHECK_WRONG, path, "give it to yourself with chown, after a look at what is in it"};

	if (st->st_uid == geteuid() || st->st_uid == 0)
		return NULL;
	return rk_check_tell(
	    check, &place, "belongs to user %u, neither to you nor to root", (unsigned)st->st_uid);
}

static rk_error *
judge_mode(rk_check *check, const char *path, const struct stat *st)
{
	struct rk_check_place place = {
	    RK_CHECK_WRONG, path, "run chmod go-w on it, after a look at what is in it"};

	if (!(st->st_mode & (S_IWGRP | S_IWOTH)))
		return NULL;
	return rk_check_tell(check, &place, "can be written to by others (mode %04o)",
	    (unsigned)(st->st_mode & 07777));
}

static rk_error *
judge_kind(rk_check *check, const char *path, const struct stat *st)
{
	struct rk_check_place place = {
	    RK_CHECK_WRONG, path, "remove it, or put the file itself in its place"};

	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		return NULL;
	return rk_check_tell(check, &place, "is a %s, which is not believed in a keep",
	    S_ISLNK(st->st_mode) ? "link" : "special file");
}

static rk_error *
judge(rk_check *check, const char *path, const struct stat *st)
{
	rk_error *err = judge_kind(check, path, st);

	check->files++;
	/* A link has no mode, and whose it is does not matter any more. */
	if (err || S_ISLNK(st->st_mode))
		return err;
	err = judge_owner(check, path, st);
	return err ? err : judge_mode(check, path, st);
}

static rk_error *
judge_stray(rk_check *check, const char *path, const char *name, bool is_folder, bool is_top)
{
	struct rk_check_place rest = {RK_CHECK_WARNING, path,
	    "the next command that writes to that folder may leave it: remove it"};
	struct rk_check_place stray = {
	    RK_CHECK_NOTE, path, "move it out of the keep, if nobody needs it here"};

	if (strncmp(name, UNFINISHED, strlen(UNFINISHED)) == 0)
		return rk_check_tell(check, &rest, "is an unfinished file of a command that died");
	if (!is_top || is_known(name, is_folder) || name[0] == '.')
		return NULL;
	return rk_check_tell(check, &stray, "does not belong to a keep");
}

static rk_error *look_into(struct look *look, int fd, const char *path);

static rk_error *
look_down(struct look *look, int parent, const char *name, const char *path)
{
	struct rk_check_place place = {RK_CHECK_WRONG, path, "check its mode and what is in it"};
	rk_error *err;
	int fd;

	if (look->depth >= DEEPEST)
		return rk_check_tell(
		    look->check, &place, "lies more than %d folders deep", DEEPEST);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return rk_check_tell(look->check, &place, "cannot be opened");
	look->depth++;
	err = look_into(look, fd, path);
	look->depth--;
	return err;
}

/* Hidden things at the top are the owner's own (.git, .gitignore): not ours to judge. */
static bool
is_foreign(const char *name, bool is_top)
{
	return is_top && name[0] == '.' && strcmp(name, ".lock") != 0 &&
	       strcmp(name, ".intent") != 0 && strcmp(name, ".pending") != 0 &&
	       strncmp(name, UNFINISHED, strlen(UNFINISHED)) != 0;
}

static rk_error *
look_at(struct look *look, int fd, const char *above, const char *name)
{
	RK_AUTO(rk_str) path = NULL;
	bool is_top = !above[0];
	struct stat st;
	rk_error *err;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_foreign(name, is_top) ||
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	err = rk_strdupf(&path, "%s%s%s", above, is_top ? "" : "/", name);
	if (!err)
		err = judge(look->check, path, &st);
	if (!err)
		err = judge_stray(look->check, path, name, S_ISDIR(st.st_mode), is_top);
	if (!err && S_ISDIR(st.st_mode))
		err = look_down(look, fd, name, path);
	return err;
}

/* Takes the descriptor over. */
static rk_error *
look_into(struct look *look, int fd, const char *path)
{
	DIR *stream = fdopendir(fd);
	struct dirent *entry;
	rk_error *err = NULL;

	if (!stream) {
		close(fd);
		return rk_fail_errno(RK_E_IO, errno, "check the disk", "cannot list %s",
		    RK_SHOW(path[0] ? path : "the keep"));
	}
	while (!err && (entry = readdir(stream)))
		err = look_at(look, dirfd(stream), path, entry->d_name);
	closedir(stream);
	return err;
}

rk_error *
rk_check_files(rk_check *check, const rk_dir *dir)
{
	struct look look = {.check = check};
	int fd = openat(rk_dir_fd(dir), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return rk_fail_errno(
		    RK_E_IO, errno, "check its mode", "cannot list %s", RK_SHOW(rk_dir_path(dir)));
	return look_into(&look, fd, "");
}
