/*
 * color.h - a few styles for a terminal
 *
 * Errors     none.
 */
#ifndef RK_TERM_COLOR_H
#define RK_TERM_COLOR_H

#include "base/buf.h"

enum rk_style_name { RK_PLAIN, RK_STRONG, RK_GOOD, RK_CAUTION, RK_BAD, RK_FAINT };

/* Does `mode` ("auto", "always", "never"; NULL: auto) mean colour on this descriptor? NO_COLOR and
 * TERM=dumb say no to auto. */
bool rk_color_wanted(const char *mode, int fd);
/* `len` bytes of text in a style, reset afterwards; as they are where `on` is false. */
void rk_color_append(rk_buf *out, bool on, enum rk_style_name style, const char *text, size_t len);

#endif
