#include "json/escape.h"
#include "json/scan_private.h"

/* The UTF-8 character at `at`, which is not ASCII: how long it is, or 0 where it is none. */
static unsigned
character(const uint8_t *at, size_t left)
{
	uint8_t lowest = 0x80, highest = 0xbf;
	unsigned more;

	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	more = at[0] < 0xe0 ? 1 : at[0] < 0xf0 ? 2 : 3;
	/* The shortest form, no surrogates, nothing above U+10FFFF. */
	if (at[0] == 0xe0)
		lowest = 0xa0;
	else if (at[0] == 0xed)
		highest = 0x9f;
	else if (at[0] == 0xf0)
		lowest = 0x90;
	else if (at[0] == 0xf4)
		highest = 0x8f;
	if (left <= more || at[1] < lowest || at[1] > highest)
		return 0;
	for (unsigned i = 2; i <= more; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

/* Behind an escape of the form \uXXXX, or two of them; `at` is its backslash. */
static const char *
unicode_escape(struct rk_scan *scan, const char *at)
{
	const char *end = scan->end;
	uint32_t low, point = rk_escape_hex4(at + 2, end);

	if (point > 0xffff)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "\\u without four hex digits");
	if (point == 0)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "a zero character in a string");
	if (point < 0xd800 || point > 0xdfff)
		return at + 6;
	if (point > 0xdbff || end - at < 12 || at[6] != '\\' || at[7] != 'u')
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "half of a surrogate pair");
	low = rk_escape_hex4(at + 8, end);
	if (low < 0xdc00 || low > 0xdfff)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "half of a surrogate pair");
	return at + 12;
}

static const char *
escape(struct rk_scan *scan, const char *at, unsigned level)
{
	if (scan->end - at < 2)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "a string that does not end");
	switch (at[1]) {
	case '"':
	case '\\':
		return at + 2;
	case '/':
	case 'n':
		rk_scan_loose(scan, level);
		return at + 2;
	case 'b':
	case 'f':
	case 'r':
	case 't':
		scan->portable = false;
		rk_scan_loose(scan, level);
		return at + 2;
	case 'u':
		scan->portable = false;
		rk_scan_loose(scan, level);
		return unicode_escape(scan, at);
	default:
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "an escape that JSON does not know");
	}
}

static const char *
not_plain(struct rk_scan *scan, const char *at, unsigned level)
{
	unsigned len;

	if (*at == '\\')
		return escape(scan, at, level);
	if ((uint8_t)*at < 0x20)
		return rk_scan_fail(scan, RK_E_MALFORMED, at,
		    *at ? "a control character in a string" : "a zero byte in a string");
	scan->portable = false;
	if (*at == 0x7f)
		return at + 1;
	len = character((const uint8_t *)at, (size_t)(scan->end - at));
	if (len == 0)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "a byte that is not UTF-8");
	return at + len;
}

const char *
rk_scan_string_rest(struct rk_scan *scan, const char *at, unsigned level, bool *ret_escaped)
{
	bool escaped = false;

	while (at < scan->end && *at != '"') {
		escaped = escaped || *at == '\\';
		at = not_plain(scan, at, level);
		if (!at)
			return NULL;
		at = rk_bytes_plain(at, scan->end);
	}
	if (at >= scan->end)
		return rk_scan_fail(scan, RK_E_MALFORMED, at, "a string that does not end");
	*ret_escaped = escaped;
	return at + 1;
}
