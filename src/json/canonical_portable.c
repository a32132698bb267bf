#include "json/canonical.h"

#include "base/show.h"
#include "json/bytes.h"
#include "json/escape.h"
#include "json/order.h"

#include <stdlib.h>
#include <uninorm.h>

#define FORGET_STEP ((ptrdiff_t)1 << 20)
#define FIRST_COMBINING 0x300 /* all text below it is in NFC */
#define REMEDY \
	"use a name or text without it, so that every client signs and verifies the same bytes"

struct portable {
	const char *text_start;
	const char *name;
	const rk_text *source;
	const char *end;
	const char *forget_at; /* where pages are given back the next time */
	rk_error *err;
};

/* What the names of one object are made of. */
struct siblings {
	const char *upper; /* a name with U+E000..U+FFFF */
	const char *astral; /* a name with a character above them */
};

static const char *check_value(struct portable *portable, const char *at);

static const char *
refuse(struct portable *portable, const char *place, const char *what)
{
	size_t line, column;

	rk_json_position(portable->text_start, place, &line, &column);
	portable->err = rk_fail(RK_E_REFUSED, REMEDY, "%s, line %zu, column %zu: %s",
	    RK_SHOW(portable->name), line, column, what);
	return NULL;
}

/* What is not portable about a string. */
enum trouble {
	NONE,
	NOT_NFC,
	QUOTED_NAME,
	CONTROL,
};

static const char *
sentence(enum trouble trouble)
{
	switch (trouble) {
	case NOT_NFC:
		return "text that is not in Unicode NFC: tough signs other bytes than python-tuf, "
		       "go-tuf and tuf-js";
	case QUOTED_NAME:
		return "a member's name with a quote or a backslash: tough sorts it differently";
	case CONTROL:
		return "a control character: not every client writes it the same way";
	default:
		return "nothing";
	}
}

static rk_error *
check_nfc(const char *text, size_t len, enum trouble *ret_trouble)
{
	size_t normal_len = 0;
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text, len, NULL, &normal_len);

	if (!normal)
		return rk_out_of_memory();
	*ret_trouble = normal_len == len && memcmp(normal, text, len) == 0 ? NONE : NOT_NFC;
	free(normal);
	return NULL;
}

static enum trouble
judge(uint32_t point, bool member_name)
{
	if (member_name && (point == '"' || point == '\\'))
		return QUOTED_NAME;
	if (point == '\n' && !member_name)
		return NONE;
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) ? CONTROL : NONE;
}

/* The UTF-8 bytes of a string. */
static rk_error *
check_text(const char *text, size_t len, bool member_name, enum trouble *ret_trouble)
{
	const char *at = text, *end = text + len;
	uint32_t highest = 0;

	*ret_trouble = NONE;
	while (at < end && *ret_trouble == NONE) {
		uint32_t point = (uint8_t)*at;

		/* A quote would end rk_escape_next, and a backslash begin something. */
		if (point < 0x80)
			at++;
		else
			at = rk_escape_next(at, &point);
		highest = point > highest ? point : highest;
		*ret_trouble = judge(point, member_name);
	}
	if (*ret_trouble != NONE || highest < FIRST_COMBINING)
		return NULL;
	return check_nfc(text, len, ret_trouble);
}

/* A string that has more than plain ASCII in it. */
static bool
check_rest(struct portable *portable, const rk_json *string, bool member_name)
{
	enum trouble trouble = NONE;
	RK_AUTO_BUF(text);

	portable->err = rk_json_string(string, &text);
	if (!portable->err)
		portable->err = check_text(rk_buf_str(&text), text.len, member_name, &trouble);
	if (portable->err)
		return false;
	if (trouble != NONE)
		refuse(portable, string->text, sentence(trouble));
	return trouble == NONE;
}

/* `at` is the opening quote; returns what is behind the closing one. */
static inline const char *
check_string(struct portable *portable, const char *at, bool member_name, bool *ret_plain)
{
	rk_json string = {.text = at, .kind = RK_JSON_STRING};

	at = rk_bytes_plain(at + 1, portable->end);
	*ret_plain = *at == '"';
	if (*ret_plain)
		return at + 1;
	at = rk_bytes_string_end(at, portable->end);
	string.len = (size_t)(at - string.text);
	return check_rest(portable, &string, member_name) ? at : NULL;
}

static void
note_planes(struct siblings *siblings, const char *key)
{
	const char *at = key;
	uint32_t point;

	while ((at = rk_escape_next(at, &point))) {
		if (point > 0xffff)
			siblings->astral = key;
		else if (point >= 0xe000)
			siblings->upper = key;
	}
}

static bool
refuse_prefix(struct portable *portable, const char *key)
{
	return refuse(portable, key - 1,
	    "a member's name that is another's with a blank or '!' behind it: tough sorts the two "
	    "the other way round");
}

/* In order, a name is followed at once by the longer one that would be in the way. */
static bool
check_unsorted(struct portable *portable, const rk_json *object)
{
	struct rk_order order = {0};
	const char *longer = NULL;

	portable->err = rk_order_add_all(&order, object);
	if (!portable->err)
		portable->err = rk_order_sort(&order);
	for (size_t i = 1; !portable->err && i < order.count && !longer; i++)
		if (rk_escape_goes_on(order.members[i - 1].key, order.members[i].key))
			longer = order.members[i].key;
	rk_order_clear(&order);
	if (portable->err)
		return false;
	return !longer || refuse_prefix(portable, longer);
}

static bool
check_siblings(struct portable *portable, const struct siblings *siblings)
{
	return !siblings->upper || !siblings->astral ||
	       refuse(portable, siblings->astral - 1,
		   "members' names with characters from U+E000 to U+FFFF beside some above them: "
		   "tuf-js sorts them differently");
}

static inline const char *
skip_space(const struct portable *portable, const char *at)
{
	return rk_bytes_space(at, portable->end);
}

/* Behind the comma after an element, or at what closes the container. */
static inline const char *
skip_separator(struct portable *portable, const char *at)
{
	if (at >= portable->forget_at && portable->source) {
		rk_text_forget(portable->source, (size_t)(at - portable->source->data));
		portable->forget_at =
		    portable->end - at > FORGET_STEP ? at + FORGET_STEP : portable->end;
	}
	at = skip_space(portable, at);
	return *at == ',' ? skip_space(portable, at + 1) : at;
}

static const char *
check_object(struct portable *portable, const char *at)
{
	rk_json object = {.text = at, .kind = RK_JSON_OBJECT, .source = portable->source};
	struct siblings siblings = {NULL, NULL};
	const char *last = NULL;
	bool sorted = true, plain;

	for (at = skip_space(portable, at + 1); *at != '}';) {
		const char *key = at + 1;

		at = check_string(portable, at, true, &plain);
		if (!at)
			return NULL;
		if (!plain)
			note_planes(&siblings, key);
		sorted = sorted && (!last || rk_escape_compare(last, key) < 0);
		if (sorted && last && rk_escape_goes_on(last, key)) {
			refuse_prefix(portable, key);
			return NULL;
		}
		last = key;
		at = skip_space(portable, at) + 1;
		at = check_value(portable, skip_space(portable, at));
		if (!at)
			return NULL;
		at = skip_separator(portable, at);
	}
	object.len = (size_t)(at + 1 - object.text);
	if (!check_siblings(portable, &siblings))
		return NULL;
	return sorted || check_unsorted(portable, &object) ? at + 1 : NULL;
}

static const char *
check_array(struct portable *portable, const char *at)
{
	for (at = skip_space(portable, at + 1); *at != ']';) {
		at = check_value(portable, at);
		if (!at)
			return NULL;
		at = skip_separator(portable, at);
	}
	return at + 1;
}

static const char *
check_value(struct portable *portable, const char *at)
{
	bool plain;

	switch (*at) {
	case '"':
		return check_string(portable, at, false, &plain);
	case '{':
		return check_object(portable, at);
	case '[':
		return check_array(portable, at);
	default:
		while (at < portable->end &&
		       (*at == '-' || (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z')))
			at++;
		return at;
	}
}

rk_error *
rk_canonical_portable(const rk_json *value, const char *text_start, const char *name)
{
	struct portable portable = {.text_start = text_start,
	    .name = name,
	    .source = value->source,
	    .end = value->text + value->len,
	    .forget_at = value->text};

	if (!value->portable)
		check_value(&portable, value->text);
	return portable.err;
}

rk_error *
rk_canonical_portable_string(const char *text, size_t len, bool member_name, const char *what)
{
	enum trouble trouble;
	rk_error *err;

	if (!rk_utf8_valid(text, len))
		return rk_fail(RK_E_REFUSED, "write it in UTF-8", "%s is not UTF-8", what);
	err = check_text(text, len, member_name, &trouble);
	if (err || trouble == NONE)
		return err;
	return rk_fail(RK_E_REFUSED, REMEDY, "%s: %s", what, sentence(trouble));
}
