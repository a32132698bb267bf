#include "json/escape.h"

#include <stddef.h>

uint32_t
rk_escape_hex4(const char *at, const char *end)
{
	uint32_t value = 0;

	if (end - at < 4)
		return UINT32_MAX;
	for (int i = 0; i < 4; i++) {
		char digit = at[i];

		if (digit >= '0' && digit <= '9')
			value = value << 4 | (uint32_t)(digit - '0');
		else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
		else
			return UINT32_MAX;
	}
	return value;
}

/* `at` is behind the backslash. */
static const char *
escaped(const char *at, uint32_t *ret_point)
{
	static const char said[] = "bfnrt";
	static const char meant[] = "\b\f\n\r\t";
	uint32_t point;

	if (*at != 'u') {
		*ret_point = (uint8_t)*at;
		for (size_t i = 0; said[i]; i++)
			if (*at == said[i])
				*ret_point = (uint8_t)meant[i];
		return at + 1;
	}
	point = rk_escape_hex4(at + 1, at + 5);
	at += 5;
	if (point >= 0xd800 && point <= 0xdbff) {
		uint32_t low = rk_escape_hex4(at + 2, at + 6);

		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
		at += 6;
	}
	*ret_point = point;
	return at;
}

const char *
rk_escape_next(const char *at, uint32_t *ret_point)
{
	uint8_t byte = (uint8_t)*at++;
	unsigned more;

	if (byte == '"')
		return NULL;
	if (byte == '\\')
		return escaped(at, ret_point);
	more = byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
	*ret_point = more == 0 ? byte : byte & (0x3fU >> more);
	while (more-- > 0)
		*ret_point = *ret_point << 6 | ((uint8_t)*at++ & 0x3f);
	return at;
}

char *
rk_escape_utf8(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = (char)point;
		return out;
	}
	if (point < 0x800) {
		*out++ = (char)(0xc0 | point >> 6);
	} else if (point < 0x10000) {
		*out++ = (char)(0xe0 | point >> 12);
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
	} else {
		*out++ = (char)(0xf0 | point >> 18);
		*out++ = (char)(0x80 | (point >> 12 & 0x3f));
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (point & 0x3f));
	return out;
}

/* What comes after the backslash where `form` has two bytes for a control character; or 0. */
static char
short_escape(uint32_t point, enum rk_form form)
{
	switch (point) {
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '\b':
		return form == RK_FORM_GO ? 0 : 'b';
	case '\f':
		return form == RK_FORM_GO ? 0 : 'f';
	default:
		return 0;
	}
}

static bool
is_escaped(uint32_t point, enum rk_form form)
{
	if (form == RK_FORM_SIGNED)
		return false;
	if (point < 0x20)
		return true;
	return form == RK_FORM_GO &&
	       (point == '<' || point == '>' || point == '&' || point == 0x2028 || point == 0x2029);
}

char *
rk_escape_form(char *out, uint32_t point, enum rk_form form)
{
	static const char digits[] = "0123456789abcdef";
	char letter;

	if (point == '"' || point == '\\') {
		*out++ = '\\';
		*out++ = (char)point;
		return out;
	}
	if (!is_escaped(point, form))
		return rk_escape_utf8(out, point);
	letter = short_escape(point, form);
	*out++ = '\\';
	*out++ = letter ? letter : 'u';
	for (int shift = 12; !letter && shift >= 0; shift -= 4)
		*out++ = digits[point >> shift & 0xf];
	return out;
}

/* One of the two stands at an escape, so both stand at the beginning of a character. */
static int
compare_points(const char *a, const char *b)
{
	uint32_t left = 0, right = 0;

	do {
		a = rk_escape_next(a, &left);
		b = rk_escape_next(b, &right);
		if (!a || !b)
			return (a != NULL) - (b != NULL);
	} while (left == right);
	/* UTF-8 sorts as code points do. */
	return left < right ? -1 : 1;
}

int
rk_escape_compare(const char *a, const char *b)
{
	while (*a == *b && *a != '"' && *a != '\\') {
		a++;
		b++;
	}
	if (*a == '\\' || *b == '\\')
		return compare_points(a, b);
	if (*a == '"' || *b == '"')
		return (*a != '"') - (*b != '"');
	return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
}

bool
rk_escape_goes_on(const char *name, const char *longer)
{
	uint32_t a, b;

	while (*name == *longer && *name != '"' && *name != '\\') {
		name++;
		longer++;
	}
	if (*name != '"' && *name != '\\' && *longer != '\\')
		return false;
	for (;;) {
		name = rk_escape_next(name, &a);
		longer = rk_escape_next(longer, &b);
		if (!name || !longer || a != b)
			return !name && longer && b <= '"';
	}
}
