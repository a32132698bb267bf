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
a_file_is_read_whole_or_not_at_all(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_text) empty = NULL;

	rk_folder_write(*state, "five", "12345");
	rk_folder_write(*state, "none", "");
	assert_error(rk_text_read(dir, "five", 4, &text), RK_E_LIMIT);
	assert_error(rk_text_read_path(rk_folder_path(*state, "five"), 4, &text), RK_E_LIMIT);
	assert_error(rk_text_read(dir, "six", 10, &text), RK_E_NOT_FOUND);
	assert_error(rk_text_read_path(rk_folder_path(*state, "six"), 4, &text), RK_E_NOT_FOUND);
	assert_error(rk_text_read(dir, "", 10, &text), RK_E_NOT_FOUND);
	assert_error(rk_text_read_path(*state, 10, &text), RK_E_IO);
	assert_null(text);
	assert_ok(rk_text_read(dir, "five", 5, &text));
	assert_int_equal(text->len, 5);
	assert_ok(rk_text_read(dir, "none", 0, &empty));
	assert_int_equal(empty->len, 0);
	assert_non_null(empty->data);
}

static void
what_is_no_plain_file_is_not_waited_for(void **state)
{
	RK_AUTO(rk_dir) dir = anybodys(*state);
	RK_AUTO(rk_text) text = NULL;
	uint8_t digest[32];

	assert_int_equal(mkfifo(rk_folder_path(*state, "pipe"), 0600), 0);
	make_folder(*state, "folder");
	assert_error(rk_text_read(dir, "pipe", 10, &text), RK_E_UNSAFE);
	assert_error(rk_text_read(dir, "folder", 10, &text), RK_E_UNSAFE);
	assert_error(rk_file_sha256(dir, "pipe", digest, NULL), RK_E_UNSAFE);
	assert_null(text);
}

/* `len` bytes that tell where they stand. */
static void
fill(rk_buf *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rk_buf_byte(buf, (uint8_t)(i * 7 + i / 251));
	assert_ok(rk_buf_check(buf));
}

static void
assert_same(const rk_text *text, const rk_buf *bytes)
{
	assert_int_equal(text->len, bytes->len);
	assert_int_equal(memcmp(text->data, bytes->data, bytes->len), 0);
}

static void
large_files_come_back_byte_for_byte_at_every_edge(void **state)
{
	static const size_t sizes[] = {
	    8191, 8192, 8193, 65536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3000001};
	RK_AUTO(rk_dir) strict = ours(*state);
	RK_AUTO(rk_dir) loose = anybodys(*state);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		RK_AUTO(rk_text) a = NULL;
		RK_AUTO(rk_text) b = NULL;
		RK_AUTO(rk_text) c = NULL;
		RK_AUTO_BUF(bytes);

		fill(&bytes, sizes[i]);
		assert_ok(rk_file_replace(strict, "large", bytes.data, bytes.len, 0644));
		assert_ok(rk_text_read(strict, "large", bytes.len, &a));
		assert_ok(rk_text_read(loose, "large", bytes.len, &b));
		assert_ok(rk_text_read_path(rk_folder_path(*state, "large"), bytes.len, &c));
		assert_same(a, &bytes);
		assert_same(b, &bytes);
		assert_same(c, &bytes);
		for (size_t at = 0; at <= bytes.len + 5000; at += 4096) {
			rk_text_forget(a, at);
			rk_text_forget(b, at);
		}
		rk_text_forget(a, 100);
		rk_text_forget(a, 1100000);
		assert_same(a, &bytes);
		assert_same(b, &bytes);
	}
}

static void
somebody_elses_bytes_cannot_change_after_they_were_read(void **state)
{
	RK_AUTO(rk_dir) loose = anybodys(*state);
	RK_AUTO(rk_text) beneath = NULL;
	RK_AUTO(rk_text) path = NULL;
	RK_AUTO_BUF(bytes);
	int fd;

	fill(&bytes, 2 << 20);
	assert_ok(rk_file_replace(loose, "large", bytes.data, bytes.len, 0644));
	assert_ok(rk_text_read(loose, "large", bytes.len, &beneath));
	assert_ok(rk_text_read_path(rk_folder_path(*state, "large"), bytes.len, &path));
	fd = open(rk_folder_path(*state, "large"), O_WRONLY);
	assert_int_equal(pwrite(fd, "CHANGED", 7, 1 << 20), 7);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	close(fd);
	assert_same(beneath, &bytes);
	assert_same(path, &bytes);
}

/* Of the mapping that an address lies in. */
static size_t
resident_kib(const void *address)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long from, to, at = (unsigned long)(uintptr_t)address;
	size_t resident = SIZE_MAX;
	bool is_there = false;

	assert_non_null(file);
	for (char line[1024]; fgets(line, sizeof(line), file);) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_there = from <= at && at < to;
		if (is_there && sscanf(line, "Rss: %zu", &resident) == 1)
			break;
	}
	fclose(file);
	return resident;
}

static void
pages_that_are_forgotten_leave_memory(void **state)
{
	RK_AUTO(rk_dir) dir = ours(*state);
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO_BUF(bytes);
	size_t passed = 0;

	fill(&bytes, 32 << 20);
	assert_ok(rk_file_replace(dir, "large", bytes.data, bytes.len, 0644));
	rk_buf_clear(&bytes);
	assert_ok(rk_text_read(dir, "large", 64 << 20, &text));
	for (size_t at = 0; at < text->len; at += 4096) {
		passed += (uint8_t)text->data[at];
		rk_text_forget(text, at);
	}
	assert_true(passed > 0);
	assert_in_range(resident_kib(text->data), 0, 3 * 1024);
}

static void
a_pipe_is_read_to_its_end(void **state)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO_BUF(bytes);
	RK_AUTO_BUF(path);
	int ends[2], status;
	pid_t child;

	(void)state;
	fill(&bytes, 1500000);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		size_t done = 0;

		while (done < bytes.len) {
			ssize_t put = write(ends[1], bytes.data + done, bytes.len - done);

			if (put <= 0)
				_exit(1);
			done += (size_t)put;
		}
		_exit(0);
	}
	close(ends[1]);
	rk_buf_printf(&path, "/dev/fd/%d", ends[0]);
	assert_ok(rk_text_read_path(rk_buf_str(&path), bytes.len, &text));
	assert_same(text, &bytes);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
a_pipe_without_end_is_cut_at_the_cap(void **state)
{
	RK_AUTO(rk_text) text = NULL;

	(void)state;
	assert_error(rk_text_read_path("/dev/zero", 100000, &text), RK_E_LIMIT);
	assert_error(rk_text_read_path("/dev/zero", 3 << 20, &text), RK_E_LIMIT);
	assert_error(rk_text_read_path("/dev/fd/9999", 10, &text), RK_E_IO);
	assert_null(text);
}

static void
texts_from_memory_are_copied_or_taken(void **state)
{
	RK_AUTO(rk_text) copied = NULL;
	RK_AUTO(rk_text) taken = NULL;
	RK_AUTO(rk_text) none = NULL;
	char bytes[] = "bytes";
	RK_AUTO_BUF(buf);

	(void)state;
	assert_ok(rk_text_copy(bytes, 5, &copied));
	bytes[0] = 'X';
	assert_memory_equal(copied->data, "bytes", 5);
	rk_text_forget(copied, 3);
	rk_buf_text(&buf, "taken");
	assert_ok(rk_text_take(&buf, &taken));
	assert_null(buf.data);
	assert_int_equal(taken->len, 5);
	assert_memory_equal(taken->data, "taken", 5);
	buf.failed = true;
	assert_error(rk_text_take(&buf, &none), RK_E_NOMEM);
	assert_null(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(a_file_is_read_whole_or_not_at_all),
	    in_folder(what_is_no_plain_file_is_not_waited_for),
	    in_folder(large_files_come_back_byte_for_byte_at_every_edge),
	    in_folder(somebody_elses_bytes_cannot_change_after_they_were_read),
	    in_folder(pages_that_are_forgotten_leave_memory),
	    in_folder(a_pipe_is_read_to_its_end),
	    in_folder(a_pipe_without_end_is_cut_at_the_cap),
	    in_folder(texts_from_memory_are_copied_or_taken),
	};

	return cmocka_run_group_tests_name("file, reading", tests, NULL, NULL);
}
