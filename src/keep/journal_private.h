/*
 * journal_private.h - how the rooms of journal.h walk over lines
 *
 * Errors     as journal.h.
 */
#ifndef RK_KEEP_JOURNAL_PRIVATE_H
#define RK_KEEP_JOURNAL_PRIVATE_H

#include "keep/journal.h"

/* A whole line, without its newline. */
struct rk_journal_line {
	const char *bytes;
	size_t len;
	size_t end; /* offset just after its newline */
};

/* The file; a missing one is empty. */
RK_CHECKED rk_error *rk_journal_text(const rk_dir *dir, rk_text **ret_text);
/* Its bytes from `from` on, and the size of all of it. */
RK_CHECKED rk_error *
rk_journal_from(const rk_dir *dir, uint64_t from, rk_text **ret_text, uint64_t *ret_size);
/*
 * As much of its end as holds the last whole line and what is torn after it, read without the rest:
 * a run that writes a thousand lines must not read all lines a thousand times. `*ret_from`: where
 * in the file it begins.
 */
RK_CHECKED rk_error *rk_journal_tail(const rk_dir *dir, rk_text **ret_text, uint64_t *ret_from);
/* The next whole line at `offset`; false where only a torn one or nothing is left. */
bool rk_journal_next(const rk_text *text, size_t offset, struct rk_journal_line *ret_line);
/*
 * Walk the chain from the start. `head` is where the walk is: after a line was judged it stands on
 * it, and `each` (may be NULL) is called. At the end it tells the torn rest.
 */
struct rk_journal_walk {
	rk_error *(*each)(
	    void *context, const struct rk_journal_line *line, const rk_journal_head *head);
	void *context;
	rk_journal_head head;
};
RK_CHECKED rk_error *rk_journal_walk(const rk_text *text, struct rk_journal_walk *walk);

#endif
