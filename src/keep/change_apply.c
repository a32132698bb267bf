#include "keep/change_private.h"

#include "base/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0755
#define PENDING_FILES ((size_t)1 << 24)

static rk_error *
trouble(const char *verb, const char *path)
{
	int number = errno;

	return rk_fail_errno(RK_E_IO, number,
	    number == ENOSPC || number == EDQUOT ? "make room on that disk and run it again"
						 : "check who owns it, its mode, and the disk",
	    "cannot %s %s", verb, RK_SHOW(path));
}

rk_error *
rk_change_split(const char *path, char **ret_folder, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	rk_error *err;

	err = rk_strndup(path, slash ? (size_t)(slash - path) : 0, ret_folder);
	if (!err)
		*ret_name = slash ? slash + 1 : path;
	return err;
}

/* Not yet on the disk: sync_all brings it there, for thousands of them at once. */
static rk_error *
make_folder(const rk_dir *dir, const char *path, rk_dir **ret_folder)
{
	RK_AUTO(rk_str) above = NULL;
	RK_AUTO(rk_dir) parent = NULL;
	const char *name;
	rk_error *err;

	err = rk_dir_open_at(dir, path, ret_folder);
	if (rk_error_code(err) != RK_E_NOT_FOUND || !path[0])
		return err;
	rk_error_free(err);
	err = rk_change_split(path, &above, &name);
	if (!err)
		err = make_folder(dir, above, &parent);
	if (err)
		return err;
	if (mkdirat(rk_dir_fd(parent), name, FOLDER_MODE) != 0 && errno != EEXIST)
		return trouble("make", path);
	return rk_dir_open_at(dir, path, ret_folder);
}

static rk_error *
judge_name(const char *name, const char *path)
{
	if (name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return NULL;
	return rk_fail(RK_E_UNSAFE, "look at '.intent' in the keep",
	    "%s is no file's path in a keep", RK_SHOW(path));
}

/* The folder of `path`, made where `makes` says so and it is missing. */
static rk_error *
open_folder(
    const rk_dir *dir, const char *path, bool makes, rk_dir **ret_folder, const char **ret_name)
{
	RK_AUTO(rk_str) folder = NULL;
	rk_error *err;

	err = rk_change_split(path, &folder, ret_name);
	if (!err)
		err = judge_name(*ret_name, path);
	if (err)
		return err;
	return makes ? make_folder(dir, folder, ret_folder)
		     : rk_dir_open_at(dir, folder, ret_folder);
}

/* Effects on one folder are neighbours: it is opened once for them. */
struct way {
	char *path; /* NULL: none yet */
	rk_dir *dir;
};

struct ways {
	const rk_dir *keep;
	struct way from, to;
};

static void
way_clear(struct way *way)
{
	free(RK_TAKE(way->path));
	rk_dir_free(RK_TAKE(way->dir));
}

static rk_error *
find_folder(struct ways *ways, struct way *way, const char *path, bool makes,
    const rk_dir **ret_folder, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	rk_error *err = NULL;

	if (way->path && strncmp(way->path, path, len) == 0 && !way->path[len]) {
		*ret_name = slash ? slash + 1 : path;
		err = judge_name(*ret_name, path);
	} else {
		way_clear(way);
		err = open_folder(ways->keep, path, makes, &way->dir, ret_name);
		if (!err)
			err = rk_strndup(path, len, &way->path);
	}
	if (!err)
		*ret_folder = way->dir;
	return err;
}

static bool
has_digest(const rk_dir *dir, const char *path, const uint8_t sha256[static RK_SHA256_SIZE])
{
	uint8_t found[RK_SHA256_SIZE];
	RK_AUTO(rk_error) err = rk_file_sha256(dir, path, found, NULL);

	return !err && memcmp(found, sha256, RK_SHA256_SIZE) == 0;
}

static rk_error *
lost(const char *path)
{
	return rk_fail(RK_E_MALFORMED,
	    "restore the keep from a copy, or move '.intent' away and look at 'rootkeep check'",
	    "an interrupted change cannot be finished: %s is lost or damaged", RK_SHOW(path));
}

/* Is it done already, or can it not be done any more? */
static rk_error *
judge_place(const rk_dir *dir, const struct rk_change_effect *effect, bool *ret_done)
{
	/* The place first: its source may have a later file of the same change by now. */
	*ret_done = has_digest(dir, effect->path, effect->sha256);
	if (*ret_done || has_digest(dir, effect->from, effect->sha256))
		return NULL;
	return lost(effect->path);
}

static rk_error *
place(struct ways *ways, const struct rk_change_effect *effect, bool checks)
{
	const rk_dir *from, *to;
	const char *old_name, *new_name;
	bool is_done = false;
	rk_error *err = NULL;

	if (checks)
		err = judge_place(ways->keep, effect, &is_done);
	if (err || is_done)
		return err;
	err = find_folder(ways, &ways->from, effect->from, false, &from, &old_name);
	if (!err)
		err = find_folder(ways, &ways->to, effect->path, true, &to, &new_name);
	if (err)
		return err;
	if (renameat(rk_dir_fd(from), old_name, rk_dir_fd(to), new_name) != 0)
		return trouble("put in place", effect->path);
	return NULL;
}

static rk_error *
drop(struct ways *ways, const struct rk_change_effect *effect)
{
	const rk_dir *folder;
	const char *name;
	rk_error *err;

	err = find_folder(ways, &ways->to, effect->path, false, &folder, &name);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err)
		return err;
	if (unlinkat(rk_dir_fd(folder), name, 0) != 0 && errno != ENOENT)
		return trouble("remove", effect->path);
	return NULL;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The folder of a path and those above it, which may be as new as it. */
static rk_error *
add_folders(rk_names *folders, const char *path)
{
	RK_AUTO(rk_str) folder = NULL;
	rk_error *err;

	err = rk_strdup(path, &folder);
	if (!err)
		err = rk_names_add(folders, "");
	for (char *slash; !err && (slash = strrchr(folder, '/'));) {
		*slash = '\0';
		err = rk_names_add(folders, folder);
	}
	return err;
}

/* A folder that is gone by now has nothing to sync. */
static rk_error *
sync_folder(const rk_dir *dir, const char *folder)
{
	rk_error *err = rk_dir_sync(dir, folder);

	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	return NULL;
}

/* The folders of all effects: where names came and where they went. */
static rk_error *
sync_all(const rk_dir *dir, const struct rk_change_effects *effects)
{
	RK_AUTO(rk_names) folders = calloc(1, sizeof(*folders));
	rk_error *err = NULL;

	if (!folders)
		return rk_out_of_memory();
	if (effects->count > RK_CHANGE_SYNC_EACH)
		return syncfs(rk_dir_fd(dir)) == 0 ? NULL
						   : trouble("bring to the disk", rk_dir_path(dir));
	for (size_t i = 0; i < effects->count && !err; i++) {
		err = add_folders(folders, effects->items[i].path);
		if (!err && effects->items[i].from)
			err = add_folders(folders, effects->items[i].from);
	}
	if (!err && folders->count > 1)
		qsort(folders->names, folders->count, sizeof(*folders->names), compare_names);
	for (size_t i = 0; i < folders->count && !err; i++) {
		if (i == 0 || strcmp(folders->names[i - 1], folders->names[i]) != 0)
			err = sync_folder(dir, folders->names[i]);
	}
	return err;
}

/* Folders that the effects have emptied, innermost first. That one stays is no failure. */
static void
prune_above(const rk_dir *dir, const char *path)
{
	char *folder = strdup(path);
	char *slash;

	while (folder && (slash = strrchr(folder, '/'))) {
		RK_AUTO(rk_dir) above = NULL;
		RK_AUTO(rk_error) err = NULL;
		const char *name;

		*slash = '\0';
		err = open_folder(dir, folder, false, &above, &name);
		if (err || unlinkat(rk_dir_fd(above), name, AT_REMOVEDIR) != 0)
			break;
	}
	free(folder);
}

static void
prune(const rk_dir *dir, const struct rk_change_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct rk_change_effect *effect = &effects->items[i];
		const char *left = effect->kind == RK_CHANGE_DROP ? effect->path : effect->from;

		/* `.pending/` itself goes when it is cleared. */
		if (strncmp(left, RK_CHANGE_PENDING "/", sizeof(RK_CHANGE_PENDING)) != 0)
			prune_above(dir, left);
	}
}

rk_error *
rk_change_apply(const rk_dir *dir, const struct rk_change_effects *effects,
    const struct rk_change_line *line, bool checks)
{
	struct ways ways = {.keep = dir};
	rk_error *err = NULL;

	for (size_t i = 0; i < effects->count && !err; i++) {
		const struct rk_change_effect *effect = &effects->items[i];

		err = effect->kind == RK_CHANGE_DROP ? drop(&ways, effect)
						     : place(&ways, effect, checks);
	}
	way_clear(&ways.from);
	way_clear(&ways.to);
	if (!err)
		err = sync_all(dir, effects);
	if (!err && line->text.len > 0)
		err = rk_journal_append(dir, line->offset, line->text.data, line->text.len);
	if (!err)
		prune(dir, effects);
	return err;
}

rk_error *
rk_change_forget(const rk_dir *dir)
{
	rk_error *err = rk_file_remove(dir, RK_CHANGE_INTENT);

	return err ? err : rk_dir_sync(dir, NULL);
}

rk_error *
rk_change_clear(const rk_dir *dir)
{
	RK_AUTO(rk_dir) pending = NULL;
	RK_AUTO(rk_names) names = NULL;
	rk_error *err;

	err = rk_dir_open_at(dir, RK_CHANGE_PENDING, &pending);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = rk_dir_list(pending, NULL, PENDING_FILES, &names);
	if (err)
		return err;
	for (size_t i = 0; i < names->count && !err; i++)
		err = rk_file_remove(pending, names->names[i]);
	if (!err && unlinkat(rk_dir_fd(dir), RK_CHANGE_PENDING, AT_REMOVEDIR) != 0)
		err = trouble("remove", RK_CHANGE_PENDING);
	return err;
}

bool
rk_change_is_pending(const rk_dir *dir)
{
	return rk_file_exists(dir, RK_CHANGE_INTENT);
}

static rk_error *
roll_forward(const rk_dir *dir, const rk_text *text)
{
	struct rk_change_effects effects = {0};
	struct rk_change_line line = {0};
	rk_error *err;

	err = rk_change_intent_read(text, &effects, &line);
	if (!err)
		err = rk_change_apply(dir, &effects, &line, true);
	if (!err)
		err = rk_change_forget(dir);
	rk_change_effects_clear(&effects);
	rk_buf_clear(&line.text);
	return err;
}

rk_error *
rk_change_recover(const rk_dir *dir, bool *ret_finished)
{
	RK_AUTO(rk_text) text = NULL;
	bool was_pending = true;
	rk_error *err;

	err = rk_text_read(dir, RK_CHANGE_INTENT, RK_CHANGE_INTENT_MAX, &text);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = NULL;
		was_pending = false;
	}
	if (!err && was_pending)
		err = roll_forward(dir, text);
	if (err)
		return rk_wrap(err, "an interrupted change of %s could not be finished",
		    RK_SHOW(rk_dir_path(dir)));
	err = rk_change_clear(dir);
	if (!err)
		err = rk_dir_sweep(dir, NULL);
	if (!err)
		*ret_finished = was_pending;
	return err;
}
