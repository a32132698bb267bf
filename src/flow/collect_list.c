#include "flow/collect_private.h"

#include "base/show.h"
#include "json/bytes.h"
#include "json/escape.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)16 << 30)

void
rk_collect_lines_clear(struct rk_collect_lines *lines)
{
	rk_order_clear(&lines->order);
	rk_target_free(lines->current);
	rk_text_free(lines->text);
	*lines = (struct rk_collect_lines){0};
}

/* Counted where it is wanted: for a complaint. */
static size_t
number_of(const char *list, const char *text)
{
	size_t line, column;

	rk_json_position(list, text, &line, &column);
	return line;
}

static rk_error *
complain(const struct rk_collect_line *line, rk_error *cause, const char *what)
{
	rk_error *err = rk_fail(RK_E_MALFORMED,
	    "each line is {\"name\", \"length\", \"sha256\", \"sha512\"?, \"custom\"?}",
	    "line %zu of the list: %s", number_of(line->list, line->text), what);

	return rk_join(err, cause);
}

static rk_error *
want(const rk_json *object, const char *member, enum rk_json_kind kind,
    const struct rk_collect_line *line, rk_json *ret_value)
{
	if (rk_json_get(object, member, ret_value) && ret_value->kind == kind)
		return NULL;
	return complain(line,
	    rk_fail(RK_E_MALFORMED, NULL, "\"%s\" is missing, or of the wrong kind", member),
	    "a member is not what it should be");
}

static rk_error *
scan_line(const struct rk_collect_line *line, rk_json *ret_object)
{
	rk_error *err = rk_scan_bytes(line->text, line->len, "the list", ret_object);

	if (err)
		return complain(line, err, "it is not JSON");
	return ret_object->kind == RK_JSON_OBJECT ? NULL
						  : complain(line, NULL, "it is not an object");
}

/* The next line that is not empty; false at the end. */
static bool
step(const struct rk_collect_lines *lines, const char **at, struct rk_collect_line *line)
{
	const char *end = lines->text->data + lines->text->len, *stop;

	do {
		if (*at >= end)
			return false;
		line->list = lines->text->data;
		line->text = *at;
		stop = memchr(*at, '\n', (size_t)(end - *at));
		line->len = (size_t)((stop ? stop : end) - *at);
		*at += line->len + 1;
	} while (line->len == 0);
	return true;
}

static rk_error *
name_of(const struct rk_collect_lines *lines, const struct rk_collect_line *line, rk_json *ret_name)
{
	RK_AUTO(rk_str) name = NULL;
	rk_json object;
	rk_error *err = scan_line(line, &object);

	if (!err)
		err = want(&object, "name", RK_JSON_STRING, line, ret_name);
	if (!err)
		err = rk_json_strdup(ret_name, &name);
	if (err)
		return err;
	err = rk_target_check_name(lines->dialect, name);
	return err ? complain(line, err, "its name may not be published") : NULL;
}

static rk_error *
refuse_twins(const struct rk_collect_lines *lines, const char *first, const char *second)
{
	RK_AUTO(rk_str) name = NULL;
	rk_json span = {.text = second - 1, .kind = RK_JSON_STRING};
	rk_error *err;

	span.len =
	    (size_t)(rk_bytes_string_end(second, lines->text->data + lines->text->len) - span.text);
	err = rk_json_strdup(&span, &name);
	return err ? err
		   : rk_fail(RK_E_REFUSED, "name each target once",
			 "lines %zu and %zu of the list both name %s",
			 number_of(lines->text->data, first), number_of(lines->text->data, second),
			 RK_SHOW(name));
}

/* Every line's name is looked at; `*ret_sorted`: each comes after the one before. */
static rk_error *
judge_names(struct rk_collect_lines *lines, bool *ret_sorted)
{
	struct rk_collect_line line = {0};
	const char *at = lines->text->data;
	rk_json last = {0}, name;
	rk_error *err = NULL;
	int order;

	*ret_sorted = true;
	while (!err && step(lines, &at, &line)) {
		err = name_of(lines, &line, &name);
		if (err)
			return err;
		lines->count++;
		order = last.text ? rk_json_compare(&last, &name) : -1;
		if (order == 0)
			return refuse_twins(lines, last.text + 1, name.text + 1);
		*ret_sorted = *ret_sorted && order < 0;
		last = name;
		rk_text_forget(lines->text, (size_t)(line.text - lines->text->data));
	}
	return err;
}

static rk_error *
index_names(struct rk_collect_lines *lines)
{
	struct rk_collect_line line = {0};
	const char *at = lines->text->data;
	rk_json object, name;
	rk_error *err = NULL;

	while (!err && step(lines, &at, &line)) {
		err = scan_line(&line, &object);
		if (!err)
			err = want(&object, "name", RK_JSON_STRING, &line, &name);
		if (!err)
			err = rk_order_add(&lines->order, name.text + 1);
	}
	if (!err)
		err = rk_order_sort(&lines->order);
	for (size_t i = 1; i < lines->order.count && !err; i++) {
		const char *before = lines->order.members[i - 1].key;
		const char *key = lines->order.members[i].key;

		if (rk_escape_compare(before, key) == 0)
			err = refuse_twins(lines, before, key);
	}
	return err;
}

static rk_error *
read_hash(
    const rk_json *object, enum rk_hash hash, const struct rk_collect_line *line, rk_target *target)
{
	uint8_t digest[RK_HASHES_MAX];
	RK_AUTO_BUF(hex);
	rk_json value;
	rk_error *err;

	if (!rk_json_get(object, rk_hashes_name(hash), &value))
		return NULL;
	err = rk_json_string(&value, &hex);
	if (!err)
		err = rk_unhex(rk_buf_str(&hex), hex.len, digest, rk_hashes_size(hash));
	if (err)
		return complain(line, err, "a hash is not hex of its size");
	rk_hashes_set(&target->hashes, hash, digest);
	return NULL;
}

static rk_error *
read_line(const rk_dialect *dialect, const struct rk_collect_line *line, rk_target *target)
{
	rk_json object, value;
	int64_t length = -1;
	rk_error *err = scan_line(line, &object);

	if (!err)
		err = want(&object, "length", RK_JSON_INTEGER, line, &value);
	if (!err)
		err = rk_json_int(&value, &length);
	if (!err && length < 0)
		err = complain(line, NULL, "its length is negative");
	target->length = (uint64_t)length;
	if (!err)
		err = want(&object, "name", RK_JSON_STRING, line, &value);
	if (!err)
		err = rk_json_strdup(&value, &target->name);
	if (!err)
		err = read_hash(&object, RK_HASH_SHA256, line, target);
	if (!err)
		err = read_hash(&object, RK_HASH_SHA512, line, target);
	if (!err && target->hashes.have == 0)
		err = complain(line, NULL, "it has neither sha256 nor sha512");
	if (!err && rk_json_get(&object, "custom", &value))
		err = rk_target_custom(dialect, value.text, value.len, &target->custom);
	return err;
}

/* The line that a name of the index stands in. */
static struct rk_collect_line
line_around(const struct rk_collect_lines *lines, const char *key)
{
	const char *start = lines->text->data, *end = start + lines->text->len;
	const char *before = memrchr(start, '\n', (size_t)(key - start));
	const char *stop = memchr(key, '\n', (size_t)(end - key));

	start = before ? before + 1 : start;
	return (struct rk_collect_line){
	    lines->text->data, start, (size_t)((stop ? stop : end) - start)};
}

static bool
take_line(struct rk_collect_lines *lines, struct rk_collect_line *line)
{
	const struct rk_order *order = &lines->order;

	if (order->count > 0) {
		if (lines->done == order->count)
			return false;
		if (lines->done + RK_ORDER_AHEAD < order->count)
			rk_order_fetch(&order->members[lines->done + RK_ORDER_AHEAD]);
		*line = line_around(lines, order->members[lines->done++].key);
		return true;
	}
	rk_text_forget(lines->text, (size_t)(lines->at - lines->text->data));
	return step(lines, &lines->at, line);
}

static rk_error *
next_line(rk_target_edits *self, struct rk_target_edit *ret_edit, bool *ret_more)
{
	struct rk_collect_lines *lines = (struct rk_collect_lines *)self;
	RK_AUTO(rk_target) target = NULL;
	struct rk_collect_line line;
	rk_error *err;

	if (!take_line(lines, &line)) {
		*ret_more = false;
		return NULL;
	}
	target = calloc(1, sizeof(*target));
	err = target ? read_line(lines->dialect, &line, target) : rk_out_of_memory();
	if (err)
		return err;
	rk_target_free(lines->current);
	lines->current = RK_TAKE(target);
	*ret_edit = (struct rk_target_edit){lines->current, false};
	*ret_more = true;
	return NULL;
}

rk_error *
rk_collect_lines_read(struct rk_collect_lines *lines, const char *path)
{
	bool sorted = false;
	rk_error *err = rk_text_read_path(path, LIST_MAX, &lines->text);

	if (err)
		return err;
	lines->edits.next = next_line;
	lines->at = lines->text->data;
	err = judge_names(lines, &sorted);
	return err || sorted ? err : index_names(lines);
}
