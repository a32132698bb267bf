#include "keep/store_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static rk_error *
staged_path(const rk_store *store, const char *role, char **ret_path)
{
	RK_AUTO(rk_str) file = NULL;
	rk_error *err;

	err = store->dialect->plain_name(role, &file);
	return err ? err : rk_strdupf(ret_path, "%s/%s/%s", store->path, RK_STORE_STAGED, file);
}

rk_error *
rk_store_stage(
    const rk_store *store, rk_change *change, const char *role, const void *bytes, size_t len)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	err = staged_path(store, role, &path);
	return err ? err : rk_change_write(change, path, RK_CHANGE_REPLACE, bytes, len);
}

rk_error *
rk_store_stage_stream(const rk_store *store, rk_change *change, const char *role, rk_sink *ret_sink)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	err = staged_path(store, role, &path);
	return err ? err : rk_change_stream(change, path, RK_CHANGE_REPLACE, ret_sink);
}

rk_error *
rk_store_unstage(const rk_store *store, rk_change *change, const char *role)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	err = staged_path(store, role, &path);
	return err ? err : rk_change_remove(change, path);
}

/* Where clients ask for the newest root by its plain name. */
static rk_error *
put_plain_root(const rk_store *store, rk_change *change, const void *bytes, size_t len)
{
	RK_AUTO(rk_str) file = NULL;
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	if (!store->dialect->root_plain)
		return NULL;
	err = store->dialect->plain_name("root", &file);
	if (!err)
		err = rk_strdupf(&path, "%s/%s/%s", store->path, RK_STORE_METADATA, file);
	return err ? err : rk_change_write(change, path, RK_CHANGE_REPLACE, bytes, len);
}

rk_error *
rk_store_put_published(
    const rk_store *store, rk_change *change, const char *file, const void *bytes, size_t len)
{
	RK_AUTO(rk_str) role = NULL;
	RK_AUTO(rk_str) path = NULL;
	int64_t version;
	bool is_fixed;
	rk_error *err;

	err = store->dialect->parse_name(file, &role, &version);
	if (!err)
		err = rk_strdupf(&path, "%s/%s/%s", store->path, RK_STORE_METADATA, file);
	if (err)
		return err;
	is_fixed = version > 0 && rk_role_kind_of(role) == RK_ROLE_ROOT;
	err = rk_change_write(
	    change, path, is_fixed ? RK_CHANGE_CREATE : RK_CHANGE_REPLACE, bytes, len);
	return err || !is_fixed ? err : put_plain_root(store, change, bytes, len);
}

rk_error *
rk_store_remove_published(const rk_store *store, rk_change *change, const char *role)
{
	size_t count;
	const struct rk_store_entry *files = rk_store_entries_of(&store->published, role, &count);
	rk_error *err = NULL;

	for (size_t i = 0; files && i < count && !err; i++) {
		RK_AUTO(rk_str) path = NULL;

		err = rk_strdupf(&path, "%s/%s/%s", store->path, RK_STORE_METADATA, files[i].file);
		if (!err)
			err = rk_change_remove(change, path);
	}
	return err;
}

rk_error *
rk_store_remove_all(const rk_store *store, rk_change *change)
{
	RK_AUTO(rk_names) files = NULL;
	rk_error *err;

	err = rk_dir_walk(rk_keep_dir(store->keep), store->path, RK_STORE_FILES, &files);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (err)
		return err;
	for (size_t i = 0; i < files->count && !err; i++) {
		RK_AUTO(rk_str) path = NULL;

		err = rk_strdupf(&path, "%s/%s", store->path, files->names[i]);
		if (!err)
			err = rk_change_remove(change, path);
	}
	return err;
}
