/*
 * escape.h - what the inside of a JSON string says, character by character
 *
 * For strings that the scan has passed only: nothing is checked again, and the closing quote is
 * what ends a loop.
 *
 * Errors     none.
 * Standard   RFC 8259 section 7; RFC 3629.
 */
#ifndef RK_JSON_ESCAPE_H
#define RK_JSON_ESCAPE_H

#include "json/canonical.h"

#define RK_ESCAPE_UTF8_MAX 4
#define RK_ESCAPE_FORM_MAX 6 /* bytes of one character as any form writes it */

/* The character at `at`, escaped or not; returns what is behind it, or NULL at the closing quote. */
const char *rk_escape_next(const char *at, uint32_t *ret_point);
/* The four hex digits at `at`; above 0xffff where they are none. Reads no further than the first
 * that is none. */
uint32_t rk_escape_hex4(const char *at, const char *end);
/* UTF-8 of `point` at `out`, RK_ESCAPE_UTF8_MAX bytes at most; returns what is behind it. */
char *rk_escape_utf8(char *out, uint32_t point);
/* `point` as `form` writes it inside a string; returns what is behind it. */
char *rk_escape_form(char *out, uint32_t point, enum rk_form form);
/* Order of two strings by their UTF-8 bytes; both point behind the opening quote. */
int rk_escape_compare(const char *a, const char *b);
/* Does `longer` go on with a blank, '!' or '"' where `name` ends? That is where canonicalisers begin
 * to differ in how they sort. */
bool rk_escape_goes_on(const char *name, const char *longer);

#endif
