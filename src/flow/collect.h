/*
 * collect.h - target files and lists of facts as edits of a targets role
 *
 * Files are hashed in one pass each, with progress; a folder means every file below it. A list is
 * one JSON object a line, {"name", "length", "sha256", "sha512"?, "custom"?}: only an index of it is
 * kept in memory, so that a list may have millions of lines.
 *
 * Ownership  a collection owns its targets; its edits are good while it lives, and are read once.
 * Errors     RK_E_REFUSED a name that may not be published, or that two files would have;
 *            RK_E_MALFORMED a line that is not such an object, with its number; RK_E_NOT_FOUND;
 *            RK_E_IO; RK_E_NOMEM.
 * Units      bytes.
 */
#ifndef RK_FLOW_COLLECT_H
#define RK_FLOW_COLLECT_H

#include "tuf/targets.h"
#include "world/env.h"

typedef struct rk_collection rk_collection;

struct rk_collect {
	rk_env *env;
	unsigned hashes; /* a set of 1u << RK_HASH_… */
	const char *base; /* names are relative to it; NULL: as the path was typed */
	const char *custom; /* canonical text for every target; NULL: none */
};

RK_CHECKED rk_error *rk_collection_new(const rk_dialect *dialect, rk_collection **ret_collection);
/* A file, or every file below a folder. */
RK_CHECKED rk_error *
rk_collection_path(rk_collection *collection, const struct rk_collect *how, const char *path);
/* One target's facts; copied. */
RK_CHECKED rk_error *rk_collection_fact(rk_collection *collection, const rk_target *target);
/* A name to take out. */
RK_CHECKED rk_error *rk_collection_remove(rk_collection *collection, const char *name);
/* A list; instead of everything else. */
RK_CHECKED rk_error *rk_collection_list(rk_collection *collection, const char *path);
size_t rk_collection_count(const rk_collection *collection);
/* Sorted; borrowed. */
RK_CHECKED rk_error *rk_collection_edits(rk_collection *collection, rk_target_edits **ret_edits);
/* Copy each file that was hashed to `dir`, under the name that clients ask for: HASH.name in the
 * name's folder for each hash, or the name itself where not `numbered`. */
RK_CHECKED rk_error *
rk_collection_publish(const rk_collection *collection, const char *dir, bool numbered);
void rk_collection_free(rk_collection *collection);
RK_DEFINE_FREEP(rk_collection)

#endif
