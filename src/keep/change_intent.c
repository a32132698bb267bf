#include "keep/change_private.h"

#include "base/show.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_change_effects_add(struct rk_change_effects *effects, const struct rk_change_effect *effect)
{
	RK_AUTO(rk_str) from = NULL;
	RK_AUTO(rk_str) path = NULL;
	rk_error *err = NULL;

	if (effects->count == effects->cap) {
		size_t cap = effects->cap ? 2 * effects->cap : 8;
		struct rk_change_effect *more = reallocarray(effects->items, cap, sizeof(*more));

		if (!more)
			return rk_out_of_memory();
		effects->items = more;
		effects->cap = cap;
	}
	if (effect->from)
		err = rk_strdup(effect->from, &from);
	if (!err)
		err = rk_strdup(effect->path, &path);
	if (err)
		return err;
	effects->items[effects->count] = *effect;
	effects->items[effects->count].from = RK_TAKE(from);
	effects->items[effects->count++].path = RK_TAKE(path);
	return NULL;
}

void
rk_change_effects_clear(struct rk_change_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		free(effects->items[i].from);
		free(effects->items[i].path);
	}
	free(effects->items);
	*effects = (struct rk_change_effects){0};
}

static rk_error *
effect_node(const struct rk_change_effect *effect, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	char hex[2 * RK_SHA256_SIZE + 1];
	rk_error *err;

	if (!object)
		return rk_out_of_memory();
	if (effect->kind == RK_CHANGE_DROP) {
		err = rk_node_put_text(object, "drop", effect->path);
	} else {
		rk_hex(hex, effect->sha256, RK_SHA256_SIZE);
		err = rk_node_put_text(object, "place", effect->path);
		if (!err)
			err = rk_node_put_text(object, "from", effect->from);
		if (!err)
			err = rk_node_put_text(object, "sha256", hex);
	}
	if (!err)
		*ret_object = RK_TAKE(object);
	return err;
}

static void
write_line(const struct rk_change_line *line, rk_buf *out)
{
	rk_buf_text(out, "{");
	rk_write_break(out, &rk_style_ours, 2);
	rk_buf_text(out, "\"line\": ");
	rk_write_text(out, rk_buf_str(&line->text), &rk_style_ours);
	rk_buf_text(out, ",");
	rk_write_break(out, &rk_style_ours, 2);
	rk_buf_printf(out, "\"offset\": %llu", (unsigned long long)line->offset);
	rk_write_break(out, &rk_style_ours, 1);
	rk_buf_text(out, "}");
}

/* Entry by entry: an intent over thousands of repositories makes no tree. */
rk_error *
rk_change_intent_write(
    const struct rk_change_effects *effects, const struct rk_change_line *line, rk_buf *out)
{
	rk_error *err = NULL;

	rk_buf_text(out, "{");
	rk_write_break(out, &rk_style_ours, 1);
	rk_buf_text(out, "\"effects\": [");
	for (size_t i = 0; i < effects->count && !err; i++) {
		RK_AUTO(rk_node) node = NULL;

		err = effect_node(&effects->items[i], &node);
		if (err)
			break;
		if (i > 0)
			rk_buf_text(out, ",");
		rk_write_break(out, &rk_style_ours, 2);
		rk_write_node(out, node, &rk_style_ours, 2);
	}
	if (effects->count > 0)
		rk_write_break(out, &rk_style_ours, 1);
	rk_buf_text(out, "],");
	rk_write_break(out, &rk_style_ours, 1);
	if (line->text.len > 0) {
		rk_buf_text(out, "\"journal\": ");
		write_line(line, out);
		rk_buf_text(out, ",");
		rk_write_break(out, &rk_style_ours, 1);
	}
	rk_buf_printf(out, "\"rootkeep_intent\": %d", RK_CHANGE_VERSION);
	rk_write_break(out, &rk_style_ours, 0);
	rk_buf_text(out, "}\n");
	return err ? err : rk_buf_check(out);
}

static rk_error *
damaged(const char *what)
{
	return rk_fail(RK_E_MALFORMED,
	    "restore the keep from a copy, or move '.intent' away and look at 'rootkeep check'",
	    "the intent of an interrupted change is damaged: %s", what);
}

static rk_error *
read_effect(const rk_json *object, struct rk_change_effects *effects)
{
	RK_AUTO(rk_str) from = NULL;
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_str) hex = NULL;
	struct rk_change_effect effect = {.kind = RK_CHANGE_DROP};
	rk_json member;
	rk_error *err;

	if (object->kind != RK_JSON_OBJECT)
		return damaged("an effect is not an object");
	if (rk_json_get(object, "drop", &member)) {
		err = rk_json_strdup(&member, &path);
	} else {
		effect.kind = RK_CHANGE_PLACE;
		if (!rk_json_get(object, "place", &member))
			return damaged("an effect is none that we know");
		err = rk_json_strdup(&member, &path);
		if (!err && !rk_json_get(object, "from", &member))
			err = damaged("a file to be placed comes from nowhere");
		if (!err)
			err = rk_json_strdup(&member, &from);
		if (!err && !rk_json_get(object, "sha256", &member))
			err = damaged("a file to be placed has no digest");
		if (!err)
			err = rk_json_strdup(&member, &hex);
		if (!err)
			err = rk_unhex(hex, strlen(hex), effect.sha256, RK_SHA256_SIZE);
	}
	if (err)
		return err;
	effect.from = from;
	effect.path = path;
	return rk_change_effects_add(effects, &effect);
}

static rk_error *
read_effects(const rk_json *top, struct rk_change_effects *effects)
{
	rk_json list, item;
	rk_json_iter iter;
	rk_error *err = NULL;

	if (!rk_json_get(top, "effects", &list) || list.kind != RK_JSON_ARRAY)
		return damaged("it has no effects");
	iter = rk_json_each(&list);
	while (!err && rk_json_next(&iter, NULL, &item))
		err = read_effect(&item, effects);
	return err;
}

static rk_error *
read_line(const rk_json *top, struct rk_change_line *line)
{
	rk_json object, text, number;
	int64_t offset;
	rk_error *err;

	if (!rk_json_get(top, "journal", &object))
		return NULL;
	if (object.kind != RK_JSON_OBJECT || !rk_json_get(&object, "line", &text) ||
	    !rk_json_get(&object, "offset", &number))
		return damaged("its line for the journal is none");
	err = rk_json_int(&number, &offset);
	if (!err && offset < 0)
		err = damaged("its line for the journal has no place");
	if (!err)
		err = rk_json_string(&text, &line->text);
	if (!err && (line->text.len == 0 || line->text.data[line->text.len - 1] == '\n'))
		err = damaged("its line for the journal is none");
	if (!err)
		line->offset = (uint64_t)offset;
	return err;
}

rk_error *
rk_change_intent_read(
    const rk_text *text, struct rk_change_effects *effects, struct rk_change_line *line)
{
	rk_json top, member;
	int64_t version;
	rk_error *err;

	err = rk_scan(text, RK_CHANGE_INTENT, &top);
	if (err)
		return err;
	if (top.kind != RK_JSON_OBJECT || !rk_json_get(&top, "rootkeep_intent", &member))
		return damaged("it is none of ours");
	err = rk_json_int(&member, &version);
	if (!err && version > RK_CHANGE_VERSION)
		err = rk_fail(RK_E_NEWER, "use a newer rootkeep",
		    "a newer rootkeep was interrupted while it changed this keep");
	if (!err)
		err = read_effects(&top, effects);
	if (!err)
		err = read_line(&top, line);
	return err;
}
