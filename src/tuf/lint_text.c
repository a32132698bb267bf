#include "tuf/lint_private.h"

#include "base/show.h"
#include "json/escape.h"
#include "json/order.h"

#include <stdlib.h>
#include <string.h>

enum { STRICT, TWICE, FLOAT, ZERO, LARGE, NFC, QUOTED, PLANES, CONTROL, RULES };

static const rk_lint_rule rules[RULES] = {
    [STRICT] = {"not-strict-json", RK_LINT_TUF | RK_LINT_DCT, 0,
	"text that is not strict JSON: parsers differ in what they make of it, or refuse it",
	"have the file written anew by the program that made it"},
    [TWICE] = {"member-twice", RK_LINT_TO | RK_LINT_DCT, RK_LINT_PY | RK_LINT_GO | RK_LINT_JS,
	"an object with two members of one name: most clients take the last of them, tough refuses "
	"the file, notary's server stores only one of them and so another file than was signed",
	"leave one of them out"},
    [FLOAT] = {"number-float", RK_LINT_PY | RK_LINT_GO | RK_LINT_TO | RK_LINT_DCT, RK_LINT_JS,
	"a number with a fraction or an exponent has no canonical form",
	"write an integer, or a string"},
    [ZERO] = {"number-negative-zero", RK_LINT_TO,
	RK_LINT_PY | RK_LINT_GO | RK_LINT_JS | RK_LINT_DCT,
	"-0 is written as 0 by some and as -0 by others, and tough takes it for a fraction",
	"write 0"},
    [LARGE] = {"number-large", RK_LINT_JS | RK_LINT_DCT, RK_LINT_GO | RK_LINT_TO,
	"an integer beyond 2^53-1 is rounded where numbers are doubles, and the signature is lost",
	"write a smaller integer, or a string"},
    [NFC] = {"text-not-nfc", RK_LINT_TO, 0,
	"tough normalises text to Unicode NFC before it verifies, so it verifies other bytes",
	"write the text in NFC"},
    [QUOTED] = {"member-order-quoted", RK_LINT_TO, 0,
	"tough sorts members by their quoted names, so it verifies other bytes",
	"rename one of the members"},
    [PLANES] = {"member-order-utf16", RK_LINT_JS, 0,
	"tuf-js sorts members by UTF-16 units, so it verifies other bytes",
	"rename one of the members"},
    [CONTROL] = {"text-control", 0, RK_LINT_TUF,
	"a control character in a string: not every client writes it the same way", "leave it out"},
};
const struct rk_lint_table rk_lint_text_table = {rules, RULES};

/* A number's text, as far as it may be one. */
static size_t
number_len(const char *at, const char *end)
{
	size_t len = 0;

	while (at + len < end && (strchr("+-.eE", at[len]) || (at[len] >= '0' && at[len] <= '9')) &&
	       at[len])
		len++;
	return len;
}

/* By how many digits, and what they are: without leading zeros, both of the same length or not. */
static bool
exceeds(const char *digits, size_t len, const char *limit)
{
	size_t limit_len = strlen(limit);

	return len != limit_len ? len > limit_len : memcmp(digits, limit, len) > 0;
}

static rk_error *
judge_number(struct rk_lint_at *at, const char *text, size_t len, size_t *found)
{
	bool minus = *text == '-';
	const char *digits = text + minus;
	size_t count = len - minus;
	struct rk_lint_case large = {&rules[LARGE], RK_LINT_JS | RK_LINT_DCT, RK_LINT_GO, text};

	for (size_t i = 0; i < count; i++)
		if (digits[i] < '0' || digits[i] > '9') {
			++*found;
			return rk_lint_tell(at, &rules[FLOAT], text,
			    "%s is a number with a fraction or an exponent",
			    RK_SHOW_LEN(text, len));
		}
	if (minus && count == 1 && *digits == '0') {
		++*found;
		return rk_lint_tell(at, &rules[ZERO], text, "the number is -0");
	}
	if (!exceeds(digits, count, "9007199254740991"))
		return NULL;
	++*found;
	if (exceeds(digits, count, "9223372036854775807"))
		large.errors |= RK_LINT_GO | RK_LINT_TO;
	large.warnings &= ~large.errors;
	return rk_lint_tell_case(
	    at, &large, "the integer %s is beyond 2^53-1", RK_SHOW_LEN(text, len));
}

/* Numbers outside strings, of a text that nobody has passed. */
static rk_error *
judge_numbers(struct rk_lint_at *at, size_t *found)
{
	const char *text = at->wish->text->data, *end = text + at->wish->text->len;
	rk_error *err = NULL;

	while (text < end && !err) {
		if (*text == '"') {
			for (text++; text < end && *text != '"'; text++)
				text += *text == '\\' && end - text > 1;
			text += text < end;
		} else if (*text == '-' || (*text >= '0' && *text <= '9')) {
			size_t len = number_len(text, end);

			err = judge_number(at, text, len, found);
			text += len;
		} else {
			text++;
		}
	}
	return err;
}

/* As the scan says it of two members of one name. */
static bool
is_twice(const rk_error *refused)
{
	return strstr(rk_error_message(refused), " is there twice") != NULL;
}

rk_error *
rk_lint_text_refused(struct rk_lint_at *at, rk_error *refused)
{
	struct rk_lint_case one = {&rules[STRICT], rk_lint_clients_of(at->dialect), 0, NULL};
	size_t found = 0;
	rk_error *err = judge_numbers(at, &found);

	if (is_twice(refused))
		one = (struct rk_lint_case){
		    &rules[TWICE], rules[TWICE].errors, rules[TWICE].warnings, NULL};
	/* What the numbers do to each client is said by them. */
	else if (found > 0) {
		one.warnings = one.errors;
		one.errors = 0;
	}
	if (!err)
		err = rk_lint_tell_case(
		    at, &one, "no further look was possible: %s", rk_error_message(refused));
	rk_error_free(refused);
	return err;
}

static bool
has_control(const rk_buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		uint8_t byte = (uint8_t)text->data[i];

		if ((byte < 0x20 && byte != '\n') || byte == 0x7f)
			return true;
		/* U+0080 to U+009F */
		if (byte == 0xc2 && i + 1 < text->len && (uint8_t)text->data[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static rk_error *
judge_string(struct rk_lint_at *at, const rk_json *string)
{
	RK_AUTO_BUF(text);
	RK_AUTO(rk_error) other = NULL;
	rk_error *err = rk_json_string(string, &text);

	if (err)
		return err;
	if (has_control(&text))
		return rk_lint_tell(at, &rules[CONTROL], string->text,
		    "the string %s has a control character",
		    RK_SHOW_LEN(rk_buf_str(&text), text.len));
	other = rk_canonical_portable_string(rk_buf_str(&text), text.len, false, "text");
	if (!other || rk_error_code(other) != RK_E_REFUSED)
		return RK_TAKE(other);
	return rk_lint_tell(at, &rules[NFC], string->text, "the string %s is not in Unicode NFC",
	    RK_SHOW_LEN(rk_buf_str(&text), text.len));
}

/* A name as tough sorts it. */
static rk_error *
quoted(const rk_json *name, rk_buf *out)
{
	RK_AUTO_BUF(text);
	rk_error *err = rk_json_string(name, &text);

	for (size_t i = 0; i < text.len && !err; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			rk_buf_byte(out, '\\');
		rk_buf_byte(out, (uint8_t)text.data[i]);
	}
	rk_buf_byte(out, '"');
	return err ? err : rk_buf_check(out);
}

static rk_error *
sorts_quoted(const rk_json *first, const rk_json *second, bool *ret_same)
{
	RK_AUTO_BUF(a);
	RK_AUTO_BUF(b);
	rk_error *err = quoted(first, &a);

	if (!err)
		err = quoted(second, &b);
	if (!err)
		*ret_same = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len) < 0;
	return err;
}

/* The first UTF-16 unit of a character. */
static uint32_t
unit(uint32_t point)
{
	return point > 0xffff ? 0xd7c0 + (point >> 10) : point;
}

static bool
sorts_utf16(const rk_json *first, const rk_json *second)
{
	const char *a = first->text + 1, *b = second->text + 1;
	uint32_t left = 0, right = 0;

	do {
		a = rk_escape_next(a, &left);
		b = rk_escape_next(b, &right);
	} while (a && b && left == right);
	return !a || !b || unit(left) <= unit(right);
}

static rk_error *
judge_pair(struct rk_lint_at *at, const rk_json *first, const rk_json *second)
{
	bool same = true;
	rk_error *err = sorts_quoted(first, second, &same);

	if (!err && !same)
		err = rk_lint_tell(at, &rules[QUOTED], second->text,
		    "tough sorts the member %s before %s", RK_SHOW_LEN(second->text, second->len),
		    RK_SHOW_LEN(first->text, first->len));
	if (!err && !sorts_utf16(first, second))
		err = rk_lint_tell(at, &rules[PLANES], second->text,
		    "tuf-js sorts the member %s before %s", RK_SHOW_LEN(second->text, second->len),
		    RK_SHOW_LEN(first->text, first->len));
	return err;
}

static rk_error *judge_value(struct rk_lint_at *at, const rk_json *value);

static rk_error *
judge_object(struct rk_lint_at *at, const rk_json *object)
{
	struct rk_order order = {0};
	rk_json last = {0}, key, value;
	rk_error *err = rk_order_add_all(&order, object);

	if (!err)
		err = rk_order_sort(&order);
	for (size_t i = 0; i < order.count && !err; i++) {
		rk_order_get(object, &order.members[i], &key, &value);
		err = judge_string(at, &key);
		if (!err && last.len > 0)
			err = judge_pair(at, &last, &key);
		if (!err)
			err = judge_value(at, &value);
		last = key;
	}
	rk_order_clear(&order);
	return err;
}

static rk_error *
judge_value(struct rk_lint_at *at, const rk_json *value)
{
	rk_json_iter iter;
	rk_json element;
	rk_error *err = NULL;

	if (value->kind == RK_JSON_STRING)
		return judge_string(at, value);
	if (value->kind == RK_JSON_OBJECT)
		return judge_object(at, value);
	if (value->kind != RK_JSON_ARRAY)
		return NULL;
	iter = rk_json_each(value);
	while (!err && rk_json_next(&iter, NULL, &element))
		err = judge_value(at, &element);
	return err;
}

rk_error *
rk_lint_text_canonical(struct rk_lint_at *at)
{
	rk_error *err = rk_canonical_portable(&at->payload, at->wish->text->data, at->wish->name);

	if (rk_error_code(err) != RK_E_REFUSED)
		return err;
	rk_error_free(err);
	return judge_value(at, &at->payload);
}
