#include "base/file.h"
#include "support/folder.h"
#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

#define LARGE ((size_t)5 << 20)

/* Bytes that differ from place to place. */
static char *
large_bytes(void)
{
	char *bytes = malloc(LARGE + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (char)('a' + (i * 7 + i / 4096) % 26);
	bytes[LARGE] = '\0';
	return bytes;
}

static rk_text *
spooled(const char *bytes, size_t len, size_t piece)
{
	RK_AUTO(rk_spool) spool = NULL;
	rk_text *text = NULL;
	rk_sink sink;

	assert_ok(rk_spool_open(&spool));
	sink = rk_spool_sink(spool);
	for (size_t at = 0; at < len; at += piece)
		assert_ok(
		    sink.write(sink.context, bytes + at, len - at < piece ? len - at : piece));
	assert_ok(rk_spool_finish(spool, &text));
	return text;
}

static void
what_went_through_a_spool_comes_out_of_it(void **state)
{
	static const size_t lengths[] = {0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, LARGE};
	static const size_t pieces[] = {1 << 12, 100000, 1 << 20, LARGE};
	RK_AUTO(rk_str) bytes = large_bytes();

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
			RK_AUTO(rk_text) text = spooled(bytes, lengths[i], pieces[j]);

			assert_int_equal(text->len, lengths[i]);
			assert_memory_equal(text->data, bytes, lengths[i]);
		}
	}
}

static void
a_spool_that_is_not_finished_leaves_nothing(void **state)
{
	RK_AUTO(rk_spool) spool = NULL;
	RK_AUTO(rk_str) bytes = large_bytes();
	rk_sink sink;

	(void)state;
	assert_ok(rk_spool_open(&spool));
	sink = rk_spool_sink(spool);
	assert_ok(sink.write(sink.context, bytes, LARGE));
}

static void
a_text_is_fed_from_here_to_there(void **state)
{
	RK_AUTO(rk_str) bytes = large_bytes();
	RK_AUTO(rk_text) text = spooled(bytes, LARGE, LARGE);
	RK_AUTO_BUF(out);

	(void)state;
	assert_ok(rk_text_feed(text, 10, LARGE - 10, rk_sink_buf(&out)));
	assert_int_equal(out.len, LARGE - 20);
	assert_memory_equal(out.data, bytes + 10, out.len);
	rk_buf_clear(&out);
	assert_ok(rk_text_feed(text, 10, 10, rk_sink_buf(&out)));
	assert_int_equal(out.len, 0);
	/* Pages that were given back come again. */
	assert_memory_equal(text->data, bytes, LARGE);
}

static void
two_texts_are_compared_to_the_last_byte(void **state)
{
	RK_AUTO(rk_str) bytes = large_bytes();
	RK_AUTO(rk_text) text = spooled(bytes, LARGE, LARGE);
	RK_AUTO(rk_text) same = spooled(bytes + 1, LARGE - 1, LARGE);
	RK_AUTO(rk_text) other = NULL;

	(void)state;
	bytes[LARGE - 1] ^= 1;
	other = spooled(bytes, LARGE, LARGE);
	assert_true(rk_text_same(text, 1, same, 0, LARGE - 1));
	assert_false(rk_text_same(text, 0, same, 0, LARGE - 1));
	assert_true(rk_text_same(text, 0, other, 0, LARGE - 1));
	assert_false(rk_text_same(text, 0, other, 0, LARGE));
	/* Beyond an end nothing is the same. */
	assert_false(rk_text_same(text, 1, text, 1, LARGE));
	assert_true(rk_text_same(text, LARGE, text, LARGE, 0));
}

static void
a_file_is_a_text_or_is_not(void **state)
{
	const char *folder = *state;
	RK_AUTO(rk_str) bytes = large_bytes();
	RK_AUTO(rk_text) text = spooled(bytes, LARGE, LARGE);
	bool same = false;

	rk_folder_write(folder, "same", bytes);
	assert_ok(rk_text_is_file(text, rk_folder_path(folder, "same"), &same));
	assert_true(same);
	bytes[LARGE - 1] ^= 1;
	rk_folder_write(folder, "other", bytes);
	assert_ok(rk_text_is_file(text, rk_folder_path(folder, "other"), &same));
	assert_false(same);
	bytes[LARGE - 1] = '\0';
	rk_folder_write(folder, "shorter", bytes);
	same = true;
	assert_ok(rk_text_is_file(text, rk_folder_path(folder, "shorter"), &same));
	assert_false(same);
	assert_error(rk_text_is_file(text, rk_folder_path(folder, "none"), &same), RK_E_NOT_FOUND);
	assert_error(rk_text_is_file(text, folder, &same), RK_E_IO);
}

static void
a_file_comes_to_a_path_through_a_sink_or_not_at_all(void **state)
{
	const char *folder = *state;
	RK_AUTO(rk_writer) writer = NULL;
	RK_AUTO(rk_writer) given_up = NULL;
	rk_sink sink;

	assert_ok(rk_writer_open_path(rk_folder_path(folder, "new"), 0644, &writer));
	sink = rk_writer_sink(writer);
	assert_ok(sink.write(sink.context, "12", 2));
	assert_false(rk_folder_holds(folder, "new", "12"));
	assert_ok(rk_writer_finish(writer));
	assert_true(rk_folder_holds(folder, "new", "12"));
	assert_ok(rk_writer_open_path(rk_folder_path(folder, "new"), 0644, &given_up));
	sink = rk_writer_sink(given_up);
	assert_ok(sink.write(sink.context, "3", 1));
	rk_writer_free(RK_TAKE(given_up));
	assert_true(rk_folder_holds(folder, "new", "12"));
	assert_int_equal(rk_folder_count(folder, ""), 1);
	assert_error(rk_writer_open_path("/dev/null", 0644, &given_up), RK_E_UNSAFE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_went_through_a_spool_comes_out_of_it),
	    spec(a_spool_that_is_not_finished_leaves_nothing),
	    spec(a_text_is_fed_from_here_to_there),
	    spec(two_texts_are_compared_to_the_last_byte),
	    in_folder(a_file_is_a_text_or_is_not),
	    in_folder(a_file_comes_to_a_path_through_a_sink_or_not_at_all),
	};

	return cmocka_run_group_tests_name("file_spool", tests, NULL, NULL);
}
