#include "support/folder.h"
#include "support/spec.h"

#include "tuf/source.h"

#include <string.h>

static void
holds(rk_source *source, const char *name, const char *want)
{
	rk_text *text = NULL;

	assert_ok(source->fetch(source, name, 100, &text));
	assert_int_equal(text->len, strlen(want));
	assert_memory_equal(text->data, want, text->len);
	rk_text_free(text);
}

static rk_error *
fetch(rk_source *source, const char *name, size_t max)
{
	rk_text *text = NULL;
	rk_error *err = source->fetch(source, name, max, &text);

	rk_text_free(text);
	return err;
}

static void
ranges(rk_source *source, const char *name, int64_t want_first, int64_t want_last)
{
	int64_t first = -1, last = -1;

	assert_ok(source->range(source, name, &first, &last));
	assert_int_equal(first, want_first);
	assert_int_equal(last, want_last);
}

static void
put(rk_source *memory, const char *name, const char *bytes)
{
	assert_ok(rk_source_put(memory, name, bytes, strlen(bytes)));
}

static void
memory_holds_what_was_put_last(void **state)
{
	rk_source *memory = NULL;

	(void)state;
	assert_ok(rk_source_memory(&memory));
	assert_error(fetch(memory, "1.root.json", 100), RK_E_NOT_FOUND);
	ranges(memory, "root.json", 0, 0);
	put(memory, "2.root.json", "two");
	put(memory, "10.root.json", "ten");
	put(memory, "root.json", "plain");
	put(memory, "2.root.json", "second");
	holds(memory, "2.root.json", "second");
	holds(memory, "root.json", "plain");
	assert_error(fetch(memory, "2.root.json", 5), RK_E_LIMIT);
	assert_ok(rk_source_put(memory, "nul", "a\0b", 3));
	assert_ok(fetch(memory, "nul", 3));
	ranges(memory, "root.json", 2, 10);
	rk_source_free(memory);
}

static void
a_folder_is_a_source_and_may_change(void **state)
{
	const char *folder = *state;
	rk_dir *dir = NULL;
	rk_source *source = NULL;

	rk_folder_write(folder, "3.root.json", "three");
	rk_folder_write(folder, "03.root.json", "no number");
	rk_folder_write(folder, "9.root.json.bak", "another name");
	assert_ok(rk_dir_open(folder, RK_DIR_ANY, &dir));
	assert_ok(rk_source_folder(dir, &source));
	holds(source, "3.root.json", "three");
	assert_error(fetch(source, "4.root.json", 100), RK_E_NOT_FOUND);
	assert_error(fetch(source, "3.root.json", 4), RK_E_LIMIT);
	ranges(source, "root.json", 3, 3);
	rk_folder_write(folder, "5.root.json", "five");
	holds(source, "5.root.json", "five");
	rk_source_free(source);
	assert_ok(rk_source_folder(dir, &source));
	ranges(source, "root.json", 3, 5);
	ranges(source, "targets.json", 0, 0);
	rk_source_free(source);
	rk_dir_free(dir);
}

static rk_error *
broken(rk_source *self, const char *name, size_t max, rk_text **ret_text)
{
	(void)self, (void)name, (void)max, (void)ret_text;
	return rk_fail(RK_E_IO, NULL, "the disk is gone");
}

static void
an_overlay_asks_above_and_then_below(void **state)
{
	rk_source *above = NULL, *below = NULL, *overlay = NULL;
	rk_source failing = {.fetch = broken};

	(void)state;
	assert_ok(rk_source_memory(&above));
	assert_ok(rk_source_memory(&below));
	put(above, "2.root.json", "new");
	put(below, "2.root.json", "old");
	put(below, "1.root.json", "first");
	assert_ok(rk_source_overlay(above, below, &overlay));
	holds(overlay, "2.root.json", "new");
	holds(overlay, "1.root.json", "first");
	assert_error(fetch(overlay, "3.root.json", 100), RK_E_NOT_FOUND);
	ranges(overlay, "root.json", 1, 2);
	rk_source_free(overlay);
	/* A failure above is no absence. */
	assert_ok(rk_source_overlay(&failing, below, &overlay));
	assert_error(fetch(overlay, "1.root.json", 100), RK_E_IO);
	ranges(overlay, "root.json", 1, 2);
	rk_source_free(overlay);
	rk_source_free(above);
	rk_source_free(below);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(memory_holds_what_was_put_last),
	    cmocka_unit_test_setup_teardown(
		a_folder_is_a_source_and_may_change, rk_folder_new, rk_folder_remove),
	    spec(an_overlay_asks_above_and_then_below),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
