/*
 * scan.h - one strict pass over JSON text, and spans of it afterwards
 *
 * rk_scan reads RFC 8259 JSON more strictly than the RFC: no duplicate members (compared after
 * their escapes are resolved), no floats or exponents, no -0, integers within ±(2^53-1), well-formed
 * UTF-8, no lone surrogates, no NUL (raw or \u0000), nesting to 64, nothing after the value but
 * white space. What it has passed can be walked without another check. No tree is built: a value
 * is a span of the text. Objects whose members are sorted cost constant memory; an unsorted one is
 * indexed while it is checked (24 bytes a member). Pages of a mapped text that was passed are given
 * back, in the scan and in the walks after it.
 *
 * Ownership  spans borrow the text, rk_text and bytes.
 * Errors     RK_E_MALFORMED with line and column (1-based; columns in bytes); RK_E_LIMIT for the
 *            nesting; RK_E_NOMEM.
 */
#ifndef RK_JSON_SCAN_H
#define RK_JSON_SCAN_H

#include "base/file.h"

#define RK_JSON_DEPTH 64
#define RK_JSON_INT_MAX INT64_C(9007199254740991)

enum rk_json_kind {
	RK_JSON_NULL,
	RK_JSON_FALSE,
	RK_JSON_TRUE,
	RK_JSON_INTEGER,
	RK_JSON_STRING,
	RK_JSON_ARRAY,
	RK_JSON_OBJECT,
};

/* A value: its text from the first to the last byte, quotes and braces included. */
typedef struct rk_json {
	const char *text;
	size_t len;
	enum rk_json_kind kind;
	/* What the scan found, for canonical.c: one more than how many levels, from this value down,
	 * may hold unsorted objects; white space or needless escapes. 0: not known. */
	uint8_t unsorted;
	uint8_t loose;
	bool portable; /* all of the text, as rk_canonical_portable has it; false: not known */
	const rk_text *source; /* whose pages a walk gives back; NULL: none */
} rk_json;

/* Pass over all of `text`; `name` is for messages ("root.json", foreign). */
RK_CHECKED rk_error *rk_scan(const rk_text *text, const char *name, rk_json *ret_value);
/*
 * The same, and the members of the outermost object (depth 0) and of the objects in it (depth 1), in
 * the text's order, so that a large text need not be walked again to find its parts. `whole` false:
 * there were more than there is room for.
 */
#define RK_SCAN_NOTES 48
struct rk_order;
/* An object whose members are not sorted, and their order: 16 bytes a member. */
struct rk_scan_order {
	const char *object; /* its text; NULL: there is none */
	struct rk_order *order;
};
struct rk_scan_note {
	rk_json key, value;
	unsigned depth;
};
struct rk_scan_notes {
	struct rk_scan_note items[RK_SCAN_NOTES];
	size_t count;
	bool whole;
	struct rk_scan_order
	    largest; /* of the text's objects: what took long to find out is kept */
};
void rk_scan_order_clear(struct rk_scan_order *largest);
/* `notes->largest` is the caller's to clear, once it has succeeded. */
RK_CHECKED rk_error *rk_scan_noting(
    const rk_text *text, const char *name, struct rk_scan_notes *notes, rk_json *ret_value);
/* The same over bytes that stay where they are. */
RK_CHECKED rk_error *
rk_scan_bytes(const char *bytes, size_t len, const char *name, rk_json *ret_value);

/* The members of an object or the elements of an array, in the text's order. */
typedef struct rk_json_iter {
	const char *at;
	const char *end;
	bool object;
	uint8_t unsorted; /* as in the values that come out */
	uint8_t loose;
	bool portable;
	const rk_text *source;
} rk_json_iter;
rk_json_iter rk_json_each(const rk_json *container);
/* False at the end. `ret_key` (a string span) is set for objects; may be NULL. */
bool rk_json_next(rk_json_iter *iter, rk_json *ret_key, rk_json *ret_value);

/* The member `name` of an object; false where it is not one, or has none. Linear. */
bool rk_json_get(const rk_json *object, const char *name, rk_json *ret_value);
/* Is this string span exactly `text` once its escapes are resolved? */
bool rk_json_is(const rk_json *string, const char *text);
/* Order of two string spans by the UTF-8 bytes of what they say: <0, 0, >0. */
int rk_json_compare(const rk_json *a, const rk_json *b);
/* The string's UTF-8 bytes, escapes resolved, appended. RK_E_MALFORMED: not a string. */
RK_CHECKED rk_error *rk_json_string(const rk_json *value, rk_buf *out);
/* As a C string of its own. RK_E_MALFORMED, RK_E_NOMEM. */
RK_CHECKED rk_error *rk_json_strdup(const rk_json *value, char **ret_text);
/* RK_E_MALFORMED: not an integer. */
RK_CHECKED rk_error *rk_json_int(const rk_json *value, int64_t *ret_number);
/* How many members or elements. */
size_t rk_json_count(const rk_json *container);
/* Line and column of a place in a text, 1-based. */
void rk_json_position(const char *text, const char *place, size_t *ret_line, size_t *ret_column);

#endif
