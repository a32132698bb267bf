#include "tuf/targets_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)1 << 20)
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
	rk_buf texts[4]; /* what places of text borrow */
	/* The edit that comes next. */
	struct rk_target_edit edit;
	bool more;
	rk_buf edit_name; /* as JSON, to be compared with keys */
	rk_json edit_key;
	/* Entries as they are, not yet copied; a run of the text. */
	const char *run_from, *run_to;
	bool first; /* nothing was written between the braces */
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

/* `delegations` in place of the old one, or behind `_type`, where it would be sorted. */
static void
place_delegations(struct rewrite *rewrite)
{
	const rk_envelope *envelope = rewrite->envelope;
	const rk_style *style = &rewrite->style;
	rk_buf *text = &rewrite->texts[2];
	rk_json behind;

	if (!rewrite->change->delegations)
		return;
	if (envelope->delegations_span.len > 0) {
		add_place(rewrite, &envelope->delegations_span, rewrite->change->delegations);
		return;
	}
	rk_buf_byte(text, ',');
	rk_write_break(text, style, 2);
	rk_buf_text(text, style->colon_space ? "\"delegations\": " : "\"delegations\":");
	rk_buf_text(text, rewrite->change->delegations);
	behind = envelope->type_span;
	behind.text += behind.len;
	behind.len = 0;
	add_place(rewrite, &behind, rk_buf_str(text));
}

static void
find_places(struct rewrite *rewrite)
{
	const rk_envelope *envelope = rewrite->envelope;
	const struct rk_targets_change *change = rewrite->change;
	char time[RK_TIME_SIZE];

	rk_buf_printf(&rewrite->texts[0], "%lld", (long long)change->version);
	add_place(rewrite, &envelope->version_span, rk_buf_str(&rewrite->texts[0]));
	if (!change->keep_expires) {
		rk_write_text(&rewrite->texts[1],
		    envelope->dialect->expires_text(time, change->expires), &rewrite->style);
		add_place(rewrite, &envelope->expires_span, rk_buf_str(&rewrite->texts[1]));
	}
	place_delegations(rewrite);
	if (change->edits)
		add_place(rewrite, &envelope->targets_span, NULL);
	add_place(rewrite, &envelope->signatures_span, "[]");
	qsort(rewrite->places, rewrite->count, sizeof(rewrite->places[0]), compare_places);
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

/* The run of unchanged entries, with whatever stands between them. */
static rk_error *
flush_run(struct rewrite *rewrite)
{
	RK_AUTO_BUF(out);
	size_t from, to;
	rk_error *err;

	if (!rewrite->run_from)
		return NULL;
	err = separate(rewrite, &out);
	if (!err)
		err = flush(rewrite, &out);
	from = offset(rewrite, rewrite->run_from);
	to = offset(rewrite, rewrite->run_to);
	rewrite->run_from = NULL;
	if (!err)
		err = copy_text(rewrite, from, to);
	if (!err)
		rk_text_forget(rewrite->envelope->text, to);
	return err;
}

/* An entry that stays. In sorted text, neighbours are copied together. */
static rk_error *
keep_entry(struct rewrite *rewrite, const struct rk_targets_cursor *cursor)
{
	const char *end = cursor->value.text + cursor->value.len;
	rk_error *err = NULL;

	if (rewrite->run_from && cursor->members)
		err = flush_run(rewrite);
	if (!rewrite->run_from)
		rewrite->run_from = cursor->key.text;
	rewrite->run_to = end;
	if (!err && (size_t)(end - rewrite->run_from) > PIECE)
		err = flush_run(rewrite);
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

	if (!err)
		err = rk_target_check_name(target->name);
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
	if (!err && rk_targets_same(was, rewrite->edit.target)) {
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
	rk_error *err = rewrite->sink.write(rewrite->sink.context, "{", 1);

	rewrite->first = true;
	if (!err)
		err = rk_targets_cursor_open(&rewrite->envelope->targets_span, &cursor);
	if (!err)
		err = merge(rewrite, &cursor);
	rk_targets_cursor_close(&cursor);
	if (err)
		return err;
	if (!rewrite->first)
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

rk_error *
rk_targets_rewrite(const rk_envelope *envelope, const struct rk_targets_change *change,
    rk_sink sink, struct rk_targets_changed *ret_changed)
{
	struct rewrite rewrite = {
	    .envelope = envelope,
	    .change = change,
	    .sink = sink,
	    .style = rk_envelope_style(envelope),
	};
	rk_error *err = NULL;

	if (change->edits && envelope->targets_span.kind != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, NULL, "%s has no targets object to edit",
		    RK_SHOW(envelope->name));
	find_places(&rewrite);
	for (size_t i = 0; i < 4 && !err; i++)
		err = rk_buf_check(&rewrite.texts[i]);
	if (!err)
		err = write_all(&rewrite);
	for (size_t i = 0; i < 4; i++)
		rk_buf_clear(&rewrite.texts[i]);
	rk_buf_clear(&rewrite.edit_name);
	if (!err && ret_changed)
		*ret_changed = rewrite.changed;
	return err;
}
