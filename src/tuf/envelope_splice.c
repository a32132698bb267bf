#include "base/show.h"
#include "tuf/envelope.h"

#include <string.h>

/* How far in a file is looked at to learn its style: what comes later looks the same. */
#define STYLE_SAMPLE 65536

rk_style
rk_envelope_style(const rk_envelope *envelope)
{
	const rk_text *text = envelope->text;
	if (envelope->dialect->one_reader)
		return *envelope->dialect->style;
	/* A large file is judged by its beginning; only its last byte tells of a final newline. */
	size_t sample = text->len < STYLE_SAMPLE ? text->len : STYLE_SAMPLE;
	rk_style style = rk_style_detect(text->data, sample);
	style.newline = text->len > 0 && text->data[text->len - 1] == '\n';
	return style;
}

static bool
is_dropped(const char *const *drop, const char *keyid)
{
	for (; drop && *drop; drop++)
		if (strcmp(*drop, keyid) == 0)
			return true;
	return false;
}

static const struct rk_new_sig *
new_sig_for(const struct rk_new_sig *sigs, size_t count, const char *keyid)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(sigs[i].keyid, keyid) == 0)
			return &sigs[i];
	return NULL;
}

static rk_error *
write_new(
    const rk_envelope *envelope, const struct rk_new_sig *sig, const rk_style *style, rk_buf *out)
{
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = envelope->dialect->signature_object(
	    sig->keyid, sig->scheme, sig->sig, sig->len, &object);
	if (err)
		return err;
	rk_write_node(out, object, style, 2);
	return rk_buf_check(out);
}

/* An entry of the same id: its other members stay, only the text of `sig` is another. */
static rk_error *
write_replaced(const rk_envelope *envelope, const rk_envelope_sig *old,
    const struct rk_new_sig *sig, const rk_style *style, rk_buf *out)
{
	RK_AUTO_BUF(text);
	/* One reader writes nothing else anyway, and another scheme has another method. */
	if (old->sig_span.len == 0 || envelope->dialect->one_reader)
		return write_new(envelope, sig, style, out);
	rk_error *err = envelope->dialect->signature_text(sig->sig, sig->len, &text);
	if (err)
		return err;
	const char *end = old->span.text + old->span.len;
	const char *rest = old->sig_span.text + old->sig_span.len;
	rk_buf_append(out, old->span.text, (size_t)(old->sig_span.text - old->span.text));
	rk_write_text(out, rk_buf_str(&text), style);
	rk_buf_append(out, rest, (size_t)(end - rest));
	return rk_buf_check(out);
}

static void
separate(rk_buf *out, const rk_style *style, bool *first)
{
	if (!*first)
		rk_buf_byte(out, ',');
	if (!*first && style->indent == 0 && !style->tabs && style->comma_space)
		rk_buf_byte(out, ' ');
	else
		rk_write_break(out, style, 2);
	*first = false;
}

static rk_error *
write_array(const rk_envelope *envelope, const struct rk_new_sig *sigs, size_t count,
    const char *const *drop, rk_buf *out)
{
	rk_style style = rk_envelope_style(envelope);
	rk_error *err;
	bool first = true;
	rk_buf_byte(out, '[');
	for (size_t i = 0; i < envelope->sig_count; i++) {
		const rk_envelope_sig *old = &envelope->sigs[i];
		const struct rk_new_sig *sig = new_sig_for(sigs, count, old->keyid);
		/* Of two entries with the id that is replaced, the second would be refused by clients. */
		if ((sig && old->duplicate) || (!sig && is_dropped(drop, old->keyid)))
			continue;
		separate(out, &style, &first);
		if (!sig) {
			rk_buf_append(out, old->span.text, old->span.len);
			continue;
		}
		err = write_replaced(envelope, old, sig, &style, out);
		if (err)
			return err;
	}
	for (size_t i = 0; i < count; i++) {
		if (rk_envelope_sig_by_id(envelope, sigs[i].keyid) ||
		    new_sig_for(sigs, i, sigs[i].keyid))
			continue;
		separate(out, &style, &first);
		err = write_new(envelope, &sigs[i], &style, out);
		if (err)
			return err;
	}
	if (!first)
		rk_write_break(out, &style, 1);
	rk_buf_byte(out, ']');
	return rk_buf_check(out);
}

rk_error *
rk_envelope_splice(const rk_envelope *envelope, const struct rk_new_sig *sigs, size_t count,
    const char *const *drop, rk_sink sink)
{
	RK_AUTO_BUF(array);
	const rk_text *text = envelope->text;
	size_t start = (size_t)(envelope->signatures_span.text - text->data);
	rk_error *err = write_array(envelope, sigs, count, drop, &array);
	if (!err)
		err = rk_text_feed(text, 0, start, sink);
	if (!err)
		err = sink.write(sink.context, rk_buf_str(&array), array.len);
	if (err)
		return err;
	return rk_text_feed(text, start + envelope->signatures_span.len, text->len, sink);
}

/* `signed` first and `signatures` last whatever the order of the style: as everyone writes it. */
static void
write_file(rk_buf *out, const rk_node *signed_node, const rk_style *style)
{
	rk_style inner = *style;
	bool spaced = style->indent == 0 && !style->tabs && style->comma_space;
	inner.newline = false;
	rk_buf_byte(out, '{');
	rk_write_break(out, style, 1);
	rk_buf_text(out, style->colon_space ? "\"signed\": " : "\"signed\":");
	rk_write_node(out, signed_node, &inner, 1);
	rk_buf_text(out, spaced ? ", " : ",");
	rk_write_break(out, style, 1);
	rk_buf_text(out, style->colon_space ? "\"signatures\": []" : "\"signatures\":[]");
	rk_write_break(out, style, 0);
	rk_buf_byte(out, '}');
	if (style->newline)
		rk_buf_byte(out, '\n');
}

rk_error *
rk_envelope_compose(const rk_dialect *dialect, const rk_node *signed_node, const rk_style *style,
    rk_text **ret_text)
{
	RK_AUTO_BUF(out);
	rk_json file, signed_span;
	write_file(&out, signed_node, style ? style : dialect->style);
	rk_error *err = rk_buf_check(&out);
	if (!err)
		err = rk_scan_bytes(rk_buf_str(&out), out.len, "new metadata", &file);
	if (err)
		return err;
	if (!rk_json_get(&file, "signed", &signed_span))
		return rk_fail(RK_E_INTERNAL, NULL, "new metadata came out without signed");
	err = rk_dialect_check_value(dialect, &signed_span, rk_buf_str(&out), "new metadata");
	return err ? err : rk_text_take(&out, ret_text);
}
