#include "keep/memory.h"
#include "support/folder.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

#define PRINT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PRINT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const uint8_t anchor[RK_SHA256_SIZE] = {0xa0, 0xb1};
static const uint8_t other_anchor[RK_SHA256_SIZE] = {0xc0};
static const uint8_t first[RK_SHA256_SIZE] = {1};
static const uint8_t second[RK_SHA256_SIZE] = {2};

#define STATE(folder) rk_folder_path((folder), "state/rootkeep")

static rk_memory *
open_memory(const char *folder)
{
	rk_memory *memory = NULL;

	assert_ok(rk_memory_open(STATE(folder), &memory));
	return memory;
}

static void
remember(rk_memory *memory, const uint8_t *of, const char *name, int64_t version,
    const uint8_t *digest, const char *fingerprint)
{
	char role[] = "root";
	char *prints[] = {(char *)(uintptr_t)fingerprint};
	rk_memory_payload payload = {
	    .role = role, .version = version, .fingerprints = prints, .fingerprint_count = 1};
	struct rk_memory_news news = {name, 1, of, &payload, 1};

	memcpy(payload.sha256, digest, RK_SHA256_SIZE);
	assert_ok(rk_memory_record_news(memory, &news, 1));
}

static void
nothing_is_made_before_something_is_remembered(void **state)
{
	RK_AUTO(rk_memory) memory = open_memory(*state);
	RK_AUTO(rk_memory_record) record = NULL;

	assert_error(rk_memory_recall(memory, anchor, &record), RK_E_NOT_FOUND);
	assert_error(rk_memory_recall_name(memory, "demo", &record), RK_E_NOT_FOUND);
	assert_ok(rk_memory_check(memory, anchor, "root", 1, first));
	assert_int_equal(rk_folder_count(*state, "."), 0);
}

static void
a_second_payload_of_one_version_is_refused_with_a_remedy(void **state)
{
	RK_AUTO(rk_memory) memory = open_memory(*state);
	rk_error *err;

	remember(memory, anchor, "demo", 2, first, PRINT_A);
	assert_ok(rk_memory_check(memory, anchor, "root", 2, first));
	assert_ok(rk_memory_check(memory, anchor, "root", 3, second));
	assert_ok(rk_memory_check(memory, anchor, "targets", 2, second));
	assert_ok(rk_memory_check(memory, other_anchor, "root", 2, second));
	err = rk_memory_check(memory, anchor, "root", 2, second);
	assert_non_null(strstr(rk_error_message(err), "root"));
	assert_non_null(strstr(rk_error_remedy(err), "--except second-payload=REASON"));
	assert_error(err, RK_E_REFUSED);
	/* After an exception both are known, and neither surprises again. */
	remember(memory, anchor, "demo", 2, second, PRINT_A);
	assert_ok(rk_memory_check(memory, anchor, "root", 2, first));
	assert_ok(rk_memory_check(memory, anchor, "root", 2, second));
}

static void
what_was_recorded_is_recalled_by_another_process(void **state)
{
	RK_AUTO(rk_memory) writer = open_memory(*state);
	RK_AUTO(rk_memory) reader = NULL;
	RK_AUTO(rk_memory_record) record = NULL;
	RK_AUTO(rk_memory_record) named = NULL;

	remember(writer, anchor, "old name", 1, first, PRINT_A);
	remember(writer, anchor, "demo", 1, first, PRINT_B);
	remember(writer, anchor, "demo", 1, first, PRINT_B);
	remember(writer, anchor, "demo", 2, second, PRINT_A);
	reader = open_memory(*state);
	assert_ok(rk_memory_recall(reader, anchor, &record));
	assert_string_equal(record->name, "demo");
	assert_int_equal(record->anchor_version, 1);
	assert_int_equal(record->count, 2);
	assert_int_equal(record->payloads[0].fingerprint_count, 2);
	assert_string_equal(record->payloads[0].fingerprints[1], PRINT_B);
	assert_memory_equal(record->payloads[1].sha256, second, RK_SHA256_SIZE);
	assert_ok(rk_memory_recall_name(reader, "demo", &named));
	assert_memory_equal(named->anchor_sha256, anchor, RK_SHA256_SIZE);
	remember(writer, other_anchor, "demo", 1, first, PRINT_A);
	rk_memory_record_free(RK_TAKE(named));
	assert_error(rk_memory_recall_name(reader, "demo", &named), RK_E_AMBIGUOUS);
}

/* A batch has one wait for the disk; an anchor that is in it twice is not forgotten once. */
static void
several_anchors_are_recorded_together(void **state)
{
	RK_AUTO(rk_memory) memory = open_memory(*state);
	char root[] = "root", targets[] = "targets";
	rk_memory_payload payloads[] = {
	    {.role = root, .version = 2}, {.role = targets, .version = 7}};
	struct rk_memory_news news[] = {
	    {"demo", 1, anchor, &payloads[0], 1},
	    {"other", 1, other_anchor, &payloads[0], 1},
	    {"demo again", 1, anchor, &payloads[1], 1},
	};

	memcpy(payloads[0].sha256, first, RK_SHA256_SIZE);
	memcpy(payloads[1].sha256, first, RK_SHA256_SIZE);
	assert_ok(rk_memory_record_news(memory, news, 3));
	assert_error(rk_memory_check(memory, anchor, "root", 2, second), RK_E_REFUSED);
	assert_error(rk_memory_check(memory, anchor, "targets", 7, second), RK_E_REFUSED);
	assert_error(rk_memory_check(memory, other_anchor, "root", 2, second), RK_E_REFUSED);
	assert_ok(rk_memory_check(memory, other_anchor, "targets", 7, second));
}

static const char *
file_of(const char *folder)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/anchors/a0b1%060d.json", STATE(folder), 0);
	return path;
}

static void
nobody_else_may_read_it(void **state)
{
	RK_AUTO(rk_memory) memory = open_memory(*state);
	struct stat st;

	remember(memory, anchor, "demo", 1, first, PRINT_A);
	assert_int_equal(stat(file_of(*state), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(rk_folder_path(*state, "state/rootkeep/anchors"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void
a_memory_that_others_can_write_is_not_believed(void **state)
{
	RK_AUTO(rk_memory) memory = open_memory(*state);
	RK_AUTO(rk_memory) none = NULL;

	remember(memory, anchor, "demo", 1, first, PRINT_A);
	assert_int_equal(chmod(file_of(*state), 0666), 0);
	assert_error(rk_memory_check(memory, anchor, "root", 1, first), RK_E_UNSAFE);
	assert_int_equal(chmod(rk_folder_path(*state, "state/rootkeep/anchors"), 0777), 0);
	assert_error(rk_memory_open(STATE(*state), &none), RK_E_UNSAFE);
}

static void
a_damaged_or_newer_memory_never_counts_as_none(void **state)
{
	static const char file[] =
	    "state/rootkeep/anchors/"
	    "a0b1000000000000000000000000000000000000000000000000000000000000"
	    ".json";
	RK_AUTO(rk_memory) memory = open_memory(*state);
	RK_AUTO(rk_memory_record) record = NULL;

	remember(memory, anchor, "demo", 1, first, PRINT_A);
	rk_folder_write(*state, file, "{");
	assert_error(rk_memory_check(memory, anchor, "root", 1, first), RK_E_MALFORMED);
	rk_folder_write(*state, file, "{\"rootkeep_memory\":2}");
	assert_error(rk_memory_check(memory, anchor, "root", 1, first), RK_E_NEWER);
	rk_folder_write(*state, file,
	    "{\"rootkeep_memory\":1,\"name\":\"demo\",\"signed\":[],\"anchor\":{\"version\":1,"
	    "\"sha256\":\"" PRINT_A "\"}}");
	assert_error(rk_memory_recall(memory, anchor, &record), RK_E_MALFORMED);
	assert_null(record);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(nothing_is_made_before_something_is_remembered),
	    in_folder(a_second_payload_of_one_version_is_refused_with_a_remedy),
	    in_folder(several_anchors_are_recorded_together),
	    in_folder(what_was_recorded_is_recalled_by_another_process),
	    in_folder(nobody_else_may_read_it),
	    in_folder(a_memory_that_others_can_write_is_not_believed),
	    in_folder(a_damaged_or_newer_memory_never_counts_as_none),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
