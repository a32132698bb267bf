#include "tuf/targets_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)1 << 20)
#define TEXTS 3 /* version, expires, delegations */
#define ENTRY_LEVEL 3 /* of a target's members: file, signed, targets */

/* A place of the text and what stands there instead. */
struct place {
	size_t from, to;
	enum { PLACE_TEXT, PLACE_ENTRIES } kind;
	const char *text; /* of PLACE_TEXT */
};

struct rewrite {
	const rk_envelope *envelope;
	const struct rk_targets_change *change;
	rk_sink sink;
	rk_style style;
	struct rk_targets_changed changed;
	struct place places[6];
	size_t count;
	rk_buf texts[TEXTS]; /* what places of text borrow */
	/* The edit that comes next. */
	struct rk_target_edit edit;
	bool more;
	rk_buf edit_name; /* as JSON, to be compared with keys */
	rk_json edit_key;
	/* Entries as they are, not yet copied; a run of the text. */
	const char *run_from, *run_to;
	bool scattered; /* entries are copied from here and there: no page is done with */
	bool running; /* the run's beginning was copied already */
	bool first; /* nothing was written between the braces */
	const char *last; /* the end of the entry written last, where it is the text's own */
};

static rk_error *
copy_text(struct rewrite *rewrite, size_t from, size_t to)
{
	const rk_text *text = rewrite->envelope->text;
	rk_error *err = NULL;

	while (from < to && !err) {
		size_t len = to - from < PIECE ? to - from : PIECE;

		err = rewrite->sink.write(rewrite->sink.context, text->data + from, len);
		from += len;
		if (!rewrite->scattered)
			rk_text_forget(text, from);
	}
	return err;
}

static size_t
offset(const struct rewrite *rewrite, const char *place)
{
	return (size_t)(place - rewrite->envelope->text->data);
}

static void
add_place(struct rewrite *rewrite, const rk_json *span, const char *text)
{
	size_t from = offset(rewrite, span->text);

	rewrite->places[rewrite->count++] =
	    (struct place){from, from + span->len, text ? PLACE_TEXT : PLACE_ENTRIES, text};
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	return (left->from > right->from) - (left->from < right->from);
}

/* The new delegations in the file's own style. */
static rk_error *
write_delegations(const struct rewrite *rewrite, rk_buf *out)
{
	const char *text = rewrite->change->delegations;
	rk_style inner = rewrite->style;
	RK_AUTO(rk_node) node = NULL;
	rk_json value;
	rk_error *err = rk_scan_bytes(text, strlen(text), "delegations", &value);

	if (!err && value.kind != RK_JSON_OBJECT)
		err = rk_fail(RK_E_MALFORMED, NULL, "delegations are not an object");
	if (!err)
		err =
		    rk_dialect_check_value(rewrite->envelope->dialect, &value, text, "delegations");
	if (!err)
		err = rk_node_from_json(&value, "delegations", &node);
	if (err)
		return err;
	inner.newline = false;
	rk_write_node(out, node, &inner, 2);
	return rk_buf_check(out);
}

/* `delegations` in place of the old one, or behind `_type`, where it would be sorted. */
static rk_error *
place_delegations(struct rewrite *rewrite)
{
	const rk_envelope *envelope = rewrite->envelope;
	const rk_style *style = &rewrite->style;
	rk_buf *text = &rewrite->texts[2];
	rk_json place = envelope->delegations_span;
	rk_error *err;

	if (!rewrite->change->delegations)
		return NULL;
	if (place.len == 0) {
		place = envelope->type_span;
		place.text += place.len;
		place.len = 0;
		rk_buf_byte(text, ',');
		if (style->indent == 0 && !style->tabs && style->comma_space)
			rk_buf_byte(text, ' ');
		rk_write_break(text, style, 2);
		rk_buf_text(text, style->colon_space ? "\"delegations\": " : "\"delegations\":");
	}
	err = write_delegations(rewrite, text);
	if (!err)
		add_place(rewrite, &place, rk_buf_str(text));
	return err;
}

static rk_error *
find_places(struct rewrite *rewrite)
{
	const rk_envelope *envelope = rewrite->envelope;
	const struct rk_targets_change *change = rewrite->change;
	char time[RK_TIME_SIZE];
	rk_error *err;

	rk_buf_printf(&rewrite->texts[0], "%lld", (long long)change->version);
	add_place(rewrite, &envelope->version_span, rk_buf_str(&rewrite->texts[0]));
	if (!change->keep_expires) {
		rk_write_text(&rewrite->texts[1],
		    envelope->dialect->expires_text(time, change->expires), &rewrite->style);
		add_place(rewrite, &envelope->expires_span, rk_buf_str(&rewrite->texts[1]));
	}
	err = place_delegations(rewrite);
	if (change->edits)
		add_place(rewrite, &envelope->targets_span, NULL);
	add_place(rewrite, &envelope->signatures_span, "[]");
	qsort(rewrite->places, rewrite->count, sizeof(rewrite->places[0]), compare_places);
	return err;
}

static rk_error *
next_edit(struct rewrite *rewrite)
{
	rk_target_edits *edits = rewrite->change->edits;
	RK_AUTO_BUF(name);
	rk_error *err = edits->next(edits, &rewrite->edit, &rewrite->more);

	if (err || !rewrite->more)
		return err;
	err = rk_canonical_string(rewrite->edit.target->name, strlen(rewrite->edit.target->name),
	    RK_FORM_JSON, rk_sink_buf(&name));
	if (!err && rewrite->edit_name.len > 0) {
		rk_json key = {.text = name.data, .len = name.len, .kind = RK_JSON_STRING};

		if (rk_json_compare(&rewrite->edit_key, &key) >= 0)
			err = rk_fail(RK_E_INTERNAL, NULL, "edits of targets are not in order");
	}
	if (err)
		return err;
	rk_buf_clear(&rewrite->edit_name);
	rewrite->edit_name = name;
	name = (rk_buf){NULL, 0, 0, false};
	rewrite->edit_key = (rk_json){
	    .text = rewrite->edit_name.data, .len = rewrite->edit_name.len, .kind = RK_JSON_STRING};
	return NULL;
}

static rk_error *
separate(struct rewrite *rewrite, rk_buf *out)
{
	const rk_style *style = &rewrite->style;

	if (!rewrite->first)
		rk_buf_byte(out, ',');
	if (!rewrite->first && style->indent == 0 && !style->tabs && style->comma_space)
		rk_buf_byte(out, ' ');
	else
		rk_write_break(out, style, ENTRY_LEVEL);
	rewrite->first = false;
	return rk_buf_check(out);
}

static rk_error *
flush(struct rewrite *rewrite, rk_buf *out)
{
	rk_error *err = rk_buf_check(out);

	if (!err && out->len > 0)
		err = rewrite->sink.write(rewrite->sink.context, out->data, out->len);
	rk_buf_clear(out);
	return err;
}

/* White space only, or nothing? */
static bool
is_blank(const char *from, const char *to)
{
	while (from < to && strchr(" \t\r\n", *from))
		from++;
	return from == to;
}

/* Before a run: what stood there, where the run begins as the old object did. */
static rk_error *
begin_run(struct rewrite *rewrite)
{
	const char *inside = rewrite->envelope->targets_span.text + 1;
	RK_AUTO_BUF(out);
	rk_error *err;

	if (rewrite->first && is_blank(inside, rewrite->run_from)) {
		rk_buf_append(&out, inside, (size_t)(rewrite->run_from - inside));
		rewrite->first = false;
		err = rk_buf_check(&out);
	} else {
		err = separate(rewrite, &out);
	}
	return err ? err : flush(rewrite, &out);
}

/* The run of unchanged entries, with whatever stands between them. */
static rk_error *
flush_run(struct rewrite *rewrite)
{
	rk_error *err = NULL;

	if (!rewrite->run_from)
		return NULL;
	if (!rewrite->running)
		err = begin_run(rewrite);
	if (!err)
		err = copy_text(
		    rewrite, offset(rewrite, rewrite->run_from), offset(rewrite, rewrite->run_to));
	rewrite->last = rewrite->run_to;
	rewrite->run_from = NULL;
	rewrite->running = false;
	return err;
}

/* An entry that stays. In sorted text, neighbours are copied together. */
static rk_error *
keep_entry(struct rewrite *rewrite, const struct rk_targets_cursor *cursor)
{
	const char *end = cursor->value.text + cursor->value.len;
	rk_error *err = NULL;

	if (rewrite->run_from && cursor->indexed)
		err = flush_run(rewrite);
	if (!rewrite->run_from)
		rewrite->run_from = cursor->key.text;
	rewrite->run_to = end;
	if (!err && (size_t)(end - rewrite->run_from) > PIECE) {
		err = flush_run(rewrite);
		rewrite->run_from = end;
		rewrite->running = true;
	}
	return err;
}

static rk_error *
entry_node(const struct rewrite *rewrite, const rk_target *target, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *part = NULL;
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err && target->custom)
		err = rk_node_parse(target->custom, strlen(target->custom), "custom", &part);
	if (!err && part)
		err = rk_node_put(node, "custom", part);
	if (!err)
		err = rk_hashes_node(rewrite->envelope->dialect, &target->hashes, &part);
	if (!err)
		err = rk_node_put(node, "hashes", part);
	if (!err)
		err = rk_node_put_int(node, "length", (int64_t)target->length);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
put_entry(struct rewrite *rewrite)
{
	const rk_target *target = rewrite->edit.target;
	rk_style inner = rewrite->style;
	RK_AUTO(rk_node) node = NULL;
	RK_AUTO_BUF(out);
	rk_error *err = flush_run(rewrite);

	rewrite->last = NULL;
	if (!err)
		err = entry_node(rewrite, target, &node);
	if (!err)
		err = separate(rewrite, &out);
	if (err)
		return err;
	inner.newline = false;
	inner.sorted = true;
	rk_write_text(&out, target->name, &inner);
	rk_buf_text(&out, inner.colon_space ? ": " : ":");
	rk_write_node(&out, node, &inner, ENTRY_LEVEL);
	return flush(rewrite, &out);
}

/* An edit whose name is not there. */
static rk_error *
edit_absent(struct rewrite *rewrite)
{
	rk_error *err;

	if (rewrite->edit.remove)
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep target list'",
		    "there is no target %s to remove", RK_SHOW(rewrite->edit.target->name));
	err = rk_target_check_name(rewrite->envelope->dialect, rewrite->edit.target->name);
	if (!err)
		err = put_entry(rewrite);
	rewrite->changed.added++;
	return err ? err : next_edit(rewrite);
}

static rk_error *
edit_present(struct rewrite *rewrite, const struct rk_targets_cursor *cursor)
{
	RK_AUTO(rk_target) was = NULL;
	rk_error *err = NULL;

	if (rewrite->edit.remove) {
		rewrite->changed.removed++;
		/* What follows begins a run of its own: the text between is gone with the entry. */
		err = flush_run(rewrite);
		return err ? err : next_edit(rewrite);
	}
	err = rk_targets_read_entry(rewrite->envelope, &cursor->key, &cursor->value, &was);
	if (rk_error_code(err) == RK_E_MALFORMED) {
		/* An entry that no client can read is mended by replacing it. */
		rk_error_free(err);
		err = NULL;
	}
	if (!err && was && rk_targets_same(was, rewrite->edit.target)) {
		rewrite->changed.same++;
		err = keep_entry(rewrite, cursor);
	} else if (!err) {
		rewrite->changed.replaced++;
		err = put_entry(rewrite);
	}
	return err ? err : next_edit(rewrite);
}

static rk_error *
merge(struct rewrite *rewrite, struct rk_targets_cursor *cursor)
{
	rk_error *err = next_edit(rewrite);

	while (!err && (cursor->more || rewrite->more)) {
		int order = !rewrite->more  ? -1
			    : !cursor->more ? 1
					    : rk_json_compare(&cursor->key, &rewrite->edit_key);

		if (order > 0) {
			err = edit_absent(rewrite);
			continue;
		}
		err = order < 0 ? keep_entry(rewrite, cursor) : edit_present(rewrite, cursor);
		rk_targets_cursor_next(cursor);
	}
	return err ? err : flush_run(rewrite);
}

static rk_error *
write_entries(struct rewrite *rewrite)
{
	struct rk_targets_cursor cursor = {0};
	RK_AUTO_BUF(out);
	const rk_json *span = &rewrite->envelope->targets_span;
	const char *end = span->text + span->len - 1;
	rk_error *err = rewrite->sink.write(rewrite->sink.context, "{", 1);

	rewrite->first = true;
	if (!err)
		err = rk_targets_cursor_open(rewrite->envelope, span, &cursor);
	rewrite->scattered = cursor.indexed;
	if (!err)
		err = merge(rewrite, &cursor);
	rk_targets_cursor_close(&cursor);
	rewrite->scattered = false;
	if (err)
		return err;
	if (rewrite->last && is_blank(rewrite->last, end))
		rk_buf_append(&out, rewrite->last, (size_t)(end - rewrite->last));
	else if (!rewrite->first)
		rk_write_break(&out, &rewrite->style, ENTRY_LEVEL - 1);
	rk_buf_byte(&out, '}');
	return flush(rewrite, &out);
}

static rk_error *
write_all(struct rewrite *rewrite)
{
	size_t at = 0;
	rk_error *err = NULL;

	for (size_t i = 0; i < rewrite->count && !err; i++) {
		const struct place *place = &rewrite->places[i];

		err = copy_text(rewrite, at, place->from);
		if (!err && place->kind == PLACE_ENTRIES)
			err = write_entries(rewrite);
		else if (!err)
			err = rewrite->sink.write(
			    rewrite->sink.context, place->text, strlen(place->text));
		at = place->to;
	}
	return err ? err : copy_text(rewrite, at, rewrite->envelope->text->len);
}

static rk_error *
rewrite_envelope(const rk_envelope *envelope, const struct rk_targets_change *change, rk_sink sink,
    struct rk_targets_changed *ret_changed)
{
	struct rewrite rewrite = {
	    .envelope = envelope,
	    .change = change,
	    .sink = sink,
	    .style = rk_envelope_style(envelope),
	};
	rk_error *err;

	if (change->edits && envelope->targets_span.kind != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, NULL, "%s has no targets object to edit",
		    RK_SHOW(envelope->name));
	err = find_places(&rewrite);
	for (size_t i = 0; i < TEXTS && !err; i++)
		err = rk_buf_check(&rewrite.texts[i]);
	if (!err)
		err = write_all(&rewrite);
	for (size_t i = 0; i < TEXTS; i++)
		rk_buf_clear(&rewrite.texts[i]);
	rk_buf_clear(&rewrite.edit_name);
	if (!err && ret_changed)
		*ret_changed = rewrite.changed;
	return err;
}

/* The file as its one reader would write it, unsigned; NULL: it is written so. */
static rk_error *
write_anew(const rk_envelope *envelope, rk_envelope **ret_envelope)
{
	const rk_dialect *dialect = envelope->dialect;
	RK_AUTO_BUF(out);
	rk_text *text = NULL;
	rk_error *err = dialect->exact ? dialect->exact(envelope) : NULL;

	if (rk_error_code(err) != RK_E_REFUSED)
		return err;
	rk_error_free(err);
	rk_buf_text(&out, "{\"signed\":");
	err = rk_canonical(
	    &envelope->signed_span, dialect->style->form, rk_sink_buf(&out), envelope->text);
	rk_buf_text(&out, ",\"signatures\":[]}");
	if (!err)
		err = rk_text_take(&out, &text);
	return err ? err : rk_envelope_open(dialect, text, envelope->name, ret_envelope);
}

rk_error *
rk_targets_rewrite(const rk_envelope *envelope, const struct rk_targets_change *change,
    rk_sink sink, struct rk_targets_changed *ret_changed)
{
	RK_AUTO(rk_envelope) anew = NULL;
	rk_error *err = write_anew(envelope, &anew);

	return err ? err : rewrite_envelope(anew ? anew : envelope, change, sink, ret_changed);
}
