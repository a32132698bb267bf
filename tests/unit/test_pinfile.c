#include "support/folder.h"
#include "support/spec.h"

#include "base/secret.h"
#include "term/pinfile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct rk_pin_request alice = {
    .kind = "PIN", .label = "alice", .serial = "1a2b", .only_token = true};
static const struct rk_pin_request one_of_two = {.kind = "PIN", .label = "alice", .serial = "1a2b"};

static const char *
chosen(const struct rk_pin_request *request, const char *a, const char *b)
{
	const char *items[] = {a, b};
	const rk_list entries = {items, b ? 2 : 1};
	const char *entry = NULL;

	assert_ok(rk_pinfiles_choose(&entries, request, &entry));
	return entry;
}

static void
a_file_that_names_the_token_wins(void **state)
{
	(void)state;
	assert_string_equal(chosen(&alice, "any", "1a2b=mine"), "1a2b=mine");
	assert_string_equal(chosen(&alice, "alice=mine", "*=all"), "alice=mine");
	assert_string_equal(chosen(&alice, "any", "*=all"), "*=all");
	assert_null(chosen(&alice, "bob=his", NULL));
}

static void
a_file_without_a_name_serves_only_the_one_token(void **state)
{
	(void)state;
	assert_string_equal(chosen(&alice, "pin", NULL), "pin");
	assert_null(chosen(&one_of_two, "pin", NULL));
}

static void
a_path_with_an_equals_sign_is_a_path(void **state)
{
	(void)state;
	assert_string_equal(chosen(&alice, "./1a2b=x", NULL), "./1a2b=x");
	assert_null(chosen(&one_of_two, "/alice=x", NULL));
}

static void
two_files_for_one_token_are_ambiguous(void **state)
{
	const char *items[] = {"a", "b"};
	const rk_list entries = {items, 2};
	const char *entry = NULL;

	(void)state;
	assert_error(rk_pinfiles_choose(&entries, &alice, &entry), RK_E_AMBIGUOUS);
	assert_null(entry);
}

static void
a_label_of_two_tokens_names_neither(void **state)
{
	struct rk_pin_request twin = one_of_two;
	const char *label[] = {"alice=x"};
	const rk_list entries = {label, 1};
	const char *entry = NULL;

	(void)state;
	twin.shared_label = true;
	assert_error(rk_pinfiles_choose(&entries, &twin, &entry), RK_E_AMBIGUOUS);
	assert_null(entry);
	assert_string_equal(chosen(&twin, "1a2b=mine", NULL), "1a2b=mine");
	assert_string_equal(chosen(&twin, "*=all", NULL), "*=all");
}

/* Reads an entry that has the folder's path in front of it. */
static rk_error *
read_entry(const char *folder, const char *name, rk_secret **ret_line)
{
	RK_AUTO(rk_pinfiles) files = NULL;

	assert_ok(rk_pinfiles_new(STDIN_FILENO, &files));
	return rk_pinfiles_read(files, rk_folder_path(folder, name), &alice, ret_line);
}

static void
secret_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	rk_folder_write(folder, name, text);
	assert_int_equal(chmod(rk_folder_path(folder, name), mode), 0);
}

static void
assert_secret(const rk_secret *secret, const char *want)
{
	assert_int_equal(rk_secret_len(secret), strlen(want));
	assert_memory_equal(rk_secret_peek(secret), want, strlen(want));
}

static void
the_secret_is_the_first_line(void **state)
{
	RK_AUTO(rk_secret) unix_line = NULL;
	RK_AUTO(rk_secret) dos_line = NULL;
	RK_AUTO(rk_secret) no_end = NULL;

	secret_file(*state, "unix", "12 34\nrest\n", 0600);
	secret_file(*state, "dos", "1234\r\nrest\n", 0400);
	secret_file(*state, "bare", "1234", 0600);
	assert_ok(read_entry(*state, "unix", &unix_line));
	assert_secret(unix_line, "12 34");
	assert_ok(read_entry(*state, "dos", &dos_line));
	assert_secret(dos_line, "1234");
	assert_ok(read_entry(*state, "bare", &no_end));
	assert_secret(no_end, "1234");
}

static void
a_file_that_others_can_read_is_refused(void **state)
{
	RK_AUTO(rk_secret) line = NULL;

	secret_file(*state, "group", "1234\n", 0640);
	secret_file(*state, "world", "1234\n", 0604);
	assert_error(read_entry(*state, "group", &line), RK_E_UNSAFE);
	assert_error(read_entry(*state, "world", &line), RK_E_UNSAFE);
	assert_null(line);
}

static void
a_file_of_another_user_is_refused(void **state)
{
	RK_AUTO(rk_secret) line = NULL;

	if (geteuid() != 0)
		skip();
	secret_file(*state, "theirs", "1234\n", 0600);
	assert_int_equal(chown(rk_folder_path(*state, "theirs"), 12345, 12345), 0);
	assert_error(read_entry(*state, "theirs", &line), RK_E_UNSAFE);
}

static void
what_holds_no_secret_says_so(void **state)
{
	RK_AUTO(rk_secret) line = NULL;
	char longest[2000];

	memset(longest, '1', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	secret_file(*state, "empty", "", 0600);
	secret_file(*state, "blank", "\n1234\n", 0600);
	secret_file(*state, "long", longest, 0600);
	assert_error(read_entry(*state, "empty", &line), RK_E_PIN_NEEDED);
	assert_error(read_entry(*state, "blank", &line), RK_E_PIN_NEEDED);
	assert_error(read_entry(*state, "long", &line), RK_E_LIMIT);
	assert_error(read_entry(*state, "missing", &line), RK_E_NOT_FOUND);
	assert_error(read_entry(*state, ".", &line), RK_E_USAGE);
}

static void
stdin_gives_a_line_to_each_entry_once(void **state)
{
	RK_AUTO(rk_pinfiles) files = NULL;
	RK_AUTO(rk_secret) first = NULL;
	RK_AUTO(rk_secret) again = NULL;
	RK_AUTO(rk_secret) second = NULL;
	static const char one[] = "alice=-", two[] = "-";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "1111\n2222\n", 10), 10);
	close(ends[1]);
	assert_ok(rk_pinfiles_new(ends[0], &files));
	assert_ok(rk_pinfiles_read(files, one, &alice, &first));
	assert_ok(rk_pinfiles_read(files, one, &alice, &again));
	assert_ok(rk_pinfiles_read(files, two, &alice, &second));
	assert_secret(first, "1111");
	assert_secret(again, "1111");
	assert_secret(second, "2222");
	close(ends[0]);
}

static void
a_pin_source_is_a_path_or_a_file_uri_and_never_a_command(void **state)
{
	RK_AUTO(rk_secret) by_path = NULL;
	RK_AUTO(rk_secret) by_uri = NULL;
	RK_AUTO(rk_secret) none = NULL;
	RK_AUTO(rk_str) uri = NULL;

	secret_file(*state, "a pin", "1234\n", 0600);
	assert_ok(rk_strdupf(&uri, "file://%s/a%%20pin", (const char *)*state));
	assert_ok(rk_pinfiles_source(rk_folder_path(*state, "a pin"), &by_path));
	assert_ok(rk_pinfiles_source(uri, &by_uri));
	assert_secret(by_uri, "1234");
	assert_error(rk_pinfiles_source("|cat /etc/passwd", &none), RK_E_REFUSED);
	assert_error(rk_pinfiles_source("file://elsewhere/pin", &none), RK_E_REFUSED);
	assert_error(rk_pinfiles_source("file:/a%0", &none), RK_E_USAGE);
	assert_error(rk_pinfiles_source("file:/a%00", &none), RK_E_USAGE);
	assert_null(none);
}

static void
shares_come_one_a_line_from_file_after_file(void **state)
{
	RK_AUTO(rk_pinfiles) files = NULL;
	RK_AUTO(rk_str) first = NULL;
	RK_AUTO(rk_str) second = NULL;
	static const char *const want[] = {"one", "two", "three"};
	rk_list entries = {NULL, 2};
	const char *items[2];
	rk_secret *line = NULL;

	secret_file(*state, "s1", "one\n\ntwo\n", 0600);
	secret_file(*state, "s2", "three", 0600);
	assert_ok(rk_strdup(rk_folder_path(*state, "s1"), &first));
	assert_ok(rk_strdup(rk_folder_path(*state, "s2"), &second));
	items[0] = first;
	items[1] = second;
	entries.items = items;
	assert_ok(rk_pinfiles_new(STDIN_FILENO, &files));
	for (size_t i = 0; i < 3; i++) {
		assert_ok(rk_pinfiles_next(files, &entries, &line));
		assert_secret(line, want[i]);
		rk_secret_free(RK_TAKE(line));
	}
	assert_ok(rk_pinfiles_next(files, &entries, &line));
	assert_null(line);
}

static int
begin(void **state)
{
	(void)state;
	assert_ok(rk_secret_heap_init());
	return 0;
}

#define filed(f) cmocka_unit_test_setup_teardown(f, rk_folder_new, rk_folder_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_file_that_names_the_token_wins),
	    spec(a_file_without_a_name_serves_only_the_one_token),
	    spec(a_path_with_an_equals_sign_is_a_path),
	    spec(two_files_for_one_token_are_ambiguous),
	    spec(a_label_of_two_tokens_names_neither),
	    filed(the_secret_is_the_first_line),
	    filed(a_file_that_others_can_read_is_refused),
	    filed(a_file_of_another_user_is_refused),
	    filed(what_holds_no_secret_says_so),
	    spec(stdin_gives_a_line_to_each_entry_once),
	    filed(a_pin_source_is_a_path_or_a_file_uri_and_never_a_command),
	    filed(shares_come_one_a_line_from_file_after_file),
	};

	return cmocka_run_group_tests_name("pinfile", tests, begin, NULL);
}
