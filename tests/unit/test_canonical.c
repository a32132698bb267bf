#include "support/spec.h"
#include "json/canonical.h"

#include <stdlib.h>
#include <string.h>

static rk_json
scanned(const char *text, size_t len)
{
	rk_json value;

	assert_ok(rk_scan_bytes(text, len, "text", &value));
	return value;
}

static void
assert_canonical(const char *text, enum rk_form form, const char *want)
{
	rk_json value = scanned(text, strlen(text));
	RK_AUTO_BUF(out);
	RK_AUTO_BUF(careful);

	assert_ok(rk_canonical(&value, form, rk_sink_buf(&out), NULL));
	assert_string_equal(rk_buf_str(&out), want);
	assert_int_equal(out.len, strlen(want));
	/* The same where nothing is known of the order. */
	value.unsorted = 0;
	value.loose = 0;
	assert_ok(rk_canonical(&value, form, rk_sink_buf(&careful), NULL));
	assert_string_equal(rk_buf_str(&careful), want);
}

static void
members_are_sorted_and_white_space_is_left_out(void **state)
{
	const struct {
		const char *text;
		const char *want;
	} rows[] = {
	    {"{}", "{}"},
	    {" [ ] ", "[]"},
	    {"[1, -2 ,\t0]", "[1,-2,0]"},
	    {"[true,false , null]", "[true,false,null]"},
	    {"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"},
	    {"{ \"a\" : { \"d\" : 1 , \"c\" : [ { \"y\":1, \"x\":2 } ] } }",
		"{\"a\":{\"c\":[{\"x\":2,\"y\":1}],\"d\":1}}"},
	    {"{\"signed\":{\"a\":1,\"b\":2},\"signatures\":[]}",
		"{\"signatures\":[],\"signed\":{\"a\":1,\"b\":2}}"},
	    {"{\"a!\":1,\"a\":2,\"a b\":3,\"ab\":4}", "{\"a\":2,\"a b\":3,\"a!\":1,\"ab\":4}"},
	    {"{\"B\":1,\"a\":2,\"_\":3,\"1\":4,\"\":5}",
		"{\"\":5,\"1\":4,\"B\":1,\"_\":3,\"a\":2}"},
	    {"{\"10\":1,\"9\":2,\"1\":3}", "{\"1\":3,\"10\":1,\"9\":2}"},
	    /* By code points, not UTF-16 units. */
	    {"{\"\\ud83d\\ude00\":1,\"\\ufb01\":2}", "{\"\xef\xac\x81\":2,\"\xf0\x9f\x98\x80\":1}"},
	    {"{\"\\u0062\":1,\"a\":2,\"\\u00e9\":3,\"z\":4}",
		"{\"a\":2,\"b\":1,\"z\":4,\"\xc3\xa9\":3}"},
	    {"9007199254740991", "9007199254740991"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_canonical(rows[i].text, RK_FORM_SIGNED, rows[i].want);
}

static void
only_quote_and_backslash_are_escaped_in_what_is_signed(void **state)
{
	(void)state;
	assert_canonical("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"", RK_FORM_SIGNED,
	    "\"\\\"\\\\/\b\f\n\r\t\x01\x1f\x7f\"");
	assert_canonical("\"\\u0022\\u005c\\u002F\\u0041\"", RK_FORM_SIGNED, "\"\\\"\\\\/A\"");
	assert_canonical("\"\\u00e9\\u20ac\\ud83d\\ude00\"", RK_FORM_SIGNED,
	    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	/* Not normalised: the bytes are the signer's. */
	assert_canonical("\"e\\u0301\"", RK_FORM_SIGNED, "\"e\xcc\x81\"");
	assert_canonical("\"\\u003c\\u2028>&\"", RK_FORM_SIGNED, "\"<\xe2\x80\xa8>&\"");
}

static void
the_file_forms_can_be_read_back(void **state)
{
	const char *text =
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f<>&\\u2028\\u2029\\u2030\"";

	(void)state;
	assert_canonical(text, RK_FORM_JSON,
	    "\"\\\"\\\\/"
	    "\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<>&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xb0\"");
	assert_canonical(text, RK_FORM_GO,
	    "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\x7f\\u003c\\u003e\\u0026"
	    "\\u2028\\u2029\xe2\x80\xb0\"");
	assert_canonical("{\"b<\":1,\"a\":2}", RK_FORM_GO, "{\"a\":2,\"b\\u003c\":1}");
}

static void
a_string_on_its_own_is_written_the_same_way(void **state)
{
	const char *text = "a\"\\/\b\n\x01<>&\xe2\x80\xa8\xe2\x80\xb0\xc3\xa9";
	const struct {
		enum rk_form form;
		const char *want;
	} rows[] = {
	    {RK_FORM_SIGNED, "\"a\\\"\\\\/\b\n\x01<>&\xe2\x80\xa8\xe2\x80\xb0\xc3\xa9\""},
	    {RK_FORM_JSON, "\"a\\\"\\\\/\\b\\n\\u0001<>&\xe2\x80\xa8\xe2\x80\xb0\xc3\xa9\""},
	    {RK_FORM_GO,
		"\"a\\\"\\\\/\\u0008\\n\\u0001\\u003c\\u003e\\u0026\\u2028\xe2\x80\xb0\xc3\xa9\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO_BUF(out);

		assert_ok(rk_canonical_string(text, strlen(text), rows[i].form, rk_sink_buf(&out)));
		assert_string_equal(rk_buf_str(&out), rows[i].want);
	}
}

/* A small generator of its own, so that every run is the same. */
static unsigned
next_random(uint32_t *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void
random_string(rk_buf *out, uint32_t *seed)
{
	static const char *const pieces[] = {"a", "b", "pool/", "\\\"", "\\\\", "\\n", "\\u0001",
	    "\xc3\xa9", "\\u00e9", "\\ud83d\\ude00", "\xf0\x9f\x98\x80", "\xef\xac\x81", "<", " ",
	    "!", "0123456789abcdef0123456789abcdef"};

	rk_buf_byte(out, '"');
	for (unsigned left = next_random(seed) % 6; left > 0; left--)
		rk_buf_text(out, pieces[next_random(seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
}

static void
random_value(rk_buf *out, uint32_t *seed, unsigned depth)
{
	static const char *const blanks[] = {"", "", " ", "\n\t"};
	unsigned kind = next_random(seed) % (depth > 4 ? 3 : 5);

	rk_buf_text(out, blanks[next_random(seed) % 4]);
	if (kind == 0) {
		rk_buf_printf(out, "%d", (int)next_random(seed) - 20000);
	} else if (kind == 1) {
		rk_buf_text(out, next_random(seed) % 2 ? "true" : "null");
	} else if (kind == 2) {
		random_string(out, seed);
		rk_buf_byte(out, '"');
	} else {
		unsigned count = next_random(seed) % (depth == 0 ? 60 : 5);

		rk_buf_byte(out, kind == 3 ? '[' : '{');
		for (unsigned i = 0; i < count; i++) {
			rk_buf_text(out, i > 0 ? "," : "");
			if (kind == 4) {
				random_string(out, seed);
				/* The number keeps the names apart. */
				rk_buf_printf(out, "%u\":", i);
			}
			random_value(out, seed, depth + 1);
		}
		rk_buf_byte(out, kind == 3 ? ']' : '}');
	}
	rk_buf_text(out, blanks[next_random(seed) % 4]);
}

static void
assert_order(const rk_json *value)
{
	rk_json_iter iter = rk_json_each(value);
	rk_json key, last = {0}, child;

	for (; rk_json_next(&iter, iter.object ? &key : NULL, &child); last = key) {
		assert_true(!iter.object || !last.text || rk_json_compare(&last, &key) < 0);
		assert_order(&child);
		if (!iter.object)
			key = (rk_json){0};
	}
}

static void
canonical_bytes_of_canonical_bytes_are_themselves(void **state)
{
	uint32_t seed = 20260101;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		RK_AUTO_BUF(text);
		RK_AUTO_BUF(first);
		RK_AUTO_BUF(second);
		RK_AUTO_BUF(signed_bytes);
		RK_AUTO_BUF(again);
		rk_json value, read;

		random_value(&text, &seed, 0);
		assert_ok(rk_buf_check(&text));
		value = scanned(text.data, text.len);
		assert_ok(rk_canonical(&value, RK_FORM_JSON, rk_sink_buf(&first), NULL));
		read = scanned(first.data, first.len);
		assert_order(&read);
		assert_int_equal(read.unsorted, 1);
		read.unsorted = 0;
		assert_ok(rk_canonical(&read, RK_FORM_JSON, rk_sink_buf(&second), NULL));
		assert_string_equal(first.data, second.data);
		/* And the bytes that are signed do not depend on how the file is written. */
		assert_ok(rk_canonical(&value, RK_FORM_SIGNED, rk_sink_buf(&signed_bytes), NULL));
		assert_ok(rk_canonical(&read, RK_FORM_SIGNED, rk_sink_buf(&again), NULL));
		assert_string_equal(signed_bytes.data, again.data);
	}
}

/* "{"...:N,...}" of `count` members; member i is called by the number step * i % count. */
static void
many_members(rk_buf *out, unsigned count, unsigned step, const char *blank)
{
	rk_buf_byte(out, '{');
	for (unsigned i = 0; i < count; i++) {
		unsigned name = (unsigned)((uint64_t)step * i % count);

		rk_buf_printf(out, "%s%s\"a long path to all of them/%05u\":%s{\"h\":\"%064u\"}",
		    i > 0 ? "," : "", blank, name, blank, name);
	}
	rk_buf_byte(out, '}');
	assert_ok(rk_buf_check(out));
}

static void
any_order_and_layout_of_many_members_gives_the_same_bytes(void **state)
{
	const unsigned steps[] = {1, 7919, 19997};
	RK_AUTO_BUF(want);

	(void)state;
	many_members(&want, 20000, 1, "");
	for (size_t i = 0; i < 6; i++) {
		RK_AUTO_BUF(file);
		RK_AUTO_BUF(out);
		RK_AUTO(rk_text) text = NULL;
		rk_json value;

		many_members(&file, 20000, steps[i / 2], i % 2 ? "\n  " : "");
		assert_ok(rk_text_take(&file, &text));
		assert_ok(rk_scan(text, "many.json", &value));
		assert_ok(rk_canonical(&value, RK_FORM_SIGNED, rk_sink_buf(&out), text));
		assert_int_equal(out.len, want.len);
		assert_memory_equal(out.data, want.data, want.len);
	}
}

/* Names as they are chosen to make a sort slow, or a prefix look like all there is. */
static void
names_that_are_alike_for_long_are_sorted_all_the_same(void **state)
{
	RK_AUTO_BUF(text);
	rk_json value;

	(void)state;
	rk_buf_byte(&text, '{');
	for (int len = 300; len > 0; len--) {
		rk_buf_printf(&text, "\"%0*d", len, 0);
		rk_buf_printf(&text, "\":1,\"%0*d\\u0041", len, 0);
		rk_buf_text(&text, len > 1 ? "\":2," : "\":2}");
	}
	assert_ok(rk_buf_check(&text));
	value = scanned(text.data, text.len);
	for (int form = RK_FORM_JSON; form <= RK_FORM_GO; form++) {
		RK_AUTO_BUF(out);
		rk_json read;

		assert_ok(rk_canonical(&value, (enum rk_form)form, rk_sink_buf(&out), NULL));
		read = scanned(out.data, out.len);
		assert_order(&read);
		assert_int_equal(rk_json_count(&read), 600);
	}
}

/* A sink that takes so many calls, then fails. */
static rk_error *
fail_after(void *context, const void *bytes, size_t len)
{
	unsigned *left = context;

	(void)bytes;
	(void)len;
	if (*left == 0)
		return rk_fail(RK_E_IO, NULL, "the disk is full");
	--*left;
	return NULL;
}

static void
what_the_sink_returns_comes_back(void **state)
{
	unsigned left = 0;

	(void)state;
	assert_error(
	    rk_canonical_string("a\n", 2, RK_FORM_JSON, (rk_sink){fail_after, &left}), RK_E_IO);
	for (unsigned calls = 0; calls < 4; calls++)
		for (unsigned step = 1; step < 10000; step += 7918) {
			RK_AUTO_BUF(text);
			rk_json value;

			many_members(&text, 10000, step, " ");
			value = scanned(text.data, text.len);
			left = calls;
			assert_error(rk_canonical(&value, RK_FORM_SIGNED,
					 (rk_sink){fail_after, &left}, NULL),
			    RK_E_IO);
			assert_int_equal(left, 0);
		}
}

static enum rk_code
portable(const char *text, const char *place)
{
	enum rk_code known, looked;
	rk_json value = scanned(text, strlen(text));
	RK_AUTO(rk_error) err = rk_canonical_portable(&value, text, "root.json");
	RK_AUTO(rk_error) careful = NULL;

	known = rk_error_code(err);
	value.portable = false;
	careful = rk_canonical_portable(&value, text, "root.json");
	looked = rk_error_code(careful);
	assert_int_equal(known, looked);
	if (err && !strstr(rk_error_message(err), place))
		fail_msg("%s: %s", text, rk_error_message(err));
	if (err)
		assert_non_null(rk_error_remedy(err));
	return known;
}

static void
text_on_which_every_client_agrees_is_portable(void **state)
{
	const char *rows[] = {
	    "{}",
	    "[1,{\"a\":[true,null,\"x\"]},\"y\"]",
	    "{\"public\":\"-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----\\n\"}",
	    "{\"a\":\"\\\"\\\\\\/\"}",
	    "{\"\xc3\xa9\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"}",
	    "{\"a\":1,\"a#\":2,\"ab\":3}",
	    "{\"b\":1,\"a\":2,\"a#\":3}",
	    "{\"a\":{\"a \":1}}",
	    "[{\"a\":1},{\"a \":1}]",
	    "{\"\xef\xac\x81\":{\"\xf0\x9f\x98\x80\":1}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(portable(rows[i], ""), RK_OK);
}

static void
what_some_client_would_write_otherwise_is_refused(void **state)
{
	const struct {
		const char *text;
		const char *place;
	} rows[] = {
	    {"{\"a\":\n  \"e\\u0301\"}", "line 2, column 3: text that is not in Unicode NFC"},
	    {"\"e\xcc\x81\"", "column 1: text that is not in Unicode NFC"},
	    {"{\"\xe2\x84\xab\":1}", "column 2: text that is not in Unicode NFC"},
	    {"[\"\\t\"]", "column 2: a control character"},
	    {"[\"\\r\\n\"]", "column 2: a control character"},
	    {"{\"a\\nb\":1}", "column 2: a control character"},
	    {"\"\x7f\"", "column 1: a control character"},
	    {"\"\\u0085\"", "column 1: a control character"},
	    {"{\"a\\\"b\":1}", "column 2: a member's name with a quote or a backslash"},
	    {"{\"a\\\\b\":1}", "column 2: a member's name with a quote or a backslash"},
	    {"{\"a\":1,\"a b\":2}", "column 8: a member's name that is another's"},
	    {"{\"a!\":1,\"a\":2}", "column 2: a member's name that is another's"},
	    {"{\"a\":1,\"b\":2,\"a \":3}", "column 14: a member's name that is another's"},
	    {"{\"a\":1,\"\\u0061\\u0020\":2}", "column 8: a member's name that is another's"},
	    {"{\"\":1,\" \":2}", "column 7: a member's name that is another's"},
	    {"{\"\xef\xac\x81\":1,\"\xf0\x9f\x98\x80\":2}", "from U+E000 to U+FFFF"},
	    {"{\"\\ud83d\\ude00\":1,\"a\\uff01\":2}", "from U+E000 to U+FFFF"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(portable(rows[i].text, rows[i].place), RK_E_REFUSED);
}

static void
one_string_can_be_asked_about_before_it_is_written(void **state)
{
	(void)state;
	assert_ok(rk_canonical_portable_string("dir/file 1.bin", 14, true, "the name"));
	assert_ok(rk_canonical_portable_string("", 0, true, "the name"));
	assert_ok(rk_canonical_portable_string("a\"\\\n", 4, false, "the text"));
	assert_error(rk_canonical_portable_string("a\"", 2, true, "the name"), RK_E_REFUSED);
	assert_error(rk_canonical_portable_string("a\\", 2, true, "the name"), RK_E_REFUSED);
	assert_error(rk_canonical_portable_string("a\n", 2, true, "the name"), RK_E_REFUSED);
	assert_error(rk_canonical_portable_string("a\t", 2, false, "the text"), RK_E_REFUSED);
	assert_error(rk_canonical_portable_string("e\xcc\x81", 3, false, "the text"), RK_E_REFUSED);
	assert_error(rk_canonical_portable_string("\xff", 1, false, "the text"), RK_E_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(members_are_sorted_and_white_space_is_left_out),
	    spec(only_quote_and_backslash_are_escaped_in_what_is_signed),
	    spec(the_file_forms_can_be_read_back),
	    spec(a_string_on_its_own_is_written_the_same_way),
	    spec(canonical_bytes_of_canonical_bytes_are_themselves),
	    spec(any_order_and_layout_of_many_members_gives_the_same_bytes),
	    spec(names_that_are_alike_for_long_are_sorted_all_the_same),
	    spec(what_the_sink_returns_comes_back),
	    spec(text_on_which_every_client_agrees_is_portable),
	    spec(what_some_client_would_write_otherwise_is_refused),
	    spec(one_string_can_be_asked_about_before_it_is_written),
	};

	return cmocka_run_group_tests_name("canonical", tests, NULL, NULL);
}
