/*
 * source.h - where metadata files come from: a folder, memory, or one before the other
 *
 * Names are those of the published folder ("3.root.json", "timestamp.json").
 *
 * Ownership  a source that is made here is the caller's (rk_source_free) and borrows what it is over.
 * Errors     RK_E_NOT_FOUND no such file (which the chain can tell from failure); RK_E_LIMIT; RK_E_IO;
 *            RK_E_NOMEM.
 */
#ifndef RK_TUF_SOURCE_H
#define RK_TUF_SOURCE_H

#include "base/file.h"

typedef struct rk_source rk_source;
struct rk_source {
	/* At most `max` bytes. */
	RK_CHECKED
	rk_error *(*fetch)(rk_source *self, const char *name, size_t max, rk_text **ret_text);
	/* The lowest and highest N of the files "N.NAME" that are there; both 0: none, or not to be
	 * known. May be NULL. */
	RK_CHECKED rk_error *(*range)(
	    rk_source *self, const char *name, int64_t *ret_first, int64_t *ret_last);
	void (*free)(rk_source *self); /* NULL: nothing to do */
};

RK_CHECKED rk_error *rk_source_folder(const rk_dir *dir, rk_source **ret_source);
/* Empty; see rk_source_put. */
RK_CHECKED rk_error *rk_source_memory(rk_source **ret_source);
/* Only for a memory source: the bytes are copied; an old file of that name is replaced. */
RK_CHECKED rk_error *
rk_source_put(rk_source *memory, const char *name, const void *bytes, size_t len);
/* `above` first, then `below`: what would be there after promoting; both borrowed. */
RK_CHECKED rk_error *rk_source_overlay(rk_source *above, rk_source *below, rk_source **ret_source);
void rk_source_free(rk_source *source);
RK_DEFINE_FREEP(rk_source)

#endif
