#include "json/bytes.h"
#include "json/escape.h"
#include "json/scan.h"

#include <string.h>

#define FORGET_STEP ((ptrdiff_t)1 << 20)

/* On the way to the end of a container. */
struct skip {
	const char *at;
	const char *end; /* of the text to look at */
	uint64_t depth; /* 0: `at` is behind the container */
};

/* From one quote, brace or bracket to the next, to `until` at least. */
static void
skip_slowly(struct skip *skip, const char *until)
{
	while (skip->at < until) {
		const char *at = rk_bytes_structure(skip->at, skip->end);

		if (*at == '"') {
			skip->at = rk_bytes_string_end(at + 1, skip->end);
			continue;
		}
		skip->at = at + 1;
		if ((*at | 0x20) == '{')
			skip->depth++;
		else if (--skip->depth == 0)
			return;
	}
}

#ifdef __SSE2__
/* One after the other, where the container may end among these braces and brackets. */
static bool
ends_within(struct skip *skip, const char *block, uint64_t open, uint64_t close)
{
	for (uint64_t all = open | close; all; all &= all - 1) {
		if (open & all & (0 - all)) {
			skip->depth++;
		} else if (--skip->depth == 0) {
			skip->at = block + __builtin_ctzll(all) + 1;
			return true;
		}
	}
	return false;
}

/* To `until` at most, and not past an escape. */
static void
skip_widely(struct skip *skip, const char *until)
{
	const char *at = skip->at;
	uint64_t in_string = 0;

	for (; until - at >= RK_BYTES_WIDE; at += RK_BYTES_WIDE) {
		struct rk_bytes_wide wide = rk_bytes_look(at);
		uint64_t inside = rk_bytes_inside(wide.quote) ^ in_string;
		uint64_t open = wide.open & ~inside, close = wide.close & ~inside;

		if (wide.backslash)
			break;
		if ((open | close) && ends_within(skip, at, open, close))
			return;
		in_string = 0 - (inside >> (RK_BYTES_WIDE - 1));
	}
	skip->at = in_string ? rk_bytes_string_end(at, skip->end) : at;
}
#else
#define RK_BYTES_WIDE 4096

static void
skip_widely(struct skip *skip, const char *until)
{
	skip_slowly(skip, until);
}
#endif

static const char *
earlier(const char *at, ptrdiff_t more, const char *end)
{
	return end - at > more ? at + more : end;
}

/* Behind the container that begins at `at`. */
static const char *
skip_container(const char *at, const rk_json_iter *iter)
{
	struct skip skip = {at + 1, iter->end, 1};

	for (;;) {
		const char *mark = earlier(skip.at, FORGET_STEP, skip.end);

		while (skip.at < mark) {
			skip_widely(&skip, mark);
			if (skip.depth > 0)
				skip_slowly(&skip, earlier(skip.at, RK_BYTES_WIDE, skip.end));
			if (skip.depth == 0)
				return skip.at;
		}
		if (iter->source)
			rk_text_forget(iter->source, (size_t)(skip.at - iter->source->data));
	}
}

static const char *
take_string(const rk_json_iter *iter, rk_json *ret_value)
{
	const char *end = rk_bytes_string_end(iter->at + 1, iter->end);

	*ret_value = (rk_json){.text = iter->at,
	    .len = (size_t)(end - iter->at),
	    .kind = RK_JSON_STRING,
	    .unsorted = iter->unsorted,
	    .loose = iter->loose,
	    .portable = iter->portable,
	    .source = iter->source};
	return end;
}

/* Words and integers end where they may. */
static const char *
skip_plain(const char *at, const char *end, enum rk_json_kind *ret_kind)
{
	*ret_kind = *at == 't'	 ? RK_JSON_TRUE
		    : *at == 'f' ? RK_JSON_FALSE
		    : *at == 'n' ? RK_JSON_NULL
				 : RK_JSON_INTEGER;
	while (at < end && *at != ',' && *at != '}' && *at != ']' && !rk_bytes_is_space(*at))
		at++;
	return at;
}

static const char *
take_value(const rk_json_iter *iter, rk_json *ret_value)
{
	const char *end, *at = iter->at;
	rk_json value = {.text = at,
	    .unsorted = iter->unsorted,
	    .loose = iter->loose,
	    .portable = iter->portable,
	    .source = iter->source};

	if (*at == '"')
		return take_string(iter, ret_value);
	if (*at == '{' || *at == '[') {
		value.kind = *at == '{' ? RK_JSON_OBJECT : RK_JSON_ARRAY;
		end = skip_container(at, iter);
	} else {
		end = skip_plain(at, iter->end, &value.kind);
	}
	value.len = (size_t)(end - at);
	*ret_value = value;
	return end;
}

/* What is known of a container's levels, as its members have it. */
static uint8_t
one_level_down(uint8_t levels)
{
	return levels > 1 ? (uint8_t)(levels - 1) : levels;
}

rk_json_iter
rk_json_each(const rk_json *container)
{
	rk_json_iter iter = {.at = container->text, .end = container->text + container->len};

	if (container->kind != RK_JSON_OBJECT && container->kind != RK_JSON_ARRAY) {
		iter.at = iter.end;
		return iter;
	}
	iter.at++;
	iter.end--;
	iter.object = container->kind == RK_JSON_OBJECT;
	iter.unsorted = one_level_down(container->unsorted);
	iter.loose = one_level_down(container->loose);
	iter.portable = container->portable;
	iter.source = container->source;
	return iter;
}

bool
rk_json_next(rk_json_iter *iter, rk_json *ret_key, rk_json *ret_value)
{
	const char *before = iter->at;
	rk_json key, value;

	iter->at = rk_bytes_space(iter->at, iter->end);
	if (iter->at >= iter->end)
		return false;
	if (iter->object) {
		iter->at = take_string(iter, &key);
		iter->at = rk_bytes_space(iter->at, iter->end) + 1;
		iter->at = rk_bytes_space(iter->at, iter->end);
		if (ret_key)
			*ret_key = key;
	}
	iter->at = take_value(iter, &value);
	/* This member is about to be looked at: what is before it is done with. */
	if (iter->source && ((uintptr_t)before ^ (uintptr_t)iter->at) >= (uintptr_t)FORGET_STEP)
		rk_text_forget(iter->source, (size_t)(before - iter->source->data));
	iter->at = rk_bytes_space(iter->at, iter->end);
	if (iter->at < iter->end)
		iter->at++; /* a comma: what follows is no end */
	if (ret_value)
		*ret_value = value;
	return true;
}

bool
rk_json_get(const rk_json *object, const char *name, rk_json *ret_value)
{
	rk_json_iter iter = rk_json_each(object);
	rk_json key, value;

	if (!iter.object)
		return false;
	while (rk_json_next(&iter, &key, &value))
		if (rk_json_is(&key, name)) {
			*ret_value = value;
			return true;
		}
	return false;
}

bool
rk_json_is(const rk_json *string, const char *text)
{
	const char *at = string->text;
	char utf8[RK_ESCAPE_UTF8_MAX];
	uint32_t point;

	if (string->kind != RK_JSON_STRING || string->len < 2)
		return false;
	for (at++; *at == *text && *at != '"' && *at != '\\'; at++, text++)
		;
	while ((at = rk_escape_next(at, &point))) {
		size_t len = (size_t)(rk_escape_utf8(utf8, point) - utf8);

		if (strncmp(text, utf8, len) != 0)
			return false;
		text += len;
	}
	return *text == '\0';
}

int
rk_json_compare(const rk_json *a, const rk_json *b)
{
	return rk_escape_compare(a->text + 1, b->text + 1);
}

rk_error *
rk_json_string(const rk_json *value, rk_buf *out)
{
	const char *at = value->text + 1, *end = value->text + value->len, *plain;
	char utf8[RK_ESCAPE_UTF8_MAX];
	uint32_t point;

	if (value->kind != RK_JSON_STRING || value->len < 2)
		return rk_fail(RK_E_MALFORMED, NULL, "a JSON value is not a string");
	for (;;) {
		plain = at;
		at = rk_bytes_quote(at, end);
		rk_buf_append(out, plain, (size_t)(at - plain));
		at = rk_escape_next(at, &point);
		if (!at)
			return rk_buf_check(out);
		rk_buf_append(out, utf8, (size_t)(rk_escape_utf8(utf8, point) - utf8));
	}
}

rk_error *
rk_json_strdup(const rk_json *value, char **ret_text)
{
	RK_AUTO_BUF(buf);
	rk_error *err = rk_json_string(value, &buf);

	return err ? err : rk_buf_take(&buf, ret_text);
}

rk_error *
rk_json_int(const rk_json *value, int64_t *ret_number)
{
	size_t at = 0;
	int64_t number = 0;
	bool negative;

	if (value->kind != RK_JSON_INTEGER || value->len == 0)
		return rk_fail(RK_E_MALFORMED, NULL, "a JSON value is not an integer");
	negative = value->text[0] == '-';
	for (at = negative; at < value->len; at++)
		number = number * 10 + (value->text[at] - '0');
	*ret_number = negative ? -number : number;
	return NULL;
}

size_t
rk_json_count(const rk_json *container)
{
	rk_json_iter iter = rk_json_each(container);
	size_t count = 0;

	while (rk_json_next(&iter, NULL, NULL))
		count++;
	return count;
}

void
rk_json_position(const char *text, const char *place, size_t *ret_line, size_t *ret_column)
{
	const char *line = text, *next;
	size_t number = 1;

	while (line < place && (next = memchr(line, '\n', (size_t)(place - line)))) {
		line = next + 1;
		number++;
	}
	*ret_line = number;
	*ret_column = (size_t)(place - line) + 1;
}
