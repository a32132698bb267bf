#include "support/spec.h"

#include "term/table.h"

#include <string.h>

static const char *const headings[] = {"NAME", "SIZE", NULL};
static const char *const plain[] = {"", "", NULL};

static void
assert_written(const rk_table *table, bool color, const char *want)
{
	RK_AUTO_BUF(out);

	assert_ok(rk_table_write(table, color, &out));
	assert_string_equal(rk_buf_str(&out), want);
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
	RK_AUTO(rk_table) table = NULL;

	(void)state;
	assert_ok(rk_table_new(headings, &table));
	rk_table_cell(table, "a");
	rk_table_cell(table, "%d", 1);
	rk_table_cell(table, "longer name");
	rk_table_cell(table, "22");
	assert_int_equal(rk_table_rows(table), 2);
	assert_written(table, false, "NAME         SIZE\na            1\nlonger name  22\n");
}

static void
no_blanks_follow_the_last_cell(void **state)
{
	RK_AUTO(rk_table) table = NULL;

	(void)state;
	assert_ok(rk_table_new(headings, &table));
	rk_table_cell(table, "a");
	rk_table_cell(table, "%s", "");
	rk_table_cell(table, "b"); /* a row that was only begun */
	assert_written(table, false, "NAME  SIZE\na\nb\n");
}

static void
empty_headings_are_no_line(void **state)
{
	RK_AUTO(rk_table) table = NULL;

	(void)state;
	assert_ok(rk_table_new(plain, &table));
	rk_table_cell(table, "a");
	rk_table_cell(table, "b");
	assert_written(table, false, "a  b\n");
}

static void
wide_letters_take_two_columns(void **state)
{
	RK_AUTO(rk_table) table = NULL;

	(void)state;
	assert_int_equal(rk_table_width("鍵", strlen("鍵")), 2);
	assert_int_equal(rk_table_width("ä", strlen("ä")), 1);
	assert_ok(rk_table_new(plain, &table));
	rk_table_cell(table, "鍵");
	rk_table_cell(table, "x");
	rk_table_cell(table, "abc");
	rk_table_cell(table, "y");
	assert_written(table, false, "鍵   x\nabc  y\n");
}

static void
colour_takes_no_columns(void **state)
{
	RK_AUTO(rk_table) table = NULL;
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_table_new(plain, &table));
	rk_table_styled(table, RK_GOOD, "ok");
	rk_table_cell(table, "x");
	assert_ok(rk_table_write(table, true, &out));
	assert_non_null(strstr(rk_buf_str(&out), "\033["));
	assert_non_null(strstr(rk_buf_str(&out), "m  x\n"));
	assert_written(table, false, "ok  x\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(columns_are_as_wide_as_their_widest_cell),
	    spec(no_blanks_follow_the_last_cell),
	    spec(empty_headings_are_no_line),
	    spec(wide_letters_take_two_columns),
	    spec(colour_takes_no_columns),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
