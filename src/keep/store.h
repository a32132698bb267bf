/*
 * store.h - the metadata and the staged files of one repository
 *
 * repos/<NAME>/metadata is the last complete state under the dialect's own file names; staged holds
 * the next version of each role under its plain name. What the folders hold is listed once, when
 * the store is opened; open it again after a commit.
 *
 * Ownership  a store borrows the keep and owns its folder handles. Envelopes and names it gives
 *            belong to the caller.
 * Errors     RK_E_MALFORMED a file whose name or text is no metadata; RK_E_UNSAFE; RK_E_LIMIT;
 *            RK_E_IO; RK_E_NOMEM; from helpers those of keep/change.h.
 */
#ifndef RK_KEEP_STORE_H
#define RK_KEEP_STORE_H

#include "keep/change.h"
#include "tuf/envelope.h"
#include "tuf/source.h"

#define RK_STORE_FILES (1u << 20) /* most files in one folder */

typedef struct rk_store rk_store;

/* The repository need not be in keep.json yet, nor its folders be there. */
RK_CHECKED rk_error *
rk_store_open(rk_keep *keep, const char *name, const rk_dialect *dialect, rk_store **ret_store);
void rk_store_free(rk_store *store);
RK_DEFINE_FREEP(rk_store)

const rk_dialect *rk_store_dialect(const rk_store *store);
/* NULL: there is no such folder (yet). */
const rk_dir *rk_store_metadata(const rk_store *store);
const rk_dir *rk_store_staged(const rk_store *store);
/* The published folder as a source; an empty one where nothing was published. Borrows the store. */
RK_CHECKED rk_error *rk_store_source(const rk_store *store, rk_source **ret_source);
/* In the order in which a client trusts them, delegations by name; the house's spelling. */
RK_CHECKED rk_error *rk_store_staged_roles(const rk_store *store, rk_names **ret_roles);
RK_CHECKED rk_error *rk_store_published_roles(const rk_store *store, rk_names **ret_roles);
bool rk_store_is_staged(const rk_store *store, const char *role);
bool rk_store_is_published(const rk_store *store, const char *role);

/* `*ret_envelope` is NULL where there is no file. */
RK_CHECKED rk_error *
rk_store_open_staged(const rk_store *store, const char *role, rk_envelope **ret_envelope);
/* The current version: the highest that is there. */
RK_CHECKED rk_error *
rk_store_open_published(const rk_store *store, const char *role, rk_envelope **ret_envelope);
/* That version of the role, where its files are numbered. */
RK_CHECKED rk_error *rk_store_open_version(
    const rk_store *store, const char *role, int64_t version, rk_envelope **ret_envelope);
/* Its version, by its name where that is numbered; 0 where there is none. */
RK_CHECKED rk_error *
rk_store_published_version(const rk_store *store, const char *role, int64_t *ret_version);
/* The name of the current file in metadata/ ("7.alice.json"); NULL where there is none. */
RK_CHECKED rk_error *
rk_store_published_file(const rk_store *store, const char *role, char **ret_file);

/* Effects for a change. */

/* The role's next file. A file that is staged for it is replaced. */
RK_CHECKED rk_error *rk_store_stage(
    const rk_store *store, rk_change *change, const char *role, const void *bytes, size_t len);
/* The same through a sink (rk_change_stream). */
RK_CHECKED rk_error *rk_store_stage_stream(
    const rk_store *store, rk_change *change, const char *role, rk_sink *ret_sink);
/* What this change has staged for the role, as it is on the disk by now, and its SHA-256. */
RK_CHECKED rk_error *rk_store_read_back(const rk_store *store, rk_change *change, const char *role,
    uint8_t sha256[static RK_SHA256_SIZE], rk_text **ret_text);
/* The role's staged file (this change's, else the folder's) as `file` in metadata/, where it takes
 * the place of one that is there: not for roots. */
RK_CHECKED rk_error *
rk_store_promote(const rk_store *store, rk_change *change, const char *role, const char *file);
RK_CHECKED rk_error *rk_store_unstage(const rk_store *store, rk_change *change, const char *role);

/* A published file from bytes. A root also becomes the plain one, where the dialect has that: put
 * several in ascending order. */
RK_CHECKED rk_error *rk_store_put_published(
    const rk_store *store, rk_change *change, const char *file, const void *bytes, size_t len);
/* Every version of the role's published file. */
RK_CHECKED rk_error *
rk_store_remove_published(const rk_store *store, rk_change *change, const char *role);
/* Everything of the repository. */
RK_CHECKED rk_error *rk_store_remove_all(const rk_store *store, rk_change *change);

#endif
