/*
 * collect_private.h - what collect.c and collect_list.c share
 */
#ifndef RK_FLOW_COLLECT_PRIVATE_H
#define RK_FLOW_COLLECT_PRIVATE_H

#include "flow/collect.h"
#include "json/order.h"

struct rk_collected {
	rk_target *target;
	char *path; /* of the file that was hashed, or NULL */
};

/* A line of a list. */
struct rk_collect_line {
	const char *list; /* the text that it is a line of */
	const char *text;
	size_t len;
};

/* The edits of a list, a line at a time: as they stand where their names are in order, and through
 * an index where they are not. */
struct rk_collect_lines {
	rk_target_edits edits; /* first: `next` finds the rest by it */
	const rk_dialect *dialect;
	rk_text *text;
	size_t count; /* of lines that are not empty */
	struct rk_order order; /* empty: they are in order */
	const char *at; /* the next line, where they are in order */
	size_t done; /* members of the index */
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
