/*
 * show.h - foreign text made safe to look at
 *
 * Labels, names, roles, `custom`, what modules and servers say: none of it is printed as it
 * came. rk_show_append writes it in quotes with every control character, escape, bidirectional
 * or zero-width mark and every byte that is not UTF-8 as a visible escape (\x1b, \u202e), and
 * caps it. A lint test looks for the way around.
 *
 * Errors     none; the result is always printable UTF-8 on one line.
 */
#ifndef RK_BASE_SHOW_H
#define RK_BASE_SHOW_H

#include "base/buf.h"

#define RK_SHOW_SIZE 256 /* bytes, quotes and final zero included; longer text ends in "…" */

/* '…' around the visible form of `len` bytes. `cap` is the most bytes to write, or 0: all. */
void rk_show_append(rk_buf *out, const void *bytes, size_t len, size_t cap);
/* The same without quotes, for tables. */
void rk_show_bare(rk_buf *out, const void *bytes, size_t len, size_t cap);
/* Into `out`, RK_SHOW_SIZE bytes; returns `out`. A NULL `text` shows as (none). */
const char *rk_show_into(char *out, const char *text);
const char *rk_show_into_len(char *out, const void *bytes, size_t len);
const char *rk_show_bare_into(char *out, const char *text);

/* For printf arguments: the visible form, alive to the end of the enclosing block. */
#define RK_SHOW(text) rk_show_into((char[RK_SHOW_SIZE]){0}, (text))
#define RK_SHOW_LEN(bytes, len) rk_show_into_len((char[RK_SHOW_SIZE]){0}, (bytes), (len))
#define RK_SHOW_BARE(text) rk_show_bare_into((char[RK_SHOW_SIZE]){0}, (text))

/* True where `len` bytes are well-formed UTF-8 without NUL. */
bool rk_utf8_valid(const char *text, size_t len);

#endif
