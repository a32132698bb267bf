/*
 * render.h - what a person or a program gets to read on stdout, and errors
 *
 * In text mode a command writes lines and tables; in JSON mode it hands over one document. Both
 * kinds of call may be made in both modes: what does not belong to the mode is dropped, so that a
 * command says everything once for each. Colour is used only on a terminal (--color, NO_COLOR).
 * Foreign text in lines and cells goes through RK_SHOW or RK_SHOW_BARE.
 *
 * Ownership  nodes are taken over, also on failure.
 * Errors     appends do not fail; a stdout that cannot be written (a closed pipe, a full disk) is
 *            RK_E_IO from rk_render_finish.
 */
#ifndef RK_TERM_RENDER_H
#define RK_TERM_RENDER_H

#include "term/table.h"
#include "json/document.h"

typedef struct rk_render rk_render;

struct rk_render_options {
	int out_fd;
	int err_fd;
	bool json;
	const char *color; /* "auto", "always", "never" */
};

RK_CHECKED rk_error *rk_render_new(const struct rk_render_options *options, rk_render **ret_render);
bool rk_render_is_json(const rk_render *out);

/* A line of text; the newline is added. */
void rk_render_line(rk_render *out, const char *fmt, ...) RK_PRINTF(2, 3);
void
rk_render_styled(rk_render *out, enum rk_style_name style, const char *fmt, ...) RK_PRINTF(3, 4);
/* Text as it is (a PEM, 32 words), in text mode only; may hold several lines. */
void rk_render_text(rk_render *out, const char *text);
/* The result of this run in JSON mode; a second one replaces the first. Takes `node` over; NULL
 * (memory was out when it was made) fails at rk_render_finish with RK_E_NOMEM. */
void rk_render_json(rk_render *out, rk_node *node);
/* Raw bytes to stdout in either mode, for results that are a stream of their own. Once written to
 * in JSON mode, no document follows: the command streams a whole one itself. */
rk_sink rk_render_sink(rk_render *out);

/* Written in text mode, left out in JSON mode. */
void rk_render_table(rk_render *out, const rk_table *table);

/* Write out everything. RK_E_IO: it could not all be written; RK_E_NOMEM. */
RK_CHECKED rk_error *rk_render_finish(rk_render *out);
/* Show `err` once: FACT, because, remedy on stderr; as a document on stdout in JSON mode, where
 * the result that was pending is dropped. `program` begins the line. */
void rk_render_error(rk_render *out, const char *program, const rk_error *err);
/* {"error": {"code", "message", "causes", "remedy"}}; NULL when memory is out. */
rk_node *rk_render_error_node(const rk_error *err);
void rk_render_free(rk_render *out);
RK_DEFINE_FREEP(rk_render)

#endif
