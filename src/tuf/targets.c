#include "tuf/targets_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define CUSTOM_MAX (1u << 20)

void
rk_target_free(rk_target *target)
{
	if (!target)
		return;
	free(target->name);
	free(target->custom);
	free(target);
}

static rk_error *
refuse_name(const char *name, const char *rule)
{
	return rk_fail(
	    RK_E_REFUSED, "give the target a plain relative path", "%s %s", RK_SHOW(name), rule);
}

rk_error *
rk_target_check_name(const rk_dialect *dialect, const char *name)
{
	const char *at = name;

	if (!*name)
		return rk_fail(RK_E_REFUSED, "give the target a name", "a target's name is empty");
	if (!rk_utf8_valid(name, strlen(name)))
		return refuse_name(name, "is not UTF-8");
	if (*name == '/')
		return refuse_name(name, "begins with a slash");
	if (name[strlen(name) - 1] == '/')
		return refuse_name(name, "ends in a slash");
	while (*at) {
		size_t len = strcspn(at, "/");

		if (len == 0)
			return refuse_name(name, "has an empty component");
		if ((len == 1 && at[0] == '.') || (len == 2 && !strncmp(at, "..", 2)))
			return refuse_name(name, "has a component of dots, which leads elsewhere");
		at += len + (at[len] == '/');
	}
	for (at = name; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return refuse_name(name, "has a control character");
	return rk_dialect_check_string(dialect, name, true, "a target's name");
}

rk_error *
rk_target_custom(const rk_dialect *dialect, const char *text, size_t len, char **ret_custom)
{
	RK_AUTO_BUF(out);
	rk_json value;
	rk_error *err;

	if (len > CUSTOM_MAX)
		return rk_fail(RK_E_LIMIT, NULL,
		    "a target's custom has %zu bytes; at most %u may be", len, CUSTOM_MAX);
	err = rk_scan_bytes(text, len, "custom", &value);
	if (!err &&
	    (dialect->one_reader ? value.kind == RK_JSON_NULL : value.kind != RK_JSON_OBJECT))
		return rk_fail(RK_E_REFUSED, "give an object: {\"…\": …}",
		    "a target's custom is %s", dialect->one_reader ? "null" : "not an object");
	if (!err)
		err = rk_dialect_check_value(dialect, &value, text, "custom");
	if (!err)
		err = rk_canonical(&value, RK_FORM_JSON, rk_sink_buf(&out), NULL);
	return err ? err : rk_buf_take(&out, ret_custom);
}

static rk_error *
bad_entry(const rk_envelope *envelope, const rk_json *place, const char *what)
{
	size_t line, column;

	rk_json_position(envelope->text->data, place->text, &line, &column);
	return rk_fail(RK_E_MALFORMED, NULL, "%s, line %zu, column %zu: %s",
	    RK_SHOW(envelope->name), line, column, what);
}

static rk_error *
read_custom(const rk_json *value, rk_target *target)
{
	RK_AUTO_BUF(out);
	rk_error *err;

	/* Canonical as it stands, as far as the scan can tell. */
	if (value->unsorted == 1 && value->loose == 1)
		return rk_strndup(value->text, value->len, &target->custom);
	err = rk_canonical(value, RK_FORM_JSON, rk_sink_buf(&out), NULL);

	return err ? err : rk_buf_take(&out, &target->custom);
}

static rk_error *
read_hashes(const rk_envelope *envelope, const rk_json *value, rk_target *target)
{
	rk_error *err = rk_hashes_read_json(envelope->dialect, value, "a target", &target->hashes);

	if (rk_error_code(err) != RK_E_MALFORMED)
		return err;
	return rk_join(bad_entry(envelope, value, "the hashes of a target are damaged"), err);
}

/* All but the name; `custom` is read where it is wanted. */
static rk_error *
read_members(
    const rk_envelope *envelope, const rk_json *entry, bool wants_custom, rk_target *target)
{
	rk_json_iter iter = rk_json_each(entry);
	rk_json key, value;
	int64_t length = -1;
	bool hashed = false;
	rk_error *err = NULL;

	while (!err && rk_json_next(&iter, &key, &value)) {
		if (rk_json_is(&key, "length") && value.kind == RK_JSON_INTEGER) {
			err = rk_json_int(&value, &length);
		} else if (rk_json_is(&key, "hashes")) {
			hashed = value.kind == RK_JSON_OBJECT;
			if (hashed)
				err = read_hashes(envelope, &value, target);
		} else if (wants_custom && rk_json_is(&key, "custom") &&
			   value.kind != RK_JSON_NULL) {
			err = read_custom(&value, target);
		}
	}
	if (!err && length < 0)
		return bad_entry(envelope, entry, "a target has no length");
	if (!err && (!hashed || (target->hashes.have == 0 && target->hashes.unknown == 0)))
		return bad_entry(envelope, entry, "a target has no hashes");
	target->length = (uint64_t)length;
	return err;
}

rk_error *
rk_targets_read_entry(
    const rk_envelope *envelope, const rk_json *key, const rk_json *value, rk_target **ret_target)
{
	RK_AUTO(rk_target) target = NULL;
	rk_error *err;

	if (value->kind != RK_JSON_OBJECT)
		return bad_entry(envelope, value, "a target is not an object");
	target = calloc(1, sizeof(*target));
	err = target ? rk_json_strdup(key, &target->name) : rk_out_of_memory();
	if (!err)
		err = read_members(envelope, value, true, target);
	if (!err)
		*ret_target = RK_TAKE(target);
	return err;
}

bool
rk_targets_same(const rk_target *a, const rk_target *b)
{
	if (a->length != b->length || !rk_hashes_equal(&a->hashes, &b->hashes) ||
	    !a->custom != !b->custom)
		return false;
	return !a->custom || !strcmp(a->custom, b->custom);
}

/* A file without `targets` has none. */
static rk_json
entries_of(const rk_envelope *envelope)
{
	static const rk_json none = {.text = "{}", .len = 2, .kind = RK_JSON_OBJECT};

	return envelope->targets_span.kind == RK_JSON_OBJECT && envelope->targets_span.len > 0
		   ? envelope->targets_span
		   : none;
}

rk_targets_iter
rk_targets_each(const rk_envelope *envelope)
{
	rk_json entries = entries_of(envelope);

	return (rk_targets_iter){envelope, rk_json_each(&entries)};
}

rk_error *
rk_targets_next(rk_targets_iter *iter, rk_target **ret_target)
{
	rk_json key, value;

	*ret_target = NULL;
	if (!rk_json_next(&iter->entries, &key, &value))
		return NULL;
	return rk_targets_read_entry(iter->envelope, &key, &value, ret_target);
}

size_t
rk_targets_count(const rk_envelope *envelope)
{
	rk_json entries = entries_of(envelope);

	return rk_json_count(&entries);
}

rk_error *
rk_targets_find(const rk_envelope *envelope, const char *name, rk_target **ret_target)
{
	rk_json entries = entries_of(envelope);
	rk_json_iter iter = rk_json_each(&entries);
	rk_json key, value;

	while (rk_json_next(&iter, &key, &value))
		if (rk_json_is(&key, name))
			return rk_targets_read_entry(envelope, &key, &value, ret_target);
	return rk_fail(
	    RK_E_NOT_FOUND, NULL, "%s has no target %s", RK_SHOW(envelope->name), RK_SHOW(name));
}

rk_error *
rk_targets_check_entry(const rk_envelope *envelope, const rk_json *entry)
{
	rk_target target = {0};

	if (entry->kind != RK_JSON_OBJECT)
		return bad_entry(envelope, entry, "a target is not an object");
	return read_members(envelope, entry, false, &target);
}

rk_error *
rk_targets_check(rk_envelope *envelope)
{
	rk_json entries = entries_of(envelope);
	rk_error *err;

	if (envelope->targets_checked)
		return NULL;
	if (envelope->targets_span.len == 0 || envelope->targets_span.kind != RK_JSON_OBJECT)
		return bad_entry(envelope, &envelope->signed_span, "there is no targets object");
	err = rk_targets_check_entries(envelope, &entries);
	envelope->targets_checked = err == NULL;
	return err;
}

rk_error *
rk_targets_blank(const rk_dialect *dialect, int64_t expires, rk_text **ret_text)
{
	RK_AUTO(rk_node) blank = NULL;
	rk_error *err = dialect->blank(RK_ROLE_TARGETS, expires, &blank);

	return err ? err : rk_envelope_compose(dialect, blank, NULL, ret_text);
}

/* cursor */

static bool
is_sorted(const rk_json *object)
{
	rk_json_iter iter = rk_json_each(object);
	rk_json key, before = {0};
	rk_json value;

	if (object->unsorted == 1)
		return true;
	while (rk_json_next(&iter, &key, &value)) {
		if (before.len > 0 && rk_json_compare(&before, &key) > 0)
			return false;
		before = key;
	}
	return true;
}

static rk_error *
make_index(const rk_envelope *envelope, struct rk_targets_cursor *cursor)
{
	rk_error *err;

	if (envelope->largest.object == cursor->object->text) {
		cursor->order = envelope->largest.order;
		return NULL;
	}
	cursor->order = &cursor->own;
	err = rk_order_add_all(&cursor->own, cursor->object);
	return err ? err : rk_order_sort(&cursor->own);
}

rk_error *
rk_targets_cursor_open(
    const rk_envelope *envelope, const rk_json *object, struct rk_targets_cursor *cursor)
{
	rk_error *err = NULL;

	*cursor = (struct rk_targets_cursor){.object = object, .iter = rk_json_each(object)};
	cursor->indexed = !is_sorted(object);
	if (cursor->indexed)
		err = make_index(envelope, cursor);
	if (!err)
		rk_targets_cursor_next(cursor);
	return err;
}

void
rk_targets_cursor_next(struct rk_targets_cursor *cursor)
{
	const struct rk_order *order = cursor->order;

	if (!cursor->indexed) {
		cursor->more = rk_json_next(&cursor->iter, &cursor->key, &cursor->value);
		return;
	}
	cursor->more = cursor->at < order->count;
	if (!cursor->more)
		return;
	if (cursor->at + RK_ORDER_AHEAD < order->count)
		rk_order_fetch(&order->members[cursor->at + RK_ORDER_AHEAD]);
	rk_order_get(cursor->object, &order->members[cursor->at++], &cursor->key, &cursor->value);
}

void
rk_targets_cursor_close(struct rk_targets_cursor *cursor)
{
	rk_order_clear(&cursor->own);
}
