#include "base/hashwords.h"
#include "base/hashwords_private.h"
#include "base/show.h"

#include <string.h>
#include <strings.h>

#define GROUP 8
#define LONGEST 16 /* no word of the list is longer */
#define SPACES " \t\r\n\v\f"

static const char *
word_at(const uint8_t *digest, size_t place)
{
	return rk_hashwords_list[digest[place]][place % 2];
}

void
rk_hashwords_append(rk_buf *out, const uint8_t digest[static RK_SHA256_SIZE], const char *indent)
{
	for (size_t i = 0; i < RK_SHA256_SIZE; i++) {
		rk_buf_text(out, i % GROUP == 0 ? indent : " ");
		rk_buf_text(out, word_at(digest, i));
		if (i % GROUP == GROUP - 1)
			rk_buf_byte(out, '\n');
	}
}

void
rk_hashwords_line(rk_buf *out, const uint8_t digest[static RK_SHA256_SIZE])
{
	for (size_t i = 0; i < RK_SHA256_SIZE; i++) {
		if (i > 0)
			rk_buf_byte(out, ' ');
		rk_buf_text(out, word_at(digest, i));
	}
}

/* The byte whose word this is in a column, or -1. */
static int
find(const char *word, size_t len, size_t column)
{
	for (int byte = 0; byte < 256; byte++) {
		const char *known = rk_hashwords_list[byte][column];

		if (strlen(known) == len && strncasecmp(known, word, len) == 0)
			return byte;
	}
	return -1;
}

static rk_error *
parse_word(const char *word, size_t len, size_t place, uint8_t *byte)
{
	int found = len <= LONGEST ? find(word, len, place % 2) : -1;

	if (found >= 0) {
		*byte = (uint8_t)found;
		return NULL;
	}
	if (len <= LONGEST && find(word, len, 1 - place % 2) >= 0)
		return rk_fail(RK_E_MALFORMED, "read them again from the word before it",
		    "word %zu, %s, cannot stand there: one was left out, or two are swapped",
		    place + 1, RK_SHOW_LEN(word, len));
	return rk_fail(RK_E_MALFORMED, "check its spelling", "word %zu, %s, is not in the list",
	    place + 1, RK_SHOW_LEN(word, len));
}

rk_error *
rk_hashwords_parse(const char *text, uint8_t out[static RK_SHA256_SIZE])
{
	uint8_t digest[RK_SHA256_SIZE];
	rk_error *err = NULL;
	size_t count = 0;

	for (text += strspn(text, SPACES); *text && !err; text += strspn(text, SPACES)) {
		size_t len = strcspn(text, SPACES);

		if (count == RK_SHA256_SIZE)
			return rk_fail(
			    RK_E_MALFORMED, "give 32 words", "there are more than 32 words");
		err = parse_word(text, len, count, &digest[count]);
		count++;
		text += len;
	}
	if (err)
		return err;
	if (count < RK_SHA256_SIZE)
		return rk_fail(
		    RK_E_MALFORMED, "give 32 words", "there are only %zu of 32 words", count);
	memcpy(out, digest, sizeof(digest));
	return NULL;
}
