#include "world/keyfile_private.h"

#include <string.h>

/* Tag and length; indefinite and needlessly long lengths are no DER. */
static bool
read_header(const struct rk_keyfile_span *span, unsigned tag, size_t *ret_header, size_t *ret_body)
{
	size_t header = 2, body;

	if (span->len < 2 || span->at[0] != tag)
		return false;
	body = span->at[1];
	if (body >= 0x80) {
		size_t count = body & 0x7f;

		if (count == 0 || count > 3 || span->len < 2 + count || span->at[2] == 0)
			return false;
		body = 0;
		for (size_t i = 0; i < count; i++)
			body = body << 8 | span->at[2 + i];
		if (body < 0x80)
			return false;
		header += count;
	}
	if (body > span->len - header)
		return false;
	*ret_header = header;
	*ret_body = body;
	return true;
}

static bool
take(struct rk_keyfile_span *span, unsigned tag, bool whole, struct rk_keyfile_span *ret)
{
	size_t header, body;

	if (!read_header(span, tag, &header, &body))
		return false;
	*ret = whole ? (struct rk_keyfile_span){span->at, header + body}
		     : (struct rk_keyfile_span){span->at + header, body};
	span->at += header + body;
	span->len -= header + body;
	return true;
}

bool
rk_keyfile_der_take(struct rk_keyfile_span *span, unsigned tag, struct rk_keyfile_span *ret)
{
	return take(span, tag, false, ret);
}

bool
rk_keyfile_der_whole(struct rk_keyfile_span *span, unsigned tag, struct rk_keyfile_span *ret)
{
	return take(span, tag, true, ret);
}

bool
rk_keyfile_der_next_is(const struct rk_keyfile_span *span, unsigned tag)
{
	return span->len > 0 && span->at[0] == tag;
}

bool
rk_keyfile_der_number(struct rk_keyfile_span *span, struct rk_keyfile_span *ret)
{
	struct rk_keyfile_span number;

	if (!rk_keyfile_der_take(span, RK_KEYFILE_INTEGER, &number) || number.len == 0 ||
	    number.at[0] >= 0x80)
		return false;
	if (number.len > 1 && number.at[0] == 0) {
		if (number.at[1] < 0x80)
			return false;
		number.at++;
		number.len--;
	}
	*ret = number;
	return true;
}

bool
rk_keyfile_der_bits(struct rk_keyfile_span *span, unsigned tag, struct rk_keyfile_span *ret)
{
	struct rk_keyfile_span bits;

	if (!rk_keyfile_der_take(span, tag, &bits) || bits.len < 1 || bits.at[0] != 0)
		return false;
	*ret = (struct rk_keyfile_span){bits.at + 1, bits.len - 1};
	return true;
}

bool
rk_keyfile_span_is(const struct rk_keyfile_span *span, const void *bytes, size_t len)
{
	return span->len == len && memcmp(span->at, bytes, len) == 0;
}

rk_error *
rk_keyfile_out_open(size_t room, struct rk_keyfile_out *ret_out)
{
	rk_error *err = rk_secret_new(room, &ret_out->room);

	if (!err)
		ret_out->at = room;
	return err;
}

void
rk_keyfile_out_bytes(struct rk_keyfile_out *out, const void *bytes, size_t len)
{
	/* The room was measured by whoever opened it: too small a one shows as a failure at the end. */
	if (len > out->at) {
		out->at = 0;
		return;
	}
	out->at -= len;
	if (len > 0)
		memcpy(rk_secret_bytes(out->room) + out->at, bytes, len);
}

void
rk_keyfile_out_wrap(struct rk_keyfile_out *out, unsigned tag, size_t end)
{
	size_t len = end - out->at;
	uint8_t header[4] = {(uint8_t)tag, (uint8_t)len};
	size_t header_len = 2;

	if (len >= 0x100) {
		header[1] = 0x82;
		header[2] = (uint8_t)(len >> 8);
		header[3] = (uint8_t)len;
		header_len = 4;
	} else if (len >= 0x80) {
		header[1] = 0x81;
		header[2] = (uint8_t)len;
		header_len = 3;
	}
	rk_keyfile_out_bytes(out, header, header_len);
}

rk_error *
rk_keyfile_out_pkcs8(
    struct rk_keyfile_out *out, const void *algorithm, size_t algorithm_len, rk_secret **ret_pkcs8)
{
	static const uint8_t version[] = {RK_KEYFILE_INTEGER, 1, 0};
	size_t end = rk_secret_len(out->room);

	rk_keyfile_out_wrap(out, RK_KEYFILE_OCTETS, end);
	rk_keyfile_out_bytes(out, algorithm, algorithm_len);
	rk_keyfile_out_bytes(out, version, sizeof(version));
	rk_keyfile_out_wrap(out, RK_KEYFILE_SEQUENCE, end);
	if (out->at == 0)
		return rk_fail(RK_E_INTERNAL, "report it", "a private key outgrew its room");
	return rk_secret_copy(rk_secret_peek(out->room) + out->at, end - out->at, ret_pkcs8);
}

void
rk_keyfile_out_clear(struct rk_keyfile_out *out)
{
	rk_secret_free(out->room);
	out->room = NULL;
}
