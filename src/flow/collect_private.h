/*
 * collect_private.h - what collect.c and collect_list.c share
 */
#ifndef RK_FLOW_COLLECT_PRIVATE_H
#define RK_FLOW_COLLECT_PRIVATE_H

#include "flow/collect.h"

struct rk_collected {
	rk_target *target;
	char *path; /* of the file that was hashed, or NULL */
};

/* A line of a list: where it is, and what it is sorted by. */
struct rk_collect_line {
	char *name;
	const char *text;
	size_t len;
	size_t number; /* 1-based */
};

/* The edits of a list, a line at a time. */
struct rk_collect_lines {
	rk_target_edits edits; /* first: `next` finds the rest by it */
	const rk_dialect *dialect;
	rk_text *text;
	struct rk_collect_line *lines;
	size_t count, cap, at;
	rk_target *current;
};

struct rk_collection {
	const rk_dialect *dialect;
	struct rk_collected *items;
	size_t count, cap;
	struct rk_target_edit *edits;
	rk_target_edit_list list;
	struct rk_collect_lines lines;
};

void rk_collect_lines_clear(struct rk_collect_lines *lines);
RK_CHECKED rk_error *rk_collect_lines_read(struct rk_collect_lines *lines, const char *path);

#endif
