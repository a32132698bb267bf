/*
 * change.h - a change of the keep that happens wholly or not at all
 *
 * New files are written aside, in `.pending/`, and are on the disk before one fsynced file,
 * `.intent`, says what becomes of them. From then on the change has happened: files are renamed
 * into place in the order given, removed ones removed, the journal's lines appended, the intent
 * dropped. Whoever opens the keep next finishes an intent that is found, and clears away what was
 * written aside without one. `metadata/` never holds an unfinished file.
 *
 * Ownership  a change borrows the keep, which must be open for writing. Entries are taken over.
 * Errors     RK_E_IO, RK_E_UNSAFE, RK_E_LIMIT, RK_E_NOMEM; RK_E_EXISTS a file that is to be created
 *            exclusively; RK_E_NOT_FOUND; RK_E_INTERNAL a keep that is not open for writing, or a
 *            change that is spent. Before the intent an error leaves the old state; after it
 *            RK_E_IO says that the next command finishes.
 * Units      paths are relative to the keep, with slashes.
 */
#ifndef RK_KEEP_CHANGE_H
#define RK_KEEP_CHANGE_H

#include "keep/journal.h"
#include "keep/keep.h"

#define RK_CHANGE_INTENT ".intent"
#define RK_CHANGE_PENDING ".pending"

typedef struct rk_change rk_change;

enum rk_change_how {
	RK_CHANGE_REPLACE,
	RK_CHANGE_CREATE, /* must not be there yet; the same bytes are fine */
};

RK_CHECKED rk_error *rk_change_new(rk_keep *keep, rk_change **ret_change);

/* Effects, in the order in which they are to happen. A later one on a path takes the place of an
 * earlier one; a file that this change writes may be moved by it, too. Folders are made and, once
 * empty, removed. */

RK_CHECKED rk_error *rk_change_write(
    rk_change *change, const char *path, enum rk_change_how how, const void *bytes, size_t len);
/* A file that comes through a sink, which is good until the next call on this change. */
RK_CHECKED rk_error *
rk_change_stream(rk_change *change, const char *path, enum rk_change_how how, rk_sink *ret_sink);
/* The file that this change has written for that path, as it is on the disk by now, and its SHA-256.
 * RK_E_NOT_FOUND: it has written none. */
RK_CHECKED rk_error *rk_change_read(rk_change *change, const char *path, size_t max,
    uint8_t sha256[static RK_SHA256_SIZE], rk_text **ret_text);
/* A file of the keep to another place of it, as it is. RK_E_NOT_FOUND. */
RK_CHECKED rk_error *
rk_change_move(rk_change *change, const char *from, const char *to, enum rk_change_how how);
/* A missing file is success. */
RK_CHECKED rk_error *rk_change_remove(rk_change *change, const char *path);
/* keep.json as it stands in memory when the change is committed; comes first. */
void rk_change_save_keep(rk_change *change);
/* A line of the journal about the effects since the line before it; the last one's are also those
 * that come after it, and keep.json. What happens to files is filled in by the commit. Taken over,
 * also on failure. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_change_journal(rk_change *change, rk_journal_entry *entry);

/* Has it any effect so far? */
bool rk_change_is_empty(const rk_change *change);
/* All of it. Once called, the change is spent; only rk_change_free is left. */
RK_CHECKED rk_error *rk_change_commit(rk_change *change);
/* Without a commit nothing has happened. */
void rk_change_free(rk_change *change);
RK_DEFINE_FREEP(rk_change)

/* For rk_keep_open and rk_check_keep. `dir` is the keep's folder, its lock held. */

bool rk_change_is_pending(const rk_dir *dir);
/* Finish what is pending, then clear `.pending/`. `*ret_finished`: there was something.
 * Idempotent. */
RK_CHECKED rk_error *rk_change_recover(const rk_dir *dir, bool *ret_finished);

#endif
