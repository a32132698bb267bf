#include "json/canonical.h"

#include "json/bytes.h"
#include "json/escape.h"
#include "json/order.h"

#include <stdlib.h>

#define OUT_SIZE ((size_t)64 << 10)
/* What one turn of the inner loop may write without looking: a block, or a character. */
#define OUT_SLACK ((size_t)2 * RK_BYTES_BLOCK)
#define RAW_PIECE ((size_t)256 << 10)

struct out {
	char *buf; /* OUT_SIZE bytes */
	char *limit; /* from here on it is full */
	char *at;
	rk_sink sink;
	enum rk_form form;
	const rk_text *text; /* whose pages are given back; NULL: none */
	const struct rk_scan_order *known; /* an object whose order is known; NULL: none */
};

#define FEW 8

struct member {
	rk_json key;
	rk_json value;
};

static rk_error *write_value(struct out *out, const rk_json *value);

static rk_error *
flush(struct out *out)
{
	size_t len = (size_t)(out->at - out->buf);

	out->at = out->buf;
	return len > 0 ? out->sink.write(out->sink.context, out->buf, len) : NULL;
}

static void
passed(const struct out *out, const char *place)
{
	if (out->text)
		rk_text_forget(out->text, (size_t)(place - out->text->data));
}

static rk_error *
put(struct out *out, char byte)
{
	rk_error *err = out->at >= out->limit ? flush(out) : NULL;

	if (!err)
		*out->at++ = byte;
	return err;
}

/* Text that is canonical as it stands, where it is too much to be gathered. */
static rk_error *
write_pieces(struct out *out, const char *at, size_t len)
{
	rk_error *err = flush(out);

	while (!err && len > 0) {
		size_t piece = len < RAW_PIECE ? len : RAW_PIECE;

		err = out->sink.write(out->sink.context, at, piece);
		at += piece;
		len -= piece;
		passed(out, at);
	}
	return err;
}

/* Text that is canonical as it stands. */
static rk_error *
write_raw(struct out *out, const char *at, size_t len)
{
	rk_error *err = NULL;

	if (len > (size_t)(out->limit - out->buf) / 2)
		return write_pieces(out, at, len);
	if (out->at >= out->limit || len > (size_t)(out->limit - out->at)) {
		passed(out, at);
		err = flush(out);
	}
	if (!err) {
		memcpy(out->at, at, len);
		out->at += len;
	}
	return err;
}

/*
 * The plain bytes at `*at` to `*to`, until something to look at or the end of the room. Bytes are
 * copied before they are judged: what is too much is written over.
 */
static inline const char *
copy_plain(const char *at, const char *end, char **to, const char *limit)
{
	char *put = *to;

	while (end - at >= RK_BYTES_BLOCK && put < limit) {
		rk_bytes_block block = rk_bytes_load(at);
		unsigned first = rk_bytes_first(
		    (rk_bytes_block)(block == '"') | (rk_bytes_block)(block == '\\'));

		memcpy(put, &block, sizeof(block));
		at += first;
		put += first;
		if (first < RK_BYTES_BLOCK) {
			*to = put;
			return at;
		}
	}
	while (at < end && put < limit && *at != '"' && *at != '\\')
		*put++ = *at++;
	*to = put;
	return at;
}

/* As copy_plain; Go's form has more to look at, and goes through it one by one. */
static const char *
copy_for_go(const char *at, const char *end, char **to, const char *limit)
{
	uint32_t point;

	while (at < end && *to < limit && *at != '"' && *at != '\\') {
		at = rk_escape_next(at, &point);
		*to = rk_escape_form(*to, point, RK_FORM_GO);
	}
	return at;
}

/* The string whose opening quote is at `*place`. */
static rk_error *
pour_string(struct out *out, const char **place, const char *end)
{
	const char *at = *place + 1;
	char *to = out->at;
	rk_error *err;
	uint32_t point;

	*to++ = '"';
	for (;;) {
		at = out->form == RK_FORM_GO ? copy_for_go(at, end, &to, out->limit)
					     : copy_plain(at, end, &to, out->limit);
		if (to >= out->limit) {
			out->at = to;
			passed(out, at);
			err = flush(out);
			if (err)
				return err;
			to = out->at;
		} else if (*at == '"') {
			break;
		} else {
			at = rk_escape_next(at, &point);
			to = rk_escape_form(to, point, out->form);
		}
	}
	*to++ = '"';
	out->at = to;
	*place = at + 1;
	return NULL;
}

/* Text whose order is right: white space is left out, strings are written anew. */
static rk_error *
pour(struct out *out, const char *at, const char *end)
{
	rk_error *err;

	while (at < end) {
		if (out->at >= out->limit) {
			passed(out, at);
			err = flush(out);
			if (err)
				return err;
		}
		if (*at == '"') {
			err = pour_string(out, &at, end);
			if (err)
				return err;
		} else if (rk_bytes_is_space(*at)) {
			at = rk_bytes_space(at, end);
		} else {
			*out->at++ = *at++;
		}
	}
	return NULL;
}

/* Are the members in order as they stand? */
static bool
is_sorted(const rk_json *object)
{
	rk_json_iter iter = rk_json_each(object);
	rk_json last = {0}, key;

	for (; rk_json_next(&iter, &key, NULL); last = key)
		if (last.text && rk_json_compare(&last, &key) > 0)
			return false;
	return true;
}

static rk_error *
write_member(struct out *out, const rk_json *key, const rk_json *value, bool first)
{
	rk_error *err = first ? NULL : put(out, ',');

	if (!err)
		err = pour(out, key->text, key->text + key->len);
	if (!err)
		err = put(out, ':');
	return err ? err : write_value(out, value);
}

static bool
is_known(const struct out *out, const rk_json *object)
{
	return out->known && out->known->object == object->text;
}

static rk_error *
write_ordered(struct out *out, const rk_json *object, const struct rk_order *order)
{
	const rk_text *text = out->text;
	rk_json key, value;
	rk_error *err = NULL;

	/* Here and there in the text: nothing is passed for good. */
	out->text = NULL;
	for (size_t i = 0; !err && i < order->count; i++) {
		if (i + RK_ORDER_AHEAD < order->count)
			rk_order_fetch(&order->members[i + RK_ORDER_AHEAD]);
		rk_order_get(object, &order->members[i], &key, &value);
		err = write_member(out, &key, &value, i == 0);
	}
	out->text = text;
	return err;
}

static rk_error *
write_unsorted(struct out *out, const rk_json *object)
{
	struct rk_order order = {0};
	rk_error *err;

	if (is_known(out, object))
		return write_ordered(out, object, out->known->order);
	err = rk_order_add_all(&order, object);
	if (!err)
		err = rk_order_sort(&order);
	if (!err)
		err = write_ordered(out, object, &order);
	rk_order_clear(&order);
	return err;
}

static rk_error *
write_members(struct out *out, const rk_json *container)
{
	rk_json_iter iter = rk_json_each(container);
	rk_json key, value;
	rk_error *err = NULL;

	for (bool first = true; !err && rk_json_next(&iter, &key, &value); first = false) {
		if (iter.object)
			err = write_member(out, &key, &value, first);
		else if (first || !(err = put(out, ',')))
			err = write_value(out, &value);
	}
	return err;
}

/* The members of an object that has no more than FEW; the answer is above FEW where it has. */
static size_t
take_few(const rk_json *object, struct member few[static FEW])
{
	rk_json_iter iter = rk_json_each(object);
	struct member member;
	size_t count = 0, at;

	for (; rk_json_next(&iter, &member.key, &member.value); count++) {
		if (count == FEW)
			return FEW + 1;
		for (at = count; at > 0; at--) {
			if (rk_json_compare(&few[at - 1].key, &member.key) < 0)
				break;
			few[at] = few[at - 1];
		}
		few[at] = member;
	}
	return count;
}

/* Most objects have few members: one walk over each is enough, and no memory. */
static rk_error *
write_object(struct out *out, const rk_json *object)
{
	struct member few[FEW];
	size_t count = take_few(object, few);
	rk_error *err = NULL;

	if (count > FEW)
		return !is_known(out, object) && is_sorted(object) ? write_members(out, object)
								   : write_unsorted(out, object);
	for (size_t i = 0; !err && i < count; i++)
		err = write_member(out, &few[i].key, &few[i].value, i == 0);
	return err;
}

static rk_error *
write_container(struct out *out, const rk_json *container)
{
	bool object = container->kind == RK_JSON_OBJECT;
	rk_error *err = put(out, object ? '{' : '[');

	if (!err)
		err = object ? write_object(out, container) : write_members(out, container);
	return err ? err : put(out, object ? '}' : ']');
}

static rk_error *
write_value(struct out *out, const rk_json *value)
{
	if (value->unsorted == 1 && value->loose == 1 && out->form != RK_FORM_GO)
		return write_raw(out, value->text, value->len);
	if (value->unsorted == 1 || (value->kind != RK_JSON_OBJECT && value->kind != RK_JSON_ARRAY))
		return pour(out, value->text, value->text + value->len);
	return write_container(out, value);
}

static rk_error *
open_out(struct out *out)
{
	out->buf = malloc(OUT_SIZE);
	if (!out->buf)
		return rk_out_of_memory();
	out->at = out->buf;
	out->limit = out->buf + OUT_SIZE - OUT_SLACK;
	return NULL;
}

static rk_error *
write_all(struct out *out, const rk_json *value)
{
	rk_error *err = open_out(out);

	if (!err)
		err = write_value(out, value);
	if (!err)
		err = flush(out);
	free(out->buf);
	return err;
}

rk_error *
rk_canonical(const rk_json *value, enum rk_form form, rk_sink sink, const rk_text *text)
{
	struct out out = {.sink = sink, .form = form, .text = text};

	return write_all(&out, value);
}

rk_error *
rk_canonical_ordered(
    const rk_json *value, rk_sink sink, const rk_text *text, const struct rk_scan_order *known)
{
	struct out out = {.sink = sink, .form = RK_FORM_SIGNED, .text = text, .known = known};

	return write_all(&out, value);
}

/* How many of the bytes at `at` are written as they are. */
static size_t
run_of(const char *at, size_t len, enum rk_form form)
{
	size_t run = 0;

	for (; run < len; run++) {
		uint8_t byte = (uint8_t)at[run];

		if (byte == '"' || byte == '\\')
			break;
		if (form != RK_FORM_SIGNED && byte < 0x20)
			break;
		if (form == RK_FORM_GO &&
		    (byte == '<' || byte == '>' || byte == '&' || byte == 0xe2))
			break;
	}
	return run;
}

/* One character that may have to be escaped; returns how many bytes of `at` it was. */
static size_t
form_one(const char *at, size_t len, enum rk_form form, char **to)
{
	uint32_t point = (uint8_t)*at;
	size_t size = 1;

	if (point == 0xe2 && len >= 3) {
		point = 0x2000 | (uint32_t)(at[1] & 0x3f) << 6 | (uint32_t)(at[2] & 0x3f);
		size = 3;
	}
	*to = rk_escape_form(*to, point, form);
	return size;
}

rk_error *
rk_canonical_string(const char *text, size_t len, enum rk_form form, rk_sink sink)
{
	char piece[RK_ESCAPE_FORM_MAX];
	rk_error *err = sink.write(sink.context, "\"", 1);

	while (!err && len > 0) {
		size_t run = run_of(text, len, form);
		char *to = piece;

		if (run > 0) {
			err = sink.write(sink.context, text, run);
		} else {
			run = form_one(text, len, form, &to);
			err = sink.write(sink.context, piece, (size_t)(to - piece));
		}
		text += run;
		len -= run;
	}
	return err ? err : sink.write(sink.context, "\"", 1);
}
