#include "base/file.h"
#include "support/folder.h"
#include "support/spec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

/* The folder of the test as one of ours; freed by the caller. */
static rk_dir *
ours(const char *folder)
{
	rk_dir *dir = NULL;

	assert_ok(rk_dir_open(folder, RK_DIR_OURS, &dir));
	return dir;
}

static rk_dir *
anybodys(const char *folder)
{
	rk_dir *dir = NULL;

	assert_ok(rk_dir_open(folder, RK_DIR_ANY, &dir));
	return dir;
}

static void
make_folder(const char *folder, const char *name)
{
	assert_int_equal(mkdir(rk_folder_path(folder, name), 0755), 0);
}

static void
a_folder_of_ours_is_opened(void **state)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO_BUF(slashes);

	rk_buf_printf(&slashes, "%s///", (char *)*state);
	assert_ok(rk_dir_open(rk_buf_str(&slashes), RK_DIR_OURS, &dir));
	assert_string_equal(rk_dir_path(dir), *state);
	assert_true(rk_dir_fd(dir) >= 0);
	assert_int_equal(fcntl(rk_dir_fd(dir), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void
a_missing_folder_has_a_code_of_its_own(void **state)
{
	RK_AUTO(rk_dir) none = NULL;
	RK_AUTO(rk_dir) dir = ours(*state);

	rk_folder_write(*state, "file", "");
	assert_error(rk_dir_open(rk_folder_path(*state, "x"), RK_DIR_OURS, &none), RK_E_NOT_FOUND);
	assert_error(rk_dir_open(rk_folder_path(*state, "x"), RK_DIR_ANY, &none), RK_E_NOT_FOUND);
	assert_error(
	    rk_dir_open(rk_folder_path(*state, "file"), RK_DIR_ANY, &none), RK_E_NOT_FOUND);
	assert_error(rk_dir_open("", RK_DIR_OURS, &none), RK_E_NOT_FOUND);
	assert_error(rk_dir_open_at(dir, "x", &none), RK_E_NOT_FOUND);
	assert_null(none);
}

static void
a_folder_that_others_can_write_to_is_not_believed(void **state)
{
	static const mode_t modes[] = {0775, 0757, 0777, 01777, 0720};
	RK_AUTO(rk_dir) dir = NULL;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		RK_AUTO(rk_error) err = NULL;

		assert_int_equal(chmod(*state, modes[i]), 0);
		err = rk_dir_open(*state, RK_DIR_OURS, &dir);
		assert_int_equal(rk_error_code(err), RK_E_UNSAFE);
		assert_non_null(strstr(rk_error_remedy(err), "chmod"));
		assert_null(dir);
	}
	assert_ok(rk_dir_open(*state, RK_DIR_ANY, &dir));
	assert_int_equal(chmod(*state, 0700), 0);
}

static void
a_folder_of_somebody_else_is_not_believed(void **state)
{
	RK_AUTO(rk_error) err = NULL;
	RK_AUTO(rk_dir) dir = NULL;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(*state, 12345, 0), 0);
	err = rk_dir_open(*state, RK_DIR_OURS, &dir);
	assert_int_equal(rk_error_code(err), RK_E_UNSAFE);
	assert_non_null(strstr(rk_error_message(err), "12345"));
	assert_ok(rk_dir_open(*state, RK_DIR_ANY, &dir));
}

static void
a_folder_above_that_everybody_can_write_to_is_not_believed(void **state)
{
	RK_AUTO(rk_dir) dir = NULL;

	make_folder(*state, "open");
	make_folder(*state, "open/keep");
	assert_int_equal(chmod(rk_folder_path(*state, "open"), 0777), 0);
	assert_error(
	    rk_dir_open(rk_folder_path(*state, "open/keep"), RK_DIR_OURS, &dir), RK_E_UNSAFE);
	assert_int_equal(chmod(rk_folder_path(*state, "open"), 01777), 0);
	assert_ok(rk_dir_open(rk_folder_path(*state, "open/keep"), RK_DIR_OURS, &dir));
}

static void
a_link_is_no_folder_of_ours(void **state)
{
	RK_AUTO(rk_dir) refused = NULL;
	RK_AUTO(rk_dir) taken = NULL;
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO_BUF(slash);

	make_folder(*state, "real");
	make_folder(*state, "real/below");
	assert_int_equal(symlink("real", rk_folder_path(*state, "link")), 0);
	rk_buf_printf(&slash, "%s/link/", (char *)*state);
	assert_error(
	    rk_dir_open(rk_folder_path(*state, "link"), RK_DIR_OURS, &refused), RK_E_UNSAFE);
	assert_error(rk_dir_open(rk_buf_str(&slash), RK_DIR_OURS, &refused), RK_E_UNSAFE);
	assert_error(rk_dir_open_at(dir, "link", &refused), RK_E_UNSAFE);
	assert_error(rk_dir_open_at(dir, "link/below", &refused), RK_E_UNSAFE);
	assert_null(refused);
	assert_ok(rk_dir_open(rk_buf_str(&slash), RK_DIR_ANY, &taken));
}

static void
nothing_beneath_a_folder_leads_out_of_it(void **state)
{
	static const char *const names[] = {
	    "../x", "..", "a/../a/x", "./x", "/etc/passwd", "a/..", "up/passwd", "out"};
	RK_AUTO(rk_dir) dir = anybodys(*state);
	RK_AUTO(rk_text) text = NULL;

	make_folder(*state, "a");
	rk_folder_write(*state, "a/x", "inside");
	assert_int_equal(symlink("/etc", rk_folder_path(*state, "up")), 0);
	assert_int_equal(symlink("a/x", rk_folder_path(*state, "out")), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_error(rk_text_read(dir, names[i], 1000, &text), RK_E_UNSAFE);
		assert_null(text);
	}
	assert_error(rk_file_replace(dir, "up/x", "", 0, 0644), RK_E_UNSAFE);
	assert_error(rk_dir_make(dir, "a/../b"), RK_E_UNSAFE);
	assert_error(rk_dir_make(dir, "/tmp/b"), RK_E_UNSAFE);
	assert_error(rk_dir_make(dir, "up/b"), RK_E_UNSAFE);
	assert_error(rk_file_remove(dir, "../x"), RK_E_UNSAFE);
	assert_false(rk_file_exists(dir, "out"));
	assert_true(rk_file_exists(dir, "a/x"));
	assert_false(rk_file_exists(dir, "a"));
}

static void
folders_and_files_beneath_ours_are_judged_as_well(void **state)
{
	RK_AUTO(rk_dir) strict = ours(*state);
	RK_AUTO(rk_dir) loose = anybodys(*state);
	RK_AUTO(rk_text) text = NULL;

	make_folder(*state, "a");
	rk_folder_write(*state, "a/x", "text");
	assert_int_equal(chmod(rk_folder_path(*state, "a/x"), 0664), 0);
	assert_error(rk_text_read(strict, "a/x", 10, &text), RK_E_UNSAFE);
	assert_int_equal(chmod(rk_folder_path(*state, "a/x"), 0644), 0);
	assert_int_equal(chmod(rk_folder_path(*state, "a"), 0777), 0);
	assert_error(rk_text_read(strict, "a/x", 10, &text), RK_E_UNSAFE);
	assert_error(rk_file_create(strict, "a/y", "", 0, 0644), RK_E_UNSAFE);
	assert_null(text);
	assert_ok(rk_text_read(loose, "a/x", 10, &text));
	assert_int_equal(text->len, 4);
	assert_memory_equal(text->data, "text", 4);
}

static void
folders_are_made_with_what_is_missing_above_them(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_dir) made = NULL;
	struct stat st;

	assert_ok(rk_dir_make(dir, "a/b/c"));
	assert_ok(rk_dir_make(dir, "a/b/c"));
	assert_ok(rk_dir_open_at(dir, "a/b/c", &made));
	assert_int_equal(fstat(rk_dir_fd(made), &st), 0);
	assert_int_equal(st.st_mode & 022, 0);
	assert_ok(rk_dir_make_path(rk_folder_path(*state, "p/../q//r/")));
	assert_int_equal(access(rk_folder_path(*state, "q/r"), F_OK), 0);
	assert_ok(rk_dir_make_path(*state));
	assert_ok(rk_dir_sync(dir, NULL));
	assert_ok(rk_dir_sync(dir, "a/b"));
	assert_error(rk_dir_sync(dir, "nowhere"), RK_E_NOT_FOUND);
}

static void
folders_that_cannot_be_made_whole_leave_nothing(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	char name[600] = "new/", path[5000];

	memset(name + 4, 'n', 300);
	assert_error(rk_dir_make(dir, name), RK_E_IO);
	assert_int_equal(rk_folder_count(*state, ""), 0);
	snprintf(path, sizeof(path), "%s/%s", (char *)*state, name);
	assert_error(rk_dir_make_path(path), RK_E_IO);
	assert_int_equal(rk_folder_count(*state, ""), 0);
	rk_folder_write(*state, "file", "");
	assert_error(rk_dir_make(dir, "file/x"), RK_E_NOT_FOUND);
	assert_error(rk_dir_make_path(rk_folder_path(*state, "file")), RK_E_NOT_FOUND);
}

static void
assert_names(const rk_names *names, const char *want)
{
	RK_AUTO_BUF(all);

	for (size_t i = 0; i < names->count; i++)
		rk_buf_printf(&all, "%s ", names->names[i]);
	assert_string_equal(rk_buf_str(&all), want);
}

static void
make_tree(const char *folder)
{
	make_folder(folder, "m");
	make_folder(folder, "m/b");
	make_folder(folder, "m/empty");
	rk_folder_write(folder, "m/b/z", "");
	rk_folder_write(folder, "m/b/a", "");
	rk_folder_write(folder, "m/b.json", "");
	rk_folder_write(folder, "m/B", "");
	rk_folder_write(folder, "m/.rk-tmp-1-2", "");
	rk_folder_write(folder, "top", "");
}

static void
a_walk_finds_every_file_and_sorts_them(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_names) below = NULL;
	RK_AUTO(rk_names) all = NULL;
	RK_AUTO(rk_names) one = NULL;

	make_tree(*state);
	assert_ok(rk_dir_walk(dir, "m", 4, &below));
	assert_names(below, "B b.json b/a b/z ");
	assert_ok(rk_dir_walk(dir, NULL, 5, &all));
	assert_names(all, "m/B m/b.json m/b/a m/b/z top ");
	assert_ok(rk_dir_list(dir, "m", 4, &one));
	assert_names(one, "B b.json b/ empty/ ");
}

static void
a_walk_is_capped(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_names) names = NULL;
	char path[512] = "";

	make_tree(*state);
	assert_error(rk_dir_walk(dir, "m", 3, &names), RK_E_LIMIT);
	assert_error(rk_dir_list(dir, "m", 3, &names), RK_E_LIMIT);
	assert_error(rk_dir_walk(dir, "none", 3, &names), RK_E_NOT_FOUND);
	for (int i = 0; i < 70; i++)
		strcat(path, "d/");
	assert_ok(rk_dir_make(dir, path));
	assert_error(rk_dir_walk(dir, NULL, 100, &names), RK_E_LIMIT);
	assert_null(names);
}

static void
a_walk_meets_no_link(void **state)
{
	RK_AUTO(rk_dir) strict = ours(*state);
	RK_AUTO(rk_dir) loose = anybodys(*state);
	RK_AUTO(rk_names) names = NULL;
	RK_AUTO(rk_names) none = NULL;

	rk_folder_write(*state, "file", "");
	assert_int_equal(symlink("/etc", rk_folder_path(*state, "etc")), 0);
	assert_int_equal(mkfifo(rk_folder_path(*state, "pipe"), 0600), 0);
	assert_error(rk_dir_walk(strict, NULL, 10, &none), RK_E_UNSAFE);
	assert_error(rk_dir_list(strict, "", 10, &none), RK_E_UNSAFE);
	assert_null(none);
	assert_ok(rk_dir_walk(loose, NULL, 10, &names));
	assert_names(names, "file ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(a_folder_of_ours_is_opened),
	    in_folder(a_missing_folder_has_a_code_of_its_own),
	    in_folder(a_folder_that_others_can_write_to_is_not_believed),
	    in_folder(a_folder_of_somebody_else_is_not_believed),
	    in_folder(a_folder_above_that_everybody_can_write_to_is_not_believed),
	    in_folder(a_link_is_no_folder_of_ours),
	    in_folder(nothing_beneath_a_folder_leads_out_of_it),
	    in_folder(folders_and_files_beneath_ours_are_judged_as_well),
	    in_folder(folders_are_made_with_what_is_missing_above_them),
	    in_folder(folders_that_cannot_be_made_whole_leave_nothing),
	    in_folder(a_walk_finds_every_file_and_sorts_them),
	    in_folder(a_walk_is_capped),
	    in_folder(a_walk_meets_no_link),
	};

	return cmocka_run_group_tests_name("file, folders", tests, NULL, NULL);
}
