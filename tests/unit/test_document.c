#include "support/spec.h"
#include "json/document.h"

#include <stdio.h>
#include <string.h>

static rk_node *
parsed(const char *text)
{
	rk_node *node = NULL;

	assert_ok(rk_node_parse(text, strlen(text), "doc.json", &node));
	return node;
}

static void
what_the_scan_refuses_never_becomes_a_tree(void **state)
{
	const char *rows[] = {"{\"a\":1,\"a\":2}", "1.5", "1e2", "\"\\u0000\"", "{} {}", "[1,]",
	    "{\"a\":9007199254740992}", "", "// no\n{}"};
	rk_node *node = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_error(
		    rk_node_parse(rows[i], strlen(rows[i]), "doc.json", &node), RK_E_MALFORMED);
	assert_null(node);
}

static void
more_text_than_a_document_may_have_is_refused_unread(void **state)
{
	rk_node *node = NULL;
	rk_json value = {.text = "x", .len = RK_DOCUMENT_MAX + 1, .kind = RK_JSON_OBJECT};

	(void)state;
	assert_error(rk_node_parse("x", RK_DOCUMENT_MAX + 1, "doc.json", &node), RK_E_LIMIT);
	assert_error(rk_node_from_json(&value, "doc.json", &node), RK_E_LIMIT);
	assert_null(node);
}

static void
every_kind_of_value_is_read_exactly(void **state)
{
	RK_AUTO(rk_node)
	root = parsed("{\"t\":\"\\u00e9\\n\",\"i\":9007199254740991,"
		      "\"j\":-9007199254740991,\"y\":true,\"n\":false,\"z\":null,"
		      "\"a\":[1,2,3],\"o\":{\"x\":0}}");

	(void)state;
	assert_int_equal(rk_node_kind(root), RK_JSON_OBJECT);
	assert_int_equal(rk_node_count(root), 8);
	assert_string_equal(rk_node_text(rk_node_get(root, "t")), "\xc3\xa9\n");
	assert_true(rk_node_int(rk_node_get(root, "i")) == RK_JSON_INT_MAX);
	assert_true(rk_node_int(rk_node_get(root, "j")) == -RK_JSON_INT_MAX);
	assert_int_equal(rk_node_kind(rk_node_get(root, "y")), RK_JSON_TRUE);
	assert_int_equal(rk_node_kind(rk_node_get(root, "n")), RK_JSON_FALSE);
	assert_int_equal(rk_node_kind(rk_node_get(root, "z")), RK_JSON_NULL);
	assert_int_equal(rk_node_kind(rk_node_get(root, "a")), RK_JSON_ARRAY);
	assert_int_equal(rk_node_int(rk_node_at(rk_node_get(root, "a"), 2)), 3);
	assert_null(rk_node_at(rk_node_get(root, "a"), 3));
	assert_null(rk_node_get(root, "T"));
	assert_string_equal(rk_node_name(rk_node_child(root)), "t");
	assert_string_equal(rk_node_name(rk_node_next(rk_node_child(root))), "i");
}

static void
looking_into_nothing_finds_nothing(void **state)
{
	RK_AUTO(rk_node) text = rk_node_new_text("x");

	(void)state;
	assert_null(rk_node_get(NULL, "a"));
	assert_null(rk_node_get(text, "a"));
	assert_null(rk_node_at(NULL, 0));
	assert_null(rk_node_at(text, 0));
	assert_null(rk_node_child(NULL));
	assert_null(rk_node_next(NULL));
	assert_null(rk_node_name(NULL));
	assert_null(rk_node_text(NULL));
	assert_int_equal(rk_node_int(NULL), 0);
	assert_int_equal(rk_node_int(text), 0);
	assert_int_equal(rk_node_count(NULL), 0);
	assert_int_equal(rk_node_kind(NULL), RK_JSON_NULL);
	rk_node_remove(text, "a");
	rk_node_remove_at(text, 0);
	rk_node_free(NULL);
}

static void
a_part_of_a_scanned_text_becomes_a_tree(void **state)
{
	const char *text = "{\"a\":{\"b\":[1]},\"c\":2}";
	RK_AUTO(rk_node) node = NULL;
	rk_json value, part;

	(void)state;
	assert_ok(rk_scan_bytes(text, strlen(text), "doc.json", &value));
	assert_true(rk_json_get(&value, "a", &part));
	assert_ok(rk_node_from_json(&part, "doc.json", &node));
	assert_int_equal(rk_node_count(node), 1);
	assert_int_equal(rk_node_int(rk_node_at(rk_node_get(node, "b"), 0)), 1);
}

static void
a_wanted_member_is_there_and_of_its_kind_or_named(void **state)
{
	RK_AUTO(rk_node)
	root = parsed("{\"t\":\"x\",\"i\":7,\"y\":true,\"n\":false,\"a\":[],\"o\":{}}");
	RK_AUTO(rk_error) err = NULL;
	const char *text = NULL;
	int64_t number = 0;
	bool value = false;
	rk_node *node = NULL;

	(void)state;
	assert_ok(rk_node_want_text(root, "t", "keep.json", &text));
	assert_string_equal(text, "x");
	assert_ok(rk_node_want_int(root, "i", "keep.json", &number));
	assert_int_equal(number, 7);
	assert_ok(rk_node_want_bool(root, "y", "keep.json", &value));
	assert_true(value);
	assert_ok(rk_node_want_bool(root, "n", "keep.json", &value));
	assert_false(value);
	assert_ok(rk_node_want_array(root, "a", "keep.json", &node));
	assert_int_equal(rk_node_kind(node), RK_JSON_ARRAY);
	assert_ok(rk_node_want_object(root, "o", "keep.json", &node));
	assert_int_equal(rk_node_kind(node), RK_JSON_OBJECT);
	assert_error(rk_node_want_text(root, "i", "keep.json", &text), RK_E_MALFORMED);
	assert_error(rk_node_want_int(root, "t", "keep.json", &number), RK_E_MALFORMED);
	assert_error(rk_node_want_bool(root, "i", "keep.json", &value), RK_E_MALFORMED);
	assert_error(rk_node_want_array(root, "o", "keep.json", &node), RK_E_MALFORMED);
	assert_error(rk_node_want_object(root, "a", "keep.json", &node), RK_E_MALFORMED);
	assert_error(rk_node_want_object(NULL, "a", "keep.json", &node), RK_E_MALFORMED);
	err = rk_node_want_text(root, "missing", "keep.json", &text);
	assert_non_null(strstr(rk_error_message(err), "keep.json"));
	assert_non_null(strstr(rk_error_message(err), "missing"));
	assert_string_equal(text, "x");
}

static void
members_are_put_in_replaced_and_removed(void **state)
{
	RK_AUTO(rk_node) object = rk_node_new_object();

	(void)state;
	assert_ok(rk_node_put_text(object, "b", "1"));
	assert_ok(rk_node_put_int(object, "a", 2));
	assert_ok(rk_node_put_bool(object, "c", true));
	assert_ok(rk_node_put(object, "b", rk_node_new_null()));
	assert_ok(rk_node_put_text(object, "c", "last"));
	assert_ok(rk_node_put_text(object, "a", "first"));
	assert_int_equal(rk_node_count(object), 3);
	assert_int_equal(rk_node_kind(rk_node_get(object, "b")), RK_JSON_NULL);
	assert_string_equal(rk_node_text(rk_node_get(object, "c")), "last");
	assert_string_equal(rk_node_text(rk_node_get(object, "a")), "first");
	assert_string_equal(rk_node_name(rk_node_child(object)), "b");
	rk_node_remove(object, "b");
	rk_node_remove(object, "b");
	assert_int_equal(rk_node_count(object), 2);
	rk_node_remove(object, "c");
	assert_ok(rk_node_put_text(object, "d", "x"));
	assert_ok(rk_node_put_text(object, "d", "y"));
	assert_int_equal(rk_node_count(object), 2);
	rk_node_remove(object, "a");
	rk_node_remove(object, "d");
	assert_int_equal(rk_node_count(object), 0);
	assert_ok(rk_node_put_int(object, "a", -RK_JSON_INT_MAX));
	assert_true(rk_node_int(rk_node_get(object, "a")) == -RK_JSON_INT_MAX);
}

static void
in_whatever_order_members_come_each_name_is_there_once(void **state)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	char name[16];

	(void)state;
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "%03d", i < 300 ? i : i * 7 % 300);
		assert_ok(rk_node_put_int(object, name, i));
		if (i % 5 == 4)
			rk_node_remove(object, name);
	}
	for (const rk_node *a = rk_node_child(object); a; a = rk_node_next(a))
		for (const rk_node *b = rk_node_next(a); b; b = rk_node_next(b))
			assert_string_not_equal(rk_node_name(a), rk_node_name(b));
}

static void
a_hundred_thousand_members_in_order_take_no_search(void **state)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO(rk_node) copy = NULL;
	char name[16];

	(void)state;
	/* With a search for each of them this would take minutes. */
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%06d", i);
		assert_ok(rk_node_put_int(object, name, i));
	}
	copy = rk_node_copy(object);
	assert_int_equal(rk_node_count(copy), 100000);
	assert_true(rk_node_equal(object, copy));
}

static void
a_number_that_readers_would_round_is_not_put_in(void **state)
{
	RK_AUTO(rk_node) object = rk_node_new_object();

	(void)state;
	assert_error(rk_node_put_int(object, "a", RK_JSON_INT_MAX + 1), RK_E_LIMIT);
	assert_error(rk_node_put_int(object, "a", INT64_MIN), RK_E_LIMIT);
	assert_int_equal(rk_node_count(object), 0);
}

static void
missing_memory_and_misuse_are_errors_not_crashes(void **state)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();

	(void)state;
	assert_error(rk_node_put(object, "a", NULL), RK_E_NOMEM);
	assert_error(rk_node_append(array, NULL), RK_E_NOMEM);
	assert_error(rk_node_put_int(array, "a", 1), RK_E_INTERNAL);
	assert_error(rk_node_append_text(object, "x"), RK_E_INTERNAL);
}

static void
elements_are_appended_and_removed(void **state)
{
	RK_AUTO(rk_node) array = rk_node_new_array();

	(void)state;
	assert_ok(rk_node_append_text(array, "a"));
	assert_ok(rk_node_append(array, rk_node_new_int(5)));
	assert_ok(rk_node_append(array, rk_node_new_bool(false)));
	rk_node_remove_at(array, 1);
	rk_node_remove_at(array, 7);
	assert_int_equal(rk_node_count(array), 2);
	assert_int_equal(rk_node_kind(rk_node_at(array, 1)), RK_JSON_FALSE);
	rk_node_remove_at(array, 1);
	assert_ok(rk_node_append_text(array, "z"));
	assert_string_equal(rk_node_text(rk_node_at(array, 1)), "z");
}

static void
equality_is_of_content_whatever_the_order_of_members(void **state)
{
	const struct {
		const char *a;
		const char *b;
		bool equal;
	} rows[] = {
	    {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
	    {"{\"a\":1}", "{\"a\":2}", false},
	    {"{\"a\":1}", "{\"b\":1}", false},
	    {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
	    {"[1,2]", "[2,1]", false},
	    {"[1]", "[1,1]", false},
	    {"\"a\"", "\"A\"", false},
	    {"true", "false", false},
	    {"null", "null", true},
	    {"9007199254740991", "9007199254740990", false},
	    {"\"1\"", "1", false},
	    {"{}", "[]", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO(rk_node) a = parsed(rows[i].a);
		RK_AUTO(rk_node) b = parsed(rows[i].b);

		assert_int_equal(rk_node_equal(a, b), rows[i].equal);
		assert_int_equal(rk_node_equal(b, a), rows[i].equal);
	}
	assert_true(rk_node_equal(NULL, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_the_scan_refuses_never_becomes_a_tree),
	    spec(more_text_than_a_document_may_have_is_refused_unread),
	    spec(every_kind_of_value_is_read_exactly),
	    spec(looking_into_nothing_finds_nothing),
	    spec(a_part_of_a_scanned_text_becomes_a_tree),
	    spec(a_wanted_member_is_there_and_of_its_kind_or_named),
	    spec(members_are_put_in_replaced_and_removed),
	    spec(in_whatever_order_members_come_each_name_is_there_once),
	    spec(a_hundred_thousand_members_in_order_take_no_search),
	    spec(a_number_that_readers_would_round_is_not_put_in),
	    spec(missing_memory_and_misuse_are_errors_not_crashes),
	    spec(elements_are_appended_and_removed),
	    spec(equality_is_of_content_whatever_the_order_of_members),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
