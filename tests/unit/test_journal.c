#include "keep/journal.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/spec.h"
#include "world/signature.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

#define JOURNAL "journal.jsonl"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static rk_dir *
ours(const char *folder)
{
	rk_dir *dir = NULL;

	assert_ok(rk_dir_open(folder, RK_DIR_OURS, &dir));
	return dir;
}

/* Append a line as a commit does. */
static void
append(const rk_dir *dir, const char *action)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_journal_entry) entry = rk_fake_keep_entry(&fake, action);
	RK_AUTO_BUF(line);
	rk_journal_head head;

	assert_ok(rk_journal_read_head(dir, &head));
	assert_ok(rk_journal_line(entry, &head, &line));
	assert_ok(rk_journal_append(dir, head.size, line.data, line.len));
}

static char *
contents(const char *folder)
{
	RK_AUTO(rk_text) text = NULL;
	char *copy = NULL;

	assert_ok(rk_text_read_path(rk_folder_path(folder, JOURNAL), 1 << 20, &text));
	assert_ok(rk_strndup(text->data, text->len, &copy));
	return copy;
}

static void
a_line_holds_what_formats_says(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_journal_entry) entry = rk_fake_keep_entry(&fake, "sign demo");
	const uint8_t before[RK_SHA256_SIZE] = {0xaa}, after[RK_SHA256_SIZE] = {0xbb};
	rk_journal_head head = {.count = 6};
	RK_AUTO_BUF(line);

	(void)state;
	assert_ok(rk_journal_entry_who(entry, "Alice \"A\" <a@example.com>"));
	assert_ok(rk_journal_entry_key(entry, "ff"));
	assert_ok(rk_journal_entry_key(entry, "aa"));
	assert_ok(rk_journal_entry_key(entry, "ff"));
	assert_ok(rk_journal_entry_note(entry, "two\nlines"));
	rk_journal_entry_clock(entry, RK_FAKE_NOW + 60);
	assert_ok(rk_journal_entry_file(entry, "z", before, NULL));
	assert_ok(rk_journal_entry_file(entry, "b", NULL, after));
	assert_ok(rk_journal_entry_put(entry, "signature", rk_node_new_text("s")));
	assert_ok(rk_journal_entry_tokens(entry, rk_node_new_array()));
	assert_error(rk_journal_entry_put(entry, "prev", rk_node_new_text("s")), RK_E_REFUSED);
	assert_ok(rk_journal_line(entry, &head, &line));
	assert_string_equal(rk_buf_str(&line),
	    "{\"action\":\"sign demo\","
	    "\"after\":{\"b\":\"bb00000000000000000000000000000000000000000000000000000000000000\"}"
	    ","
	    "\"before\":{\"z\":"
	    "\"aa00000000000000000000000000000000000000000000000000000000000000\"},"
	    "\"clock\":\"2027-01-15T08:01:00Z\",\"keys\":[\"aa\",\"ff\"],\"note\":\"two\\nlines\","
	    "\"prev\":\"" ZEROS "\",\"seq\":7,\"signature\":\"s\","
	    "\"time\":\"2027-01-15T08:00:00Z\",\"tokens\":[],"
	    "\"who\":\"Alice \\\"A\\\" <a@example.com>\"}");
}

static void
no_journal_is_an_empty_one(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	rk_journal_head head = {.count = 9};

	assert_ok(rk_journal_verify(dir, &head));
	assert_int_equal(head.count, 0);
	assert_int_equal(head.torn, 0);
}

static void
each_line_follows_from_the_one_before(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_str) text = NULL;
	rk_journal_head head, last;
	uint8_t digest[RK_SHA256_SIZE];
	char hex[2 * RK_SHA256_SIZE + 1];
	char *second;

	append(dir, "one");
	append(dir, "two");
	assert_ok(rk_journal_verify(dir, &head));
	assert_int_equal(head.count, 2);
	assert_ok(rk_journal_read_head(dir, &last));
	assert_memory_equal(&last, &head, sizeof(head));
	text = contents(*state);
	second = strchr(text, '\n');
	rk_sha256(text, (size_t)(second - text), digest);
	rk_hex(hex, digest, sizeof(digest));
	assert_non_null(strstr(second, hex));
	assert_null(strstr(second, ZEROS));
}

static void
a_changed_removed_or_swapped_line_is_found(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_str) text = NULL;
	rk_journal_head head;
	char *word, *second;
	rk_error *err;

	append(dir, "one");
	append(dir, "two");
	append(dir, "three");
	text = contents(*state);
	word = strstr(text, "two");
	memcpy(word, "TWO", 3);
	rk_folder_write(*state, JOURNAL, text);
	err = rk_journal_verify(dir, &head);
	assert_non_null(strstr(rk_error_message(err), "line 3"));
	assert_error(err, RK_E_MALFORMED);
	memcpy(word, "two", 3);
	second = strchr(text, '\n') + 1;
	rk_folder_write(*state, JOURNAL, second);
	assert_error(rk_journal_verify(dir, &head), RK_E_MALFORMED);
	memmove(second, strchr(second, '\n') + 1, strlen(strchr(second, '\n') + 1) + 1);
	rk_folder_write(*state, JOURNAL, text);
	assert_error(rk_journal_verify(dir, &head), RK_E_MALFORMED);
	rk_folder_write(*state, JOURNAL, "not json\n");
	assert_error(rk_journal_verify(dir, &head), RK_E_MALFORMED);
	assert_error(rk_journal_read_head(dir, &head), RK_E_MALFORMED);
	rk_folder_write(*state, JOURNAL, "[]\n");
	assert_error(rk_journal_read_head(dir, &head), RK_E_MALFORMED);
}

static void
a_torn_last_line_is_told_and_set_aside_not_dropped(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_str) text = NULL;
	RK_AUTO(rk_str) after = NULL;
	rk_journal_head head;
	bool is_torn = false;

	append(dir, "one");
	text = contents(*state);
	append(dir, "two");
	assert_int_equal(truncate(rk_folder_path(*state, JOURNAL), (off_t)strlen(text) + 9), 0);
	assert_ok(rk_journal_verify(dir, &head));
	assert_int_equal(head.count, 1);
	assert_int_equal(head.torn, 9);
	assert_ok(rk_journal_mend(dir, &is_torn));
	assert_true(is_torn);
	assert_true(rk_folder_holds(*state, "journal.torn", "{\"action\"\n"));
	after = contents(*state);
	assert_string_equal(after, text);
	assert_ok(rk_journal_mend(dir, &is_torn));
	assert_false(is_torn);
	append(dir, "three");
	assert_ok(rk_journal_verify(dir, &head));
	assert_int_equal(head.count, 2);
}

static void
opening_a_keep_to_write_mends_its_journal_and_says_so(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	FILE *file;

	rk_fake_keep_begin(&fake, *state);
	file = fopen(rk_folder_path(*state, JOURNAL), "a");
	assert_non_null(file);
	assert_true(fputs("{\"act", file) >= 0);
	assert_int_equal(fclose(file), 0);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_non_null(strstr(fake.said, "journal.torn"));
	assert_true(rk_folder_holds(*state, "journal.torn", "{\"act\n"));
}

/* What a power cut leaves of an append: nothing, a part, zeros, or all of it. */
static void
an_append_is_completed_wherever_it_was_cut(void **state)
{
	static const char line[] = "{\"prev\":\"" ZEROS "\",\"seq\":1}";
	RK_AUTO(rk_dir) dir = ours(*state);
	rk_journal_head head;

	for (size_t cut = 0; cut <= sizeof(line); cut++) {
		char left[sizeof(line) + 1] = {0};

		memcpy(left, line, cut < sizeof(line) - 1 ? cut : sizeof(line) - 1);
		if (cut == sizeof(line))
			left[sizeof(line) - 1] = '\n';
		rk_folder_write(*state, JOURNAL, left);
		assert_ok(rk_journal_append(dir, 0, line, sizeof(line) - 1));
		assert_ok(rk_journal_verify(dir, &head));
		assert_int_equal(head.count, 1);
	}
	assert_int_equal(truncate(rk_folder_path(*state, JOURNAL), 0), 0);
	assert_int_equal(truncate(rk_folder_path(*state, JOURNAL), 20), 0);
	assert_ok(rk_journal_append(dir, 0, line, sizeof(line) - 1));
	rk_folder_write(*state, JOURNAL, "{\"prev\":\"1");
	assert_error(rk_journal_append(dir, 0, line, sizeof(line) - 1), RK_E_UNTRUSTED);
	assert_error(rk_journal_append(dir, 999, line, sizeof(line) - 1), RK_E_UNTRUSTED);
}

static void
a_head_that_was_written_down_is_found_or_missed(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_str) text = NULL;
	rk_journal_head one, two;
	int64_t since = -1;
	rk_error *err;

	append(dir, "one");
	assert_ok(rk_journal_read_head(dir, &one));
	text = contents(*state);
	append(dir, "two");
	assert_ok(rk_journal_read_head(dir, &two));
	assert_ok(rk_journal_check_head(dir, one.sha256, &since));
	assert_int_equal(since, 1);
	assert_ok(rk_journal_check_head(dir, two.sha256, &since));
	assert_int_equal(since, 0);
	/* The last line goes, as if it had never been. */
	rk_folder_write(*state, JOURNAL, text);
	assert_ok(rk_journal_verify(dir, &one));
	assert_error(rk_journal_check_head(dir, two.sha256, &since), RK_E_UNTRUSTED);
	{
		RK_AUTO_BUF(torn);

		rk_buf_printf(&torn, "%s{\"torn", text);
		rk_folder_write(*state, JOURNAL, rk_buf_str(&torn));
	}
	err = rk_journal_check_head(dir, two.sha256, &since);
	assert_non_null(strstr(rk_error_message(err), "torn"));
	assert_error(err, RK_E_UNTRUSTED);
}

static void
a_copy_may_be_older_and_never_longer_or_different(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_text) older = NULL;
	RK_AUTO(rk_text) longer = NULL;
	RK_AUTO(rk_text) other = NULL;
	RK_AUTO(rk_str) text = NULL;
	int64_t since = -1;

	append(dir, "one");
	assert_ok(rk_text_read(dir, JOURNAL, 1 << 20, &older));
	text = contents(*state);
	append(dir, "two");
	assert_ok(rk_text_read(dir, JOURNAL, 1 << 20, &longer));
	assert_ok(rk_journal_check_copy(dir, older, &since));
	assert_int_equal(since, 1);
	assert_ok(rk_journal_check_copy(dir, longer, &since));
	assert_int_equal(since, 0);
	rk_folder_write(*state, JOURNAL, text);
	assert_error(rk_journal_check_copy(dir, longer, &since), RK_E_UNTRUSTED);
	assert_int_equal(unlink(rk_folder_path(*state, JOURNAL)), 0);
	append(dir, "written anew");
	assert_ok(rk_text_read(dir, JOURNAL, 1 << 20, &other));
	assert_error(rk_journal_check_copy(dir, older, &since), RK_E_UNTRUSTED);
}

static rk_error *
count_entry(void *context, const rk_node *entry, const rk_journal_head *upto)
{
	int64_t *count = context;

	assert_int_equal(rk_node_int(rk_node_get(entry, "seq")), upto->count);
	++*count;
	return *count == 3 ? rk_fail(RK_E_CANCELLED, NULL, "enough") : NULL;
}

static void
entries_are_read_in_order_until_the_reader_stops(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	int64_t count = 0;

	append(dir, "one");
	append(dir, "two");
	assert_ok(rk_journal_each(dir, count_entry, &count));
	assert_int_equal(count, 2);
	append(dir, "three");
	append(dir, "four");
	count = 0;
	assert_error(rk_journal_each(dir, count_entry, &count), RK_E_CANCELLED);
	assert_int_equal(count, 3);
}

/* Longer than what is read of its end at first. */
static void
the_end_of_a_long_journal_is_its_head(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	rk_journal_head end, whole;
	RK_AUTO_BUF(torn);
	bool was_torn;

	for (int i = 0; i < 300; i++)
		append(dir, "a line of some length, so that there need not be many of them");
	assert_ok(rk_journal_read_head(dir, &end));
	assert_ok(rk_journal_verify(dir, &whole));
	assert_int_equal(whole.count, 300);
	assert_int_equal(end.count, whole.count);
	assert_int_equal(end.size, whole.size);
	assert_int_equal(end.torn, 0);
	assert_memory_equal(end.sha256, whole.sha256, RK_SHA256_SIZE);
	assert_true(whole.size > 40000);

	for (int i = 0; i < 200000; i++)
		rk_buf_byte(&torn, 'x');
	assert_ok(rk_journal_append(dir, end.size, rk_buf_str(&torn), torn.len));
	assert_int_equal(
	    truncate(rk_folder_path(*state, JOURNAL), (off_t)(end.size + torn.len)), 0);
	assert_ok(rk_journal_read_head(dir, &end));
	assert_int_equal(end.count, 300);
	assert_int_equal(end.size, whole.size);
	assert_int_equal(end.torn, torn.len);
	assert_ok(rk_journal_mend(dir, &was_torn));
	assert_true(was_torn);
	assert_ok(rk_journal_verify(dir, &end));
	assert_int_equal(end.size, whole.size);
	assert_int_equal(end.torn, 0);
	append(dir, "next");
}

static void
a_link_in_place_of_the_journal_is_refused(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	rk_journal_head head;

	rk_folder_write(*state, "elsewhere", "");
	assert_int_equal(symlink("elsewhere", rk_folder_path(*state, JOURNAL)), 0);
	assert_error(rk_journal_read_head(dir, &head), RK_E_UNSAFE);
	assert_error(rk_journal_append(dir, 0, "{}", 2), RK_E_UNSAFE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_line_holds_what_formats_says),
	    in_folder(no_journal_is_an_empty_one),
	    in_folder(each_line_follows_from_the_one_before),
	    in_folder(a_changed_removed_or_swapped_line_is_found),
	    in_folder(a_torn_last_line_is_told_and_set_aside_not_dropped),
	    in_folder(opening_a_keep_to_write_mends_its_journal_and_says_so),
	    in_folder(an_append_is_completed_wherever_it_was_cut),
	    in_folder(a_head_that_was_written_down_is_found_or_missed),
	    in_folder(a_copy_may_be_older_and_never_longer_or_different),
	    in_folder(entries_are_read_in_order_until_the_reader_stops),
	    in_folder(the_end_of_a_long_journal_is_its_head),
	    in_folder(a_link_in_place_of_the_journal_is_refused),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
