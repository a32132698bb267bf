#include "keep/store.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

#define EXPIRES (RK_FAKE_NOW + RK_DAY)

/* A file of the role, without signatures. */
static rk_text *
metadata(const char *role, int64_t version)
{
	enum rk_role_kind kind = rk_role_kind_of(role);
	RK_AUTO(rk_node) node = NULL;
	rk_text *text = NULL;

	assert_ok(rk_dialect_tuf.blank(kind, EXPIRES, &node));
	assert_ok(rk_node_put_int(node, "version", version));
	assert_ok(rk_envelope_compose(&rk_dialect_tuf, node, NULL, &text));
	return text;
}

static rk_store *
open_store(rk_keep *keep)
{
	rk_store *store = NULL;

	assert_ok(rk_store_open(keep, "demo", &rk_dialect_tuf, &store));
	return store;
}

static void
stage(const rk_store *store, rk_change *change, const char *role, int64_t version)
{
	RK_AUTO(rk_text) text = metadata(role, version);

	assert_ok(rk_store_stage(store, change, role, text->data, text->len));
}

static void
put(const rk_store *store, rk_change *change, const char *role, int64_t version, bool consistent)
{
	RK_AUTO(rk_text) text = metadata(role, version);
	RK_AUTO(rk_str) file = NULL;

	assert_ok(rk_dialect_tuf.published_name(role, version, consistent, &file));
	if (rk_role_kind_of(role) == RK_ROLE_ROOT) {
		assert_ok(rk_store_put_published(store, change, file, text->data, text->len));
		return;
	}
	stage(store, change, role, version);
	assert_ok(rk_store_promote(store, change, role, file));
}

/* As signing does it: a root is put, the others are staged and become what is published. */
static rk_error *
publish(rk_keep *keep, const char *const *roles, size_t count, int64_t version, bool consistent)
{
	RK_AUTO(rk_store) store = open_store(keep);
	RK_AUTO(rk_change) change = NULL;

	assert_ok(rk_change_new(keep, &change));
	for (size_t i = 0; i < count; i++)
		put(store, change, roles[i], version, consistent);
	return rk_change_commit(change);
}

static const char *const all[] = {"timestamp", "root", "targets/alice", "snapshot", "targets"};

static void
a_repository_without_folders_has_nothing(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_names) roles = NULL;
	RK_AUTO(rk_source) source = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	RK_AUTO(rk_str) file = NULL;
	RK_AUTO(rk_text) text = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	store = open_store(keep);
	assert_null(rk_store_metadata(store));
	assert_null(rk_store_staged(store));
	assert_ok(rk_store_staged_roles(store, &roles));
	assert_int_equal(roles->count, 0);
	assert_ok(rk_store_open_published(store, "root", &envelope));
	assert_null(envelope);
	assert_ok(rk_store_published_file(store, "root", &file));
	assert_null(file);
	assert_ok(rk_store_source(store, &source));
	assert_error(source->fetch(source, "1.root.json", 100, &text), RK_E_NOT_FOUND);
}

static void
what_is_staged_is_found_again_until_it_is_unstaged(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_change) back = NULL;
	RK_AUTO(rk_names) roles = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_sink sink;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	store = open_store(keep);
	assert_ok(rk_change_new(keep, &change));
	for (size_t i = 0; i < 5; i++)
		stage(store, change, all[i], 3);
	/* Names that look like a number, and ones that no file could have. */
	stage(store, change, "targets/7.x", 3);
	{
		RK_AUTO(rk_text) text = metadata("targets", 4);

		assert_ok(rk_store_stage_stream(store, change, "targets/a/b", &sink));
		assert_ok(sink.write(sink.context, text->data, text->len));
	}
	assert_ok(rk_change_commit(change));
	rk_store_free(store);
	store = open_store(keep);
	assert_ok(rk_store_staged_roles(store, &roles));
	assert_int_equal(roles->count, 7);
	assert_string_equal(roles->names[0], "root");
	assert_string_equal(roles->names[1], "timestamp");
	assert_string_equal(roles->names[2], "snapshot");
	assert_string_equal(roles->names[3], "targets");
	assert_string_equal(roles->names[4], "targets/7.x");
	assert_string_equal(roles->names[5], "targets/a/b");
	assert_string_equal(roles->names[6], "targets/alice");
	assert_ok(rk_store_open_staged(store, "targets/a/b", &envelope));
	assert_int_equal(envelope->version, 4);
	assert_false(rk_store_is_published(store, "root"));
	assert_ok(rk_change_new(keep, &back));
	assert_ok(rk_store_unstage(store, back, "root"));
	assert_ok(rk_change_commit(back));
	rk_store_free(store);
	store = open_store(keep);
	assert_false(rk_store_is_staged(store, "root"));
	assert_true(rk_store_is_staged(store, "targets"));
}

static void
publishing_moves_files_under_their_published_names(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_names) files = NULL;
	RK_AUTO(rk_source) source = NULL;
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_str) file = NULL;
	static const char *const names[] = {
	    "1.alice.json", "1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json"};

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_ok(publish(keep, all, 5, 1, true));
	store = open_store(keep);
	assert_null(rk_store_staged(store));
	assert_ok(rk_dir_list(rk_store_metadata(store), NULL, 100, &files));
	assert_int_equal(files->count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(files->names[i], names[i]);
	assert_ok(rk_store_source(store, &source));
	assert_ok(source->fetch(source, "1.root.json", 1 << 20, &text));
	assert_ok(rk_store_published_file(store, "targets/alice", &file));
	assert_string_equal(file, "1.alice.json");
}

static void
the_current_version_is_the_highest_numbered_or_not(void **state)
{
	static const char *const targets[] = {"targets", "root"};
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	for (int64_t version = 1; version <= 11; version++)
		assert_ok(publish(keep, targets, 2, version, version <= 10));
	store = open_store(keep);
	assert_ok(rk_store_open_published(store, "targets", &envelope));
	assert_int_equal(envelope->version, 11);
	rk_envelope_free(RK_TAKE(envelope));
	assert_ok(rk_store_open_published(store, "root", &envelope));
	assert_int_equal(envelope->version, 11);
	rk_envelope_free(RK_TAKE(envelope));
	assert_ok(rk_store_open_version(store, "root", 2, &envelope));
	assert_int_equal(envelope->version, 2);
	rk_envelope_free(RK_TAKE(envelope));
	assert_ok(rk_store_open_version(store, "root", 12, &envelope));
	assert_null(envelope);
	/* Numbered ones again, and newer than the plain file. */
	assert_ok(publish(keep, targets, 2, 12, true));
	rk_store_free(store);
	store = open_store(keep);
	assert_ok(rk_store_open_published(store, "targets", &envelope));
	assert_int_equal(envelope->version, 12);
}

static void
a_published_root_is_never_replaced(void **state)
{
	static const char *const root[] = {"root"};
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_change) change = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_ok(publish(keep, root, 1, 1, true));
	assert_ok(publish(keep, root, 1, 1, true));
	store = open_store(keep);
	assert_ok(rk_change_new(keep, &change));
	assert_ok(rk_store_put_published(store, change, "1.root.json", "{}", 2));
	assert_error(rk_change_commit(change), RK_E_EXISTS);
	rk_change_free(RK_TAKE(change));
	assert_ok(rk_change_new(keep, &change));
	assert_error(rk_store_put_published(store, change, "../x", "{}", 2), RK_E_MALFORMED);
}

static void
publishing_what_is_not_staged_fails(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_change) change = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	store = open_store(keep);
	assert_ok(rk_change_new(keep, &change));
	assert_error(rk_store_promote(store, change, "targets", "1.targets.json"), RK_E_NOT_FOUND);
}

static void
removing_a_repository_leaves_no_file(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_change) change = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_ok(publish(keep, all, 5, 1, true));
	store = open_store(keep);
	assert_ok(rk_change_new(keep, &change));
	assert_ok(rk_store_remove_all(store, change));
	assert_ok(rk_keep_repo_remove(keep, "demo"));
	rk_change_save_keep(change);
	assert_ok(rk_change_commit(change));
	assert_int_not_equal(access(rk_folder_path(*state, "repos"), F_OK), 0);
	rk_change_free(RK_TAKE(change));
	assert_ok(rk_change_new(keep, &change));
	assert_ok(rk_store_remove_all(store, change));
	assert_true(rk_change_is_empty(change));
}

static void
links_and_damaged_files_are_not_read(void **state)
{
	static const char *const root[] = {"root"};
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	rk_store *none = NULL;
	RK_AUTO(rk_envelope) envelope = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_ok(publish(keep, root, 1, 1, true));
	rk_folder_write(*state, "repos/demo/metadata/2.root.json", "{}");
	rk_folder_write(*state, "repos/demo/metadata/README", "not metadata");
	store = open_store(keep);
	assert_error(rk_store_open_published(store, "root", &envelope), RK_E_MALFORMED);
	assert_int_equal(
	    symlink("2.root.json", rk_folder_path(*state, "repos/demo/metadata/3.root.json")), 0);
	assert_error(rk_store_open(keep, "demo", &rk_dialect_tuf, &none), RK_E_UNSAFE);
	assert_null(none);
}

static void
what_is_staged_becomes_the_published_file_by_the_same_change_or_a_later_one(void **state)
{
	static const char *const targets[] = {"targets"};
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_store) after = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_change) second = NULL;
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_text) want = metadata("targets", 2);
	uint8_t sha256[RK_SHA256_SIZE];
	int64_t version = -1;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	assert_ok(publish(keep, targets, 1, 1, true));
	store = open_store(keep);
	assert_ok(rk_store_published_version(store, "targets", &version));
	assert_int_equal(version, 1);
	assert_ok(rk_store_published_version(store, "snapshot", &version));
	assert_int_equal(version, 0);
	assert_ok(rk_change_new(keep, &change));
	stage(store, change, "targets", 2);
	assert_ok(rk_store_read_back(store, change, "targets", sha256, &text));
	assert_int_equal(text->len, want->len);
	assert_memory_equal(text->data, want->data, want->len);
	assert_error(rk_store_read_back(store, change, "snapshot", sha256, &text), RK_E_NOT_FOUND);
	stage(store, change, "snapshot", 1);
	assert_ok(rk_store_promote(store, change, "targets", "2.targets.json"));
	assert_ok(rk_change_commit(change));
	after = open_store(keep);
	assert_ok(rk_store_published_version(after, "targets", &version));
	assert_int_equal(version, 2);
	assert_false(rk_store_is_staged(after, "targets"));
	assert_true(rk_store_is_staged(after, "snapshot"));
	assert_ok(rk_change_new(keep, &second));
	assert_ok(rk_store_promote(after, second, "snapshot", "snapshot.json"));
	assert_ok(rk_change_commit(second));
	rk_store_free(RK_TAKE(after));
	after = open_store(keep);
	/* Not numbered: by what it says. */
	assert_ok(rk_store_published_version(after, "snapshot", &version));
	assert_int_equal(version, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(a_repository_without_folders_has_nothing),
	    in_folder(what_is_staged_is_found_again_until_it_is_unstaged),
	    in_folder(publishing_moves_files_under_their_published_names),
	    in_folder(the_current_version_is_the_highest_numbered_or_not),
	    in_folder(a_published_root_is_never_replaced),
	    in_folder(publishing_what_is_not_staged_fails),
	    in_folder(what_is_staged_becomes_the_published_file_by_the_same_change_or_a_later_one),
	    in_folder(removing_a_repository_leaves_no_file),
	    in_folder(links_and_damaged_files_are_not_read),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
