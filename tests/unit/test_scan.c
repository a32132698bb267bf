#include "support/spec.h"
#include "json/canonical.h"
#include "json/order.h"
#include "json/scan.h"

#include <stdlib.h>
#include <string.h>

/* A text, what is wrong with it, and where. */
struct wrong {
	const char *text;
	const char *place;
	const char *says;
};

static void
assert_wrong(const struct wrong *wrong, size_t len, enum rk_code code)
{
	rk_json value = {.text = "untouched"};
	RK_AUTO(rk_error) err = rk_scan_bytes(wrong->text, len, "root.json", &value);

	assert_string_equal(rk_code_name(rk_error_code(err)), rk_code_name(code));
	if (!strstr(rk_error_message(err), wrong->place) ||
	    !strstr(rk_error_message(err), wrong->says))
		fail_msg("%s: %s", wrong->text, rk_error_message(err));
	assert_string_equal(value.text, "untouched");
	assert_non_null(rk_error_remedy(err));
}

static void
assert_all_wrong(const struct wrong *wrongs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_wrong(&wrongs[i], strlen(wrongs[i].text), RK_E_MALFORMED);
}

#define ALL_WRONG(array) assert_all_wrong((array), sizeof(array) / sizeof((array)[0]))

static rk_json
scanned(const char *text)
{
	rk_json value;

	assert_ok(rk_scan_bytes(text, strlen(text), "text", &value));
	return value;
}

static void
every_kind_of_value_is_known(void **state)
{
	const struct {
		const char *text;
		enum rk_json_kind kind;
	} rows[] = {
	    {"null", RK_JSON_NULL},
	    {"false", RK_JSON_FALSE},
	    {"true", RK_JSON_TRUE},
	    {"-17", RK_JSON_INTEGER},
	    {"\"\"", RK_JSON_STRING},
	    {"[]", RK_JSON_ARRAY},
	    {"{}", RK_JSON_OBJECT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO_BUF(text);
		rk_json value;

		rk_buf_printf(&text, " \t\r\n%s \n", rows[i].text);
		value = scanned(rk_buf_str(&text));
		assert_int_equal(value.kind, rows[i].kind);
		assert_int_equal(value.len, strlen(rows[i].text));
		assert_memory_equal(value.text, rows[i].text, value.len);
	}
}

static void
a_member_that_is_there_twice_is_refused_where_it_is_again(void **state)
{
	const struct wrong wrongs[] = {
	    {"{\"a\":1,\"a\":2}", "column 8", "'a' is there twice"},
	    {"{\"a\":1,\n \"\\u0061\":2}", "line 2, column 2", "'a' is there twice"},
	    {"{\"b\":1,\"c\":1,\"a\":1,\"b\":1}", "column 20", "'b' is there twice"},
	    {"{\"\\ud83d\\ude00\":1,\"a\":2,\"\xf0\x9f\x98\x80\":3}", "column 25",
		"is there twice"},
	    {"{\"\":1,\"\":1}", "column 7", "'' is there twice"},
	    {"[{\"x\":{\"\\/\":1,\"/\":1}}]", "column 15", "'/' is there twice"},
	    {"{\"long name, one of two: a\":1,\"long name, one of two: A\":1,"
	     "\"long name, one of two: a\":1}",
		"column 60", "is there twice"},
	};

	(void)state;
	ALL_WRONG(wrongs);
	scanned("[{\"a\":1},{\"a\":1}]");
	scanned("{\"a\":{\"a\":1}}");
	/* The same to the eye, not the same text. */
	scanned("{\"\xc3\xa9\":1,\"e\xcc\x81\":2}");
}

static void
a_duplicate_is_found_among_many_members_in_any_order(void **state)
{
	(void)state;
	for (unsigned doubled = 0; doubled < 1000; doubled += 111) {
		RK_AUTO_BUF(text);
		RK_AUTO(rk_error) err = NULL;
		rk_json value;

		rk_buf_byte(&text, '{');
		for (unsigned i = 0; i < 1000; i++)
			rk_buf_printf(&text, "\"pool/name-%u\":%u,", i * 617 % 1000, i);
		assert_ok(rk_buf_check(&text));
		text.data[text.len - 1] = '}';
		assert_ok(rk_scan_bytes(text.data, text.len, "text", &value));
		text.data[text.len - 1] = ',';
		rk_buf_printf(&text, "\"pool/name-%u\":0}", doubled);
		err = rk_scan_bytes(text.data, text.len, "text", &value);
		assert_int_equal(rk_error_code(err), RK_E_MALFORMED);
	}
}

static void
only_integers_that_every_reader_reads_are_numbers(void **state)
{
	const struct wrong wrongs[] = {
	    {"1.0", "column 1", "a fraction or an exponent"},
	    {"[1e3]", "column 2", "a fraction or an exponent"},
	    {"1E3", "column 1", "a fraction or an exponent"},
	    {"-0", "column 1", "minus zero"},
	    {"-00", "column 1", "begins with zero"},
	    {"007", "column 1", "begins with zero"},
	    {"-", "column 2", "ends too early"},
	    {"[-]", "column 3", "a minus sign without a number"},
	    {"+1", "column 1", "not a JSON value"},
	    {".5", "column 1", "not a JSON value"},
	    {"9007199254740992", "column 1", "beyond 9007199254740991"},
	    {"-9007199254740992", "column 1", "beyond 9007199254740991"},
	    {"123456789012345678901234567890123456789", "column 1", "beyond"},
	    {"0x10", "column 2", "something follows"},
	    {"NaN", "column 1", "not a JSON value"},
	    {"Infinity", "column 1", "not a JSON value"},
	};
	rk_json value;
	int64_t number;

	(void)state;
	ALL_WRONG(wrongs);
	value = scanned("9007199254740991");
	assert_ok(rk_json_int(&value, &number));
	assert_true(number == RK_JSON_INT_MAX);
	value = scanned("-9007199254740991");
	assert_ok(rk_json_int(&value, &number));
	assert_true(number == -RK_JSON_INT_MAX);
	value = scanned("0");
	assert_ok(rk_json_int(&value, &number));
	assert_true(number == 0);
}

static void
strings_are_well_formed_utf8_without_controls(void **state)
{
	const struct wrong wrongs[] = {
	    {"\"a\nb\"", "column 3", "a control character"},
	    {"\"\x1f\"", "column 2", "a control character"},
	    {"\"\\u0000\"", "column 2", "a zero character"},
	    {"\"\x80\"", "column 2", "not UTF-8"},
	    {"\"\xc0\x80\"", "column 2", "not UTF-8"},
	    {"\"\xc1\xbf\"", "column 2", "not UTF-8"},
	    {"\"\xe0\x9f\xbf\"", "column 2", "not UTF-8"},
	    {"\"\xed\xa0\x80\"", "column 2", "not UTF-8"},
	    {"\"\xf0\x8f\xbf\xbf\"", "column 2", "not UTF-8"},
	    {"\"\xf4\x90\x80\x80\"", "column 2", "not UTF-8"},
	    {"\"\xf5\x80\x80\x80\"", "column 2", "not UTF-8"},
	    {"\"\xe2\x82\"", "column 2", "not UTF-8"},
	    {"\"0123456789abcdef\xff\"", "column 18", "not UTF-8"},
	    {"\"\\ud800\"", "column 2", "half of a surrogate pair"},
	    {"\"\\ud800x\\udc00\"", "column 2", "half of a surrogate pair"},
	    {"\"\\ud800\\ud800\"", "column 2", "half of a surrogate pair"},
	    {"\"\\udc00\\ud800\"", "column 2", "half of a surrogate pair"},
	    {"\"\\u12\"", "column 2", "four hex digits"},
	    {"\"\\u12g4\"", "column 2", "four hex digits"},
	    {"\"\\x41\"", "column 2", "does not know"},
	    {"\"\\", "column 2", "does not end"},
	    {"\"abc", "column 5", "does not end"},
	    {"'abc'", "column 1", "not a JSON value"},
	    {"\xef\xbb\xbf{}", "column 1", "not a JSON value"},
	};
	const struct wrong zero = {"\"a\0b\"", "column 3", "a zero byte"};

	(void)state;
	ALL_WRONG(wrongs);
	assert_wrong(&zero, 5, RK_E_MALFORMED);
	scanned("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"");
	scanned("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\x7f\"");
}

static void
what_is_left_out_or_too_much_is_told_with_its_place(void **state)
{
	const struct wrong wrongs[] = {
	    {"", "line 1, column 1", "ends too early"},
	    {" \n ", "line 2, column 2", "ends too early"},
	    {"[", "column 2", "ends too early"},
	    {"{\"a\"", "column 5", "ends too early"},
	    {"{\"a\":", "column 6", "ends too early"},
	    {"{\"a\":1", "column 7", "ends too early"},
	    {"{\"a\":1,", "column 8", "ends too early"},
	    {"[1,]", "column 4", "a comma before the end"},
	    {"{\"a\":1,}", "column 8", "a comma before the end"},
	    {"[,1]", "column 2", "not a JSON value"},
	    {"[1 2]", "column 4", "a comma or a closing bracket"},
	    {"[1}", "column 3", "a comma or a closing bracket"},
	    {"{\"a\":1 \"b\":2}", "column 8", "a comma or a closing brace"},
	    {"{\"a\" 1}", "column 6", "a colon"},
	    {"{a:1}", "column 2", "name in quotes"},
	    {"{,}", "column 2", "name in quotes"},
	    {"tru", "column 1", "not a JSON value"},
	    {"truex", "column 5", "something follows"},
	    {"{}\n{}", "line 2, column 1", "something follows"},
	    {"[1] // no", "column 5", "something follows"},
	    {"]", "column 1", "not a JSON value"},
	    {"[\f1]", "column 2", "not a JSON value"},
	};

	(void)state;
	ALL_WRONG(wrongs);
}

static void
nesting_goes_to_64_and_no_deeper(void **state)
{
	RK_AUTO_BUF(text);
	struct wrong deep = {"", "column 65", "more than 64 deep"};
	rk_json value;

	(void)state;
	for (int i = 0; i < 64; i++)
		rk_buf_text(&text, i % 2 ? "[" : "{\"a\":");
	rk_buf_byte(&text, '1');
	for (int i = 64; i-- > 0;)
		rk_buf_byte(&text, i % 2 ? ']' : '}');
	assert_ok(rk_scan_bytes(rk_buf_str(&text), text.len, "deep.json", &value));
	rk_buf_clear(&text);
	for (int i = 0; i < 10000000; i++)
		rk_buf_byte(&text, '[');
	assert_ok(rk_buf_check(&text));
	deep.text = text.data;
	assert_wrong(&deep, text.len, RK_E_LIMIT);
}

static void
a_foreign_file_name_is_shown_not_printed(void **state)
{
	RK_AUTO(rk_error) err = NULL;
	rk_json value;

	(void)state;
	err = rk_scan_bytes("x", 1, "a\x1b[2J.json", &value);
	assert_non_null(strstr(rk_error_message(err), "'a\\x1b[2J.json'"));
}

static void
members_and_elements_are_walked_in_the_text_s_order(void **state)
{
	const char *text = " { \"b\" : [ 1 , \"]\\\"}\" ] , \"a\\u0041\" :{\"x\":{}},\"\":-3 } ";
	rk_json value = scanned(text), key, child, element;
	rk_json_iter iter = rk_json_each(&value), inner;

	(void)state;
	assert_int_equal(rk_json_count(&value), 3);
	assert_true(rk_json_next(&iter, &key, &child));
	assert_true(rk_json_is(&key, "b"));
	inner = rk_json_each(&child);
	assert_true(rk_json_next(&inner, NULL, &element));
	assert_int_equal(element.kind, RK_JSON_INTEGER);
	assert_true(rk_json_next(&inner, NULL, &element));
	assert_true(rk_json_is(&element, "]\"}"));
	assert_false(rk_json_next(&inner, NULL, &element));
	assert_true(rk_json_next(&iter, &key, &child));
	assert_true(rk_json_is(&key, "aA"));
	assert_int_equal(child.len, 8);
	assert_memory_equal(child.text, "{\"x\":{}}", 8);
	assert_true(rk_json_next(&iter, &key, &child));
	assert_true(rk_json_is(&key, ""));
	assert_int_equal(child.kind, RK_JSON_INTEGER);
	assert_int_equal(child.len, 2);
	assert_false(rk_json_next(&iter, &key, &child));
	assert_false(rk_json_next(&iter, &key, &child));
}

static void
members_are_found_by_what_their_names_say(void **state)
{
	rk_json value = scanned("{\"a\":1,\"\\u00e9\\ud83d\\ude00\":2,\"ab\":{\"a\":3}}"), found;

	(void)state;
	assert_true(rk_json_get(&value, "\xc3\xa9\xf0\x9f\x98\x80", &found));
	assert_memory_equal(found.text, "2", 1);
	assert_true(rk_json_get(&value, "ab", &found));
	assert_int_equal(found.kind, RK_JSON_OBJECT);
	assert_false(rk_json_get(&value, "b", &found));
	assert_false(rk_json_get(&value, "", &found));
	assert_false(rk_json_get(&value, "abc", &found));
	value = scanned("[\"a\"]");
	assert_false(rk_json_get(&value, "a", &found));
	assert_int_equal(rk_json_count(&found), 1);
	value = scanned("\"text\"");
	assert_int_equal(rk_json_count(&value), 0);
	assert_true(rk_json_is(&value, "text"));
	assert_false(rk_json_is(&value, "tex"));
	assert_false(rk_json_is(&value, "texts"));
}

static void
strings_come_out_with_their_escapes_resolved(void **state)
{
	rk_json value = scanned("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\uD83D\\uDE00x\"");
	RK_AUTO(rk_str) text = NULL;
	RK_AUTO_BUF(buf);
	int64_t number;

	(void)state;
	assert_ok(rk_json_strdup(&value, &text));
	assert_string_equal(text, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x");
	assert_error(rk_json_int(&value, &number), RK_E_MALFORMED);
	rk_buf_text(&buf, "before ");
	assert_ok(rk_json_string(&value, &buf));
	assert_int_equal(buf.len, 7 + strlen(text));
	value = scanned("12");
	assert_error(rk_json_string(&value, &buf), RK_E_MALFORMED);
	assert_error(rk_json_strdup(&value, &text), RK_E_MALFORMED);
	buf.failed = true;
	value = scanned("\"a\"");
	assert_error(rk_json_string(&value, &buf), RK_E_NOMEM);
}

static void
strings_are_ordered_by_the_bytes_of_what_they_say(void **state)
{
	/* Ascending, written in different ways. */
	const char *rows[] = {"\"\"", "\" \"", "\"\\u0021\"", "\"a\"", "\"a \"", "\"\\u0061b\"",
	    "\"ab\\u0063\"", "\"abd\"", "\"b\"", "\"\\u00e9\"", "\"\xc3\xaa\"", "\"\\uffff\"",
	    "\"\\ud800\\udc00\"", "\"\xf0\x90\x80\x81\""};
	const size_t count = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			rk_json a = scanned(rows[i]), b = scanned(rows[j]);
			int order = rk_json_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void
a_place_has_a_line_and_a_column_from_one_on(void **state)
{
	const char *text = "ab\n\ncd";
	size_t line, column;

	(void)state;
	rk_json_position(text, text, &line, &column);
	assert_int_equal(line, 1);
	assert_int_equal(column, 1);
	rk_json_position(text, text + 2, &line, &column);
	assert_int_equal(line, 1);
	assert_int_equal(column, 3);
	rk_json_position(text, text + 5, &line, &column);
	assert_int_equal(line, 3);
	assert_int_equal(column, 2);
}

static void
a_long_text_is_walked_while_its_pages_are_given_back(void **state)
{
	RK_AUTO_BUF(buf);
	RK_AUTO(rk_text) text = NULL;
	rk_json value, key, child, last;
	size_t count = 0;

	(void)state;
	rk_buf_text(&buf, "{\"big\":[");
	for (int i = 0; i < 40000; i++)
		rk_buf_printf(
		    &buf, "{\"a%d\":\"\\\"[{ 0123456789012345678901234567890123456789\"},", i);
	rk_buf_text(&buf, "{}],\"last\":true}");
	assert_ok(rk_text_take(&buf, &text));
	assert_ok(rk_scan(text, "big.json", &value));
	assert_ptr_equal(value.source, text);
	assert_true(rk_json_get(&value, "last", &last));
	assert_int_equal(last.kind, RK_JSON_TRUE);
	assert_true(rk_json_get(&value, "big", &child));
	for (rk_json_iter iter = rk_json_each(&child); rk_json_next(&iter, &key, &last);)
		count++;
	assert_int_equal(count, 40001);
}

/* Each member of the outer two levels, as walking to it finds it. */
static void
a_scan_notes_the_members_of_the_outer_objects(void **state)
{
	static const char *const texts[] = {
	    "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":[{\"f\":3}]}",
	    "{ \"e\" : { \"c\" : [ ] , \"b\" : \"x\" } , \"a\" : null }",
	    "{\"b\":{\"z\":{\"y\":{},\"x\":{}}},\"a\":{\"k\":-1}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		RK_AUTO(rk_text) text = NULL;
		struct rk_scan_notes notes;
		rk_json all, outer, found;

		assert_ok(rk_text_copy(texts[i], strlen(texts[i]), &text));
		assert_ok(rk_scan_noting(text, "text", &notes, &all));
		assert_true(notes.whole);
		for (size_t j = 0; j < notes.count; j++) {
			const struct rk_scan_note *note = &notes.items[j];
			RK_AUTO(rk_str) name = NULL;

			assert_ok(rk_json_strdup(&note->key, &name));
			if (note->depth == 0)
				assert_true(rk_json_get(&all, name, &outer));
			found = outer;
			if (note->depth == 1)
				assert_true(rk_json_get(&outer, name, &found));
			assert_ptr_equal(note->value.text, found.text);
			assert_int_equal(note->value.len, found.len);
			assert_int_equal(note->value.kind, found.kind);
			assert_int_equal(note->value.unsorted, found.unsorted);
			assert_int_equal(note->value.loose, found.loose);
			assert_int_equal(note->value.portable, found.portable);
			assert_ptr_equal(note->value.source, text);
		}
		assert_int_equal(notes.count, 4);
	}
}

static void
a_scan_says_when_it_has_no_room_for_notes(void **state)
{
	RK_AUTO(rk_text) text = NULL;
	struct rk_scan_notes notes;
	RK_AUTO_BUF(many);
	rk_json all;

	(void)state;
	rk_buf_text(&many, "{");
	for (int i = 0; i <= RK_SCAN_NOTES; i++)
		rk_buf_printf(&many, "%s\"%03d\":%d", i ? "," : "", 999 - i, i);
	rk_buf_text(&many, "}");
	assert_ok(rk_text_copy(many.data, many.len, &text));
	assert_ok(rk_scan_noting(text, "text", &notes, &all));
	assert_false(notes.whole);
	assert_int_equal(notes.count, RK_SCAN_NOTES);
	assert_int_equal(rk_json_count(&all), RK_SCAN_NOTES + 1);
}

/* What a scan has put in order is kept, of the largest object. */
static void
a_scan_keeps_the_order_of_a_large_object(void **state)
{
	RK_AUTO(rk_text) text = NULL;
	struct rk_scan_notes notes;
	RK_AUTO_BUF(many);
	RK_AUTO_BUF(slow);
	RK_AUTO_BUF(quick);
	rk_json all;

	(void)state;
	rk_buf_text(&many, "{\"small\":{\"b\":1,\"a\":2},\"large\":{");
	for (int i = 0; i < 5000; i++)
		rk_buf_printf(&many, "%s\"n%d\":{}", i ? "," : "", (i * 7919) % 5003);
	rk_buf_text(&many, "},\"middle\":{");
	for (int i = 0; i < 2000; i++)
		rk_buf_printf(&many, "%s\"n%d\":{}", i ? "," : "", 1999 - i);
	rk_buf_text(&many, "}}");
	assert_ok(rk_text_copy(many.data, many.len, &text));
	assert_ok(rk_scan_noting(text, "text", &notes, &all));
	assert_memory_equal(notes.largest.object, "{\"n0\"", 5);
	assert_int_equal(notes.largest.order->count, 5000);
	assert_ok(rk_canonical(&all, RK_FORM_SIGNED, rk_sink_buf(&slow), NULL));
	assert_ok(rk_canonical_ordered(&all, rk_sink_buf(&quick), NULL, &notes.largest));
	assert_int_equal(slow.len, quick.len);
	assert_memory_equal(slow.data, quick.data, slow.len);
	rk_scan_order_clear(&notes.largest);
	/* Nothing is left of a scan that fails. */
	rk_text_free(RK_TAKE(text));
	many.data[many.len - 1] = ']';
	assert_ok(rk_text_copy(many.data, many.len, &text));
	assert_error(rk_scan_noting(text, "text", &notes, &all), RK_E_MALFORMED);
	assert_null(notes.largest.order);
}

/* The second of two names is told also where the first ones were only remembered. */
static void
a_name_that_is_twice_in_a_large_outer_object_is_found(void **state)
{
	(void)state;
	for (int count = 2; count < 40; count++) {
		RK_AUTO_BUF(text);
		rk_json value;

		rk_buf_text(&text, "{");
		for (int i = 0; i < count; i++)
			rk_buf_printf(&text, "\"%02d\":{},", 99 - i);
		rk_buf_printf(&text, "\"%02d\":{}}", 100 - count);
		assert_error(rk_scan_bytes(text.data, text.len, "text", &value), RK_E_MALFORMED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(every_kind_of_value_is_known),
	    spec(a_member_that_is_there_twice_is_refused_where_it_is_again),
	    spec(a_duplicate_is_found_among_many_members_in_any_order),
	    spec(only_integers_that_every_reader_reads_are_numbers),
	    spec(strings_are_well_formed_utf8_without_controls),
	    spec(what_is_left_out_or_too_much_is_told_with_its_place),
	    spec(nesting_goes_to_64_and_no_deeper),
	    spec(a_foreign_file_name_is_shown_not_printed),
	    spec(members_and_elements_are_walked_in_the_text_s_order),
	    spec(members_are_found_by_what_their_names_say),
	    spec(strings_come_out_with_their_escapes_resolved),
	    spec(strings_are_ordered_by_the_bytes_of_what_they_say),
	    spec(a_place_has_a_line_and_a_column_from_one_on),
	    spec(a_long_text_is_walked_while_its_pages_are_given_back),
	    spec(a_scan_notes_the_members_of_the_outer_objects),
	    spec(a_scan_says_when_it_has_no_room_for_notes),
	    spec(a_scan_keeps_the_order_of_a_large_object),
	    spec(a_name_that_is_twice_in_a_large_outer_object_is_found),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
