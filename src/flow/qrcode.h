/*
 * qrcode.h - text as a QR code in half blocks, for a terminal or a page of text
 *
 * Light modules are drawn, dark ones left out, as terminals are mostly dark; with the quiet zone
 * that readers ask for. A reader takes it from a light terminal as well.
 *
 * Errors     RK_E_LIMIT more text than a QR code holds; RK_E_NOMEM.
 * Standard   ISO/IEC 18004 (by libqrencode).
 */
#ifndef RK_FLOW_QRCODE_H
#define RK_FLOW_QRCODE_H

#include "base/buf.h"

/* `len` bytes, appended as lines of U+2580, U+2584, U+2588 and blanks. */
RK_CHECKED rk_error *rk_qrcode_append(rk_buf *out, const void *bytes, size_t len);

#endif
