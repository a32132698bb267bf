#include "base/show.h"
#include "support/spec.h"

#include <string.h>

#define SHOWN(text) RK_SHOW_LEN((text), sizeof(text) - 1)

static void
plain_text_is_shown_in_quotes(void **state)
{
	(void)state;
	assert_string_equal(RK_SHOW("root key 1"), "'root key 1'");
	assert_string_equal(RK_SHOW(""), "''");
	assert_string_equal(RK_SHOW_BARE("root key 1"), "root key 1");
	assert_string_equal(RK_SHOW("Müller 鍵 ключ 🔑"), "'Müller 鍵 ключ 🔑'");
}

static void
nothing_is_shown_as_none(void **state)
{
	(void)state;
	assert_string_equal(RK_SHOW(NULL), "(none)");
	assert_string_equal(RK_SHOW_BARE(NULL), "(none)");
}

static void
controls_and_escapes_are_visible(void **state)
{
	(void)state;
	assert_string_equal(RK_SHOW("\x1b[31mred\x07\x7f"), "'\\x1b[31mred\\x07\\x7f'");
	assert_string_equal(RK_SHOW("a\nb\rc\td\x0b"), "'a\\nb\\rc\\td\\x0b'");
	assert_string_equal(SHOWN("a\0b"), "'a\\x00b'");
	assert_string_equal(RK_SHOW("\xc2\x9b"
				    "31m"),
	    "'\\u009b31m'");
}

static void
the_quote_and_the_backslash_cannot_be_forged(void **state)
{
	(void)state;
	assert_string_equal(RK_SHOW("it's"), "'it\\'s'");
	assert_string_equal(RK_SHOW("\\x1b"), "'\\\\x1b'");
	assert_string_equal(RK_SHOW_BARE("it's \\n"), "it's \\\\n");
}

static void
marks_that_reorder_or_hide_text_are_visible(void **state)
{
	(void)state;
	assert_string_equal(RK_SHOW("a\u202eb\u202c"), "'a\\u202eb\\u202c'");
	assert_string_equal(RK_SHOW("a\u2066b\u2069"), "'a\\u2066b\\u2069'");
	assert_string_equal(RK_SHOW("\u200e\u200f\u061c"), "'\\u200e\\u200f\\u061c'");
	assert_string_equal(RK_SHOW("ro\u200bot\ufeff"), "'ro\\u200bot\\ufeff'");
	assert_string_equal(RK_SHOW("\u00a0\u2028\u2029\u3000"), "'\\u00a0\\u2028\\u2029\\u3000'");
	assert_string_equal(RK_SHOW("so\u00adft\u3164"), "'so\\u00adft\\u3164'");
	assert_string_equal(RK_SHOW("\U000e0041"), "'\\U000e0041'");
	assert_string_equal(RK_SHOW("\ue000\uffff"), "'\\ue000\\uffff'");
}

static void
accents_stay_on_their_letter_and_do_not_pile_up(void **state)
{
	(void)state;
	assert_string_equal(RK_SHOW("e\u0301\u0323"), "'e\u0301\u0323'");
	assert_string_equal(RK_SHOW("\u0301e"), "'\\u0301e'");
	assert_string_equal(RK_SHOW("e\u0301\u0301\u0301\u0301"), "'e\u0301\u0301\\u0301\\u0301'");
}

static void
bytes_that_are_not_utf8_are_visible(void **state)
{
	(void)state;
	assert_string_equal(SHOWN("\xff\xfe"), "'\\xff\\xfe'");
	assert_string_equal(SHOWN("a\x80z"), "'a\\x80z'");
	assert_string_equal(SHOWN("\xc3"), "'\\xc3'");
	assert_string_equal(SHOWN("\xc0\xaf"), "'\\xc0\\xaf'");
	assert_string_equal(SHOWN("\xe0\x80\xaf"), "'\\xe0\\x80\\xaf'");
	assert_string_equal(SHOWN("\xed\xa0\x80"), "'\\xed\\xa0\\x80'");
	assert_string_equal(SHOWN("\xf4\x90\x80\x80"), "'\\xf4\\x90\\x80\\x80'");
	assert_string_equal(SHOWN("\xe2\x82"), "'\\xe2\\x82'");
}

static void
long_text_ends_in_an_ellipsis_and_fits(void **state)
{
	char text[1000];
	const char *seen;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	seen = RK_SHOW(text);
	assert_int_equal(strlen(seen), RK_SHOW_SIZE - 1);
	assert_string_equal(seen + RK_SHOW_SIZE - 1 - 5, "a…'");
	seen = RK_SHOW_BARE(text);
	assert_int_equal(strlen(seen), RK_SHOW_SIZE - 1);
	assert_string_equal(seen + RK_SHOW_SIZE - 1 - 4, "a…");
	text[RK_SHOW_SIZE - 3] = '\0';
	assert_int_equal(strlen(RK_SHOW(text)), RK_SHOW_SIZE - 1);
	assert_null(strstr(RK_SHOW(text), "…"));
}

/* At every length of every kind of piece, and at every cap. */
static void
no_cap_cuts_a_character_or_an_escape(void **state)
{
	static const char *const pieces[] = {
	    "a", "é", "鍵", "🔑", "\x1b", "\n", "\u202e", "'", "\xff"};

	(void)state;
	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
		RK_AUTO_BUF(text);

		for (int i = 0; i < 100; i++)
			rk_buf_text(&text, pieces[p]);
		for (size_t cap = 1; cap < 60; cap++) {
			size_t most = cap < 8 ? 8 : cap;
			RK_AUTO_BUF(out);

			rk_buf_text(&out, "> ");
			rk_show_append(&out, text.data, text.len, cap);
			assert_ok(rk_buf_check(&out));
			assert_in_range(out.len - 2, 5, most);
			if (out.len - 2 + 10 < most)
				fail_msg("%zu bytes of %zu are used", out.len - 2, most);
			assert_true(rk_utf8_valid(out.data, out.len));
			assert_string_equal(out.data + out.len - 4, "…'");
			assert_int_not_equal(out.data[out.len - 5], '\\');
		}
	}
}

static void
without_a_cap_all_of_it_is_shown(void **state)
{
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(out);

	(void)state;
	for (int i = 0; i < 5000; i++)
		rk_buf_text(&text, "\x1b");
	rk_show_append(&out, text.data, text.len, 0);
	assert_int_equal(out.len, 5000 * 4 + 2);
	rk_buf_clear(&out);
	rk_show_bare(&out, text.data, text.len, 0);
	assert_int_equal(out.len, 5000 * 4);
}

static void
without_memory_nothing_is_shown(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	rk_buf_text(&out, "kept");
	out.failed = true;
	rk_show_append(&out, "abc", 3, 0);
	rk_show_bare(&out, "abc", 3, 0);
	assert_string_equal(rk_buf_str(&out), "kept");
}

/* Whatever the bytes: printable, on one line, and within its size. */
static void
any_two_bytes_and_any_code_point_are_safe(void **state)
{
	(void)state;
	for (unsigned both = 0; both < 0x10000; both++) {
		char text[3] = {(char)(both >> 8), (char)both, '\0'};
		const char *seen = RK_SHOW_LEN(text, 2);

		for (size_t i = 0; seen[i]; i++) {
			if ((uint8_t)seen[i] < 0x20 || seen[i] == 0x7f)
				fail_msg("%04x is shown with a control character", both);
		}
		if (!rk_utf8_valid(seen, strlen(seen)))
			fail_msg("%04x is not shown as UTF-8", both);
	}
}

static void
utf8_is_judged_by_the_standard(void **state)
{
	(void)state;
	assert_true(rk_utf8_valid("", 0));
	assert_true(rk_utf8_valid("aé鍵🔑", 10));
	assert_true(rk_utf8_valid("\xf4\x8f\xbf\xbf", 4));
	assert_true(rk_utf8_valid("\xed\x9f\xbf\xee\x80\x80", 6));
	assert_false(rk_utf8_valid("a\0b", 3));
	assert_false(rk_utf8_valid("\xc1\xbf", 2));
	assert_false(rk_utf8_valid("\xe0\x9f\xbf", 3));
	assert_false(rk_utf8_valid("\xf0\x8f\xbf\xbf", 4));
	assert_false(rk_utf8_valid("\xf5\x80\x80\x80", 4));
	assert_false(rk_utf8_valid("\xed\xbf\xbf", 3));
	assert_false(rk_utf8_valid("鍵", 2));
	assert_false(rk_utf8_valid("\x80", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(plain_text_is_shown_in_quotes),
	    spec(nothing_is_shown_as_none),
	    spec(controls_and_escapes_are_visible),
	    spec(the_quote_and_the_backslash_cannot_be_forged),
	    spec(marks_that_reorder_or_hide_text_are_visible),
	    spec(accents_stay_on_their_letter_and_do_not_pile_up),
	    spec(bytes_that_are_not_utf8_are_visible),
	    spec(long_text_ends_in_an_ellipsis_and_fits),
	    spec(no_cap_cuts_a_character_or_an_escape),
	    spec(without_a_cap_all_of_it_is_shown),
	    spec(without_memory_nothing_is_shown),
	    spec(any_two_bytes_and_any_code_point_are_safe),
	    spec(utf8_is_judged_by_the_standard),
	};

	return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
