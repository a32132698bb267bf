/*
 * filekey.h - keys for commands on a file, where a keep may be around or not
 *
 * A pkcs11: URI is taken as it is; anything else must be a key of the keep.
 *
 * Ownership  filekeys own the keep that they opened; the keys they give are borrowed from it.
 * Errors     RK_E_NOT_FOUND no keep around, or no such key in it; RK_E_AMBIGUOUS; as rk_keep_open.
 */
#ifndef RK_CLI_FILEKEY_H
#define RK_CLI_FILEKEY_H

#include "flow/filesign.h"
#include "term/run.h"

typedef struct rk_filekeys {
	rk_keep *keep; /* NULL: nobody asked for one */
	struct rk_filesign_key *keys;
	size_t count;
} rk_filekeys;

RK_CHECKED rk_error *
rk_filekeys_read(struct rk_run *run, const rk_list *typed, rk_filekeys **ret_keys);
void rk_filekeys_free(rk_filekeys *keys);
RK_DEFINE_FREEP(rk_filekeys)

#endif
