/*
 * scan_private.h - the state of a scan, and its strings
 *
 * Errors     the first one is kept in the state; functions that return a place return NULL then.
 */
#ifndef RK_JSON_SCAN_PRIVATE_H
#define RK_JSON_SCAN_PRIVATE_H

#include "json/bytes.h"
#include "json/scan.h"

struct rk_scan {
	const char *start;
	const char *end;
	const char *forget_at; /* where pages are given back the next time */
	const rk_text *source;
	const char *name;
	unsigned unsorted; /* levels from the top that hold an unsorted object */
	unsigned loose; /* levels from the top that hold white space or needless escapes */
	bool portable; /* until something is seen that only a closer look can tell */
	struct rk_scan_notes *notes; /* NULL: nobody wants any */
	rk_error *err;
};

/* Always NULL, so that it can be returned. */
const char *
rk_scan_fail(struct rk_scan *scan, enum rk_code code, const char *place, const char *what);
/* What a value is, by its first byte. */
enum rk_json_kind rk_scan_kind(char first);
/* What walking to them would have said of the members that were noted. */
void rk_scan_complete_notes(const struct rk_scan *scan);
/* Keep the order of an object, where it is the largest so far; it is empty then. False: no memory. */
bool rk_scan_keep_order(struct rk_scan *scan, const char *object, struct rk_order *order);
/* The rest of a string from its first byte that is not plain; behind the closing quote. */
const char *
rk_scan_string_rest(struct rk_scan *scan, const char *at, unsigned level, bool *ret_escaped);

/* `at` is behind the opening quote, the answer behind the closing one. */
static inline const char *
rk_scan_string(struct rk_scan *scan, const char *at, unsigned level, bool *ret_escaped)
{
	*ret_escaped = false;
	at = rk_bytes_plain(at, scan->end);
	if (at < scan->end && *at == '"')
		return at + 1;
	return rk_scan_string_rest(scan, at, level, ret_escaped);
}

/* Something on this level is not as canonical text has it. */
static inline void
rk_scan_loose(struct rk_scan *scan, unsigned level)
{
	if (level >= scan->loose)
		scan->loose = level + 1;
}

#endif
