#include "pkcs11/request.h"

#include <stddef.h>
#include <string.h>

#define NO_PIN UINT32_MAX /* in place of a PIN's length: the pad asks */
#define SECRETS "OPK"

/*
 * The fields of each operation, a letter of all_fields each, in order; at the end the secrets: O SO PIN or
 * the present one, P PIN, K private key.
 */
static const char *const op_fields[RK_OP_COUNT] = {
    [RK_OP_LOAD] = "pRr",
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
    [RK_OP_SIGHT] = "sx",
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

enum shape {
	SHAPE_BYTE,
	SHAPE_FLAG,
	SHAPE_WORD,
	SHAPE_LONG,
	SHAPE_IDENTITY,
	SHAPE_TEXT,
	SHAPE_DATA
};

/* Where a field lies and how it travels. */
static const struct field {
	char letter;
	enum shape shape;
	size_t offset;
} all_fields[] = {
    {'s', SHAPE_WORD, offsetof(rk_request, session)},
    {'n', SHAPE_LONG, offsetof(rk_request, slot)},
    {'H', SHAPE_LONG, offsetof(rk_request, handle)},
    {'I', SHAPE_IDENTITY, offsetof(rk_request, identity)},
    {'t', SHAPE_BYTE, offsetof(rk_request, type)},
    {'h', SHAPE_BYTE, offsetof(rk_request, hash)},
    {'k', SHAPE_FLAG, offsetof(rk_request, pkcs1)},
    {'w', SHAPE_FLAG, offsetof(rk_request, wrappable)},
    {'v', SHAPE_BYTE, offsetof(rk_request, piv_slot)},
    {'o', SHAPE_BYTE, offsetof(rk_request, touch)},
    {'q', SHAPE_BYTE, offsetof(rk_request, pin_policy)},
    {'c', SHAPE_BYTE, offsetof(rk_request, change)},
    {'p', SHAPE_TEXT, offsetof(rk_request, path)},
    {'R', SHAPE_FLAG, offsetof(rk_request, has_reserved)},
    {'r', SHAPE_TEXT, offsetof(rk_request, reserved)},
    {'i', SHAPE_TEXT, offsetof(rk_request, id)},
    {'l', SHAPE_TEXT, offsetof(rk_request, label)},
    {'y', SHAPE_BYTE, offsetof(rk_request, way)},
    {'a', SHAPE_FLAG, offsetof(rk_request, sha1)},
    {'x', SHAPE_TEXT, offsetof(rk_request, spki)},
    {'e', SHAPE_TEXT, offsetof(rk_request, kek)},
    {'d', SHAPE_DATA, offsetof(rk_request, input)},
};

static const struct field *
field_of(char letter)
{
	size_t i = 0;

	while (all_fields[i].letter != letter)
		i++;
	return &all_fields[i];
}

static void
put_field(char letter, const rk_request *request, rk_buf *out)
{
	const struct field *field = field_of(letter);
	const void *at = (const char *)request + field->offset;
	const rk_wire_span *span = at;

	switch (field->shape) {
	case SHAPE_BYTE:
		rk_buf_byte(out, *(const uint8_t *)at);
		break;
	case SHAPE_FLAG:
		rk_buf_byte(out, *(const bool *)at);
		break;
	case SHAPE_WORD:
		rk_buf_u32(out, *(const uint32_t *)at);
		break;
	case SHAPE_LONG:
		rk_wire_put_u64(out, *(const uint64_t *)at);
		break;
	case SHAPE_IDENTITY:
		rk_buf_append(out, at, sizeof(rk_identity));
		break;
	case SHAPE_TEXT:
	case SHAPE_DATA:
	default:
		rk_wire_put_bytes(out, span->bytes, span->len);
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
get_field(char letter, rk_wire_reader *reader, rk_request *request)
{
	const struct field *field = field_of(letter);
	void *at = (char *)request + field->offset;
	rk_wire_span *span = at;

	switch (field->shape) {
	case SHAPE_BYTE:
		*(uint8_t *)at = rk_wire_u8(reader);
		break;
	case SHAPE_FLAG:
		*(bool *)at = rk_wire_u8(reader) != 0;
		break;
	case SHAPE_WORD:
		*(uint32_t *)at = rk_wire_u32(reader);
		break;
	case SHAPE_LONG:
		*(uint64_t *)at = rk_wire_u64(reader);
		break;
	case SHAPE_IDENTITY:
		rk_wire_fixed(reader, at, sizeof(rk_identity));
		break;
	case SHAPE_TEXT:
		*span = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
		break;
	case SHAPE_DATA:
	default:
		*span = rk_wire_bytes(reader, RK_WIRE_MAX);
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

void
rk_identity_of(const CK_TOKEN_INFO *token, rk_identity *ret_identity)
{
	memcpy(ret_identity->label, token->label, sizeof(ret_identity->label));
	memcpy(
	    ret_identity->manufacturer, token->manufacturerID, sizeof(ret_identity->manufacturer));
	memcpy(ret_identity->model, token->model, sizeof(ret_identity->model));
	memcpy(ret_identity->serial, token->serialNumber, sizeof(ret_identity->serial));
}
