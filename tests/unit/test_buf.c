#include "base/buf.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

static void
a_zeroed_buffer_is_empty_text(void **state)
{
	RK_AUTO_BUF(buf);

	(void)state;
	assert_string_equal(rk_buf_str(&buf), "");
	assert_null(buf.data);
	assert_ok(rk_buf_check(&buf));
	rk_buf_append(&buf, NULL, 0);
	assert_non_null(buf.data);
	assert_string_equal(rk_buf_str(&buf), "");
}

static void
what_is_appended_stands_there_in_order(void **state)
{
	RK_AUTO_BUF(buf);

	(void)state;
	rk_buf_text(&buf, "a");
	rk_buf_byte(&buf, 'b');
	rk_buf_printf(&buf, "%d-%s", 12, "c");
	rk_buf_append(&buf, "\0d", 2);
	rk_buf_u32(&buf, 0x01020304);
	assert_ok(rk_buf_check(&buf));
	assert_int_equal(buf.len, 12);
	assert_memory_equal(buf.data, "ab12-c\0d\1\2\3\4", 13);
}

static void
it_grows_far_and_stays_a_c_string(void **state)
{
	RK_AUTO_BUF(buf);

	(void)state;
	for (int i = 0; i < 100000; i++)
		rk_buf_printf(&buf, "%05d", i);
	assert_ok(rk_buf_check(&buf));
	assert_int_equal(buf.len, 500000);
	assert_int_equal(strlen(rk_buf_str(&buf)), 500000);
	assert_memory_equal(buf.data + 499995, "99999", 5);
}

static void
without_memory_it_stays_as_it_was_and_says_so_once_asked(void **state)
{
	char *text = NULL;
	RK_AUTO_BUF(buf);

	(void)state;
	rk_buf_text(&buf, "kept");
	rk_buf_append(&buf, "", SIZE_MAX / 2);
	rk_buf_text(&buf, "lost");
	rk_buf_hex(&buf, "x", 1);
	rk_buf_base64(&buf, "x", 1);
	rk_buf_printf(&buf, "%d", 1);
	assert_string_equal(rk_buf_str(&buf), "kept");
	assert_error(rk_buf_check(&buf), RK_E_NOMEM);
	assert_error(rk_buf_take(&buf, &text), RK_E_NOMEM);
	assert_null(text);
	rk_buf_clear(&buf);
	rk_buf_hex(&buf, "", SIZE_MAX / 3);
	assert_error(rk_buf_check(&buf), RK_E_NOMEM);
	rk_buf_clear(&buf);
	rk_buf_base64(&buf, "", SIZE_MAX / 3);
	assert_error(rk_buf_check(&buf), RK_E_NOMEM);
}

static void
a_taken_text_leaves_an_empty_buffer(void **state)
{
	RK_AUTO(rk_str) empty = NULL;
	RK_AUTO(rk_str) text = NULL;
	RK_AUTO_BUF(buf);

	(void)state;
	assert_ok(rk_buf_take(&buf, &empty));
	assert_string_equal(empty, "");
	rk_buf_text(&buf, "word");
	assert_ok(rk_buf_take(&buf, &text));
	assert_string_equal(text, "word");
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
}

static void
a_sink_appends(void **state)
{
	RK_AUTO_BUF(buf);
	rk_sink sink = rk_sink_buf(&buf);

	(void)state;
	assert_ok(sink.write(sink.context, "abc", 3));
	assert_ok(sink.write(sink.context, "d", 1));
	assert_string_equal(rk_buf_str(&buf), "abcd");
	buf.failed = true;
	assert_error(sink.write(sink.context, "e", 1), RK_E_NOMEM);
}

static void
hex_goes_there_and_back_in_either_case(void **state)
{
	const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xff, 0xab};
	uint8_t back[5];
	RK_AUTO_BUF(out);
	char text[11];

	(void)state;
	rk_hex(text, bytes, 5);
	assert_string_equal(text, "007f80ffab");
	assert_ok(rk_unhex(text, 10, back, 5));
	assert_memory_equal(back, bytes, 5);
	assert_ok(rk_unhex_buf("007F80fFAB", 10, &out));
	assert_int_equal(out.len, 5);
	assert_memory_equal(out.data, bytes, 5);
	assert_ok(rk_unhex_buf("", 0, &out));
	assert_int_equal(out.len, 5);
	rk_buf_clear(&out);
	rk_buf_hex(&out, bytes, 5);
	assert_string_equal(rk_buf_str(&out), text);
}

/* Digits are looked at together: every byte as a digit, at every place. */
static void
long_hex_is_judged_digit_by_digit(void **state)
{
	char text[80];
	uint8_t out[40];

	(void)state;
	for (size_t len = 0; len <= 40; len++) {
		for (size_t place = 0; place < 2 * len; place++) {
			memset(text, 'a', sizeof(text));
			for (unsigned byte = 0; byte < 256; byte++) {
				bool digit = (byte >= '0' && byte <= '9') ||
					     (byte >= 'a' && byte <= 'f') ||
					     (byte >= 'A' && byte <= 'F');
				char one[2] = {(char)byte, '\0'};

				text[place] = (char)byte;
				assert_error(rk_unhex(text, 2 * len, out, len),
				    digit ? RK_OK : RK_E_MALFORMED);
				if (!digit)
					continue;
				assert_int_equal(
				    place % 2 ? out[place / 2] & 0xf : out[place / 2] >> 4,
				    strtoul(one, NULL, 16));
				assert_int_equal(
				    place % 2 ? out[place / 2] >> 4 : out[place / 2] & 0xf, 0xa);
			}
		}
	}
}

static void
what_is_not_hex_is_refused(void **state)
{
	static const char *const wrong[] = {"0g", "g0", "0x", " 0", "/0", ":0", "@0", "`0", "0"};
	uint8_t out[2] = {9, 9};
	RK_AUTO_BUF(buf);

	(void)state;
	rk_buf_text(&buf, "kept");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_error(rk_unhex(wrong[i], strlen(wrong[i]), out, 1), RK_E_MALFORMED);
		assert_error(rk_unhex_buf(wrong[i], strlen(wrong[i]), &buf), RK_E_MALFORMED);
	}
	assert_error(rk_unhex("0000", 4, out, 1), RK_E_MALFORMED);
	assert_error(rk_unhex("00", 2, out, 2), RK_E_MALFORMED);
	assert_error(rk_unhex("000", 3, out, 1), RK_E_MALFORMED);
	assert_int_equal(out[0], 9);
	assert_string_equal(rk_buf_str(&buf), "kept");
}

/* RFC 4648, section 10. */
static void
base64_is_that_of_the_standard(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO_BUF(text);
		RK_AUTO_BUF(back);

		rk_buf_base64(&text, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(rk_buf_str(&text), rows[i][1]);
		assert_ok(rk_unbase64(rows[i][1], strlen(rows[i][1]), &back));
		assert_string_equal(rk_buf_str(&back), rows[i][0]);
	}
}

static void
base64_has_one_spelling(void **state)
{
	static const char *const wrong[] = {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==\n",
	    " Zg==", "Z===", "====", "=Zg=", "Zg==Zg==", "Zm9-", "Zm9_", "Zm\n9", "\r\n\r\n"};
	RK_AUTO_BUF(out);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_error(rk_unbase64(wrong[i], strlen(wrong[i]), &out), RK_E_MALFORMED);
	assert_error(rk_unbase64("Zm9\0", 4, &out), RK_E_MALFORMED);
	assert_int_equal(out.len, 0);
}

static void
copies_are_of_their_own(void **state)
{
	RK_AUTO(rk_str) whole = NULL;
	RK_AUTO(rk_str) part = NULL;
	RK_AUTO(rk_str) made = NULL;
	char text[] = "abcdef";

	(void)state;
	assert_ok(rk_strdup(text, &whole));
	assert_ok(rk_strndup(text, 3, &part));
	assert_ok(rk_strdupf(&made, "%s/%d", part, 7));
	text[0] = 'X';
	assert_string_equal(whole, "abcdef");
	assert_string_equal(part, "abc");
	assert_string_equal(made, "abc/7");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_zeroed_buffer_is_empty_text),
	    spec(what_is_appended_stands_there_in_order),
	    spec(it_grows_far_and_stays_a_c_string),
	    spec(without_memory_it_stays_as_it_was_and_says_so_once_asked),
	    spec(a_taken_text_leaves_an_empty_buffer),
	    spec(a_sink_appends),
	    spec(hex_goes_there_and_back_in_either_case),
	    spec(long_hex_is_judged_digit_by_digit),
	    spec(what_is_not_hex_is_refused),
	    spec(base64_is_that_of_the_standard),
	    spec(base64_has_one_spelling),
	    spec(copies_are_of_their_own),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
