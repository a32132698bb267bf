#include "base/show.h"
#include "tuf/envelope_private.h"

#include <stdlib.h>
#include <string.h>

/* Where things are in a text whose `signatures` have another length. */
struct shift {
	const rk_text *before, *after;
	size_t start; /* of the value of `signatures`, in both */
	size_t before_end, after_end; /* behind it */
};

static rk_error *
another(const rk_envelope *before)
{
	return rk_fail(RK_E_UNTRUSTED, "look at the disk, and run it again",
	    "%s is not what was written, signatures aside", RK_SHOW(before->name));
}

static rk_error *
find_shift(const rk_envelope *before, const rk_text *text, struct shift *shift)
{
	const rk_json *array = &before->signatures_span;
	size_t rest;

	shift->before = before->text;
	shift->after = text;
	shift->start = (size_t)(array->text - before->text->data);
	shift->before_end = shift->start + array->len;
	rest = before->text->len - shift->before_end;
	if (text->len < shift->start + rest)
		return another(before);
	shift->after_end = text->len - rest;
	if (!rk_text_same(before->text, 0, text, 0, shift->start) ||
	    !rk_text_same(before->text, shift->before_end, text, shift->after_end, rest))
		return another(before);
	return NULL;
}

static rk_json
moved(const struct shift *shift, const rk_json *span)
{
	rk_json to = *span;
	size_t at;

	if (span->len == 0)
		return to;
	at = (size_t)(span->text - shift->before->data);
	if (at >= shift->before_end)
		at = at - shift->before_end + shift->after_end;
	to.text = shift->after->data + at;
	to.source = shift->after;
	return to;
}

static void
move_spans(const struct shift *shift, const rk_envelope *before, rk_envelope *envelope)
{
	envelope->signed_span = moved(shift, &before->signed_span);
	envelope->type_span = moved(shift, &before->type_span);
	envelope->version_span = moved(shift, &before->version_span);
	envelope->expires_span = moved(shift, &before->expires_span);
	envelope->targets_span = moved(shift, &before->targets_span);
	envelope->delegations_span = moved(shift, &before->delegations_span);
	envelope->meta_span = moved(shift, &before->meta_span);
}

static rk_error *
take_header(rk_envelope *before, rk_envelope *envelope)
{
	rk_error *err = rk_strdup(before->name, &envelope->name);

	if (!err)
		err = rk_strdup(before->expires_text, &envelope->expires_text);
	if (err)
		return err;
	envelope->dialect = before->dialect;
	envelope->kind = before->kind;
	envelope->version = before->version;
	envelope->expires = before->expires;
	envelope->expires_portable = before->expires_portable;
	envelope->targets_checked = before->targets_checked;
	return NULL;
}

/* The bytes are as large as the file: they are held once. */
static void
take_payload(rk_envelope *before, rk_envelope *envelope)
{
	envelope->payload = before->payload;
	before->payload.bytes = (rk_buf){NULL, 0, 0, false};
	before->payload.whole = false;
	before->payload.have &= ~(1u << RK_HASH_NONE);
}

static rk_error *
read_signatures(const struct shift *shift, rk_envelope *envelope)
{
	rk_json *array = &envelope->signatures_span;
	rk_error *err = rk_scan_bytes(shift->after->data + shift->start,
	    shift->after_end - shift->start, envelope->name, array);

	if (!err && array->kind != RK_JSON_ARRAY)
		return another(envelope);
	return err ? err : rk_envelope_read_sigs(envelope);
}

rk_error *
rk_envelope_open_spliced(rk_envelope *before, rk_text *text, rk_envelope **ret_envelope)
{
	RK_AUTO(rk_text) owned = text;
	RK_AUTO(rk_envelope) envelope = calloc(1, sizeof(*envelope));
	struct shift shift;
	rk_error *err = envelope ? find_shift(before, text, &shift) : rk_out_of_memory();

	if (!err)
		err = take_header(before, envelope);
	if (err)
		return err;
	envelope->text = RK_TAKE(owned);
	move_spans(&shift, before, envelope);
	err = read_signatures(&shift, envelope);
	if (err)
		return err;
	take_payload(before, envelope);
	*ret_envelope = RK_TAKE(envelope);
	return NULL;
}
