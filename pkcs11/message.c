#include "pkcs11/message.h"

#include <string.h>

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
rk_card_encode(const rk_card *card, rk_buf *out)
{
	rk_buf_append(out, card, sizeof(*card));
}

void
rk_card_decode(rk_wire_reader *reader, rk_card *ret_card)
{
	rk_wire_fixed(reader, ret_card, sizeof(*ret_card));
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
