#include "flow/qrcode.h"

#include <errno.h>
#include <limits.h>
#include <qrencode.h>

#define QUIET 4 /* modules around it, by the standard */

static bool
is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

static const char *
half_blocks(bool upper_is_dark, bool lower_is_dark)
{
	if (upper_is_dark)
		return lower_is_dark ? " " : "\u2584";
	return lower_is_dark ? "\u2580" : "\u2588";
}

rk_error *
rk_qrcode_append(rk_buf *out, const void *bytes, size_t len)
{
	QRcode *code;

	if (len > INT_MAX)
		return rk_fail(RK_E_LIMIT, "take another form", "too much text for a QR code");
	code = QRcode_encodeData((int)len, bytes, 0, QR_ECLEVEL_L);
	if (!code && errno == ERANGE)
		return rk_fail(RK_E_LIMIT, "take another form",
		    "%zu bytes are more than a QR code holds", len);
	if (!code)
		return rk_out_of_memory();
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		for (int x = -QUIET; x < code->width + QUIET; x++)
			rk_buf_text(out, half_blocks(is_dark(code, x, y), is_dark(code, x, y + 1)));
		rk_buf_byte(out, '\n');
	}
	QRcode_free(code);
	return rk_buf_check(out);
}
