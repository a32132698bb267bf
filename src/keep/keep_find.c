#include "keep/change.h"
#include "keep/keep_private.h"

#include "base/show.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A keep whose first commit was cut off has its intent and no keep.json yet. */
static bool
is_keep(const char *path, const char *file)
{
	char whole[PATH_MAX];
	int len = snprintf(whole, sizeof(whole), "%s/%s", path, file);
	struct stat st;

	return len > 0 && (size_t)len < sizeof(whole) && lstat(whole, &st) == 0;
}

static bool
holds_keep(const char *path)
{
	return is_keep(path, RK_KEEP_FILE) || is_keep(path, RK_CHANGE_INTENT);
}

/* The real path: links on a person's own command line are followed, those in a keep are not. */
static rk_error *
resolve(const char *path, char **ret_path)
{
	char *real = realpath(path, NULL);

	if (real) {
		*ret_path = real;
		return NULL;
	}
	if (errno == ENOENT || errno == ENOTDIR)
		return rk_fail(RK_E_NOT_FOUND, "make it with mkdir, or name another",
		    "there is no folder %s", RK_SHOW(path));
	return rk_fail_errno(
	    RK_E_IO, errno, "check the folders above it", "cannot look at %s", RK_SHOW(path));
}

static rk_error *
judge_on_the_way(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return rk_fail_errno(RK_E_IO, errno, "check the folders above it",
		    "cannot look at %s", RK_SHOW(path));
	if (st.st_uid == geteuid() || st.st_uid == 0)
		return NULL;
	return rk_fail(RK_E_UNSAFE, "name the keep with -C DIR, or work in a folder of your own",
	    "no keep is looked for above %s, which belongs to user %u", RK_SHOW(path),
	    (unsigned)st.st_uid);
}

/* To the folder above, in place; false at the top. */
static bool
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

static rk_error *
none_here(const char *from)
{
	return rk_fail(RK_E_NOT_FOUND,
	    "go to one, name it with -C DIR, or begin one: 'rootkeep key generate' or 'rootkeep "
	    "init' in an empty folder",
	    "there is no keep in %s or above it", RK_SHOW(from));
}

static rk_error *
look_upward(const char *from, rk_dir **ret_dir)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	err = resolve(from, &path);
	if (err)
		return err;
	do {
		err = judge_on_the_way(path);
		if (err)
			return err;
		if (holds_keep(path))
			return rk_dir_open(path, RK_DIR_OURS, ret_dir);
	} while (go_up(path));
	return none_here(from);
}

static rk_error *
look_in(const char *name, rk_dir **ret_dir)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	err = resolve(name, &path);
	if (err)
		return err;
	if (!holds_keep(path))
		return rk_fail(RK_E_NOT_FOUND,
		    "name another, or begin one there: 'rootkeep key generate' or 'rootkeep init' "
		    "in an empty folder",
		    "%s is no keep: it has no %s", RK_SHOW(name), RK_KEEP_FILE);
	return rk_dir_open(path, RK_DIR_OURS, ret_dir);
}

rk_error *
rk_keep_find(const struct rk_keep_options *options, rk_dir **ret_dir)
{
	if (options->dir)
		return look_in(options->dir, ret_dir);
	return look_upward(options->from ? options->from : ".", ret_dir);
}

/* Hidden files do not count. The first name that does, or "". */
static rk_error *
first_visible(const char *path, char name[static NAME_MAX + 1])
{
	DIR *stream = opendir(path);
	struct dirent *entry;

	if (!stream)
		return rk_fail_errno(RK_E_IO, errno, "check who owns it and its mode",
		    "cannot list %s", RK_SHOW(path));
	name[0] = '\0';
	while (!name[0] && (entry = readdir(stream))) {
		if (entry->d_name[0] != '.')
			strcpy(name, entry->d_name);
	}
	closedir(stream);
	return NULL;
}

static rk_error *
begin_in(const char *name, rk_dir **ret_dir)
{
	RK_AUTO(rk_str) path = NULL;
	char visible[NAME_MAX + 1];
	rk_error *err;

	err = resolve(name, &path);
	if (!err)
		err = first_visible(path, visible);
	if (err)
		return err;
	if (visible[0])
		return rk_fail(RK_E_REFUSED,
		    "go to the keep, name it with -C DIR, or begin one in an empty folder",
		    "there is no keep here, and none is begun in %s, which holds %s", RK_SHOW(path),
		    RK_SHOW(visible));
	return rk_dir_open(path, RK_DIR_OURS, ret_dir);
}

rk_error *
rk_keep_find_or_begin(const struct rk_keep_options *options, rk_dir **ret_dir, bool *ret_new)
{
	const char *name = options->dir ? options->dir : options->from ? options->from : ".";
	rk_error *err = rk_keep_find(options, ret_dir);

	if (!err) {
		*ret_new = false;
		return NULL;
	}
	if (rk_error_code(err) != RK_E_NOT_FOUND || !options->create)
		return err;
	rk_error_free(err);
	err = begin_in(name, ret_dir);
	if (!err)
		*ret_new = true;
	return err;
}
