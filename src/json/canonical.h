/*
 * canonical.h - canonical bytes of a scanned value, straight from its text
 *
 * OLPC canonical JSON as TUF and Notary sign it: members sorted by the UTF-8 bytes of their names,
 * no white space, only '"' and '\' escaped, everything else raw. Two file forms are made the same
 * way: JSON (control characters escaped, so that it can be read back) and Go's (also '<', '>', '&',
 * U+2028 and U+2029). An object that is sorted already is streamed in constant memory; an unsorted
 * one costs an index of 24 bytes a member while it is sorted, 16 while it is written.
 *
 * Errors     what the sink returns; RK_E_NOMEM.
 */
#ifndef RK_JSON_CANONICAL_H
#define RK_JSON_CANONICAL_H

#include "json/scan.h"

enum rk_form {
	RK_FORM_SIGNED, /* the bytes that are signed */
	RK_FORM_JSON, /* the same as JSON that every parser reads */
	RK_FORM_GO, /* as Go's encoder escapes it: the file form of Notary */
};

/* `value` must come from rk_scan. `text`, if not NULL, is told what has been passed (rk_text_forget). */
RK_CHECKED rk_error *
rk_canonical(const rk_json *value, enum rk_form form, rk_sink sink, const rk_text *text);
/* The bytes that are signed, where the scan has kept the order of an object (rk_scan_notes). */
RK_CHECKED rk_error *rk_canonical_ordered(
    const rk_json *value, rk_sink sink, const rk_text *text, const struct rk_scan_order *known);
/* A string in that form, quotes included, from its UTF-8 bytes. */
RK_CHECKED rk_error *
rk_canonical_string(const char *text, size_t len, enum rk_form form, rk_sink sink);

/*
 * The subset of canonical JSON on which every known canonicaliser agrees: strings in NFC without
 * control characters (but newlines, which every PEM key has, in values); no member name that contains '"' or '\', or that is a sibling's prefix
 * followed by a byte <= 0x22; no siblings that mix U+E000..U+FFFF with astral characters.
 * NULL: portable. RK_E_REFUSED says what is not, where (line and column), and for which clients.
 * Objects are looked at as written; a large sorted one costs constant memory.
 */
RK_CHECKED rk_error *
rk_canonical_portable(const rk_json *value, const char *text_start, const char *name);
/* The same question for one string that is about to be written. */
RK_CHECKED rk_error *
rk_canonical_portable_string(const char *text, size_t len, bool member_name, const char *what);

#endif
