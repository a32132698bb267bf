/*
 * buf.h - growing bytes with a sticky failure
 *
 * Append a hundred times, ask rk_buf_check once. A buffer whose memory ran out ignores further
 * appends and stays as it was. Never for secrets: those are an rk_secret.
 *
 * Ownership  a zeroed rk_buf is empty and valid; rk_buf_clear gives its memory back, and
 *            RK_AUTO_BUF does so at the end of the block.
 * Errors     RK_E_NOMEM from rk_buf_check; RK_E_MALFORMED from the decoders.
 * Units      lengths in bytes. `data` is followed by one zero byte that is not counted, so text
 *            in it is a C string; `data` is NULL only while nothing was ever appended.
 */
#ifndef RK_BASE_BUF_H
#define RK_BASE_BUF_H

#include "base/error.h"

#include <stdarg.h>

typedef struct rk_buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
} rk_buf;

#define RK_AUTO_BUF(name) __attribute__((cleanup(rk_buf_clear))) rk_buf name = {NULL, 0, 0, false}

void rk_buf_append(rk_buf *buf, const void *bytes, size_t len);
void rk_buf_byte(rk_buf *buf, uint8_t byte);
void rk_buf_text(rk_buf *buf, const char *text);
void rk_buf_printf(rk_buf *buf, const char *fmt, ...) RK_PRINTF(2, 3);
void rk_buf_vprintf(rk_buf *buf, const char *fmt, va_list args) RK_PRINTF(2, 0);
/* Big-endian, 4 bytes: the length prefix of our own protocols. */
void rk_buf_u32(rk_buf *buf, uint32_t value);
void rk_buf_hex(rk_buf *buf, const void *bytes, size_t len);
void rk_buf_base64(rk_buf *buf, const void *bytes, size_t len);
void rk_buf_clear(rk_buf *buf);
RK_CHECKED rk_error *rk_buf_check(const rk_buf *buf);
/* The text, "" where nothing was appended; borrowed. */
const char *rk_buf_str(const rk_buf *buf);
/* The text as a string of its own (free()); the buffer is empty afterwards. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_buf_take(rk_buf *buf, char **ret_text);

/* Where streamed bytes go: a digest, a buffer, a file. */
typedef struct rk_sink {
	rk_error *(*write)(void *context, const void *bytes, size_t len);
	void *context;
} rk_sink;

rk_sink rk_sink_buf(rk_buf *buf);

/* Lower-case hex of `len` bytes into `out`, 2 * len + 1 bytes. */
void rk_hex(char *out, const void *bytes, size_t len);
/* Hex of either case, `text_len` characters, exactly 2 * `len` of them. RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_unhex(const char *text, size_t text_len, uint8_t *out, size_t len);
/* Any even number of hex digits, appended to `out`. RK_E_MALFORMED, RK_E_NOMEM. */
RK_CHECKED rk_error *rk_unhex_buf(const char *text, size_t text_len, rk_buf *out);
/* Standard padded base64, nothing else, appended to `out`. RK_E_MALFORMED, RK_E_NOMEM. */
RK_CHECKED rk_error *rk_unbase64(const char *text, size_t text_len, rk_buf *out);

/* strdup and strndup as an rk_error. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_strdup(const char *text, char **ret_text);
RK_CHECKED rk_error *rk_strndup(const char *text, size_t len, char **ret_text);
RK_CHECKED rk_error *rk_strdupf(char **ret_text, const char *fmt, ...) RK_PRINTF(2, 3);

/* char * that frees itself: RK_AUTO(rk_str). */
typedef char rk_str;
void rk_str_free(rk_str *text);
RK_DEFINE_FREEP(rk_str)

#endif
