#include "tuf/gojson.h"

#include "base/show.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FORGET_EVERY ((size_t)1 << 20)

rk_error *
rk_gojson_differs(const rk_gojson *walk, const char *place, const char *what)
{
	size_t line, column;
	RK_AUTO_BUF(where);

	rk_json_position(walk->file->text->data, place, &line, &column);
	if (walk->last.len > 2)
		rk_buf_printf(
		    &where, " (in %s)", RK_SHOW_LEN(walk->last.text + 1, walk->last.len - 2));
	return rk_fail(RK_E_REFUSED,
	    "sign a new version of it, which is written as Notary's server writes it",
	    "%s, line %zu, column %zu%s: %s", RK_SHOW(walk->file->name), line, column,
	    rk_buf_str(&where), what);
}

static const char *
end_of(const rk_gojson *walk)
{
	return walk->file->text->data + walk->file->text->len;
}

bool
rk_gojson_looks_at(const rk_gojson *walk, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(end_of(walk) - walk->at) >= len && memcmp(walk->at, text, len) == 0;
}

bool
rk_gojson_take(rk_gojson *walk, const char *text)
{
	bool there = rk_gojson_looks_at(walk, text);

	walk->at += there ? strlen(text) : 0;
	return there;
}

static rk_error *
want(rk_gojson *walk, const char *text, const char *otherwise)
{
	if (rk_gojson_take(walk, text))
		return NULL;
	if (walk->at < end_of(walk) && strchr(" \t\r\n", *walk->at))
		return rk_gojson_differs(
		    walk, walk->at, "white space, which Notary does not write");
	return rk_gojson_differs(walk, walk->at, otherwise);
}

/* strings */

static bool
is_go_escape(const char *at)
{
	static const char *const escapes[] = {
	    "\\\"", "\\\\", "\\u003c", "\\u003e", "\\u0026", "\\u2028", "\\u2029"};

	for (size_t i = 0; i < COUNT(escapes); i++)
		if (strncmp(at, escapes[i], strlen(escapes[i])) == 0)
			return true;
	return false;
}

/* What is wrong with the character at `at`, which is not the closing quote; NULL: nothing. */
static const char *
character_fault(const char *at)
{
	if (*at == '\\')
		return is_go_escape(at) ? NULL : "an escape that Notary writes otherwise";
	if (*at == '<' || *at == '>' || *at == '&')
		return "'<', '>' and '&' are to be written \\u003c, \\u003e and \\u0026";
	if (memcmp(at, "\xe2\x80", 2) == 0 && (at[2] == '\xa8' || at[2] == '\xa9'))
		return "a line or paragraph separator is to be written as an escape";
	return NULL;
}

/* What may not just be gone past. */
static const bool stops[UINT8_MAX + 1] = {
    ['"'] = true,
    ['\\'] = true,
    ['<'] = true,
    ['>'] = true,
    ['&'] = true,
    [0xe2] = true,
};

/* At an opening quote. `ret_span` may be NULL. */
rk_error *
rk_gojson_span(rk_gojson *walk, rk_json *ret_span)
{
	const char *start = walk->at, *fault = NULL;

	if (*start != '"')
		return want(walk, "\"", "a string is expected here");
	const char *at = start + 1;
	for (;; at++) {
		while (!stops[(uint8_t)*at])
			at++;
		if (*at == '"')
			break;
		fault = character_fault(at);
		if (fault)
			return rk_gojson_differs(walk, at, fault);
		at += *at == '\\';
	}
	walk->at = at + 1;
	if (ret_span)
		*ret_span = (rk_json){
		    .text = start, .len = (size_t)(walk->at - start), .kind = RK_JSON_STRING};
	return NULL;
}

rk_error *
rk_gojson_text(rk_gojson *walk)
{
	return rk_gojson_span(walk, NULL);
}

static const bool is_digit[UINT8_MAX + 1] = {
    ['A' ... 'Z'] = true,
    ['a' ... 'z'] = true,
    ['0' ... '9'] = true,
    ['+'] = true,
    ['/'] = true,
};

/* Of a digit. */
static unsigned
base64_value(char digit)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return (unsigned)(strchr(digits, digit) - digits);
}

/* As an encoder pads it: no bits are left over. */
static bool
is_base64(const char *text, size_t len)
{
	size_t pad = 0;

	if (len % 4 != 0)
		return false;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len - pad; i++)
		if (!is_digit[(uint8_t)text[i]])
			return false;
	return pad == 0 || (base64_value(text[len - pad - 1]) & (pad == 1 ? 3U : 15U)) == 0;
}

rk_error *
rk_gojson_bytes(rk_gojson *walk)
{
	const char *start = walk->at;
	rk_json span;
	rk_error *err = rk_gojson_span(walk, &span);

	if (!err && !is_base64(span.text + 1, span.len - 2))
		err = rk_gojson_differs(walk, start, "this is not base64 as an encoder writes it");
	return err;
}

/* other values */

rk_error *
rk_gojson_number(rk_gojson *walk)
{
	const char *start = walk->at;

	walk->at += *walk->at == '-';
	while (*walk->at >= '0' && *walk->at <= '9')
		walk->at++;
	return walk->at > start ? NULL : want(walk, "0", "a number is expected here");
}

rk_error *
rk_gojson_bool(rk_gojson *walk)
{
	return rk_gojson_take(walk, "true") ? NULL
					    : want(walk, "false", "true or false is expected here");
}

rk_error *
rk_gojson_null(rk_gojson *walk)
{
	return want(walk, "null", "Notary writes null here, always");
}

/* Give back what was read of a large file, now and then. */
static void
forget(rk_gojson *walk)
{
	if ((size_t)(walk->at - walk->forgotten) < FORGET_EVERY)
		return;
	rk_text_forget(walk->file->text, (size_t)(walk->at - walk->file->text->data));
	walk->forgotten = walk->at;
}

rk_error *
rk_gojson_array(rk_gojson *walk, rk_gojson_read *read)
{
	rk_error *err = want(walk, "[", "an array is expected here");

	if (err || rk_gojson_take(walk, "]"))
		return err;
	do
		err = read(walk);
	while (!err && rk_gojson_take(walk, ","));
	return err ? err : want(walk, "]", "the array goes on in a way that Notary's do not");
}

/* An object of any names, in ascending order. */
rk_error *
rk_gojson_map(rk_gojson *walk, rk_gojson_read *read)
{
	rk_json before = {0}, key;
	rk_error *err = want(walk, "{", "an object is expected here");

	if (err || rk_gojson_take(walk, "}"))
		return err;
	do {
		const char *start = walk->at;

		err = rk_gojson_span(walk, &key);
		walk->last = err ? walk->last : key;
		if (!err && before.len > 0 && rk_json_compare(&before, &key) >= 0)
			err =
			    rk_gojson_differs(walk, start, "the names are not in ascending order");
		if (!err)
			err = want(walk, ":", "':' is expected here");
		if (!err)
			err = read(walk);
		before = key;
		forget(walk);
	} while (!err && rk_gojson_take(walk, ","));
	return err ? err : want(walk, "}", "the object goes on in a way that Notary's do not");
}

static bool
begins_with(const rk_gojson *walk, const char *name)
{
	size_t len = strlen(name);

	return rk_gojson_looks_at(walk, "\"") && (size_t)(end_of(walk) - walk->at) > len + 1 &&
	       memcmp(walk->at + 1, name, len) == 0 && walk->at[len + 1] == '"';
}

/* Another member than `wanted` (NULL: none more) stands there. */
static rk_error *
wrong_member(
    rk_gojson *walk, const char *wanted, const struct rk_gojson_member *members, size_t count)
{
	RK_AUTO_BUF(what);
	const char *place = walk->at;
	bool known = false;

	if (wanted)
		rk_buf_printf(&what, "the member '%s' is missing here", RK_SHOW_BARE(wanted));
	for (size_t i = 0; i < count; i++)
		known = known || begins_with(walk, members[i].name);
	if (!known && *walk->at == '"') {
		rk_buf_clear(&what);
		rk_error_free(rk_gojson_span(walk, &walk->last));
		rk_buf_text(&what, "this member is none that Notary has: it is lost on its server");
	}
	rk_error *err = rk_buf_check(&what);
	if (err)
		return err;
	if (strchr(" \t\r\n", *place))
		return want(walk, "\"", "");
	return rk_gojson_differs(walk, place, what.len ? what.data : "this member is out of order");
}

static rk_error *
read_member(rk_gojson *walk, const struct rk_gojson_member *member)
{
	const char *start = walk->at;
	size_t len = strlen(member->name) + 2;
	rk_error *err;

	walk->last = (rk_json){.text = start, .len = len, .kind = RK_JSON_STRING};
	walk->at += len;
	err = want(walk, ":", "':' is expected here");
	return err ? err : member->read(walk);
}

rk_error *
rk_gojson_struct(rk_gojson *walk, const struct rk_gojson_member *members, size_t count)
{
	bool first = true;
	rk_error *err = want(walk, "{", "an object is expected here");

	for (size_t i = 0; i < count && !err; i++) {
		const char *start = walk->at;

		if (!first && !rk_gojson_take(walk, ",")) {
			if (members[i].optional)
				continue;
			return *start == '}' ? wrong_member(walk, members[i].name, members, 0)
					     : want(walk, ",", "',' is expected here");
		}
		if (begins_with(walk, members[i].name)) {
			err = read_member(walk, &members[i]);
			first = false;
		} else if (members[i].optional && i + 1 < count) {
			walk->at = start;
		} else {
			err = wrong_member(
			    walk, members[i].optional ? NULL : members[i].name, members, count);
		}
	}
	if (!err && rk_gojson_take(walk, ","))
		return wrong_member(walk, NULL, members, count);
	return err ? err : want(walk, "}", "the object goes on in a way that Notary's do not");
}

/* Any JSON, canonical: what stands in `custom`. */
rk_error *
rk_gojson_any(rk_gojson *walk)
{
	switch (*walk->at) {
	case '{':
		return rk_gojson_map(walk, rk_gojson_any);
	case '[':
		return rk_gojson_array(walk, rk_gojson_any);
	case '"':
		return rk_gojson_text(walk);
	case 'n':
		return rk_gojson_null(walk);
	case 't':
	case 'f':
		return rk_gojson_bool(walk);
	default:
		return rk_gojson_number(walk);
	}
}

rk_error *
rk_gojson_file(const rk_envelope *file, rk_gojson_read *read)
{
	rk_gojson walk = {.file = file, .at = file->text->data, .forgotten = file->text->data};
	rk_error *err = read(&walk);

	if (err || walk.at == end_of(&walk))
		return err;
	walk.last = (rk_json){0};
	return rk_gojson_differs(&walk, walk.at,
	    *walk.at == '\n' ? "a newline at the end, which Notary does not write"
			     : "something follows the end");
}
