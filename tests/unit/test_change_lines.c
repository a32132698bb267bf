#include "keep/change.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/spec.h"

#include <string.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

static rk_error *
put(rk_change *change, const char *path)
{
	return rk_change_write(change, path, RK_CHANGE_REPLACE, path, strlen(path));
}

/* Two subjects with a line each, and what comes after the last line. */
static rk_error *
two_subjects(struct rk_fake_keep *fake, rk_keep *keep)
{
	RK_AUTO(rk_change) change = NULL;
	rk_error *err = rk_change_new(keep, &change);

	if (!err)
		err = put(change, "requests/one");
	if (!err)
		err = put(change, "requests/other");
	if (!err)
		err = rk_change_journal(change, rk_fake_keep_entry(fake, "first"));
	if (!err)
		err = put(change, "requests/two");
	if (!err)
		err = rk_change_journal(change, rk_fake_keep_entry(fake, "second"));
	if (!err)
		err = put(change, "requests/late");
	return err ? err : rk_change_commit(change);
}

/* The nth line from the end, as a string of its own. */
static const char *
line(const rk_text *journal, unsigned from_end, char out[static 4096])
{
	const char *end = journal->data + journal->len - 1;
	const char *begin = end;

	for (unsigned i = 0; i <= from_end; i++) {
		end = begin - (i > 0);
		for (begin = end; begin > journal->data && begin[-1] != '\n'; begin--)
			;
	}
	assert_true(end - begin < 4096);
	memcpy(out, begin, (size_t)(end - begin));
	out[end - begin] = '\0';
	return out;
}

static void
assert_told(const rk_keep *keep)
{
	RK_AUTO(rk_text) journal = NULL;
	rk_journal_head head;
	char first[4096], second[4096];

	assert_ok(rk_journal_verify(rk_keep_dir(keep), &head));
	assert_ok(rk_text_read(rk_keep_dir(keep), "journal.jsonl", 1 << 20, &journal));
	line(journal, 1, first);
	line(journal, 0, second);
	assert_non_null(strstr(first, "\"first\""));
	assert_non_null(strstr(first, "requests/one"));
	assert_non_null(strstr(first, "requests/other"));
	assert_null(strstr(first, "requests/two"));
	assert_non_null(strstr(second, "\"second\""));
	assert_non_null(strstr(second, "requests/two"));
	assert_non_null(strstr(second, "requests/late"));
	assert_null(strstr(second, "requests/one"));
}

static void
each_line_of_the_journal_tells_of_its_own_files(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_ok(two_subjects(&fake, keep));
	assert_told(keep);
}

/* What is left of a journal that was cut off anywhere within its new lines is completed. */
static void
lines_that_were_cut_off_are_completed(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_text) before = NULL;
	RK_AUTO(rk_text) after = NULL;
	const rk_dir *dir;
	char lines[8192];

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	dir = rk_keep_dir(keep);
	assert_ok(rk_text_read(dir, "journal.jsonl", 1 << 20, &before));
	assert_ok(two_subjects(&fake, keep));
	assert_ok(rk_text_read(dir, "journal.jsonl", 1 << 20, &after));
	assert_true(after->len - before->len < sizeof(lines));
	memcpy(lines, after->data + before->len, after->len - before->len - 1);
	for (size_t kept = before->len; kept <= after->len; kept++) {
		rk_journal_head head;

		assert_int_equal(truncate(rk_folder_path(*state, "journal.jsonl"), (off_t)kept), 0);
		assert_ok(rk_journal_append(dir, before->len, lines, after->len - before->len - 1));
		assert_ok(rk_journal_verify(dir, &head));
		assert_int_equal(head.torn, 0);
		assert_int_equal(head.size, after->len);
	}
	assert_told(keep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(each_line_of_the_journal_tells_of_its_own_files),
	    in_folder(lines_that_were_cut_off_are_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
