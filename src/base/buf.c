#include "base/buf.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

/* Room for `more` bytes and the zero behind them. */
static bool
grow(rk_buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : FIRST_CAP;
	char *data;

	if (buf->failed)
		return false;
	if (more >= SIZE_MAX / 2 - buf->len) {
		buf->failed = true;
		return false;
	}
	while (cap < buf->len + more + 1)
		cap *= 2;
	if (buf->data && cap == buf->cap)
		return true;
	data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void
rk_buf_append(rk_buf *buf, const void *bytes, size_t len)
{
	if (!grow(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
rk_buf_byte(rk_buf *buf, uint8_t byte)
{
	rk_buf_append(buf, &byte, 1);
}

void
rk_buf_text(rk_buf *buf, const char *text)
{
	rk_buf_append(buf, text, strlen(text));
}

void
rk_buf_vprintf(rk_buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was copied just now */
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0 || !grow(buf, (size_t)len)) {
		buf->failed = true;
		return;
	}
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	buf->len += (size_t)len;
}

void
rk_buf_printf(rk_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rk_buf_vprintf(buf, fmt, args);
	va_end(args);
}

void
rk_buf_u32(rk_buf *buf, uint32_t value)
{
	uint8_t bytes[4] = {
	    (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

	rk_buf_append(buf, bytes, sizeof(bytes));
}

void
rk_hex(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[at[i] >> 4];
		out[2 * i + 1] = digits[at[i] & 15];
	}
	out[2 * len] = '\0';
}

void
rk_buf_hex(rk_buf *buf, const void *bytes, size_t len)
{
	if (len > SIZE_MAX / 4) {
		buf->failed = true;
		return;
	}
	if (!grow(buf, 2 * len))
		return;
	rk_hex(buf->data + buf->len, bytes, len);
	buf->len += 2 * len;
}

void
rk_buf_base64(rk_buf *buf, const void *bytes, size_t len)
{
	size_t size;

	if (len > INT32_MAX / 2) {
		buf->failed = true;
		return;
	}
	size = (len + 2) / 3 * 4;
	if (!grow(buf, size))
		return;
	EVP_EncodeBlock((unsigned char *)buf->data + buf->len, bytes, (int)len);
	buf->len += size;
	buf->data[buf->len] = '\0';
}

void
rk_buf_clear(rk_buf *buf)
{
	free(buf->data);
	*buf = (rk_buf){NULL, 0, 0, false};
}

rk_error *
rk_buf_check(const rk_buf *buf)
{
	return buf->failed ? rk_out_of_memory() : NULL;
}

const char *
rk_buf_str(const rk_buf *buf)
{
	return buf->data ? buf->data : "";
}

rk_error *
rk_buf_take(rk_buf *buf, char **ret_text)
{
	rk_buf_append(buf, "", 0);
	if (buf->failed)
		return rk_out_of_memory();
	*ret_text = buf->data;
	*buf = (rk_buf){NULL, 0, 0, false};
	return NULL;
}

static rk_error *
sink_write(void *context, const void *bytes, size_t len)
{
	rk_buf_append(context, bytes, len);
	return rk_buf_check(context);
}

rk_sink
rk_sink_buf(rk_buf *buf)
{
	return (rk_sink){sink_write, buf};
}

#define IS_HEX 0x10

/* What a digit says, with IS_HEX where it is one: metadata has hundreds of millions of them. */
static const uint8_t hex_digits[256] = {
    ['0'] = IS_HEX,
    ['1'] = IS_HEX | 1,
    ['2'] = IS_HEX | 2,
    ['3'] = IS_HEX | 3,
    ['4'] = IS_HEX | 4,
    ['5'] = IS_HEX | 5,
    ['6'] = IS_HEX | 6,
    ['7'] = IS_HEX | 7,
    ['8'] = IS_HEX | 8,
    ['9'] = IS_HEX | 9,
    ['a'] = IS_HEX | 10,
    ['b'] = IS_HEX | 11,
    ['c'] = IS_HEX | 12,
    ['d'] = IS_HEX | 13,
    ['e'] = IS_HEX | 14,
    ['f'] = IS_HEX | 15,
    ['A'] = IS_HEX | 10,
    ['B'] = IS_HEX | 11,
    ['C'] = IS_HEX | 12,
    ['D'] = IS_HEX | 13,
    ['E'] = IS_HEX | 14,
    ['F'] = IS_HEX | 15,
};

#define HEX_BLOCK 16 /* digits that are looked at together */

typedef uint8_t hex_block __attribute__((vector_size(HEX_BLOCK)));
typedef uint16_t hex_pairs __attribute__((vector_size(HEX_BLOCK)));
typedef uint64_t hex_halves __attribute__((vector_size(HEX_BLOCK)));
typedef uint8_t hex_bytes __attribute__((vector_size(HEX_BLOCK / 2)));

/* Blocks of digits; how many bytes came of them, up to what is no digit. */
static size_t
unhex_blocks(const char *text, uint8_t *out, size_t len)
{
	size_t done = 0;

	for (; len - done >= HEX_BLOCK / 2; done += HEX_BLOCK / 2) {
		hex_block block, digit, letter, is_digit, is_letter;
		hex_halves all;
		hex_pairs pairs;
		hex_bytes bytes;

		memcpy(&block, text + 2 * done, sizeof(block));
		digit = block - '0';
		letter = (block | 0x20) - 'a';
		is_digit = (hex_block)(digit < 10);
		is_letter = (hex_block)(letter < 6);
		all = (hex_halves)(is_digit | is_letter);
		if ((all[0] & all[1]) != UINT64_MAX)
			break;
		pairs = (hex_pairs)((digit & is_digit) | ((letter + 10) & is_letter));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		pairs = (pairs << 4 | pairs >> 8) & 0xff;
#else
		pairs = (pairs >> 4 | pairs) & 0xff;
#endif
		bytes = __builtin_convertvector(pairs, hex_bytes);
		memcpy(out + done, &bytes, sizeof(bytes));
	}
	return done;
}

rk_error *
rk_unhex(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	if (text_len % 2 || text_len / 2 != len)
		return rk_fail(RK_E_MALFORMED, NULL, "%zu hex digits where %zu were expected",
		    text_len, 2 * len);
	for (size_t i = unhex_blocks(text, out, len); i < len; i++) {
		unsigned high = hex_digits[(uint8_t)text[2 * i]];
		unsigned low = hex_digits[(uint8_t)text[2 * i + 1]];

		if (!(high & low & IS_HEX))
			return rk_fail(RK_E_MALFORMED, NULL, "character %zu is not a hex digit",
			    2 * i + (high ? 2 : 1));
		out[i] = (uint8_t)(high << 4 | (low & 0xf));
	}
	return NULL;
}

rk_error *
rk_unhex_buf(const char *text, size_t text_len, rk_buf *out)
{
	RK_AUTO_BUF(bytes);
	rk_error *err;

	if (text_len % 2)
		return rk_fail(RK_E_MALFORMED, NULL, "an odd number of hex digits");
	if (!grow(&bytes, text_len / 2))
		return rk_out_of_memory();
	err = rk_unhex(text, text_len, (uint8_t *)bytes.data, text_len / 2);
	if (err)
		return err;
	rk_buf_append(out, bytes.data, text_len / 2);
	return rk_buf_check(out);
}

static bool
is_base64(const char *text, size_t len)
{
	size_t padding = 0;

	if (len % 4)
		return false;
	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < len - padding; i++) {
		char c = text[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '+' && c != '/')
			return false;
	}
	return true;
}

rk_error *
rk_unbase64(const char *text, size_t text_len, rk_buf *out)
{
	RK_AUTO_BUF(bytes);
	RK_AUTO_BUF(again);
	size_t len = text_len / 4 * 3;

	if (!is_base64(text, text_len) || text_len > INT32_MAX)
		return rk_fail(RK_E_MALFORMED, NULL, "it is not padded base64");
	if (!grow(&bytes, len))
		return rk_out_of_memory();
	if (text_len > 0 && EVP_DecodeBlock((unsigned char *)bytes.data,
				(const unsigned char *)text, (int)text_len) < 0)
		return rk_fail(RK_E_MALFORMED, NULL, "it is not padded base64");
	for (size_t i = 1; i <= 2 && i <= text_len && text[text_len - i] == '='; i++)
		len--;
	/* Stray bits before the padding would give one value two spellings. */
	rk_buf_base64(&again, bytes.data, len);
	if (again.failed)
		return rk_out_of_memory();
	if (again.len != text_len || memcmp(rk_buf_str(&again), text, text_len) != 0)
		return rk_fail(RK_E_MALFORMED, NULL, "its base64 has stray bits at the end");
	rk_buf_append(out, bytes.data, len);
	return rk_buf_check(out);
}

rk_error *
rk_strndup(const char *text, size_t len, char **ret_text)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return rk_out_of_memory();
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	*ret_text = copy;
	return NULL;
}

rk_error *
rk_strdup(const char *text, char **ret_text)
{
	return rk_strndup(text, strlen(text), ret_text);
}

rk_error *
rk_strdupf(char **ret_text, const char *fmt, ...)
{
	RK_AUTO_BUF(buf);
	va_list args;

	va_start(args, fmt);
	rk_buf_vprintf(&buf, fmt, args);
	va_end(args);
	return rk_buf_take(&buf, ret_text);
}

void
rk_str_free(rk_str *text)
{
	free(text);
}
