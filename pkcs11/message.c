#include "pkcs11/message.h"

#include <string.h>

#define NO_PIN UINT32_MAX /* in place of a PIN's length: the pad asks */

/*
 * The fields of each operation, one letter each, in order:
 * s session, n slot, H handle, I identity, t type, h hash, k pkcs1, w wrappable, p path,
 * r reserved, i id, l label, d input, P PIN, O SO PIN.
 */
static const char *const op_fields[RK_OP_COUNT] = {
    [RK_OP_LOAD] = "pr",
    [RK_OP_LIST] = "",
    [RK_OP_OPEN] = "nI",
    [RK_OP_INFO] = "s",
    [RK_OP_ABILITIES] = "s",
    [RK_OP_LOGIN] = "sP",
    [RK_OP_KEYS] = "s",
    [RK_OP_GENERATE] = "stwil",
    [RK_OP_SIGN] = "sHhkd",
    [RK_OP_DESTROY] = "sHil",
    [RK_OP_INIT] = "nIlOP",
    [RK_OP_CLOSE] = "s",
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

	return fields && strchr(fields, 'P');
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
		return rk_fail(RK_E_INTERNAL, NULL, "a PIN was about to leave the secure heap");
	start = rk_wire_begin(out, id, (uint8_t)request->op);
	for (; *fields; fields++)
		put_field(*fields, request, out);
	return rk_wire_end(out, start);
}

static size_t
secret_len(const rk_secret *secret)
{
	return secret ? rk_secret_len(secret) : 0;
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

/* The PINs come last in each row: the public fields are written first, into a buffer. */
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
	for (; *fields && *fields != 'O' && *fields != 'P'; fields++)
		put_field(*fields, request, &head);
	for (const char *field = fields; *field; field++)
		pins += 4 + secret_len(*field == 'O' ? request->so_pin : request->pin);
	err = rk_wire_end(&head, start);
	if (err)
		return err;
	if (head.len + pins > RK_WIRE_SECRET_MAX)
		return rk_fail(RK_E_LIMIT, "no token has a PIN that long", "the PIN is too long");
	err = rk_secret_new(head.len + pins, &frame);
	if (err)
		return err;
	memcpy(rk_secret_bytes(frame), head.data, head.len);
	at = rk_secret_bytes(frame) + head.len;
	for (; *fields; fields++)
		at = put_secret(at, *fields == 'O' ? request->so_pin : request->pin);
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
	request.has_pin = request.owned_pin != NULL;
	*ret_request = request;
	return NULL;
}

void
rk_request_clear(rk_request *request)
{
	rk_secret_free(request->owned_pin);
	rk_secret_free(request->owned_so_pin);
	request->owned_pin = NULL;
	request->owned_so_pin = NULL;
}

/* "ll" and the like: which numbers of a CK structure travel is told by these few. */
static void
put_version(rk_buf *out, CK_VERSION version)
{
	rk_buf_byte(out, version.major);
	rk_buf_byte(out, version.minor);
}

static CK_VERSION
get_version(rk_wire_reader *reader)
{
	CK_VERSION version;

	version.major = rk_wire_u8(reader);
	version.minor = rk_wire_u8(reader);
	return version;
}

void
rk_slot_encode(const rk_slot *slot, rk_buf *out)
{
	rk_wire_put_u64(out, slot->slot);
	rk_buf_append(
	    out, slot->slot_info.slotDescription, sizeof(slot->slot_info.slotDescription));
	rk_buf_append(out, slot->slot_info.manufacturerID, sizeof(slot->slot_info.manufacturerID));
	rk_wire_put_u64(out, slot->slot_info.flags);
	rk_buf_append(out, slot->token.label, sizeof(slot->token.label));
	rk_buf_append(out, slot->token.manufacturerID, sizeof(slot->token.manufacturerID));
	rk_buf_append(out, slot->token.model, sizeof(slot->token.model));
	rk_buf_append(out, slot->token.serialNumber, sizeof(slot->token.serialNumber));
	rk_wire_put_u64(out, slot->token.flags);
	rk_wire_put_u64(out, slot->token.ulMaxPinLen);
	rk_wire_put_u64(out, slot->token.ulMinPinLen);
	put_version(out, slot->token.hardwareVersion);
	put_version(out, slot->token.firmwareVersion);
}

void
rk_slot_decode(rk_wire_reader *reader, rk_slot *ret_slot)
{
	rk_slot slot = {0};

	slot.slot = rk_wire_u64(reader);
	rk_wire_fixed(
	    reader, slot.slot_info.slotDescription, sizeof(slot.slot_info.slotDescription));
	rk_wire_fixed(reader, slot.slot_info.manufacturerID, sizeof(slot.slot_info.manufacturerID));
	slot.slot_info.flags = rk_wire_u64(reader);
	rk_wire_fixed(reader, slot.token.label, sizeof(slot.token.label));
	rk_wire_fixed(reader, slot.token.manufacturerID, sizeof(slot.token.manufacturerID));
	rk_wire_fixed(reader, slot.token.model, sizeof(slot.token.model));
	rk_wire_fixed(reader, slot.token.serialNumber, sizeof(slot.token.serialNumber));
	slot.token.flags = rk_wire_u64(reader);
	slot.token.ulMaxPinLen = rk_wire_u64(reader);
	slot.token.ulMinPinLen = rk_wire_u64(reader);
	slot.token.hardwareVersion = get_version(reader);
	slot.token.firmwareVersion = get_version(reader);
	*ret_slot = slot;
}

void
rk_message_info_encode(const CK_INFO *info, rk_buf *out)
{
	put_version(out, info->cryptokiVersion);
	rk_buf_append(out, info->manufacturerID, sizeof(info->manufacturerID));
	rk_buf_append(out, info->libraryDescription, sizeof(info->libraryDescription));
	put_version(out, info->libraryVersion);
}

void
rk_message_info_decode(rk_wire_reader *reader, CK_INFO *ret_info)
{
	CK_INFO info = {0};

	info.cryptokiVersion = get_version(reader);
	rk_wire_fixed(reader, info.manufacturerID, sizeof(info.manufacturerID));
	rk_wire_fixed(reader, info.libraryDescription, sizeof(info.libraryDescription));
	info.libraryVersion = get_version(reader);
	*ret_info = info;
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

void
rk_found_key_encode(const rk_found_key *key, rk_buf *out)
{
	rk_wire_put_u64(out, key->handle);
	rk_wire_put_u64(out, key->key_type);
	rk_wire_put_bytes(out, key->id.bytes, key->id.len);
	rk_wire_put_bytes(out, key->label.bytes, key->label.len);
	rk_wire_put_bytes(out, key->spki.bytes, key->spki.len);
	rk_buf_append(out, key->facts, sizeof(key->facts));
}

void
rk_found_key_decode(rk_wire_reader *reader, rk_found_key *ret_key)
{
	rk_found_key key = {0};

	key.handle = rk_wire_u64(reader);
	key.key_type = rk_wire_u64(reader);
	key.id = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
	key.label = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
	key.spki = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
	rk_wire_fixed(reader, key.facts, sizeof(key.facts));
	*ret_key = key;
}

void
rk_mechanism_encode(const rk_mechanism *mechanism, rk_buf *out)
{
	rk_wire_put_u64(out, mechanism->type);
	rk_wire_put_u64(out, mechanism->min);
	rk_wire_put_u64(out, mechanism->max);
	rk_wire_put_u64(out, mechanism->flags);
}

void
rk_mechanism_decode(rk_wire_reader *reader, rk_mechanism *ret_mechanism)
{
	ret_mechanism->type = rk_wire_u64(reader);
	ret_mechanism->min = rk_wire_u64(reader);
	ret_mechanism->max = rk_wire_u64(reader);
	ret_mechanism->flags = rk_wire_u64(reader);
}

void
rk_refusal_encode(const rk_refusal *refusal, rk_buf *out)
{
	rk_buf_byte(out, refusal->call);
	rk_wire_put_u64(out, refusal->rv);
	rk_wire_put_u64(out, refusal->token_flags);
	rk_wire_put_bytes(out, refusal->text.bytes,
	    refusal->text.len < RK_MESSAGE_TEXT_MAX ? refusal->text.len : RK_MESSAGE_TEXT_MAX);
}

rk_error *
rk_refusal_decode(rk_wire_reader *reader, rk_refusal *ret_refusal)
{
	rk_refusal refusal = {0};
	rk_error *err;

	refusal.call = rk_wire_u8(reader);
	refusal.rv = rk_wire_u64(reader);
	refusal.token_flags = rk_wire_u64(reader);
	refusal.text = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
	err = rk_wire_done(reader);
	if (err)
		return err;
	if (refusal.call >= RK_CALL_COUNT)
		refusal.call = RK_CALL_none;
	*ret_refusal = refusal;
	return NULL;
}
