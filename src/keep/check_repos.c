#include "keep/check_private.h"
#include "keep/keep_private.h"
#include "keep/store_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define REPOS_MAX ((size_t)1 << 22)

/* A file that stands where only metadata may. */
struct look {
	rk_check *check;
	const rk_dir *dir;
	const rk_dialect *dialect;
	bool is_staged;
};

static rk_error *
no_metadata(struct look *look, const char *path)
{
	struct rk_check_place place = {RK_CHECK_WARNING, path,
	    "move it away: whoever publishes this folder would publish it, too"};

	return rk_check_tell(look->check, &place, "is not a file that %s metadata may have",
	    RK_SHOW_BARE(look->dialect->title));
}

static rk_error *
other_version(struct look *look, const char *path, int64_t in_name, int64_t in_file)
{
	struct rk_check_place place = {RK_CHECK_WRONG, path, "restore it from a copy"};

	return rk_check_tell(look->check, &place, "holds version %lld and is named as version %lld",
	    (long long)in_file, (long long)in_name);
}

static rk_error *
open_file(struct look *look, const char *path, const char *role, int64_t version)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	enum rk_role_kind kind = rk_role_kind_of(role);
	struct rk_check_place place = {RK_CHECK_WRONG, path, "restore it from a copy"};
	rk_error *err;

	err = rk_text_read(look->dir, path, rk_envelope_limit(kind), &text);
	if (!err)
		err = rk_envelope_open(look->dialect, RK_TAKE(text), path, &envelope);
	if (err && !rk_error_remedy(err))
		err = rk_advise(err, "restore it from a copy");
	if (err)
		return rk_check_tell_error(look->check, RK_CHECK_WRONG, path, err);
	if (kind == RK_ROLE_DELEGATED)
		kind = RK_ROLE_TARGETS;
	if (envelope->kind != kind)
		return rk_check_tell(look->check, &place, "is not a %s file, as its name says",
		    rk_role_kind_name(kind));
	if (version > 0 && envelope->version != version)
		return other_version(look, path, version, envelope->version);
	return NULL;
}

static rk_error *
check_file(struct look *look, const char *folder, const char *file)
{
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_str) role = NULL;
	int64_t version = 0;
	rk_error *err;

	err = rk_strdupf(&path, "%s/%s", folder, file);
	if (!err)
		err = look->is_staged ? rk_store_parse_staged(look->dialect, file, &role)
				      : look->dialect->parse_name(file, &role, &version);
	if (rk_error_code(err) == RK_E_MALFORMED || rk_error_code(err) == RK_E_REFUSED) {
		rk_error_free(err);
		return no_metadata(look, path);
	}
	return err ? err : open_file(look, path, role, version);
}

/* What openings refuse was told by the look at owners and links. */
static rk_error *
pass_over(rk_error *err)
{
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	return NULL;
}

static rk_error *
check_folder(struct look *look, const char *folder)
{
	RK_AUTO(rk_names) files = NULL;
	rk_error *err;

	err = rk_dir_walk(look->dir, folder, RK_STORE_FILES, &files);
	if (err)
		return pass_over(err);
	for (size_t i = 0; i < files->count && !err; i++)
		err = check_file(look, folder, files->names[i]);
	return err;
}

static rk_error *
check_inside(struct look *look, const char *path, const char *entry)
{
	RK_AUTO(rk_str) below = NULL;
	struct rk_check_place place = {RK_CHECK_WARNING, NULL, "move it away"};
	size_t len = strlen(entry);
	rk_error *err;

	look->is_staged = strcmp(entry, RK_STORE_STAGED "/") == 0;
	if (look->is_staged || strcmp(entry, RK_STORE_METADATA "/") == 0) {
		err = rk_strdupf(&below, "%s/%.*s", path, (int)(len - 1), entry);
		return err ? err : check_folder(look, below);
	}
	err = rk_strdupf(&below, "%s/%s", path, entry);
	if (err)
		return err;
	place.path = below;
	return rk_check_tell(look->check, &place, "does not belong to a repository");
}

static rk_error *
check_repo(rk_check *check, const rk_dir *dir, const rk_keep_repo *repo, const char *path)
{
	struct look look = {.check = check, .dir = dir};
	RK_AUTO(rk_names) entries = NULL;
	rk_error *err;

	err = rk_dialect_by_name(repo->dialect, &look.dialect);
	if (err)
		return rk_check_tell_error(check, RK_CHECK_WRONG, RK_KEEP_FILE, err);
	err = rk_dir_list(dir, path, RK_STORE_FILES, &entries);
	if (err)
		return pass_over(err);
	for (size_t i = 0; i < entries->count && !err; i++)
		err = check_inside(&look, path, entries->names[i]);
	return err;
}

static rk_error *
unknown_folder(rk_check *check, const char *path, const char *name)
{
	struct rk_check_place place = {
	    RK_CHECK_WARNING, path, "take it in with 'rootkeep adopt', or move it away"};

	return rk_check_tell(check, &place,
	    "is the folder of repository %s, which keep.json does not know", RK_SHOW(name));
}

/* One entry of repos/: the folder of a repository that the keep knows? */
static rk_error *
check_entry(rk_check *check, const rk_dir *dir, const rk_keep *keep, const char *entry)
{
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_str) component = NULL;
	RK_AUTO(rk_str) name = NULL;
	size_t len = strlen(entry);
	bool is_folder = entry[len - 1] == '/';
	struct rk_check_place place = {RK_CHECK_WARNING, NULL, "rename it or move it away"};
	const rk_keep_repo *repo;
	rk_error *err;

	err = rk_strndup(entry, is_folder ? len - 1 : len, &component);
	if (!err)
		err = rk_strdupf(&path, "%s/%s", RK_KEEP_REPOS, component);
	if (err)
		return err;
	place.path = path;
	if (!is_folder)
		return rk_check_tell(check, &place, "is no folder of a repository");
	err = rk_keep_component_decode(component, &name);
	if (err)
		return rk_check_tell_error(check, RK_CHECK_WARNING, path, err);
	repo = rk_keep_repo_by_name(keep, name);
	return repo ? check_repo(check, dir, repo, path) : unknown_folder(check, path, name);
}

static rk_error *
check_missing(rk_check *check, const rk_dir *dir, const rk_keep_repo *repo)
{
	RK_AUTO(rk_dir) folder = NULL;
	RK_AUTO(rk_str) path = NULL;
	struct rk_check_place place = {
	    RK_CHECK_WRONG, NULL, "restore it from a copy, or drop it with 'rootkeep repo remove'"};
	rk_error *err;

	err = rk_keep_repo_path(repo->name, NULL, &path);
	if (!err)
		err = rk_dir_open_at(dir, path, &folder);
	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return pass_over(err);
	rk_error_free(err);
	place.path = path;
	return rk_check_tell(check, &place, "repository %s has no folder", RK_SHOW(repo->name));
}

rk_error *
rk_check_repos(rk_check *check, const rk_dir *dir, const rk_keep *keep)
{
	RK_AUTO(rk_names) entries = NULL;
	rk_error *err = NULL;

	if (!keep)
		return NULL;
	for (size_t i = 0; i < rk_keep_repo_count(keep) && !err; i++)
		err = check_missing(check, dir, rk_keep_repo_at(keep, i));
	if (err)
		return err;
	err = rk_dir_list(dir, RK_KEEP_REPOS, REPOS_MAX, &entries);
	if (err)
		return pass_over(err);
	for (size_t i = 0; i < entries->count && !err; i++)
		err = check_entry(check, dir, keep, entries->names[i]);
	return err;
}
