#include "flow/collect_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)16 << 30)

void
rk_collect_lines_clear(struct rk_collect_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->lines[i].name);
	free(lines->lines);
	rk_target_free(lines->current);
	rk_text_free(lines->text);
	*lines = (struct rk_collect_lines){0};
}

static rk_error *
complain(const struct rk_collect_line *line, rk_error *cause, const char *what)
{
	rk_error *err = rk_fail(RK_E_MALFORMED,
	    "each line is {\"name\", \"length\", \"sha256\", \"sha512\"?, \"custom\"?}",
	    "line %zu of the list: %s", line->number, what);

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

static rk_error *
index_line(struct rk_collect_lines *lines, struct rk_collect_line line)
{
	rk_json object, name;
	rk_error *err = scan_line(&line, &object);

	if (!err)
		err = want(&object, "name", RK_JSON_STRING, &line, &name);
	if (err)
		return err;
	if (lines->count == lines->cap) {
		size_t cap = lines->cap ? 2 * lines->cap : 1024;
		struct rk_collect_line *grown = realloc(lines->lines, cap * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		lines->lines = grown;
		lines->cap = cap;
	}
	err = rk_json_strdup(&name, &line.name);
	if (err)
		return err;
	err = rk_target_check_name(lines->dialect, line.name);
	if (err) {
		free(line.name);
		return complain(&line, err, "its name may not be published");
	}
	lines->lines[lines->count++] = line;
	return NULL;
}

static int
compare_lines(const void *a, const void *b)
{
	const struct rk_collect_line *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left->number > right->number) - (left->number < right->number);
}

static rk_error *
refuse_twins(const struct rk_collect_lines *lines)
{
	for (size_t i = 1; i < lines->count; i++)
		if (!strcmp(lines->lines[i - 1].name, lines->lines[i].name))
			return rk_fail(RK_E_REFUSED, "name each target once",
			    "lines %zu and %zu of the list both name %s",
			    lines->lines[i - 1].number, lines->lines[i].number,
			    RK_SHOW(lines->lines[i].name));
	return NULL;
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
		err = rk_strdup(line->name, &target->name);
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

static rk_error *
next_line(rk_target_edits *self, struct rk_target_edit *ret_edit, bool *ret_more)
{
	struct rk_collect_lines *lines = (struct rk_collect_lines *)self;
	RK_AUTO(rk_target) target = NULL;
	rk_error *err;

	if (lines->at == lines->count) {
		*ret_more = false;
		return NULL;
	}
	target = calloc(1, sizeof(*target));
	err = target ? read_line(lines->dialect, &lines->lines[lines->at], target)
		     : rk_out_of_memory();
	if (err)
		return err;
	lines->at++;
	rk_target_free(lines->current);
	lines->current = RK_TAKE(target);
	*ret_edit = (struct rk_target_edit){lines->current, false};
	*ret_more = true;
	return NULL;
}

rk_error *
rk_collect_lines_read(struct rk_collect_lines *lines, const char *path)
{
	const char *at, *end;
	size_t number = 0;
	rk_error *err = rk_text_read_path(path, LIST_MAX, &lines->text);

	if (err)
		return err;
	lines->edits.next = next_line;
	at = lines->text->data;
	end = at + lines->text->len;
	while (at < end && !err) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		number++;
		if (len > 0)
			err = index_line(lines,
			    (struct rk_collect_line){.text = at, .len = len, .number = number});
		at += len + 1;
	}
	if (!err && lines->count > 1)
		qsort(lines->lines, lines->count, sizeof(*lines->lines), compare_lines);
	return err ? err : refuse_twins(lines);
}
