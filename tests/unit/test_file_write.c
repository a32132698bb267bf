#include "base/file.h"
#include "support/folder.h"
#include "support/spec.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

static rk_dir *
ours(const char *folder)
{
	rk_dir *dir = NULL;

	assert_ok(rk_dir_open(folder, RK_DIR_OURS, &dir));
	return dir;
}

static void
a_file_is_replaced_whole_with_its_mode(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	struct stat st;

	assert_ok(rk_file_replace(dir, "f", "first", 5, 0644));
	assert_true(rk_folder_holds(*state, "f", "first"));
	assert_ok(rk_file_replace(dir, "f", "second", 6, 0600));
	assert_true(rk_folder_holds(*state, "f", "second"));
	assert_int_equal(stat(rk_folder_path(*state, "f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(rk_folder_count(*state, ""), 1);
}

static void
several_files_get_their_names_together_or_not_at_all(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	RK_AUTO(rk_dir) dir = ours(*state);

	for (unsigned finishes = 0; finishes < 2; finishes++) {
		rk_writer *writers[3];

		for (size_t i = 0; i < 3; i++) {
			rk_sink sink;

			assert_ok(rk_writer_open(dir, names[i], false, 0600, &writers[i]));
			sink = rk_writer_sink(writers[i]);
			assert_ok(sink.write(sink.context, names[i], 1));
			assert_false(rk_file_exists(dir, names[i]));
		}
		if (finishes)
			assert_ok(rk_writer_finish_all(writers, 3));
		for (size_t i = 0; i < 3; i++)
			rk_writer_free(writers[i]);
		assert_int_equal(rk_folder_count(*state, ""), finishes ? 3 : 0);
	}
	for (size_t i = 0; i < 3; i++)
		assert_true(rk_folder_holds(*state, names[i], names[i]));
}

static void
a_link_is_replaced_and_its_target_left_alone(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	struct stat st;

	rk_folder_write(*state, "target", "old");
	assert_int_equal(symlink("target", rk_folder_path(*state, "link")), 0);
	assert_int_equal(symlink("target", rk_folder_path(*state, "path")), 0);
	assert_ok(rk_file_replace(dir, "link", "new", 3, 0644));
	assert_ok(rk_file_replace_path(rk_folder_path(*state, "path"), "new", 3, 0644));
	assert_true(rk_folder_holds(*state, "target", "old"));
	assert_true(rk_folder_holds(*state, "link", "new"));
	assert_true(rk_folder_holds(*state, "path", "new"));
	assert_int_equal(lstat(rk_folder_path(*state, "link"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void
a_new_file_takes_nobodys_place(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_writer) late = NULL;
	rk_sink sink;

	assert_ok(rk_file_create(dir, "f", "first", 5, 0644));
	assert_error(rk_file_create(dir, "f", "second", 6, 0644), RK_E_EXISTS);
	assert_int_equal(symlink("nowhere", rk_folder_path(*state, "link")), 0);
	assert_error(rk_file_create(dir, "link", "second", 6, 0644), RK_E_EXISTS);
	/* Somebody is quicker while we write. */
	assert_ok(rk_writer_open(dir, "g", true, 0644, &late));
	sink = rk_writer_sink(late);
	assert_ok(sink.write(sink.context, "late", 4));
	rk_folder_write(*state, "g", "early");
	assert_error(rk_writer_finish(late), RK_E_EXISTS);
	rk_writer_free(RK_TAKE(late));
	assert_true(rk_folder_holds(*state, "f", "first"));
	assert_true(rk_folder_holds(*state, "g", "early"));
	assert_int_equal(rk_folder_count(*state, ""), 3);
}

static void
a_writer_gives_the_name_only_at_its_end(void **state)
{
	RK_AUTO(rk_writer) writer = NULL;
	rk_dir *dir = ours(*state);
	rk_sink sink;

	rk_folder_write(*state, "f", "old");
	assert_ok(rk_writer_open(dir, "f", false, 0644, &writer));
	rk_dir_free(dir);
	sink = rk_writer_sink(writer);
	for (int i = 0; i < 1000; i++)
		assert_ok(sink.write(sink.context, "x", 1));
	assert_true(rk_folder_holds(*state, "f", "old"));
	assert_ok(rk_writer_finish(writer));
	rk_writer_free(RK_TAKE(writer));
	assert_int_equal(rk_folder_count(*state, ""), 1);
	assert_false(rk_folder_holds(*state, "f", "old"));
}

static void
a_writer_that_is_dropped_leaves_nothing(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	rk_writer *writer = NULL;
	rk_sink sink;

	rk_folder_write(*state, "f", "old");
	assert_ok(rk_writer_open(dir, "f", false, 0644, &writer));
	sink = rk_writer_sink(writer);
	assert_ok(sink.write(sink.context, "new", 3));
	assert_int_equal(rk_folder_count(*state, ""), 2);
	rk_writer_free(writer);
	rk_writer_free(NULL);
	assert_int_equal(rk_folder_count(*state, ""), 1);
	assert_true(rk_folder_holds(*state, "f", "old"));
}

/* A file size limit stands for a full disk. */
static int
write_on_a_full_disk(const char *folder)
{
	const struct rlimit little = {1000, 1000};
	char bytes[4000] = "";
	rk_dir *dir = NULL;
	int result = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &little) != 0 ||
	    rk_spec_code(rk_dir_open(folder, RK_DIR_OURS, &dir), RK_OK) != RK_OK)
		return 1;
	if (rk_spec_code(rk_file_replace(dir, "f", bytes, sizeof(bytes), 0644), RK_E_IO) != RK_E_IO)
		result = 2;
	if (rk_spec_code(rk_file_create(dir, "g", bytes, sizeof(bytes), 0644), RK_E_IO) != RK_E_IO)
		result = 3;
	rk_dir_free(dir);
	return result;
}

static void
a_full_disk_leaves_the_old_file_and_no_other(void **state)
{
	int status = -1;
	pid_t child;

	rk_folder_write(*state, "f", "old");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(write_on_a_full_disk(*state));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(rk_folder_holds(*state, "f", "old"));
	assert_int_equal(rk_folder_count(*state, ""), 1);
}

static void
what_cannot_be_written_is_refused_and_leaves_nothing(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(mkdir(rk_folder_path(*state, "folder"), 0755), 0);
	rk_folder_write(*state, "folder/x", "");
	assert_error(rk_file_replace(dir, "folder", "", 0, 0644), RK_E_IO);
	assert_error(rk_file_replace(dir, "none/f", "", 0, 0644), RK_E_NOT_FOUND);
	assert_error(rk_file_replace(dir, "", "", 0, 0644), RK_E_NOT_FOUND);
	assert_error(rk_file_replace(dir, name, "", 0, 0644), RK_E_IO);
	assert_int_equal(rk_folder_count(*state, ""), 1);
}

static void
the_longest_name_can_be_written(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	assert_ok(rk_file_replace(dir, name, "x", 1, 0644));
	assert_true(rk_folder_holds(*state, name, "x"));
}

static void
a_path_of_the_command_line_is_written(void **state)
{
	assert_int_equal(mkdir(rk_folder_path(*state, "real"), 0755), 0);
	assert_int_equal(symlink("real", rk_folder_path(*state, "link")), 0);
	assert_ok(rk_file_replace_path(rk_folder_path(*state, "link/f"), "x", 1, 0644));
	assert_true(rk_folder_holds(*state, "real/f", "x"));
	assert_int_equal(chdir(*state), 0);
	assert_ok(rk_file_replace_path("here", "x", 1, 0644));
	assert_true(rk_folder_holds(*state, "here", "x"));
	assert_error(
	    rk_file_replace_path(rk_folder_path(*state, "no/f"), "x", 1, 0644), RK_E_NOT_FOUND);
	assert_error(rk_file_replace_path("real/", "x", 1, 0644), RK_E_IO);
	assert_int_equal(chdir("/"), 0);
}

static void
a_device_or_a_descriptor_never_becomes_a_file(void **state)
{
	assert_int_equal(symlink("/proc/self/fd/1", rk_folder_path(*state, "stdout")), 0);
	assert_int_equal(symlink("/dev/null", rk_folder_path(*state, "null")), 0);
	assert_int_equal(mkfifo(rk_folder_path(*state, "pipe"), 0600), 0);
	assert_error(
	    rk_file_replace_path(rk_folder_path(*state, "stdout"), "x", 1, 0644), RK_E_UNSAFE);
	assert_error(
	    rk_file_replace_path(rk_folder_path(*state, "null"), "x", 1, 0644), RK_E_UNSAFE);
	assert_error(
	    rk_file_replace_path(rk_folder_path(*state, "pipe"), "x", 1, 0644), RK_E_UNSAFE);
	assert_error(rk_file_replace_path(*state, "x", 1, 0644), RK_E_UNSAFE);
	assert_int_equal(rk_folder_count(*state, ""), 3);
}

static void
removing_what_is_not_there_is_success(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);

	rk_folder_write(*state, "f", "");
	assert_ok(rk_file_remove(dir, "f"));
	assert_ok(rk_file_remove(dir, "f"));
	assert_ok(rk_file_remove(dir, "none/f"));
	assert_int_equal(rk_folder_count(*state, ""), 0);
	assert_int_equal(mkdir(rk_folder_path(*state, "folder"), 0755), 0);
	assert_error(rk_file_remove(dir, "folder"), RK_E_IO);
}

static void
a_sweep_removes_what_a_crash_left_and_nothing_else(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);

	rk_folder_write(*state, ".rk-tmp-77-0", "");
	rk_folder_write(*state, ".rk-tmp", "");
	rk_folder_write(*state, "f", "");
	assert_ok(rk_dir_sweep(dir, NULL));
	assert_int_equal(rk_folder_count(*state, ""), 2);
	assert_int_equal(access(rk_folder_path(*state, ".rk-tmp-77-0"), F_OK), -1);
	assert_error(rk_dir_sweep(dir, "none"), RK_E_NOT_FOUND);
}

static void
an_old_temporary_file_is_in_nobodys_way(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	char name[64];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), ".rk-tmp-%ld-%u", (long)getpid(), i);
		rk_folder_write(*state, name, "stale");
	}
	assert_ok(rk_file_replace(dir, "f", "x", 1, 0644));
	assert_true(rk_folder_holds(*state, "f", "x"));
	assert_int_equal(rk_folder_count(*state, ""), 101);
}

static void
a_digest_is_that_of_the_bytes(void **state)
{
	static const char empty[] =
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char abc[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	RK_AUTO(rk_dir) dir = ours(*state);
	uint8_t digest[32] = {7};
	char text[65];
	uint64_t len = 9;

	assert_error(rk_file_sha256(dir, "none", digest, &len), RK_E_NOT_FOUND);
	assert_int_equal(digest[0], 7);
	assert_int_equal(len, 9);
	rk_folder_write(*state, "abc", "abc");
	assert_ok(rk_file_sha256(dir, "abc", digest, &len));
	rk_hex(text, digest, 32);
	assert_string_equal(text, abc);
	assert_int_equal(len, 3);
	rk_folder_write(*state, "empty", "");
	assert_ok(rk_file_sha256(dir, "empty", digest, NULL));
	rk_hex(text, digest, 32);
	assert_string_equal(text, empty);
}

static void
a_lock_is_held_by_one_and_says_who(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_error) err = NULL;
	rk_lock *lock = NULL;
	rk_lock *other = NULL;
	char want[64];

	assert_ok(rk_lock_take(dir, ".lock", &lock));
	err = rk_lock_take(dir, ".lock", &other);
	assert_int_equal(rk_error_code(err), RK_E_BUSY);
	snprintf(want, sizeof(want), "process %ld of user %ld", (long)getpid(), (long)geteuid());
	assert_non_null(strstr(rk_error_message(err), want));
	assert_null(other);
	rk_lock_free(lock);
	rk_lock_free(NULL);
	assert_int_equal(access(rk_folder_path(*state, ".lock"), F_OK), 0);
	assert_ok(rk_lock_take(dir, ".lock", &other));
	rk_lock_free(other);
	assert_true(rk_folder_holds(*state, ".lock", ""));
}

static void
the_words_of_a_holder_are_shown_safely(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_error) err = NULL;
	rk_lock *lock = NULL;
	rk_lock *other = NULL;

	assert_ok(rk_lock_take(dir, ".lock", &lock));
	rk_folder_write(*state, ".lock", "\x1b[31mroot");
	err = rk_lock_take(dir, ".lock", &other);
	assert_non_null(strstr(rk_error_message(err), "(\\x1b[31mroot)"));
	assert_null(other);
	rk_lock_free(lock);
}

static void
a_lock_that_is_a_link_or_anybodys_is_not_taken(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	rk_lock *lock = NULL;

	assert_int_equal(symlink("elsewhere", rk_folder_path(*state, "link")), 0);
	assert_error(rk_lock_take(dir, "link", &lock), RK_E_UNSAFE);
	assert_int_equal(access(rk_folder_path(*state, "elsewhere"), F_OK), -1);
	rk_folder_write(*state, "open", "");
	assert_int_equal(chmod(rk_folder_path(*state, "open"), 0666), 0);
	assert_error(rk_lock_take(dir, "open", &lock), RK_E_UNSAFE);
	assert_error(rk_lock_take(dir, "none/lock", &lock), RK_E_NOT_FOUND);
	assert_null(lock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(a_file_is_replaced_whole_with_its_mode),
	    in_folder(several_files_get_their_names_together_or_not_at_all),
	    in_folder(a_link_is_replaced_and_its_target_left_alone),
	    in_folder(a_new_file_takes_nobodys_place),
	    in_folder(a_writer_gives_the_name_only_at_its_end),
	    in_folder(a_writer_that_is_dropped_leaves_nothing),
	    in_folder(a_full_disk_leaves_the_old_file_and_no_other),
	    in_folder(what_cannot_be_written_is_refused_and_leaves_nothing),
	    in_folder(the_longest_name_can_be_written),
	    in_folder(a_path_of_the_command_line_is_written),
	    in_folder(a_device_or_a_descriptor_never_becomes_a_file),
	    in_folder(removing_what_is_not_there_is_success),
	    in_folder(a_sweep_removes_what_a_crash_left_and_nothing_else),
	    in_folder(an_old_temporary_file_is_in_nobodys_way),
	    in_folder(a_digest_is_that_of_the_bytes),
	    in_folder(a_lock_is_held_by_one_and_says_who),
	    in_folder(the_words_of_a_holder_are_shown_safely),
	    in_folder(a_lock_that_is_a_link_or_anybodys_is_not_taken),
	};

	return cmocka_run_group_tests_name("file, writing", tests, NULL, NULL);
}
