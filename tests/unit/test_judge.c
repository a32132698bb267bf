#include "support/fake_env.h"
#include "support/folder.h"
#include "support/spec.h"
#include "support/tuf_maker.h"

#include "flow/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A repository in memory, a folder for it, and now. */
struct scene {
	void *maker, *folder;
	struct rk_fake_env person;
	struct rk_judge_wish wish;
	char metadata[256], root[256], since[256], targets[256];
};

static rk_tuf_maker *
maker_of(struct scene *scene)
{
	return scene->maker;
}

static void
write_text(const char *folder, const char *name, const rk_text *text)
{
	char *copy = strndup(text->data, text->len);

	assert_non_null(copy);
	rk_folder_write(folder, name, copy);
	free(copy);
}

/* One of the maker's files into a folder. */
static void
copy_out(struct scene *scene, const char *folder, const char *name)
{
	rk_source *source = maker_of(scene)->source;
	rk_text *text = NULL;

	assert_ok(source->fetch(source, name, 1u << 20, &text));
	write_text(folder, name, text);
	rk_text_free(text);
}

static void
copy_first(struct scene *scene, const char *folder)
{
	copy_out(scene, folder, "1.root.json");
	copy_out(scene, folder, "1.targets.json");
	copy_out(scene, folder, "1.snapshot.json");
	copy_out(scene, folder, "timestamp.json");
}

static void
make_folder(struct scene *scene, const char *name, char path[static 256])
{
	strcpy(path, rk_folder_path(scene->folder, name));
	assert_int_equal(mkdir(path, 0755), 0);
}

static int
begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	assert_int_equal(rk_tuf_maker_new(&scene->maker), 0);
	assert_int_equal(rk_folder_new(&scene->folder), 0);
	make_folder(scene, "metadata", scene->metadata);
	make_folder(scene, "since", scene->since);
	make_folder(scene, "targets", scene->targets);
	copy_first(scene, scene->metadata);
	copy_out(scene, scene->folder, "1.root.json");
	rename(
	    rk_folder_path(scene->folder, "1.root.json"), rk_folder_path(scene->folder, "trusted"));
	strcpy(scene->root, rk_folder_path(scene->folder, "trusted"));
	scene->person = rk_fake_env_new();
	scene->person.now = RK_MAKER_NOW;
	scene->wish = (struct rk_judge_wish){
	    .env = &scene->person.env,
	    .folder = scene->metadata,
	    .root = scene->root,
	};
	*state = scene;
	return 0;
}

static int
end(void **state)
{
	struct scene *scene = *state;

	rk_fake_env_clear(&scene->person);
	rk_tuf_maker_free(&scene->maker);
	rk_folder_remove(&scene->folder);
	free(scene);
	return 0;
}

static void
assert_judged(const struct scene *scene, enum rk_code want)
{
	rk_judge *judge = NULL;

	assert_error(rk_judge_take(&scene->wish, &judge), want);
	rk_judge_free(judge);
}

static void
a_folder_is_believed_from_a_root_and_consistent_without(void **state)
{
	struct scene *scene = *state;
	rk_judge *judge = NULL;

	assert_ok(rk_judge_take(&scene->wish, &judge));
	assert_int_equal(judge->start, RK_JUDGE_FROM_ROOT);
	assert_int_equal(judge->state->count, 4);
	rk_judge_free(judge);
	scene->wish.root = NULL;
	assert_ok(rk_judge_take(&scene->wish, &judge));
	assert_int_equal(judge->start, RK_JUDGE_UNAUTHENTICATED);
	rk_judge_free(judge);
}

static void
metadata_may_lie_one_folder_down(void **state)
{
	struct scene *scene = *state;

	scene->wish.folder = scene->folder;
	assert_judged(scene, RK_OK);
	scene->wish.root = NULL;
	scene->wish.folder = scene->targets;
	assert_judged(scene, RK_E_NOT_FOUND);
}

static void
what_is_missing_expired_or_no_root_is_not_believed(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(remove(rk_folder_path(scene->metadata, "timestamp.json")), 0);
	assert_judged(scene, RK_E_UNTRUSTED);
	copy_first(scene, scene->metadata);
	scene->person.now += 100 * 365 * RK_DAY;
	assert_judged(scene, RK_E_UNTRUSTED);
	scene->wish.root = rk_folder_path(scene->metadata, "1.targets.json");
	assert_judged(scene, RK_E_REFUSED);
}

static void
a_gap_in_the_roots_is_told(void **state)
{
	struct scene *scene = *state;
	rk_tuf_maker *maker = maker_of(scene);

	for (int64_t version = 2; version <= 3; version++) {
		assert_ok(rk_root_set_version(maker->root, version));
		rk_tuf_maker_put_root(maker, "01");
	}
	copy_out(scene, scene->metadata, "3.root.json");
	assert_judged(scene, RK_E_UNTRUSTED);
	copy_out(scene, scene->metadata, "2.root.json");
	assert_judged(scene, RK_OK);
}

static void
a_client_that_saw_more_does_not_go_back(void **state)
{
	struct scene *scene = *state;
	const struct rk_maker_targets next = {
	    .role = "targets", .version = 2, .members = "\"targets\":{}", .keys = "3"};

	copy_first(scene, scene->since);
	rk_tuf_maker_put_targets(scene->maker, &next);
	rk_tuf_maker_refresh(scene->maker);
	copy_out(scene, scene->metadata, "2.targets.json");
	copy_out(scene, scene->metadata, "2.snapshot.json");
	copy_out(scene, scene->metadata, "timestamp.json");
	scene->wish.since = scene->since;
	assert_judged(scene, RK_OK);
	scene->wish.since = scene->metadata;
	scene->wish.folder = scene->since;
	assert_judged(scene, RK_E_UNTRUSTED);
}

/* "a" and "d/b" hold "hello"; "../c" can be no file's name. */
static void
publish_targets(struct scene *scene)
{
	static const char hello[] =
	    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
	char members[1024];
	struct rk_maker_targets next = {
	    .role = "targets", .version = 2, .members = members, .keys = "3"};

	snprintf(members, sizeof(members),
	    "\"targets\":{\"../c\":{\"length\":5,\"hashes\":{\"sha256\":\"%s\"}},"
	    "\"a\":{\"length\":5,\"hashes\":{\"sha256\":\"%s\"}},"
	    "\"d/b\":{\"length\":5,\"hashes\":{\"sha256\":\"%s\"}}}",
	    hello, hello, hello);
	rk_tuf_maker_put_targets(scene->maker, &next);
	rk_tuf_maker_refresh(scene->maker);
	copy_out(scene, scene->metadata, "2.targets.json");
	copy_out(scene, scene->metadata, "2.snapshot.json");
	copy_out(scene, scene->metadata, "timestamp.json");
	assert_int_equal(mkdir(rk_folder_path(scene->targets, "d"), 0755), 0);
	scene->wish.targets = scene->targets;
}

static void
assert_counts(
    struct scene *scene, enum rk_code want, uint64_t good, uint64_t missing, uint64_t wrong)
{
	rk_judge *judge = NULL;

	assert_error(rk_judge_take(&scene->wish, &judge), want);
	assert_true(judge->targets_checked);
	assert_int_equal(judge->target_good, good);
	assert_int_equal(judge->target_missing, missing);
	assert_int_equal(judge->target_wrong, wrong);
	rk_judge_free(judge);
}

static void
target_files_are_found_under_both_names_and_counted(void **state)
{
	struct scene *scene = *state;

	publish_targets(scene);
	assert_counts(scene, RK_OK, 0, 3, 0);
	rk_folder_write(scene->targets, "a", "hello");
	rk_folder_write(scene->targets,
	    "d/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824.b", "hello");
	assert_counts(scene, RK_OK, 2, 1, 0);
}

static void
wrong_target_files_are_found_whatever_is_wrong_with_them(void **state)
{
	struct scene *scene = *state;

	publish_targets(scene);
	rk_folder_write(scene->targets, "a", "jello");
	rk_folder_write(scene->targets, "d/b", "hell");
	assert_counts(scene, RK_E_FOUND, 0, 1, 2);
	rk_folder_write(scene->targets, "a", "hello");
	rk_folder_write(scene->targets, "d/b", "hello, and more");
	assert_counts(scene, RK_E_FOUND, 1, 1, 1);
}

/* A targets file that delegates to alice (key 7), and her file, signed by `keys`. */
static void
write_delegation(struct scene *scene, const char *keys)
{
	rk_buf members = {NULL, 0, 0, false};
	struct rk_maker_targets by = {.role = "targets", .version = 2, .keys = "3"};
	const struct rk_maker_targets alice = {
	    .role = "targets/alice", .version = 1, .members = "\"targets\":{}", .keys = keys};

	rk_buf_printf(&members, "\"targets\":{},\"delegations\":{");
	rk_tuf_maker_keys_json(scene->maker, "7", &members);
	rk_buf_printf(&members, ",\"roles\":[{\"name\":\"alice\",\"threshold\":1,"
				"\"terminating\":false,\"paths\":[\"*\"],");
	rk_tuf_maker_keyids_json(scene->maker, "7", &members);
	rk_buf_printf(&members, "}]}");
	by.members = rk_buf_str(&members);
	rk_tuf_maker_put_targets(scene->maker, &alice);
	rk_tuf_maker_put_targets(scene->maker, &by);
	copy_out(scene, scene->metadata, "1.alice.json");
	copy_out(scene, scene->metadata, "2.targets.json");
	rk_buf_clear(&members);
}

static void
assert_file(struct scene *scene, const char *by, const char *role, enum rk_code want)
{
	char file[256], delegator[256];
	const struct rk_judge_file_wish wish = {
	    .env = &scene->person.env,
	    .file = strcpy(file, rk_folder_path(scene->metadata, "1.alice.json")),
	    .root = by ? scene->root : NULL,
	    .by = strcpy(delegator, rk_folder_path(scene->metadata, by ? by : "2.targets.json")),
	    .role = role,
	};
	rk_judge_file *judge = NULL;

	assert_error(rk_judge_file_take(&wish, &judge), want);
	rk_judge_file_free(judge);
}

static void
a_delegation_is_judged_by_its_delegator_in_either_spelling(void **state)
{
	struct scene *scene = *state;

	write_delegation(scene, "7");
	assert_file(scene, NULL, "alice", RK_OK);
	assert_file(scene, NULL, "targets/alice", RK_OK);
	assert_file(scene, NULL, "bob", RK_E_NOT_FOUND);
	assert_file(scene, "2.targets.json", "alice", RK_OK);
	assert_file(scene, "timestamp.json", "alice", RK_E_REFUSED);
	write_delegation(scene, "8");
	assert_file(scene, NULL, "alice", RK_E_UNTRUSTED);
}

#define over_scene(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    over_scene(a_folder_is_believed_from_a_root_and_consistent_without),
	    over_scene(metadata_may_lie_one_folder_down),
	    over_scene(what_is_missing_expired_or_no_root_is_not_believed),
	    over_scene(a_gap_in_the_roots_is_told),
	    over_scene(a_client_that_saw_more_does_not_go_back),
	    over_scene(target_files_are_found_under_both_names_and_counted),
	    over_scene(wrong_target_files_are_found_whatever_is_wrong_with_them),
	    over_scene(a_delegation_is_judged_by_its_delegator_in_either_spelling),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
