#include "base/show.h"

#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define ELLIPSIS_LEN 3
#define SMALLEST_CAP 8 /* two quotes, an ellipsis, and something to see */
#define MOST_MARKS 2 /* accents on one letter: more of them paint over the lines around */

struct range {
	uint32_t first;
	uint32_t last;
};

/*
 * Code points that are not drawn, look like a plain space, or move what stands around them: the
 * categories Cc, Cf, Zl, Zp, Zs but U+0020, Co, and the blank or default-ignorable rest. Sorted.
 */
static const struct range unseen[] = {
    {0x0000, 0x001f},
    {0x007f, 0x00a0},
    {0x00ad, 0x00ad},
    {0x034f, 0x034f},
    {0x0600, 0x0605},
    {0x061c, 0x061c},
    {0x06dd, 0x06dd},
    {0x070f, 0x070f},
    {0x0890, 0x0891},
    {0x08e2, 0x08e2},
    {0x115f, 0x1160},
    {0x1680, 0x1680},
    {0x17b4, 0x17b5},
    {0x180b, 0x180f},
    {0x2000, 0x200f},
    {0x2028, 0x202f},
    {0x205f, 0x206f},
    {0x2800, 0x2800},
    {0x3000, 0x3000},
    {0x3164, 0x3164},
    {0xe000, 0xf8ff},
    {0xfdd0, 0xfdef},
    {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},
    {0x110bd, 0x110bd},
    {0x110cd, 0x110cd},
    {0x13430, 0x1345f},
    {0x16fe4, 0x16fe4},
    {0x1bca0, 0x1bca3},
    {0x1d159, 0x1d159},
    {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
    {0xf0000, 0x10ffff},
};

/* The blocks of marks that join any letter before them. Sorted. */
static const struct range marks[] = {
    {0x0300, 0x036f},
    {0x0483, 0x0489},
    {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},
    {0x20d0, 0x20ff},
    {0xfe20, 0xfe2f},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
within(const struct range *ranges, size_t count, uint32_t point)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (point > ranges[middle].last)
			low = middle + 1;
		else if (point < ranges[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

/* The number of bytes of the well-formed character at `at`, or 0. */
static size_t
decode(const uint8_t *at, size_t len, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t point = at[0];
	size_t size;

	if (point < 0x80) {
		*ret_point = point;
		return 1;
	}
	size = point >= 0xf0 ? 4 : point >= 0xe0 ? 3 : 2;
	if (point < 0xc2 || point > 0xf4 || size > len)
		return 0;
	point &= 0xffU >> (size + 1);
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return size;
}

/* What is seen of the next character; `seen` holds up to 10 bytes. */
struct piece {
	char seen[12];
	size_t len;
	size_t taken;
};

static void
write_escape(struct piece *piece, uint32_t point)
{
	char *seen = piece->seen;
	size_t size = sizeof(piece->seen);
	int len;

	if (point == '\n' || point == '\r' || point == '\t')
		len = snprintf(seen, size, "\\%c", point == '\n' ? 'n' : point == '\r' ? 'r' : 't');
	else if (point > 0xffff)
		len = snprintf(seen, size, "\\U%08x", point);
	else if (point > 0x7f)
		len = snprintf(seen, size, "\\u%04x", point);
	else
		len = snprintf(seen, size, "\\x%02x", point);
	piece->len = (size_t)len;
}

/* `quote` is the character that has to be told from its use as the end of the text, or 0. */
static void
next_piece(struct piece *piece, const uint8_t *at, size_t len, char quote, unsigned *marks_seen)
{
	uint32_t point = 0;
	bool is_mark;

	piece->taken = decode(at, len, &point);
	if (piece->taken == 0) {
		piece->taken = 1;
		piece->len = (size_t)snprintf(piece->seen, sizeof(piece->seen), "\\x%02x", at[0]);
		*marks_seen = MOST_MARKS;
		return;
	}
	is_mark = within(marks, COUNT(marks), point);
	if (within(unseen, COUNT(unseen), point) || (point & 0xfffe) == 0xfffe ||
	    (is_mark && *marks_seen >= MOST_MARKS)) {
		write_escape(piece, point);
		*marks_seen = MOST_MARKS;
		return;
	}
	*marks_seen = is_mark ? *marks_seen + 1 : 0;
	piece->len = 0;
	if (point == '\\' || (quote && point == (uint8_t)quote))
		piece->seen[piece->len++] = '\\';
	memcpy(piece->seen + piece->len, at, piece->taken);
	piece->len += piece->taken;
}

/* Whole pieces up to `room` bytes, the last of them an ellipsis where the text is longer. */
static void
append_pieces(rk_buf *out, const uint8_t *at, size_t len, char quote, size_t room)
{
	size_t start = out->len, fit = out->len;
	unsigned marks_seen = MOST_MARKS;
	struct piece piece;

	for (size_t done = 0; done < len && !out->failed; done += piece.taken) {
		next_piece(&piece, at + done, len - done, quote, &marks_seen);
		if (piece.len > room - (out->len - start)) {
			out->len = fit;
			rk_buf_append(out, ELLIPSIS, ELLIPSIS_LEN);
			return;
		}
		rk_buf_append(out, piece.seen, piece.len);
		if (out->len - start <= room - ELLIPSIS_LEN)
			fit = out->len;
	}
}

static size_t
room_of(size_t cap, size_t around)
{
	if (cap == 0)
		cap = SIZE_MAX / 2;
	if (cap < SMALLEST_CAP)
		cap = SMALLEST_CAP;
	return cap - around;
}

void
rk_show_append(rk_buf *out, const void *bytes, size_t len, size_t cap)
{
	rk_buf_byte(out, '\'');
	append_pieces(out, bytes, len, '\'', room_of(cap, 2));
	rk_buf_byte(out, '\'');
}

void
rk_show_bare(rk_buf *out, const void *bytes, size_t len, size_t cap)
{
	rk_buf_append(out, "", 0);
	append_pieces(out, bytes, len, 0, room_of(cap, 0));
}

/* A buffer over the caller's room: it is never asked for more, so it never grows. */
static rk_buf
buf_over(char *out)
{
	out[0] = '\0';
	return (rk_buf){out, 0, RK_SHOW_SIZE, false};
}

const char *
rk_show_into_len(char *out, const void *bytes, size_t len)
{
	rk_buf buf = buf_over(out);

	rk_show_append(&buf, bytes, len, RK_SHOW_SIZE - 1);
	return out;
}

const char *
rk_show_into(char *out, const char *text)
{
	if (!text)
		return strcpy(out, "(none)");
	return rk_show_into_len(out, text, strlen(text));
}

const char *
rk_show_bare_into(char *out, const char *text)
{
	rk_buf buf = buf_over(out);

	if (!text)
		return strcpy(out, "(none)");
	rk_show_bare(&buf, text, strlen(text), RK_SHOW_SIZE - 1);
	return out;
}

bool
rk_utf8_valid(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	uint32_t point = 0;
	size_t taken;

	for (size_t done = 0; done < len; done += taken) {
		taken = decode(at + done, len - done, &point);
		if (taken == 0 || point == 0)
			return false;
	}
	return true;
}
