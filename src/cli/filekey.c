#include "cli/filekey.h"

#include "cli/work.h"

#include "base/show.h"
#include "flow/keyarg.h"
#include "flow/keyuri.h"

#include <stdlib.h>

void
rk_filekeys_free(rk_filekeys *keys)
{
	if (!keys)
		return;
	free(keys->keys);
	rk_keep_free(keys->keep);
	free(keys);
}

static rk_error *
known_key(struct rk_run *run, rk_filekeys *keys, const char *typed, const rk_keep_key **ret_key)
{
	rk_error *err = keys->keep ? NULL : rk_work_keep(run, RK_WORK_READ, &keys->keep);

	if (rk_error_code(err) == RK_E_NOT_FOUND)
		return rk_advise(
		    rk_wrap(err, "there is no keep that could know key %s", RK_SHOW(typed)),
		    "name the key by its URI: pkcs11:token=LABEL;object=LABEL");
	return err ? err : rk_keyarg_known(keys->keep, typed, ret_key);
}

rk_error *
rk_filekeys_read(struct rk_run *run, const rk_list *typed, rk_filekeys **ret_keys)
{
	RK_AUTO(rk_filekeys) keys = calloc(1, sizeof(*keys));
	rk_error *err = NULL;

	if (!keys)
		return rk_out_of_memory();
	keys->keys = calloc(typed->count + 1, sizeof(*keys->keys));
	if (!keys->keys)
		return rk_out_of_memory();
	for (size_t i = 0; i < typed->count && !err; i++) {
		struct rk_filesign_key *key = &keys->keys[keys->count++];

		key->typed = typed->items[i];
		if (!rk_keyuri_is(key->typed))
			err = known_key(run, keys, key->typed, &key->known);
	}
	if (!err)
		*ret_keys = RK_TAKE(keys);
	return err;
}
