#include "pkcs11/wire.h"

#include <string.h>

static uint32_t
be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

rk_error *
rk_wire_header_parse(const uint8_t bytes[static RK_WIRE_HEADER], rk_wire_header *ret_header)
{
	uint32_t len = be32(bytes);

	if (len < RK_WIRE_HEADER - 4)
		return rk_fail(RK_E_MALFORMED, NULL, "a frame of the worker's pipe is cut short");
	if (len > RK_WIRE_MAX)
		return rk_fail(RK_E_LIMIT, NULL,
		    "a frame of the worker's pipe has %u bytes, "
		    "more than the %u that are accepted",
		    len, RK_WIRE_MAX);
	ret_header->id = be32(bytes + 4);
	ret_header->kind = bytes[8];
	ret_header->body = len - (RK_WIRE_HEADER - 4);
	return NULL;
}

rk_wire_reader
rk_wire_reader_of(const void *bytes, size_t len)
{
	return (rk_wire_reader){bytes, len, false};
}

/* The next `len` bytes; NULL, for good, where the frame has fewer. */
static const uint8_t *
take(rk_wire_reader *reader, size_t len)
{
	const uint8_t *at = reader->at;

	if (reader->bad || len > reader->left) {
		reader->bad = true;
		return NULL;
	}
	if (len > 0)
		reader->at += len;
	reader->left -= len;
	return at;
}

uint8_t
rk_wire_u8(rk_wire_reader *reader)
{
	const uint8_t *at = take(reader, 1);

	return at ? at[0] : 0;
}

uint32_t
rk_wire_u32(rk_wire_reader *reader)
{
	const uint8_t *at = take(reader, 4);

	return at ? be32(at) : 0;
}

uint64_t
rk_wire_u64(rk_wire_reader *reader)
{
	const uint8_t *at = take(reader, 8);

	return at ? (uint64_t)be32(at) << 32 | be32(at + 4) : 0;
}

void
rk_wire_fixed(rk_wire_reader *reader, void *out, size_t len)
{
	const uint8_t *at = take(reader, len);

	if (at)
		memcpy(out, at, len);
	else
		memset(out, 0, len);
}

rk_wire_span
rk_wire_bytes(rk_wire_reader *reader, size_t max)
{
	size_t len = rk_wire_u32(reader);
	const uint8_t *at;

	if (len > max)
		reader->bad = true;
	at = take(reader, len);
	return at ? (rk_wire_span){at, len} : (rk_wire_span){NULL, 0};
}

rk_error *
rk_wire_done(const rk_wire_reader *reader)
{
	if (reader->bad)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "a message of the worker's pipe lacks a field");
	if (reader->left > 0)
		return rk_fail(RK_E_MALFORMED, NULL,
		    "a message of the worker's pipe has %zu bytes too many", reader->left);
	return NULL;
}

size_t
rk_wire_begin(rk_buf *out, uint32_t id, uint8_t kind)
{
	size_t start = out->len;

	rk_buf_u32(out, 0);
	rk_buf_u32(out, id);
	rk_buf_byte(out, kind);
	return start;
}

rk_error *
rk_wire_end(rk_buf *out, size_t start)
{
	rk_error *err = rk_buf_check(out);
	size_t len;

	if (err)
		return err;
	len = out->len - start - 4;
	if (len > RK_WIRE_MAX) {
		out->len = start;
		return rk_fail(RK_E_LIMIT,
		    "sign larger metadata with an ECDSA or RSA key, or split it into hash bins",
		    "%zu bytes are more than a token's worker is given at once (%u)", len,
		    RK_WIRE_MAX);
	}
	for (size_t i = 0; i < 4; i++)
		out->data[start + i] = (char)(uint8_t)(len >> (24 - 8 * i));
	return NULL;
}

void
rk_wire_put_u64(rk_buf *out, uint64_t value)
{
	rk_buf_u32(out, (uint32_t)(value >> 32));
	rk_buf_u32(out, (uint32_t)value);
}

void
rk_wire_put_bytes(rk_buf *out, const void *bytes, size_t len)
{
	/* A length that does not fit is caught by rk_wire_end: the bytes are there, too many. */
	rk_buf_u32(out, (uint32_t)len);
	rk_buf_append(out, bytes, len);
}
