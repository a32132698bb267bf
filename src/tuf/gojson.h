/*
 * gojson.h - a file's text against the only way in which Go's encoder writes the same values
 *
 * A walk over text that the scan has passed (tokens are whole, nesting is bounded), without a tree
 * and in constant memory: structs have their members in their order and no others, maps are sorted,
 * strings are escaped as Go escapes them, bytes are base64, and there is no white space.
 *
 * Ownership  a walk borrows the envelope.
 * Errors     RK_E_REFUSED what Go would write otherwise, with line, column and member; RK_E_NOMEM.
 * Standard   Go's encoding/json, with docker/go's canonical order.
 */
#ifndef RK_TUF_GOJSON_H
#define RK_TUF_GOJSON_H

#include "tuf/envelope.h"

typedef struct rk_gojson {
	const rk_envelope *file;
	const char *at;
	rk_json last; /* the member opened last, for messages; len 0: none yet */
	const char *forgotten; /* pages before it were given back */
} rk_gojson;

typedef rk_error *rk_gojson_read(rk_gojson *walk);

/* What a struct's members are, in the order in which they are written. */
struct rk_gojson_member {
	const char *name;
	rk_gojson_read *read;
	bool optional;
};
#define RK_GOJSON_STRUCT(walk, members) \
	rk_gojson_struct((walk), (members), sizeof(members) / sizeof((members)[0]))

/* The whole file is what `read` reads. */
RK_CHECKED rk_error *rk_gojson_file(const rk_envelope *file, rk_gojson_read *read);
RK_CHECKED rk_error *
rk_gojson_struct(rk_gojson *walk, const struct rk_gojson_member *members, size_t count);
/* An object of any names, in ascending order. */
RK_CHECKED rk_error *rk_gojson_map(rk_gojson *walk, rk_gojson_read *read);
RK_CHECKED rk_error *rk_gojson_array(rk_gojson *walk, rk_gojson_read *read);
/* A string; `ret_span` (quotes included) may be NULL. */
RK_CHECKED rk_error *rk_gojson_span(rk_gojson *walk, rk_json *ret_span);
RK_CHECKED rk_error *rk_gojson_text(rk_gojson *walk);
/* Base64, as an encoder pads it. */
RK_CHECKED rk_error *rk_gojson_bytes(rk_gojson *walk);
RK_CHECKED rk_error *rk_gojson_number(rk_gojson *walk);
RK_CHECKED rk_error *rk_gojson_bool(rk_gojson *walk);
RK_CHECKED rk_error *rk_gojson_null(rk_gojson *walk);
/* Whatever it is: canonical. */
RK_CHECKED rk_error *rk_gojson_any(rk_gojson *walk);
/* Does this text stand there? `take` goes past it. */
bool rk_gojson_looks_at(const rk_gojson *walk, const char *text);
bool rk_gojson_take(rk_gojson *walk, const char *text);
/* The complaint about that place. */
RK_CHECKED RK_NEVER_NULL rk_error *
rk_gojson_differs(const rk_gojson *walk, const char *place, const char *what);

#endif
