#include "support/spec.h"
#include "support/tuf_maker.h"

#include <string.h>

#define ONES16 "1111111111111111"
#define SNAPSHOT(meta)                                                                            \
	"{\"signed\":{\"_type\":\"snapshot\",\"expires\":\"2027-12-01T00:00:00Z\",\"meta\":" meta \
	",\"version\":3,\"x\":1},\"signatures\":[]}"

static rk_error *
read_text(const char *text, rk_snapshot **ret_snapshot)
{
	rk_envelope *envelope = rk_tuf_maker_open(rk_tuf_maker_text(text), "snapshot.json");
	rk_error *err = rk_snapshot_read(envelope, ret_snapshot);

	rk_envelope_free(envelope);
	return err;
}

static rk_snapshot *
snapshot_from(const char *text)
{
	rk_snapshot *snapshot = NULL;

	assert_ok(read_text(text, &snapshot));
	return snapshot;
}

static void
a_list_says_version_length_and_hashes(void **state)
{
	rk_snapshot *snapshot = snapshot_from(
	    SNAPSHOT("{\"targets.json\":{\"version\":7},\"alice.json\":{\"hashes\":{\"sha256\":"
		     "\"" ONES16 ONES16 ONES16 ONES16 "\",\"md5\":\"00\"},\"length\":5,"
		     "\"version\":2}}"));
	const rk_snapshot_entry *entry = rk_snapshot_entry_of(snapshot, "targets/alice");

	(void)state;
	assert_int_equal(snapshot->version, 3);
	assert_int_equal(snapshot->count, 2);
	assert_string_equal(snapshot->entries[0].name, "alice.json");
	assert_int_equal(entry->version, 2);
	assert_true(entry->has_length && entry->length == 5);
	assert_int_equal(entry->hashes.have, 1u << RK_HASH_SHA256);
	assert_int_equal(entry->hashes.unknown, 1);
	entry = rk_snapshot_entry_of(snapshot, "targets");
	assert_int_equal(entry->version, 7);
	assert_false(entry->has_length);
	assert_null(rk_snapshot_entry_of(snapshot, "targets/bob"));
	assert_null(rk_snapshot_entry_of(snapshot, "timestamp"));
	rk_snapshot_free(snapshot);
}

static void
what_is_no_list_is_malformed(void **state)
{
	static const char *const bad[] = {
	    SNAPSHOT("[]"),
	    SNAPSHOT("{\"targets.json\":7}"),
	    SNAPSHOT("{\"targets.json\":{}}"),
	    SNAPSHOT("{\"targets\":{\"version\":1}}"),
	    SNAPSHOT("{\"targets.json\":{\"version\":0}}"),
	    SNAPSHOT("{\"targets.json\":{\"version\":1,\"length\":-1}}"),
	    SNAPSHOT("{\"targets.json\":{\"version\":1,\"hashes\":{\"sha256\":\"00\"}}}"),
	    "{\"signed\":{\"_type\":\"targets\",\"expires\":\"2027-12-01T00:00:00Z\",\"meta\":{},"
	    "\"version\":3},\"signatures\":[]}",
	    "{\"signed\":{\"_type\":\"snapshot\",\"expires\":\"2027-12-01T00:00:00Z\","
	    "\"version\":3},\"signatures\":[]}",
	};
	rk_snapshot *snapshot = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(read_text(bad[i], &snapshot), RK_E_MALFORMED);
	assert_null(snapshot);
}

static void
files_are_listed_changed_and_taken_off(void **state)
{
	static const char *const roles[] = {"targets/b", "targets", "targets/a", "targets/c"};
	rk_snapshot *snapshot = snapshot_from(
	    SNAPSHOT("{\"targets/x.json\":{\"version\":9},\"b.json\":{\"version\":1,\"x\":[]}}"));
	rk_hashes hashes = {0};
	rk_text *text = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_ok(rk_snapshot_list_facts(
		    snapshot, roles[i], (int64_t)i + 10, 5, i == 1 ? NULL : &hashes));
	assert_int_equal(snapshot->count, 5);
	for (size_t i = 1; i < snapshot->count; i++)
		assert_true(strcmp(snapshot->entries[i - 1].name, snapshot->entries[i].name) < 0);
	assert_int_equal(rk_snapshot_entry_of(snapshot, "targets/b")->version, 10);
	assert_ok(rk_snapshot_unlist(snapshot, "targets/a"));
	assert_error(rk_snapshot_unlist(snapshot, "targets/a"), RK_E_NOT_FOUND);
	assert_ok(rk_snapshot_set_version(snapshot, 4));
	assert_ok(rk_snapshot_compose(snapshot, NULL, &text));
	rk_snapshot_free(snapshot);
	/* What it did not name stands as it stood. */
	assert_non_null(strstr(text->data, "\"targets/x.json\":{\"version\":9}"));
	assert_non_null(
	    strstr(text->data, "\"b.json\":{\"hashes\":{},\"length\":5,\"version\":10,\"x\":[]}"));
	assert_non_null(strstr(text->data, "\"targets.json\":{\"version\":11}"));
	assert_non_null(strstr(text->data, "\"version\":4,\"x\":1"));
	assert_null(strstr(text->data, "\"a.json\""));
	rk_text_free(text);
}

static void
a_file_is_the_one_that_its_entry_means(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_snapshot_entry entry = *rk_snapshot_entry_of(maker->snapshot, "targets");
	rk_text *text = NULL;
	rk_envelope *file;

	assert_ok(maker->source->fetch(maker->source, "1.targets.json", SIZE_MAX, &text));
	file = rk_tuf_maker_open(text, "1.targets.json");
	assert_ok(rk_snapshot_entry_check(&entry, file));
	entry.length++;
	assert_error(rk_snapshot_entry_check(&entry, file), RK_E_UNTRUSTED);
	entry.has_length = false;
	assert_ok(rk_snapshot_entry_check(&entry, file));
	entry.hashes.value[RK_HASH_SHA256][0] ^= 1;
	assert_error(rk_snapshot_entry_check(&entry, file), RK_E_UNTRUSTED);
	/* A hash that nobody here can take proves nothing. */
	entry.hashes = (rk_hashes){.unknown = 1};
	assert_error(rk_snapshot_entry_check(&entry, file), RK_E_UNTRUSTED);
	entry.hashes = (rk_hashes){0};
	assert_ok(rk_snapshot_entry_check(&entry, file));
	entry.version = 2;
	assert_error(rk_snapshot_entry_check(&entry, file), RK_E_UNTRUSTED);
	rk_envelope_free(file);
}

static void
two_lists_are_the_same_by_their_files(void **state)
{
	rk_tuf_maker *maker = *state;
	rk_snapshot *other = NULL;
	rk_text *text = NULL;
	rk_envelope *file;

	assert_ok(maker->source->fetch(maker->source, "1.snapshot.json", SIZE_MAX, &text));
	file = rk_tuf_maker_open(text, "1.snapshot.json");
	assert_ok(rk_snapshot_read(file, &other));
	rk_envelope_free(file);
	assert_ok(rk_snapshot_set_version(other, 8));
	assert_ok(rk_snapshot_set_expires(other, RK_MAKER_NOW));
	assert_true(rk_snapshot_same_files(maker->snapshot, other));
	assert_ok(rk_snapshot_list_facts(other, "targets/a", 1, 0, NULL));
	assert_false(rk_snapshot_same_files(maker->snapshot, other));
	assert_ok(rk_snapshot_unlist(other, "targets/a"));
	assert_ok(rk_snapshot_list_facts(other, "targets", 2, 0, NULL));
	assert_false(rk_snapshot_same_files(maker->snapshot, other));
	rk_snapshot_free(other);
}

/* As many files as the largest repositories have bins; quadratic, this would not end. */
static void
bins_by_the_ten_thousand_are_listed(void **state)
{
	enum { BINS = 16384 };
	rk_snapshot *snapshot = NULL, *again;
	rk_text *text = NULL;
	rk_hashes hashes = {.have = 1u << RK_HASH_SHA256};

	(void)state;
	assert_ok(rk_snapshot_new(&rk_dialect_tuf, RK_ROLE_SNAPSHOT, RK_MAKER_NOW, &snapshot));
	for (unsigned round = 1; round <= 2; round++) {
		for (unsigned i = 0; i < BINS; i++) {
			char role[32];

			snprintf(role, sizeof(role), "targets/bins-%04x", i);
			assert_ok(rk_snapshot_list_facts(snapshot, role, round, i, &hashes));
		}
	}
	assert_int_equal(snapshot->count, BINS);
	assert_ok(rk_snapshot_compose(snapshot, NULL, &text));
	rk_snapshot_free(snapshot);
	{
		RK_AUTO_BUF(copy);

		rk_buf_append(&copy, text->data, text->len);
		again = snapshot_from(rk_buf_str(&copy));
	}
	assert_int_equal(rk_snapshot_entry_of(again, "targets/bins-3fff")->length, BINS - 1);
	assert_int_equal(rk_snapshot_entry_of(again, "targets/bins-0000")->version, 2);
	rk_snapshot_free(again);
	rk_text_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_list_says_version_length_and_hashes),
	    spec(what_is_no_list_is_malformed),
	    spec(files_are_listed_changed_and_taken_off),
	    cmocka_unit_test_setup_teardown(
		a_file_is_the_one_that_its_entry_means, rk_tuf_maker_new, rk_tuf_maker_free),
	    cmocka_unit_test_setup_teardown(
		two_lists_are_the_same_by_their_files, rk_tuf_maker_new, rk_tuf_maker_free),
	    spec(bins_by_the_ten_thousand_are_listed),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
