#include "json/scan.h"

#include "base/show.h"
#include "json/escape.h"
#include "json/order.h"
#include "json/scan_private.h"

#include <stdlib.h>
#include <string.h>

#define FETCH_AHEAD 8
#define FEW 16
#define NOTED_LEVELS 2 /* levels whose members are noted */
#define FORGET_STEP ((ptrdiff_t)1 << 20)

/* A member's name. */
struct name {
	const char *text; /* behind the opening quote */
	size_t len;
	bool escaped;
};

static const char *scan_value(struct rk_scan *scan, const char *at, unsigned level);

const char *
rk_scan_fail(struct rk_scan *scan, enum rk_code code, const char *place, const char *what)
{
	size_t line, column;

	rk_json_position(scan->start, place, &line, &column);
	scan->err = rk_fail(code, "have it written anew by the program that made it",
	    "%s, line %zu, column %zu: %s", RK_SHOW(scan->name), line, column, what);
	return NULL;
}

/* Where `at` stands, something else should: say so, or that the text is at its end. */
static const char *
expected(struct rk_scan *scan, const char *at, const char *what)
{
	return rk_scan_fail(
	    scan, RK_E_MALFORMED, at, at < scan->end ? what : "the text ends too early");
}

/* White space stands between the parts of a container on `level`. */
static inline const char *
scan_space(struct rk_scan *scan, const char *at, unsigned level)
{
	if (at < scan->end && rk_bytes_is_space(*at)) {
		rk_scan_loose(scan, level);
		at = rk_bytes_space(at, scan->end);
	}
	return at;
}

static void
forget(struct rk_scan *scan, const char *at)
{
	rk_text_forget(scan->source, (size_t)(at - scan->start));
	scan->forget_at = scan->end - at > FORGET_STEP ? at + FORGET_STEP : scan->end;
}

/* "-" and digits as the strict form has them; what follows is the caller's to judge. */
static const char *
scan_integer(struct rk_scan *scan, const char *at)
{
	const char *start = at, *digits;
	int64_t value = 0;

	if (*at == '-')
		at++;
	digits = at;
	while (at < scan->end && *at >= '0' && *at <= '9') {
		value = value * 10 + (*at++ - '0');
		if (value > RK_JSON_INT_MAX)
			return rk_scan_fail(scan, RK_E_MALFORMED, start,
			    "an integer beyond 9007199254740991, which not every client can read");
	}
	if (at == digits)
		return expected(scan, at, "a minus sign without a number");
	if (*digits == '0' && at - digits > 1)
		return rk_scan_fail(scan, RK_E_MALFORMED, start, "a number that begins with zero");
	if (*start == '-' && value == 0)
		return rk_scan_fail(scan, RK_E_MALFORMED, start, "minus zero");
	if (at < scan->end && (*at == '.' || *at == 'e' || *at == 'E'))
		return rk_scan_fail(scan, RK_E_MALFORMED, start,
		    "a number with a fraction or an exponent; canonical JSON has integers only");
	return at;
}

static const char *
scan_word(struct rk_scan *scan, const char *at, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - at) < len || memcmp(at, word, len) != 0)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "this is not a JSON value");
	return at + len;
}

static const char *
says_twice(struct rk_scan *scan, const char *key)
{
	rk_json span = {.text = key - 1, .kind = RK_JSON_STRING};
	RK_AUTO(rk_str) what = NULL;
	RK_AUTO_BUF(name);

	span.len = (size_t)(rk_bytes_string_end(key, scan->end) - span.text);
	scan->err = rk_json_string(&span, &name);
	if (!scan->err)
		scan->err = rk_strdupf(&what, "the member %s is there twice",
		    RK_SHOW_LEN(rk_buf_str(&name), name.len));
	return scan->err ? NULL : rk_scan_fail(scan, RK_E_MALFORMED, span.text, what);
}

/* The members of an unsorted object: are any two of the same name? */
static bool
check_order(struct rk_scan *scan, struct rk_order *order)
{
	const char *twice = NULL;

	scan->err = rk_order_sort(order);
	for (size_t i = 1; !scan->err && i < order->count && !twice; i++) {
		const char *before = order->members[i - 1].key, *key = order->members[i].key;

		if (i + FETCH_AHEAD < order->count)
			__builtin_prefetch(order->members[i + FETCH_AHEAD].key);
		if (rk_escape_compare(before, key) == 0)
			twice = key;
		else if (rk_escape_goes_on(before, key))
			scan->portable = false;
	}
	if (twice)
		says_twice(scan, twice);
	return !scan->err;
}

static inline int
compare_names(struct rk_scan *scan, const struct name *a, const struct name *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order;

	if (a->escaped || b->escaped)
		return rk_escape_compare(a->text, b->text);
	/* Most neighbours differ at once. */
	if (len > 0 && *a->text != *b->text)
		return (uint8_t)*a->text < (uint8_t)*b->text ? -1 : 1;
	order = memcmp(a->text, b->text, len);
	if (order != 0 || a->len >= b->len)
		return order ? order : a->len > b->len;
	if ((uint8_t)b->text[len] <= '"')
		scan->portable = false; /* as rk_escape_goes_on */
	return -1;
}

/* A member's name and the colon; returns where the value begins. */
static inline const char *
scan_name(struct rk_scan *scan, const char *at, unsigned level, struct name *ret_name)
{
	if (at >= scan->end || *at != '"')
		return expected(scan, at, "a member's name in quotes should be here");
	ret_name->text = ++at;
	at = rk_scan_string(scan, at, level, &ret_name->escaped);
	if (!at)
		return NULL;
	ret_name->len = (size_t)(at - 1 - ret_name->text);
	if (ret_name->escaped)
		scan->portable = false;
	at = scan_space(scan, at, level);
	if (at >= scan->end || *at != ':')
		return expected(scan, at, "a colon should be here");
	return scan_space(scan, at + 1, level);
}

/* Behind the comma, or at what closes the container. */
static inline const char *
scan_separator(struct rk_scan *scan, const char *at, unsigned level, char closing)
{
	at = scan_space(scan, at, level);
	if (at >= scan->forget_at && scan->source)
		forget(scan, at);
	if (at < scan->end && *at == closing)
		return at;
	if (at >= scan->end || *at != ',')
		return expected(scan, at,
		    closing == '}' ? "a comma or a closing brace should be here"
				   : "a comma or a closing bracket should be here");
	at = scan_space(scan, at + 1, level);
	if (at < scan->end && *at == closing)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "a comma before the end");
	return at;
}

/* The names of an object so far. */
struct names {
	const char *start; /* of the object */
	struct name last;
	struct rk_order order; /* of all names, once they are not sorted */
	/* Of an outer object, whose members may be as large as the text: the first ones. */
	const char *first[FEW];
	size_t count;
};

/* An object turns out to be unsorted at the member before `end`: index what there is of it. */
static bool
begin_order(struct rk_scan *scan, struct names *names, const char *end)
{
	rk_json part = {.text = names->start,
	    .len = (size_t)(end - names->start) + 1,
	    .kind = RK_JSON_OBJECT,
	    .source = scan->source};

	if (names->count == 0 || names->count > FEW) {
		scan->err = rk_order_add_all(&names->order, &part);
		return !scan->err;
	}
	for (size_t i = 0; i < names->count && !scan->err; i++)
		scan->err = rk_order_add(&names->order, names->first[i]);
	return !scan->err;
}

/* Names in order need only be compared with the one before. */
static inline bool
check_name(struct rk_scan *scan, struct names *names, const struct name *name, unsigned level)
{
	int order = names->last.text ? compare_names(scan, &names->last, name) : -1;

	names->last = *name;
	if (order == 0)
		says_twice(scan, name->text);
	if (order <= 0)
		return order < 0;
	if (level >= scan->unsorted)
		scan->unsorted = level + 1;
	return begin_order(scan, names, name->text - 1);
}

/* A member of one of the outer objects; the answer is its number, 0: there is no room. What the
 * levels hold is known when the scan has ended. */
static size_t
note_member(struct rk_scan *scan, unsigned level, struct names *names, const struct name *name,
    const char *value)
{
	struct rk_scan_notes *notes = scan->notes;
	const char *key = name->text - 1;

	if (names->count < FEW)
		names->first[names->count] = name->text;
	names->count++;
	if (!notes)
		return 0;
	notes->whole = notes->whole && notes->count < RK_SCAN_NOTES;
	if (!notes->whole)
		return 0;
	notes->items[notes->count++] = (struct rk_scan_note){
	    {.text = key, .len = name->len + 2, .kind = RK_JSON_STRING}, {.text = value}, level};
	return notes->count;
}

/* Where members begin; up to the closing brace. */
static const char *
scan_members(struct rk_scan *scan, const char *at, unsigned level, struct names *names)
{
	struct name name;
	const char *value;
	size_t noted = 0;

	while (at >= scan->end || *at != '}') {
		at = scan_name(scan, at, level, &name);
		if (!at)
			return NULL;
		if (names->order.count == 0 && !check_name(scan, names, &name, level))
			return NULL;
		if (names->order.count > 0)
			scan->err = rk_order_add(&names->order, name.text);
		if (scan->err)
			return NULL;
		value = at;
		if (level < NOTED_LEVELS)
			noted = note_member(scan, level, names, &name, value);
		at = scan_value(scan, at, level + 1);
		if (level < NOTED_LEVELS && at && noted)
			scan->notes->items[noted - 1].value.len = (size_t)(at - value);
		if (at)
			at = scan_separator(scan, at, level, '}');
		if (!at)
			return NULL;
	}
	return at;
}

static const char *
scan_object(struct rk_scan *scan, const char *at, unsigned level)
{
	struct names names;

	/* But for the first names: most objects have no use for those. */
	names.start = at;
	names.last = (struct name){0};
	names.order = (struct rk_order){0};
	names.count = 0;

	at = scan_space(scan, at + 1, level);
	at = scan_members(scan, at, level, &names);
	if (at && names.order.count > 0 && !check_order(scan, &names.order))
		at = NULL;
	if (at && scan->notes && !rk_scan_keep_order(scan, names.start, &names.order))
		at = NULL;
	rk_order_clear(&names.order);
	return at ? at + 1 : NULL;
}

static const char *
scan_array(struct rk_scan *scan, const char *at, unsigned level)
{
	at = scan_space(scan, at + 1, level);
	while (at >= scan->end || *at != ']') {
		at = scan_value(scan, at, level + 1);
		if (at)
			at = scan_separator(scan, at, level, ']');
		if (!at)
			return NULL;
	}
	return at + 1;
}

static const char *
scan_container(struct rk_scan *scan, const char *at, unsigned level)
{
	if (level >= RK_JSON_DEPTH)
		return rk_scan_fail(
		    scan, RK_E_LIMIT, at, "objects and arrays are nested more than 64 deep");
	return *at == '{' ? scan_object(scan, at, level) : scan_array(scan, at, level);
}

/* `level` is how many containers are around the value. */
static const char *
scan_value(struct rk_scan *scan, const char *at, unsigned level)
{
	bool escaped;

	if (at >= scan->end)
		return expected(scan, at, NULL);
	switch (*at) {
	case '"':
		return rk_scan_string(scan, at + 1, level, &escaped);
	case '{':
	case '[':
		return scan_container(scan, at, level);
	case 't':
		return scan_word(scan, at, "true");
	case 'f':
		return scan_word(scan, at, "false");
	case 'n':
		return scan_word(scan, at, "null");
	default:
		if (*at != '-' && (*at < '0' || *at > '9'))
			return rk_scan_fail(scan, RK_E_MALFORMED, at, "this is not a JSON value");
		return scan_integer(scan, at);
	}
}

static rk_error *
scan_all(struct rk_scan *scan, rk_json *ret_value)
{
	const char *start = rk_bytes_space(scan->start, scan->end);
	const char *end = scan_value(scan, start, 0);
	const char *after;

	if (!end)
		return scan->err;
	after = rk_bytes_space(end, scan->end);
	if (after < scan->end) {
		rk_scan_fail(
		    scan, RK_E_MALFORMED, after, "something follows where the text should end");
		return scan->err;
	}
	rk_scan_complete_notes(scan);
	*ret_value = (rk_json){
	    .text = start,
	    .len = (size_t)(end - start),
	    .kind = rk_scan_kind(*start),
	    .unsorted = (uint8_t)(scan->unsorted + 1),
	    .loose = (uint8_t)(scan->loose + 1),
	    .portable = scan->portable,
	    .source = scan->source,
	};
	return NULL;
}

rk_error *
rk_scan_bytes(const char *bytes, size_t len, const char *name, rk_json *ret_value)
{
	struct rk_scan scan = {.name = name, .portable = true};

	scan.start = bytes ? bytes : "";
	scan.end = scan.start + len;
	scan.forget_at = scan.end;
	return scan_all(&scan, ret_value);
}

rk_error *
rk_scan(const rk_text *text, const char *name, rk_json *ret_value)
{
	return rk_scan_noting(text, name, NULL, ret_value);
}

rk_error *
rk_scan_noting(
    const rk_text *text, const char *name, struct rk_scan_notes *notes, rk_json *ret_value)
{
	struct rk_scan scan = {
	    .name = name, .portable = true, .source = text, .start = text->data, .notes = notes};
	rk_error *err;

	if (notes) {
		notes->count = 0;
		notes->whole = true;
		notes->largest = (struct rk_scan_order){NULL, NULL};
	}
	scan.end = scan.start + text->len;
	scan.forget_at = scan.start;
	err = scan_all(&scan, ret_value);
	if (err && notes)
		rk_scan_order_clear(&notes->largest);
	return err;
}
