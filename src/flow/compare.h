/*
 * compare.h - what is staged against what is published, in words
 *
 * Ownership  the sentence is borrowed for the call of `each`.
 * Errors     as flow/repo.h; what `each` returns ends it.
 */
#ifndef RK_FLOW_COMPARE_H
#define RK_FLOW_COMPARE_H

#include "flow/repo.h"

struct rk_compare_line {
	const char *role; /* the house's spelling */
	const char *kind; /* "version", "expiry", "threshold", "key-added", "key-removed",
			     "target-added", "target-changed", "target-removed", "file" */
	const char *subject; /* a key's name, a target's name, a role; foreign; NULL: none */
	const char *sentence; /* safe to print */
};

/* Every difference, role by role, through `each`. */
RK_CHECKED rk_error *rk_compare_staged(rk_repo *repo,
    rk_error *(*each)(void *context, const struct rk_compare_line *line), void *context);

#endif
