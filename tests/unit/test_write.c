#include "support/spec.h"
#include "json/write.h"

#include <string.h>

static const char tree_text[] =
    "{\"b\":[1,{\"y\":2,\"x\":\"\\u00e9\\n\"},[],{}],\"a\":{\"t\":true,\"f\":false,\"n\":null},"
    "\"i\":-9007199254740991}";

static rk_node *
parsed(const char *text)
{
	rk_node *node = NULL;

	assert_ok(rk_node_parse(text, strlen(text), "doc.json", &node));
	return node;
}

static void
assert_written(const char *text, const rk_style *style, const char *want)
{
	RK_AUTO(rk_node) node = parsed(text);
	RK_AUTO_BUF(out);

	rk_write_node(&out, node, style, 0);
	assert_ok(rk_buf_check(&out));
	assert_string_equal(rk_buf_str(&out), want);
}

static void
our_own_files_are_sorted_and_indented_by_two(void **state)
{
	(void)state;
	assert_written(tree_text, &rk_style_ours,
	    "{\n"
	    "  \"a\": {\n"
	    "    \"f\": false,\n"
	    "    \"n\": null,\n"
	    "    \"t\": true\n"
	    "  },\n"
	    "  \"b\": [\n"
	    "    1,\n"
	    "    {\n"
	    "      \"x\": \"\xc3\xa9\\n\",\n"
	    "      \"y\": 2\n"
	    "    },\n"
	    "    [],\n"
	    "    {}\n"
	    "  ],\n"
	    "  \"i\": -9007199254740991\n"
	    "}\n");
	assert_written("{}", &rk_style_ours, "{}\n");
}

static void
a_line_of_metadata_is_canonical_text(void **state)
{
	RK_AUTO_BUF(canonical);
	rk_json value;

	(void)state;
	assert_ok(rk_scan_bytes(tree_text, strlen(tree_text), "doc.json", &value));
	assert_ok(rk_canonical(&value, RK_FORM_JSON, rk_sink_buf(&canonical), NULL));
	assert_written(tree_text, &rk_style_line, rk_buf_str(&canonical));
}

static void
other_styles_are_kept_to(void **state)
{
	const rk_style python = {.colon_space = true, .comma_space = true, .form = RK_FORM_JSON};
	const rk_style tabs = {
	    .indent = 1, .tabs = true, .colon_space = true, .sorted = true, .form = RK_FORM_GO};

	(void)state;
	assert_written("{\"b\":[1,2],\"a\":\"<\"}", &python, "{\"b\": [1, 2], \"a\": \"<\"}");
	assert_written("{\"b\":[1,2],\"a\":\"<\"}", &tabs,
	    "{\n\t\"a\": \"\\u003c\",\n\t\"b\": [\n\t\t1,\n\t\t2\n\t]\n}");
}

static void
a_value_that_stands_deeper_is_indented_from_there(void **state)
{
	RK_AUTO(rk_node) node = parsed("{\"a\":[1]}");
	RK_AUTO_BUF(out);

	(void)state;
	rk_write_node(&out, node, &rk_style_ours, 2);
	/* No newline: it is not the end of the file. */
	assert_string_equal(rk_buf_str(&out), "{\n      \"a\": [\n        1\n      ]\n    }");
}

static void
breaks_and_texts_can_be_written_by_themselves(void **state)
{
	RK_AUTO_BUF(out);

	(void)state;
	rk_write_break(&out, &rk_style_line, 3);
	assert_int_equal(out.len, 0);
	rk_write_break(&out, &rk_style_ours, 2);
	rk_write_text(&out, "a\"\n\x01", &rk_style_ours);
	rk_write_break(&out, &rk_style_ours, 0);
	assert_string_equal(rk_buf_str(&out), "\n    \"a\\\"\\n\\u0001\"\n");
}

static void
missing_memory_is_the_buffer_s_to_tell(void **state)
{
	RK_AUTO(rk_node) node = parsed(tree_text);
	RK_AUTO_BUF(out);

	(void)state;
	out.failed = true;
	rk_write_node(&out, node, &rk_style_ours, 0);
	assert_error(rk_buf_check(&out), RK_E_NOMEM);
}

static void
a_text_is_written_again_as_it_was(void **state)
{
	const char *rows[] = {
	    "{\"a\":[1,2],\"b\":{\"c\":\"x\"}}",
	    "{\"a\":[1,2],\"b\":{\"c\":\"x\"}}\n",
	    "{\"a\": [1, 2], \"b\": {\"c\": \"x\"}}",
	    "{\n \"a\": [\n  1\n ],\n \"b\": {}\n}",
	    "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}\n",
	    "{\n    \"a\": \"\\n\"\n}",
	    "{\n\t\"a\": [\n\t\t1\n\t]\n}\n",
	    "{\n  \"b\":{\n    \"d\":1,\n    \"c\":2\n  },\n  \"a\":3\n}",
	    "{\"a\":\"\\u003ca\\u0026b\\u003e\",\"b\":\"\\u2028\"}",
	    "[\n  {},\n  []\n]",
	    "[]",
	    "\"a\\\\u003c\"\n",
	    "{\"a:,{\": [\" , : \\\" {\", 1]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rk_style style = rk_style_detect(rows[i], strlen(rows[i]));

		assert_written(rows[i], &style, rows[i]);
	}
}

static void
signed_before_signatures_says_nothing_about_the_order(void **state)
{
	const char *sorted = "{\"signed\":{\"a\":1,\"b\":2},\"signatures\":[{\"keyid\":\"\"}]}";
	const char *unsorted = "{\"signed\":{\"b\":1,\"a\":2},\"signatures\":[]}";

	(void)state;
	assert_true(rk_style_detect(sorted, strlen(sorted)).sorted);
	assert_false(rk_style_detect(unsorted, strlen(unsorted)).sorted);
}

static void
the_beginning_of_a_text_is_enough_and_may_be_cut_anywhere(void **state)
{
	const char *text =
	    "{\n  \"signed\": {\n    \"a\": \"\\\\\\\"\\u003c\",\n    \"b\": 1\n  }\n}\n";
	rk_style whole = rk_style_detect(text, strlen(text));

	(void)state;
	assert_int_equal(whole.indent, 2);
	assert_int_equal(whole.form, RK_FORM_GO);
	for (size_t len = 0; len < strlen(text); len++) {
		rk_style style = rk_style_detect(text, len);

		assert_true(style.indent == (len > 4 ? 2 : 0));
		assert_true(style.colon_space == (len > 13));
		assert_true(style.sorted);
	}
}

static void
the_scan_takes_whatever_is_written(void **state)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	const rk_style *styles[] = {&rk_style_ours, &rk_style_line};

	(void)state;
	for (int byte = 1; byte < 0x80; byte++) {
		const char text[] = {(char)byte, '\0'};

		assert_ok(rk_node_put_text(node, text, text));
	}
	assert_ok(rk_node_put_int(node, "most", RK_JSON_INT_MAX));
	for (size_t i = 0; i < 2; i++) {
		RK_AUTO(rk_node) read = NULL;
		RK_AUTO_BUF(out);

		rk_write_node(&out, node, styles[i], 0);
		assert_ok(rk_node_parse(rk_buf_str(&out), out.len, "doc.json", &read));
		assert_true(rk_node_equal(node, read));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(our_own_files_are_sorted_and_indented_by_two),
	    spec(a_line_of_metadata_is_canonical_text),
	    spec(other_styles_are_kept_to),
	    spec(a_value_that_stands_deeper_is_indented_from_there),
	    spec(breaks_and_texts_can_be_written_by_themselves),
	    spec(missing_memory_is_the_buffer_s_to_tell),
	    spec(a_text_is_written_again_as_it_was),
	    spec(signed_before_signatures_says_nothing_about_the_order),
	    spec(the_beginning_of_a_text_is_enough_and_may_be_cut_anywhere),
	    spec(the_scan_takes_whatever_is_written),
	};

	return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
