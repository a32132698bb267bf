#include "keep/store_private.h"

#include <stdlib.h>

static rk_error *
staged_path(const rk_store *store, const char *role, char **ret_path)
{
	RK_AUTO(rk_str) file = NULL;
	rk_error *err = store->dialect->plain_name(role, &file);

	return err ? err : rk_strdupf(ret_path, "%s/%s/%s", store->path, RK_STORE_STAGED, file);
}

rk_error *
rk_store_read_back(const rk_store *store, rk_change *change, const char *role,
    uint8_t sha256[static RK_SHA256_SIZE], rk_text **ret_text)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err = staged_path(store, role, &path);

	if (err)
		return err;
	return rk_change_read(
	    change, path, rk_envelope_limit(rk_role_kind_of(role)), sha256, ret_text);
}

rk_error *
rk_store_promote(const rk_store *store, rk_change *change, const char *role, const char *file)
{
	RK_AUTO(rk_str) from = NULL;
	RK_AUTO(rk_str) to = NULL;
	rk_error *err = staged_path(store, role, &from);

	if (!err)
		err = rk_strdupf(&to, "%s/%s/%s", store->path, RK_STORE_METADATA, file);
	return err ? err : rk_change_move(change, from, to, RK_CHANGE_REPLACE);
}
