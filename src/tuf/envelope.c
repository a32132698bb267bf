#include "tuf/envelope_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

/* The most bytes that we read of each kind. Clients stop earlier: that is for lint to say. */
static const size_t limits[RK_ROLE_KIND_COUNT] = {
    [RK_ROLE_ROOT] = RK_DOCUMENT_MAX,
    [RK_ROLE_TIMESTAMP] = 1u << 20,
    [RK_ROLE_SNAPSHOT] = RK_DOCUMENT_MAX,
    [RK_ROLE_TARGETS] = (size_t)8 << 30,
    [RK_ROLE_DELEGATED] = (size_t)8 << 30,
};

#define SIGNATURES_MAX 4096 /* entries: more than any role could need */

size_t
rk_envelope_limit(enum rk_role_kind kind)
{
	return limits[kind];
}

void
rk_envelope_free(rk_envelope *envelope)
{
	if (!envelope)
		return;
	if (envelope->shared > 0) {
		envelope->shared--;
		return;
	}
	for (size_t i = 0; i < envelope->sig_count; i++) {
		free(envelope->sigs[i].keyid);
		free(envelope->sigs[i].bytes);
		rk_pubkey_free(envelope->sigs[i].verified_by);
	}
	free(envelope->sigs);
	free(envelope->expires_text);
	free(envelope->name);
	rk_payload_clear(&envelope->payload);
	rk_scan_order_clear(&envelope->largest);
	rk_text_free(envelope->text);
	free(envelope);
}

/* A complaint about a place in the file. */
static rk_error *
malformed_at(const rk_envelope *envelope, const rk_json *place, const char *what)
{
	size_t line, column;
	rk_json_position(envelope->text->data, place->text, &line, &column);
	return rk_fail(RK_E_MALFORMED,
	    "get it again from where it came: what stands there is no TUF metadata",
	    "%s, line %zu, column %zu: %s", RK_SHOW(envelope->name), line, column, what);
}

static rk_error *
read_sig_bytes(const rk_envelope *envelope, rk_envelope_sig *sig)
{
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(bytes);
	rk_error *err = rk_json_string(&sig->sig_span, &text);
	if (err)
		return err;
	sig->empty = text.len == 0;
	if (sig->empty)
		return NULL;
	err = envelope->dialect->signature_bytes(rk_buf_str(&text), text.len, &bytes);
	if (err && rk_error_code(err) == RK_E_NOMEM)
		return err;
	sig->undecodable = err != NULL;
	rk_error_free(err);
	if (sig->undecodable)
		return NULL;
	char *taken = NULL;
	sig->len = bytes.len;
	err = rk_buf_take(&bytes, &taken);
	sig->bytes = (uint8_t *)taken;
	return err;
}

static rk_error *
read_sig(const rk_envelope *envelope, const rk_json *entry, rk_envelope_sig *sig)
{
	rk_json keyid;
	sig->span = *entry;
	if (entry->kind != RK_JSON_OBJECT)
		return malformed_at(envelope, entry, "a signature is not an object");
	rk_error *err = rk_json_get(entry, "keyid", &keyid) && keyid.kind == RK_JSON_STRING
			    ? rk_json_strdup(&keyid, &sig->keyid)
			    : rk_strdup("", &sig->keyid);
	if (err)
		return err;
	if (!rk_json_get(entry, "sig", &sig->sig_span))
		sig->sig_span = (rk_json){0};
	if (sig->sig_span.len == 0 || sig->sig_span.kind != RK_JSON_STRING) {
		sig->undecodable = true;
		return NULL;
	}
	return read_sig_bytes(envelope, sig);
}

rk_error *
rk_envelope_read_sigs(rk_envelope *envelope)
{
	rk_json entry;
	size_t count = rk_json_count(&envelope->signatures_span);
	if (count > SIGNATURES_MAX)
		return rk_fail(RK_E_LIMIT, NULL, "%s has %zu signatures; at most %d are read",
		    RK_SHOW(envelope->name), count, SIGNATURES_MAX);
	envelope->sigs = calloc(count + 1, sizeof(*envelope->sigs));
	if (!envelope->sigs)
		return rk_out_of_memory();
	rk_json_iter iter = rk_json_each(&envelope->signatures_span);
	while (rk_json_next(&iter, NULL, &entry)) {
		rk_envelope_sig *sig = &envelope->sigs[envelope->sig_count++];
		rk_error *err = read_sig(envelope, &entry, sig);
		if (err)
			return err;
		for (size_t i = 0; i + 1 < envelope->sig_count && !sig->duplicate; i++)
			sig->duplicate = strcmp(envelope->sigs[i].keyid, sig->keyid) == 0;
	}
	return NULL;
}

/* A member of `signed` that an envelope wants to know the place of. */
static void
take_member(rk_envelope *envelope, const rk_json *key, const rk_json *value)
{
	const struct {
		const char *name;
		rk_json *span;
	} wanted[] = {
	    {"_type", &envelope->type_span},
	    {"version", &envelope->version_span},
	    {"expires", &envelope->expires_span},
	    {"targets", &envelope->targets_span},
	    {"delegations", &envelope->delegations_span},
	    {"meta", &envelope->meta_span},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (rk_json_is(key, wanted[i].name))
			*wanted[i].span = *value;
}

static void
take_part(rk_envelope *envelope, const rk_json *key, const rk_json *value)
{
	if (rk_json_is(key, "signed"))
		envelope->signed_span = *value;
	else if (rk_json_is(key, "signatures"))
		envelope->signatures_span = *value;
}

static bool
is_within(const rk_json *inner, const rk_json *outer)
{
	return outer->len > 0 && inner->text > outer->text &&
	       inner->text < outer->text + outer->len;
}

/* What the scan has noted on its way: nothing is walked again. */
static void
take_notes(rk_envelope *envelope, const struct rk_scan_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		if (notes->items[i].depth == 0)
			take_part(envelope, &notes->items[i].key, &notes->items[i].value);
	for (size_t i = 0; i < notes->count; i++)
		if (notes->items[i].depth == 1 &&
		    is_within(&notes->items[i].key, &envelope->signed_span))
			take_member(envelope, &notes->items[i].key, &notes->items[i].value);
}

/* A file with more members than anybody's. */
static void
walk_members(rk_envelope *envelope, const rk_json *file)
{
	rk_json key, value;
	rk_json_iter iter = rk_json_each(file);

	while (rk_json_next(&iter, &key, &value))
		if (iter.object)
			take_part(envelope, &key, &value);
	iter = rk_json_each(&envelope->signed_span);
	while (iter.object && rk_json_next(&iter, &key, &value))
		take_member(envelope, &key, &value);
}

static rk_error *
read_kind(rk_envelope *envelope, const rk_json *type)
{
	if (type->len == 0 || type->kind != RK_JSON_STRING)
		return malformed_at(envelope, &envelope->signed_span, "signed has no _type");
	for (int kind = RK_ROLE_ROOT; kind < RK_ROLE_TOP_COUNT; kind++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is known by now */
		if (rk_json_is(type, envelope->dialect->type_name[kind])) {
			envelope->kind = (enum rk_role_kind)kind;
			return NULL;
		}
	}
	return malformed_at(envelope, type, "_type is none that we know");
}

static rk_error *
read_expires(rk_envelope *envelope)
{
	if (envelope->expires_span.len == 0 || envelope->expires_span.kind != RK_JSON_STRING)
		return malformed_at(envelope, &envelope->signed_span, "signed has no expires");
	rk_error *err = rk_json_strdup(&envelope->expires_span, &envelope->expires_text);
	if (err)
		return err;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is known by now */
	err = envelope->dialect->expires_parse(envelope->expires_text,
	    strlen(envelope->expires_text), &envelope->expires, &envelope->expires_portable);
	if (err)
		return rk_join(
		    malformed_at(envelope, &envelope->expires_span, "expires is no time"), err);
	return NULL;
}

static rk_error *
read_header(rk_envelope *envelope)
{
	rk_error *err = read_kind(envelope, &envelope->type_span);
	if (err)
		return err;
	if (envelope->version_span.len == 0 || envelope->version_span.kind != RK_JSON_INTEGER)
		return malformed_at(envelope, &envelope->signed_span, "signed has no version");
	err = rk_json_int(&envelope->version_span, &envelope->version);
	if (err)
		return err;
	if (envelope->version < 1)
		return malformed_at(envelope, &envelope->version_span, "version is less than 1");
	return read_expires(envelope);
}

static rk_error *
read_file(rk_envelope *envelope)
{
	struct rk_scan_notes notes;
	rk_json file;
	rk_error *err = rk_scan_noting(envelope->text, envelope->name, &notes, &file);

	if (err)
		return err;
	envelope->largest = notes.largest;
	if (notes.whole)
		take_notes(envelope, &notes);
	else
		walk_members(envelope, &file);
	if (envelope->signed_span.len == 0 || envelope->signed_span.kind != RK_JSON_OBJECT)
		return malformed_at(envelope, &file, "there is no signed object");
	if (envelope->signatures_span.len == 0 || envelope->signatures_span.kind != RK_JSON_ARRAY)
		return malformed_at(envelope, &file, "there is no array of signatures");
	if (!envelope->dialect)
		err = rk_dialect_by_type(&envelope->type_span, envelope->name, &envelope->dialect);
	if (!err)
		err = read_header(envelope);
	return err ? err : rk_envelope_read_sigs(envelope);
}

rk_error *
rk_envelope_open(
    const rk_dialect *dialect, rk_text *text, const char *name, rk_envelope **ret_envelope)
{
	RK_AUTO(rk_text) owned = text;
	RK_AUTO(rk_envelope) envelope = calloc(1, sizeof(*envelope));
	if (!envelope)
		return rk_out_of_memory();
	envelope->text = RK_TAKE(owned);
	envelope->dialect = dialect;
	rk_error *err = rk_strdup(name, &envelope->name);
	if (err)
		return err;
	err = read_file(envelope);
	if (err)
		return err;
	*ret_envelope = RK_TAKE(envelope);
	return NULL;
}

rk_envelope *
rk_envelope_share(rk_envelope *envelope)
{
	envelope->shared++;
	return envelope;
}

rk_error *
rk_envelope_open_path(const rk_dialect *dialect, const char *path, rk_envelope **ret_envelope)
{
	rk_text *text = NULL;
	rk_error *err = rk_text_read_path(path, limits[RK_ROLE_TARGETS], &text);
	if (err)
		return err;
	return rk_envelope_open(dialect, text, path, ret_envelope);
}

static bool
payload_has(const rk_payload *payload, unsigned hashes, bool whole)
{
	return (payload->have & hashes) == hashes && (!whole || payload->whole);
}

rk_error *
rk_envelope_payload(
    rk_envelope *envelope, unsigned hashes, bool whole, const rk_payload **ret_payload)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_payload payload = {0};
	hashes |= 1u << RK_HASH_SHA256;
	hashes &= ~(1u << RK_HASH_NONE);
	if (payload_has(&envelope->payload, hashes, whole)) {
		*ret_payload = &envelope->payload;
		return NULL;
	}
	/* Everything known stays known, so that no answer ever shrinks. */
	hashes |= envelope->payload.have & ~(1u << RK_HASH_NONE);
	whole = whole || envelope->payload.whole;
	rk_error *err = rk_payload_begin(hashes, whole, &pass);
	if (!err)
		err = rk_envelope_write_payload(envelope, rk_payload_sink(pass));
	if (!err)
		err = rk_payload_finish(pass, &payload);
	if (err)
		return err;
	rk_payload_clear(&envelope->payload);
	envelope->payload = payload;
	*ret_payload = &envelope->payload;
	return NULL;
}

rk_error *
rk_envelope_payload_for(
    rk_envelope *envelope, const rk_scheme *scheme, const rk_payload **ret_payload)
{
	return rk_envelope_payload(
	    envelope, 1u << scheme->hash, scheme->hash == RK_HASH_NONE, ret_payload);
}

rk_error *
rk_envelope_sha256(rk_envelope *envelope, uint8_t out[static RK_SHA256_SIZE])
{
	const rk_payload *payload;
	rk_error *err = rk_envelope_payload(envelope, 0, false, &payload);
	if (err)
		return err;
	memcpy(out, payload->sha256, RK_SHA256_SIZE);
	return NULL;
}

rk_error *
rk_envelope_file_hashes(rk_envelope *envelope, unsigned set, rk_hashes *ret_hashes)
{
	rk_hashes *known = &envelope->file_hashes, taken, asked = {0};
	unsigned missing = set & ~known->have & ~(1u << RK_HASH_NONE);
	rk_error *err = missing ? rk_hashes_of_text(envelope->text, missing, &taken) : NULL;

	if (err)
		return err;
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		if (missing & 1u << hash)
			rk_hashes_set(known, hash, taken.value[hash]);
		if (set & 1u << hash)
			rk_hashes_set(&asked, hash, known->value[hash]);
	}
	*ret_hashes = asked;
	return NULL;
}

void
rk_envelope_note_file_sha256(rk_envelope *envelope, const uint8_t sha256[static RK_SHA256_SIZE])
{
	rk_hashes_set(&envelope->file_hashes, RK_HASH_SHA256, sha256);
}

rk_error *
rk_envelope_write_payload(const rk_envelope *envelope, rk_sink sink)
{
	return rk_canonical_ordered(
	    &envelope->signed_span, sink, envelope->text, &envelope->largest);
}

rk_error *
rk_envelope_signed_node(const rk_envelope *envelope, rk_node **ret_signed)
{
	return rk_node_from_json(&envelope->signed_span, envelope->name, ret_signed);
}

rk_error *
rk_envelope_portable(const rk_envelope *envelope)
{
	return rk_dialect_check_value(
	    envelope->dialect, &envelope->signed_span, envelope->text->data, envelope->name);
}

const rk_envelope_sig *
rk_envelope_sig_by_id(const rk_envelope *envelope, const char *keyid)
{
	for (size_t i = 0; i < envelope->sig_count; i++)
		if (strcmp(envelope->sigs[i].keyid, keyid) == 0)
			return &envelope->sigs[i];
	return NULL;
}
