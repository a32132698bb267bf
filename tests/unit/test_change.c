#include "keep/change.h"
#include "support/fake_keep.h"
#include "support/folder.h"
#include "support/killed.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define in_folder(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

#define FILES "requests/"

static rk_change *
new_change(rk_keep *keep)
{
	rk_change *change = NULL;

	assert_ok(rk_change_new(keep, &change));
	return change;
}

static rk_error *
put(rk_change *change, const char *path, const char *text)
{
	return rk_change_write(change, path, RK_CHANGE_REPLACE, text, strlen(text));
}

static bool
is_there(const char *folder, const char *name)
{
	return access(rk_folder_path(folder, name), F_OK) == 0;
}

static void
assert_clean(const char *folder)
{
	assert_false(is_there(folder, ".pending"));
	assert_false(is_there(folder, ".intent"));
}

static void
files_are_written_moved_and_removed_by_one_change(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) first = NULL;
	RK_AUTO(rk_change) second = NULL;
	rk_journal_head head;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	first = new_change(keep);
	assert_ok(put(first, FILES "a", "old a"));
	assert_ok(put(first, FILES "b", "b"));
	assert_false(is_there(*state, FILES "a"));
	assert_ok(rk_change_commit(first));
	second = new_change(keep);
	assert_ok(put(second, FILES "a", "new a"));
	assert_ok(rk_change_move(second, FILES "b", "backups/deep/b", RK_CHANGE_CREATE));
	assert_ok(rk_change_remove(second, FILES "never"));
	assert_ok(rk_change_journal(second, rk_fake_keep_entry(&fake, "test")));
	assert_ok(rk_change_commit(second));
	assert_true(rk_folder_holds(*state, FILES "a", "new a"));
	assert_true(rk_folder_holds(*state, "backups/deep/b", "b"));
	assert_false(is_there(*state, FILES "b"));
	assert_clean(*state);
	assert_ok(rk_journal_verify(rk_keep_dir(keep), &head));
	assert_int_equal(head.count, 2);
}

static void
nothing_happens_without_a_commit(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	rk_change *change;
	rk_sink sink;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	change = new_change(keep);
	assert_true(rk_change_is_empty(change));
	assert_ok(put(change, FILES "a", "a"));
	assert_ok(rk_change_stream(change, FILES "b", RK_CHANGE_REPLACE, &sink));
	assert_ok(sink.write(sink.context, "half", 4));
	assert_false(rk_change_is_empty(change));
	rk_change_free(change);
	assert_false(is_there(*state, "requests"));
	assert_clean(*state);
}

static void
emptied_folders_go(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) first = NULL;
	RK_AUTO(rk_change) second = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	first = new_change(keep);
	assert_ok(put(first, "backups/alice/manifest.json", "{}"));
	assert_ok(rk_change_commit(first));
	second = new_change(keep);
	assert_ok(rk_change_remove(second, "backups/alice/manifest.json"));
	assert_ok(rk_change_commit(second));
	assert_false(is_there(*state, "backups"));
}

static void
a_file_made_exclusively_is_never_replaced_by_another(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	const char *const texts[] = {"root 1", "root 1", "another"};
	const enum rk_code codes[] = {RK_OK, RK_OK, RK_E_EXISTS};

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	for (unsigned i = 0; i < 3; i++) {
		RK_AUTO(rk_change) change = new_change(keep);

		assert_ok(put(change, FILES "side", texts[i]));
		assert_ok(rk_change_write(
		    change, FILES "1", RK_CHANGE_CREATE, texts[i], strlen(texts[i])));
		assert_error(rk_change_commit(change), codes[i]);
	}
	assert_true(rk_folder_holds(*state, FILES "1", "root 1"));
	assert_true(rk_folder_holds(*state, FILES "side", "root 1"));
	assert_clean(*state);
}

static void
a_file_that_a_change_writes_can_be_moved_by_it(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) first = NULL;
	RK_AUTO(rk_change) second = NULL;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	first = new_change(keep);
	assert_ok(put(first, FILES "staged", "unsigned"));
	assert_ok(rk_change_commit(first));
	second = new_change(keep);
	assert_ok(put(second, FILES "staged", "signed"));
	assert_ok(rk_change_move(second, FILES "staged", FILES "published", RK_CHANGE_CREATE));
	assert_ok(rk_change_commit(second));
	assert_true(rk_folder_holds(*state, FILES "published", "signed"));
	assert_false(is_there(*state, FILES "staged"));
}

static void
what_a_change_has_written_can_be_read_back_before_it_happens(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_text) later = NULL;
	uint8_t sha256[RK_SHA256_SIZE], want[RK_SHA256_SIZE];

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	change = new_change(keep);
	assert_error(rk_change_read(change, FILES "a", 10, sha256, &text), RK_E_NOT_FOUND);
	assert_ok(put(change, FILES "a", "first"));
	assert_ok(rk_change_read(change, FILES "a", 10, sha256, &text));
	assert_int_equal(text->len, 5);
	assert_memory_equal(text->data, "first", 5);
	rk_sha256("first", 5, want);
	assert_memory_equal(sha256, want, sizeof(want));
	assert_error(rk_change_read(change, FILES "a", 4, sha256, &later), RK_E_LIMIT);
	assert_ok(put(change, FILES "a", "second"));
	assert_ok(rk_change_read(change, FILES "a", 10, sha256, &later));
	assert_memory_equal(later->data, "second", 6);
	assert_ok(rk_change_move(change, FILES "a", FILES "b", RK_CHANGE_REPLACE));
	assert_ok(rk_change_commit(change));
	assert_true(rk_folder_holds(*state, FILES "b", "second"));
	assert_memory_equal(text->data, "first", 5);
}

static void
a_moved_file_can_be_written_anew_by_the_same_change(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	rk_journal_head head;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	/* The second time the place has the same contents already. */
	for (unsigned i = 0; i < 2; i++) {
		RK_AUTO(rk_change) first = new_change(keep);
		RK_AUTO(rk_change) second = new_change(keep);

		assert_ok(put(first, FILES "staged", "2"));
		assert_ok(rk_change_commit(first));
		assert_ok(rk_change_move(second, FILES "staged", FILES "2", RK_CHANGE_REPLACE));
		assert_ok(put(second, FILES "staged", "3"));
		assert_ok(rk_change_journal(second, rk_fake_keep_entry(&fake, "test")));
		assert_ok(rk_change_commit(second));
		assert_true(rk_folder_holds(*state, FILES "2", "2"));
		assert_true(rk_folder_holds(*state, FILES "staged", "3"));
	}
	assert_ok(rk_journal_verify(rk_keep_dir(keep), &head));
	assert_int_equal(head.count, 3);
}

static void
what_may_not_be_named_or_changed_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "/etc/passwd", ".lock", ".intent", "keep.json", "journal.jsonl", "a/"};
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_keep) reader = NULL;
	RK_AUTO(rk_change) change = NULL;
	rk_change *none = NULL;

	rk_fake_keep_begin(&fake, *state);
	reader = rk_fake_keep_open(&fake, *state, false);
	assert_error(rk_change_new(reader, &none), RK_E_INTERNAL);
	keep = rk_fake_keep_open(&fake, *state, true);
	change = new_change(keep);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_error(put(change, bad[i], "x"), RK_E_INTERNAL);
	assert_error(rk_change_move(change, "requests/none", "requests/x", RK_CHANGE_REPLACE),
	    RK_E_NOT_FOUND);
	assert_error(put(change, "requests/../../outside", "x"), RK_E_UNSAFE);
	assert_error(put(change, "requests/none/..", "x"), RK_E_UNSAFE);
	assert_error(put(change, "requests//x", "x"), RK_E_UNSAFE);
	assert_ok(rk_change_commit(change));
	assert_error(rk_change_commit(change), RK_E_INTERNAL);
	assert_error(put(change, FILES "late", "x"), RK_E_INTERNAL);
	assert_null(none);
	assert_clean(*state);
}

static void
a_link_in_the_keep_is_not_followed(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) change = NULL;

	rk_fake_keep_begin(&fake, *state);
	assert_int_equal(symlink("/tmp", rk_folder_path(*state, "requests")), 0);
	keep = rk_fake_keep_open(&fake, *state, true);
	change = new_change(keep);
	assert_ok(put(change, FILES "a", "a"));
	assert_error(rk_change_commit(change), RK_E_UNSAFE);
	assert_clean(*state);
}

/* Found out before the intent: a change that can never be finished would be worse than none. */
static void
what_stands_in_the_way_of_a_folder_is_found_before_it_is_too_late(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) change = NULL;

	rk_fake_keep_begin(&fake, *state);
	rk_folder_write(*state, "requests", "a file where a folder should be");
	keep = rk_fake_keep_open(&fake, *state, true);
	change = new_change(keep);
	assert_ok(put(change, FILES "deep/a", "a"));
	assert_ok(put(change, "backups/a", "a"));
	assert_ok(rk_change_journal(change, rk_fake_keep_entry(&fake, "test")));
	assert_error(rk_change_commit(change), RK_E_UNSAFE);
	assert_false(is_there(*state, "backups"));
	assert_clean(*state);
}

/* More files than are synced one by one, and a large one in small pieces. */
static void
thousands_of_files_and_a_large_one_are_one_change(void **state)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) change = NULL;
	struct stat st;
	rk_sink sink;

	rk_fake_keep_begin(&fake, *state);
	keep = rk_fake_keep_open(&fake, *state, true);
	change = new_change(keep);
	for (unsigned i = 0; i < 2000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "repos/%u/staged/root.json", i);
		assert_ok(put(change, name, name));
	}
	assert_ok(rk_change_stream(change, FILES "large", RK_CHANGE_CREATE, &sink));
	for (unsigned i = 0; i < 30000; i++)
		assert_ok(sink.write(sink.context, "0123456789", 10));
	assert_ok(rk_change_journal(change, rk_fake_keep_entry(&fake, "test")));
	assert_ok(rk_change_commit(change));
	assert_int_equal(stat(rk_folder_path(*state, FILES "large"), &st), 0);
	assert_int_equal(st.st_size, 300000);
	assert_true(
	    rk_folder_holds(*state, "repos/1999/staged/root.json", "repos/1999/staged/root.json"));
	assert_clean(*state);
}

static void
an_intent_of_a_newer_rootkeep_or_a_damaged_one_is_left_alone(void **state)
{
	static const char *const bad[] = {"{\"rootkeep_intent\":2,\"effects\":[]}", "{}", "[]",
	    "{\"rootkeep_intent\":1}", "{\"rootkeep_intent\":1,\"effects\":[{}]}",
	    "{\"rootkeep_intent\":1,\"effects\":[{\"place\":\"a\",\"from\":\"b\"}]}",
	    "{\"rootkeep_intent\":1,\"effects\":[{\"drop\":\"../../etc/passwd\"}]}",
	    "{\"rootkeep_intent\":1,\"effects\":[{\"place\":\"requests/x\",\"from\":\".pending/"
	    "9\",\"sha256\":"
	    "\"0000000000000000000000000000000000000000000000000000000000000000\"}]}"};
	struct rk_fake_keep fake = rk_fake_keep_env();

	rk_fake_keep_begin(&fake, *state);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rk_keep_options options = {.dir = *state, .env = &fake.env};
		RK_AUTO(rk_keep) keep = NULL;
		enum rk_code want = i == 0 ? RK_E_NEWER : i == 6 ? RK_E_UNSAFE : RK_E_MALFORMED;

		rk_folder_write(*state, ".intent", bad[i]);
		assert_error(rk_keep_open(&options, &keep), want);
		assert_true(is_there(*state, ".intent"));
	}
}

/* Wherever it dies. */

struct scene {
	char folder[512];
	bool is_reading;
};

/* The change that is interrupted: new, replaced, moved and removed files, keep.json, a line. */
static rk_error *
change_all(rk_keep *keep, struct rk_fake_keep *fake)
{
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_journal_entry) entry = NULL;
	rk_error *err;

	err = rk_change_new(keep, &change);
	if (!err)
		err = rk_keep_key_set_holder(keep, "alice", "Alice");
	if (!err)
		err = put(change, "repos/demo/metadata/1.root.json", "root 1");
	if (!err)
		err = put(change, "repos/demo/metadata/targets.json", "new");
	if (!err)
		err = rk_change_move(change, "repos/demo/staged/snapshot.json",
		    "repos/demo/metadata/snapshot.json", RK_CHANGE_REPLACE);
	if (!err)
		err = rk_change_remove(change, FILES "old");
	if (!err)
		rk_change_save_keep(change);
	if (!err)
		err = rk_journal_entry_new(&fake->env, "all", &entry);
	if (!err)
		err = rk_change_journal(change, RK_TAKE(entry));
	return err ? err : rk_change_commit(change);
}

static int
commit_scene(void *context)
{
	struct scene *scene = context;
	struct rk_fake_keep fake = rk_fake_keep_env();
	struct rk_keep_options options = {
	    .dir = scene->folder, .write = !scene->is_reading, .env = &fake.env};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_error) err = NULL;

	err = rk_keep_open(&options, &keep);
	if (!err && !scene->is_reading)
		err = change_all(keep, &fake);
	return err ? 1 : 0;
}

static void
set_scene(struct scene *scene, const char *above, const char *name)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_change) change = NULL;

	*scene = (struct scene){0};
	snprintf(scene->folder, sizeof(scene->folder), "%s/%s", above, name);
	assert_int_equal(mkdir(scene->folder, 0755), 0);
	rk_fake_keep_begin(&fake, scene->folder);
	keep = rk_fake_keep_open(&fake, scene->folder, true);
	change = new_change(keep);
	assert_ok(put(change, "repos/demo/metadata/targets.json", "old"));
	assert_ok(put(change, "repos/demo/metadata/snapshot.json", "snapshot 1"));
	assert_ok(put(change, "repos/demo/staged/snapshot.json", "snapshot 2"));
	assert_ok(put(change, FILES "old", "old"));
	assert_ok(rk_change_commit(change));
}

static void
assert_state(const char *folder, bool is_new)
{
	assert_int_equal(is_there(folder, "repos/demo/metadata/1.root.json"), is_new);
	assert_true(
	    rk_folder_holds(folder, "repos/demo/metadata/targets.json", is_new ? "new" : "old"));
	assert_true(rk_folder_holds(
	    folder, "repos/demo/metadata/snapshot.json", is_new ? "snapshot 2" : "snapshot 1"));
	assert_int_equal(is_there(folder, "repos/demo/staged/snapshot.json"), !is_new);
	assert_int_equal(is_there(folder, FILES "old"), !is_new);
}

/* Look at what a kill has left, as the next command does. True: it finds the new state. */
static bool
find_whole(const char *folder)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	bool was_pending = is_there(folder, ".intent");
	RK_AUTO(rk_keep) keep = rk_fake_keep_open(&fake, folder, false);
	bool is_new = rk_keep_key_at(keep, 0)->holder != NULL;
	rk_journal_head head;

	assert_state(folder, is_new);
	assert_int_equal(strstr(fake.said, "finished") != NULL, was_pending);
	if (was_pending)
		assert_true(is_new);
	assert_false(is_there(folder, ".intent"));
	assert_ok(rk_journal_verify(rk_keep_dir(keep), &head));
	assert_int_equal(head.count, is_new ? 2 : 1);
	assert_int_equal(head.torn, 0);
	return is_new;
}

/* What was left never stands in the way of the same change, or of the next one. */
static void
go_on(struct scene *scene, bool is_new)
{
	struct rk_fake_keep fake = rk_fake_keep_env();
	RK_AUTO(rk_keep) keep = rk_fake_keep_open(&fake, scene->folder, true);

	assert_clean(scene->folder);
	if (!is_new)
		assert_ok(change_all(keep, &fake));
	assert_state(scene->folder, true);
	assert_clean(scene->folder);
}

static void
wherever_it_dies_the_next_command_finds_the_old_or_the_new_state(void **state)
{
	bool was_killed = true, was_new = false;

	for (unsigned step = 1; was_killed; step++) {
		struct scene scene;
		char name[32];
		bool is_new;

		snprintf(name, sizeof(name), "%u", step);
		set_scene(&scene, *state, name);
		was_killed = rk_killed_at(step, commit_scene, &scene);
		is_new = find_whole(scene.folder);
		/* Once the new state stands, no later step finds the old one. */
		assert_true(is_new || !was_new);
		was_new = is_new;
		go_on(&scene, is_new);
		assert_true(step < 500);
	}
	assert_true(was_new);
}

/* The step at which the first file is renamed into place: the intent is there by then. */
static unsigned
first_step_with_an_intent(const char *above)
{
	for (unsigned step = 1;; step++) {
		struct scene scene;
		char name[32];

		snprintf(name, sizeof(name), "find-%u", step);
		set_scene(&scene, above, name);
		assert_true(rk_killed_at(step, commit_scene, &scene));
		if (is_there(scene.folder, ".intent"))
			return step;
	}
}

static void
wherever_the_finishing_dies_the_next_command_finishes(void **state)
{
	unsigned decided = first_step_with_an_intent(*state);

	for (unsigned late = 0; late < 8; late += 5) {
		bool was_killed = true;

		for (unsigned step = 1; was_killed; step++) {
			struct scene scene;
			char name[32];

			snprintf(name, sizeof(name), "%u-%u", late, step);
			set_scene(&scene, *state, name);
			assert_true(rk_killed_at(decided + late, commit_scene, &scene));
			scene.is_reading = true;
			was_killed = rk_killed_at(step, commit_scene, &scene);
			assert_true(find_whole(scene.folder));
			go_on(&scene, true);
			assert_true(step < 200);
		}
	}
}

/* The first commit of all: no keep, or a whole one. */
static int
begin_scene(void *context)
{
	struct rk_fake_keep fake = rk_fake_keep_env();

	rk_fake_keep_begin(&fake, context);
	return 0;
}

static void
wherever_the_first_commit_dies_there_is_no_keep_or_a_whole_one(void **state)
{
	bool was_killed = true;

	for (unsigned step = 1; was_killed; step++) {
		struct rk_fake_keep fake = rk_fake_keep_env();
		char folder[512];

		snprintf(folder, sizeof(folder), "%s/%u", (char *)*state, step);
		assert_int_equal(mkdir(folder, 0755), 0);
		was_killed = rk_killed_at(step, begin_scene, folder);
		if (!is_there(folder, "keep.json") && !is_there(folder, ".intent")) {
			rk_fake_keep_begin(&fake, folder);
		} else {
			RK_AUTO(rk_keep) keep = rk_fake_keep_open(&fake, folder, false);

			assert_non_null(rk_keep_key_by_name(keep, "alice"));
		}
		assert_true(is_there(folder, "journal.jsonl"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    in_folder(files_are_written_moved_and_removed_by_one_change),
	    in_folder(nothing_happens_without_a_commit),
	    in_folder(emptied_folders_go),
	    in_folder(a_file_made_exclusively_is_never_replaced_by_another),
	    in_folder(a_file_that_a_change_writes_can_be_moved_by_it),
	    in_folder(what_a_change_has_written_can_be_read_back_before_it_happens),
	    in_folder(a_moved_file_can_be_written_anew_by_the_same_change),
	    in_folder(what_may_not_be_named_or_changed_is_refused),
	    in_folder(a_link_in_the_keep_is_not_followed),
	    in_folder(what_stands_in_the_way_of_a_folder_is_found_before_it_is_too_late),
	    in_folder(thousands_of_files_and_a_large_one_are_one_change),
	    in_folder(an_intent_of_a_newer_rootkeep_or_a_damaged_one_is_left_alone),
	    in_folder(wherever_it_dies_the_next_command_finds_the_old_or_the_new_state),
	    in_folder(wherever_the_finishing_dies_the_next_command_finishes),
	    in_folder(wherever_the_first_commit_dies_there_is_no_keep_or_a_whole_one),
	};

	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
