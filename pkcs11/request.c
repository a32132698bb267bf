#include "pkcs11/request.h"

#include <string.h>

#define NO_PIN UINT32_MAX /* in place of a PIN's length: the pad asks */
#define SECRETS "OPK"

/*
 * The fields of each operation, one letter each, in order:
 * s session, n slot, H handle, I identity, t type, h hash, k pkcs1, w wrappable, p path,
 * r reserved, i id, l label, d input, v PIV slot, o touch, q PIN policy, c change of a PIN,
 * y way to wrap, a OAEP with SHA-1, x SPKI, e wrapped KEK,
 * and at the end the secrets: O SO PIN or the present one, P PIN, K private key.
 */
static const char *const op_fields[RK_OP_COUNT] = {
    [RK_OP_LOAD] = "pr",
    [RK_OP_LIST] = "",
    [RK_OP_OPEN] = "nI",
    [RK_OP_INFO] = "s",
    [RK_OP_ABILITIES] = "s",
    [RK_OP_LOGIN] = "sP",
    [RK_OP_KEYS] = "s",
    [RK_OP_GENERATE] = "stwvoqil",
    [RK_OP_SIGN] = "sHhkd",
    [RK_OP_DESTROY] = "sHil",
    [RK_OP_INIT] = "nIlOP",
    [RK_OP_CLOSE] = "s",
    [RK_OP_LOGIN_SO] = "sP",
    [RK_OP_SET_PIN] = "scOP",
    [RK_OP_IMPORT] = "stwvoqilK",
    [RK_OP_CERTIFICATES] = "s",
    [RK_OP_TRANSPORT] = "s",
    [RK_OP_TRANSPORT_END] = "s",
    [RK_OP_WRAP] = "sHyax",
    [RK_OP_UNWRAP] = "syaxiled",
    [RK_OP_SEAL] = "sHil",
};

static const char *
fields_of(unsigned op)
{
	return op < RK_OP_COUNT ? op_fields[op] : NULL;
}

bool
rk_op_is_secret(uint8_t op)
{
	const char *fields = fields_of(op);

	return fields && strpbrk(fields, SECRETS);
}

static void
put_field(char field, const rk_request *request, rk_buf *out)
{
	switch (field) {
	case 's':
		rk_buf_u32(out, request->session);
		break;
	case 'n':
		rk_wire_put_u64(out, request->slot);
		break;
	case 'H':
		rk_wire_put_u64(out, request->handle);
		break;
	case 'I':
		rk_buf_append(out, &request->identity, sizeof(request->identity));
		break;
	case 't':
		rk_buf_byte(out, request->type);
		break;
	case 'h':
		rk_buf_byte(out, request->hash);
		break;
	case 'k':
		rk_buf_byte(out, request->pkcs1);
		break;
	case 'w':
		rk_buf_byte(out, request->wrappable);
		break;
	case 'v':
		rk_buf_byte(out, request->piv_slot);
		break;
	case 'o':
		rk_buf_byte(out, request->touch);
		break;
	case 'q':
		rk_buf_byte(out, request->pin_policy);
		break;
	case 'c':
		rk_buf_byte(out, request->change);
		break;
	case 'p':
		rk_wire_put_bytes(out, request->path.bytes, request->path.len);
		break;
	case 'r':
		rk_buf_byte(out, request->has_reserved);
		rk_wire_put_bytes(out, request->reserved.bytes, request->reserved.len);
		break;
	case 'i':
		rk_wire_put_bytes(out, request->id.bytes, request->id.len);
		break;
	case 'l':
		rk_wire_put_bytes(out, request->label.bytes, request->label.len);
		break;
	case 'y':
		rk_buf_byte(out, request->way);
		break;
	case 'a':
		rk_buf_byte(out, request->sha1);
		break;
	case 'x':
		rk_wire_put_bytes(out, request->spki.bytes, request->spki.len);
		break;
	case 'e':
		rk_wire_put_bytes(out, request->kek.bytes, request->kek.len);
		break;
	case 'd':
		rk_wire_put_bytes(out, request->input.bytes, request->input.len);
		break;
	default:
		break;
	}
}

static rk_error *
unknown_op(void)
{
	return rk_fail(RK_E_MALFORMED, NULL, "a request of the worker's pipe is of no known kind");
}

rk_error *
rk_request_encode(const rk_request *request, uint32_t id, rk_buf *out)
{
	const char *fields = fields_of(request->op);
	size_t start;

	if (!fields)
		return unknown_op();
	if (rk_op_is_secret((uint8_t)request->op))
		return rk_fail(RK_E_INTERNAL, NULL, "a secret was about to leave the secure heap");
	start = rk_wire_begin(out, id, (uint8_t)request->op);
	for (; *fields; fields++)
		put_field(*fields, request, out);
	return rk_wire_end(out, start);
}

static const rk_secret *
secret_of(char field, const rk_request *request)
{
	return field == 'O' ? request->so_pin : field == 'K' ? request->pkcs8 : request->pin;
}

/* A PIN with its length in front; the end of it. */
static uint8_t *
put_secret(uint8_t *at, const rk_secret *secret)
{
	uint32_t len = secret ? (uint32_t)rk_secret_len(secret) : NO_PIN;

	for (unsigned shift = 32; shift > 0; shift -= 8)
		*at++ = (uint8_t)(len >> (shift - 8));
	if (!secret)
		return at;
	memcpy(at, rk_secret_peek(secret), len);
	return at + len;
}

static rk_error *
too_long(const rk_request *request)
{
	if (request->pkcs8)
		return rk_fail(RK_E_LIMIT, "use a smaller key",
		    "a private key of %zu bytes is too large", rk_secret_len(request->pkcs8));
	return rk_fail(RK_E_LIMIT, "no token has a PIN that long", "the PIN is too long");
}

/* The secrets come last in each row: the public fields are written first, into a buffer. */
rk_error *
rk_request_encode_secret(const rk_request *request, uint32_t id, rk_secret **ret_frame)
{
	RK_AUTO_BUF(head);
	RK_AUTO(rk_secret) frame = NULL;
	const char *fields = fields_of(request->op);
	size_t start, len, pins = 0;
	uint8_t *at;
	rk_error *err;

	if (!fields)
		return unknown_op();
	start = rk_wire_begin(&head, id, (uint8_t)request->op);
	for (; *fields && !strchr(SECRETS, *fields); fields++)
		put_field(*fields, request, &head);
	for (const char *field = fields; *field; field++) {
		const rk_secret *secret = secret_of(*field, request);

		pins += 4 + (secret ? rk_secret_len(secret) : 0);
	}
	err = rk_wire_end(&head, start);
	if (err)
		return err;
	if (head.len + pins > RK_WIRE_SECRET_MAX)
		return too_long(request);
	err = rk_secret_new(head.len + pins, &frame);
	if (err)
		return err;
	memcpy(rk_secret_bytes(frame), head.data, head.len);
	at = rk_secret_bytes(frame) + head.len;
	for (; *fields; fields++)
		at = put_secret(at, secret_of(*fields, request));
	len = head.len + pins - 4;
	for (size_t i = 0; i < 4; i++)
		rk_secret_bytes(frame)[i] = (uint8_t)(len >> (24 - 8 * i));
	*ret_frame = RK_TAKE(frame);
	return NULL;
}

static rk_error *
get_secret(rk_wire_reader *reader, rk_secret **ret_secret)
{
	rk_wire_reader ahead = *reader;
	rk_wire_span span;

	if (rk_wire_u32(&ahead) == NO_PIN) {
		*reader = ahead;
		return NULL;
	}
	span = rk_wire_bytes(reader, RK_WIRE_SECRET_MAX);
	return reader->bad ? NULL
			   : rk_secret_copy(
				 span.bytes ? (const void *)span.bytes : "", span.len, ret_secret);
}

static void
get_field(char field, rk_wire_reader *reader, rk_request *request)
{
	switch (field) {
	case 's':
		request->session = rk_wire_u32(reader);
		break;
	case 'n':
		request->slot = rk_wire_u64(reader);
		break;
	case 'H':
		request->handle = rk_wire_u64(reader);
		break;
	case 'I':
		rk_wire_fixed(reader, &request->identity, sizeof(request->identity));
		break;
	case 't':
		request->type = rk_wire_u8(reader);
		break;
	case 'h':
		request->hash = rk_wire_u8(reader);
		break;
	case 'k':
		request->pkcs1 = rk_wire_u8(reader) != 0;
		break;
	case 'w':
		request->wrappable = rk_wire_u8(reader) != 0;
		break;
	case 'v':
		request->piv_slot = rk_wire_u8(reader);
		break;
	case 'o':
		request->touch = rk_wire_u8(reader);
		break;
	case 'q':
		request->pin_policy = rk_wire_u8(reader);
		break;
	case 'c':
		request->change = rk_wire_u8(reader);
		break;
	case 'p':
		request->path = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case 'r':
		request->has_reserved = rk_wire_u8(reader) != 0;
		request->reserved = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case 'i':
		request->id = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case 'l':
		request->label = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case 'y':
		request->way = rk_wire_u8(reader);
		break;
	case 'a':
		request->sha1 = rk_wire_u8(reader) != 0;
		break;
	case 'x':
		request->spki = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case 'e':
		request->kek = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case 'd':
		request->input = rk_wire_bytes(reader, RK_WIRE_MAX);
		break;
	default:
		break;
	}
}

rk_error *
rk_request_decode(uint8_t op, const void *body, size_t len, rk_request *ret_request)
{
	rk_request request = {.op = (enum rk_op)op};
	rk_wire_reader reader = rk_wire_reader_of(body, len);
	const char *fields = fields_of(op);
	rk_error *err = NULL;

	if (!fields)
		return unknown_op();
	for (; *fields && !err; fields++) {
		if (*fields == 'P')
			err = get_secret(&reader, &request.owned_pin);
		else if (*fields == 'O')
			err = get_secret(&reader, &request.owned_so_pin);
		else if (*fields == 'K')
			err = get_secret(&reader, &request.owned_pkcs8);
		else
			get_field(*fields, &reader, &request);
	}
	if (!err)
		err = rk_wire_done(&reader);
	if (err) {
		rk_request_clear(&request);
		return err;
	}
	request.pin = request.owned_pin;
	request.so_pin = request.owned_so_pin;
	request.pkcs8 = request.owned_pkcs8;
	request.has_pin = request.owned_pin != NULL;
	*ret_request = request;
	return NULL;
}

void
rk_request_clear(rk_request *request)
{
	rk_secret_free(request->owned_pin);
	rk_secret_free(request->owned_so_pin);
	rk_secret_free(request->owned_pkcs8);
	request->owned_pin = NULL;
	request->owned_so_pin = NULL;
	request->owned_pkcs8 = NULL;
}
