#include "flow/keyuri.h"

#include "base/show.h"

#include <string.h>

#define SCHEME "pkcs11:"

/* name=value, percent-encoded. */
struct part {
	const char *name, *value;
	size_t name_len, value_len;
};

bool
rk_keyuri_is(const char *text)
{
	return strncmp(text, SCHEME, strlen(SCHEME)) == 0;
}

/* Attributes up to '?' end in ';', those after it in '&'. */
static bool
next_part(const char **at, char separator, struct part *ret_part)
{
	const char ends[] = {separator, separator == ';' ? '?' : '\0', '\0'};
	size_t len = strcspn(*at, ends);
	const char *equals = memchr(*at, '=', len);

	if (len == 0 && **at != separator)
		return false;
	*ret_part = (struct part){*at, equals ? equals + 1 : *at + len,
	    equals ? (size_t)(equals - *at) : len, equals ? len - (size_t)(equals - *at) - 1 : 0};
	*at += len;
	if (**at == separator)
		(*at)++;
	return true;
}

static bool
same_name(const struct part *a, const struct part *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

static bool
is_named(const struct part *part, const char *name)
{
	return part->name_len == strlen(name) && memcmp(part->name, name, part->name_len) == 0;
}

/* Text that is no %XX stands for itself: p11-kit's URIs have none, and a person's may. */
static int
next_byte(const char **at, const char *end)
{
	uint8_t byte;
	rk_error *err;

	if (**at != '%' || end - *at < 3)
		return (unsigned char)*(*at)++;
	err = rk_unhex(*at + 1, 2, &byte, 1);
	if (err) {
		rk_error_free(err);
		return (unsigned char)*(*at)++;
	}
	*at += 3;
	return byte;
}

static bool
same_value(const struct part *a, const struct part *b)
{
	const char *left = a->value, *left_end = a->value + a->value_len;
	const char *right = b->value, *right_end = b->value + b->value_len;

	while (left < left_end && right < right_end)
		if (next_byte(&left, left_end) != next_byte(&right, right_end))
			return false;
	return left == left_end && right == right_end;
}

static bool
find_part(const char *at, char separator, const struct part *wanted, struct part *ret_part)
{
	while (next_part(&at, separator, ret_part))
		if (same_name(ret_part, wanted))
			return true;
	return false;
}

static bool
path_fits(const char *asked, const char *stored)
{
	struct part part, other;

	while (next_part(&asked, ';', &part)) {
		/* Half of a pair or the other: the pair is meant. */
		if (part.name_len == 0 || is_named(&part, "type"))
			continue;
		if (!find_part(stored, ';', &part, &other) || !same_value(&part, &other))
			return false;
	}
	return true;
}

static bool
modules_fit(const char *asked, const char *stored)
{
	const struct part wanted = {"module-name", "", strlen("module-name"), 0};
	const char *left = strchr(asked, '?'), *right = strchr(stored, '?');
	struct part a, b;

	if (!left || !right || !find_part(left + 1, '&', &wanted, &a) ||
	    !find_part(right + 1, '&', &wanted, &b))
		return true;
	return same_value(&a, &b);
}

bool
rk_keyuri_fits(const char *asked, const char *stored)
{
	if (!rk_keyuri_is(asked) || !rk_keyuri_is(stored))
		return false;
	return path_fits(asked + strlen(SCHEME), stored + strlen(SCHEME)) &&
	       modules_fit(asked, stored);
}

static rk_error *
decode(const char *uri, const struct part *part, rk_buf *out)
{
	const char *at = part->value, *end = part->value + part->value_len;

	while (at < end) {
		const char *before = at;
		int byte = next_byte(&at, end);

		if (*before == '%' && at == before + 1)
			return rk_fail(RK_E_MALFORMED, "see 'rootkeep token list' for its URI",
			    "%s has a '%%' that is no %%XX", RK_SHOW(uri));
		rk_buf_byte(out, (uint8_t)byte);
	}
	return rk_buf_check(out);
}

rk_error *
rk_keyuri_attribute(const char *uri, const char *name, rk_buf *out, bool *ret_found)
{
	const struct part wanted = {name, "", strlen(name), 0};
	const char *path = rk_keyuri_is(uri) ? uri + strlen(SCHEME) : "";
	struct part part;
	bool found = find_part(path, ';', &wanted, &part);
	rk_error *err = found ? decode(uri, &part, out) : NULL;

	if (!err)
		*ret_found = found;
	return err;
}
