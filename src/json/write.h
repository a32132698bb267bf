/*
 * write.h - our own JSON writer: sorted members, exact integers, a style
 *
 * Our own files are indented by two and end in a newline, so that git and people can diff them.
 * Metadata is one line in canonical order, unless it came formatted otherwise: rk_style_detect
 * finds how, and the writer goes on that way.
 *
 * Errors     RK_E_NOMEM, by the buffer.
 */
#ifndef RK_JSON_WRITE_H
#define RK_JSON_WRITE_H

#include "json/canonical.h"
#include "json/document.h"

typedef struct rk_style {
	unsigned indent; /* spaces a level; 0: one line */
	bool tabs; /* indent is in tabs */
	bool colon_space;
	bool comma_space; /* one line only: ", " as python's default writes it */
	bool newline; /* at the end of the file */
	bool sorted; /* false: in the order of the tree */
	enum rk_form form;
} rk_style;

extern const rk_style rk_style_ours; /* indent 2, newline, sorted: keep.json, --json */
extern const rk_style rk_style_line; /* one line, sorted, no newline: metadata, journal */

/* The style that `bytes` (scanned) was written in. */
rk_style rk_style_detect(const char *bytes, size_t len);
/* `level` is how deep the value already stands. */
void rk_write_node(rk_buf *out, const rk_node *node, const rk_style *style, unsigned level);
/* White space between tokens as the style has it: after '{' or ',' and before '}'. */
void rk_write_break(rk_buf *out, const rk_style *style, unsigned level);
void rk_write_text(rk_buf *out, const char *text, const rk_style *style);

#endif
