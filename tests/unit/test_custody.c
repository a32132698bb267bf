#include "support/folder.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/create.h"
#include "keep/store.h"

#include <string.h>

#define ALICE_K "pkcs11:token=alice;object=k"

static rk_error *
enrol(struct rk_key_scene *scene, const char *name, const char *text, bool *ret_changed)
{
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	rk_error *err = rk_custody_enrol_plan(&scene->custody, name, text, &plan);

	if (!err)
		err = rk_custody_enrol(&scene->custody, name, text, &key, ret_changed);
	assert_true(err ? key == NULL : key != NULL);
	return err;
}

static void
a_key_of_anothers_making_proves_itself_first(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_keep) keep = NULL;
	bool changed = false;

	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P384, "k");
	scene->alice->lie = RK_SOFT_STRANGER;
	assert_error(enrol(scene, "mine", ALICE_K, &changed), RK_E_KEY_UNPROVEN);
	/* It is not ours, so it is not destroyed. */
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	scene->alice->lie = RK_SOFT_HONEST;
	assert_ok(enrol(scene, "mine", ALICE_K "?pin-source=/x", &changed));
	assert_true(changed);
	keep = rk_key_scene_read(scene);
	assert_int_equal(rk_keep_key_by_name(keep, "mine")->origin, RK_KEEP_EXTERNAL);
	assert_null(strstr(rk_keep_key_by_name(keep, "mine")->tokens[0], "pin-source"));
}

static void
one_that_could_leave_its_token_is_a_warning(void **state)
{
	struct rk_key_scene *scene = *state;
	bool changed = false;

	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "k")->extractable = true;
	assert_ok(enrol(scene, "mine", ALICE_K, &changed));
	assert_int_equal(scene->person.warnings, 1);
	assert_true(rk_fake_env_said(&scene->person, "can leave the token"));
}

static void
the_same_key_again_is_one_more_token_or_nothing(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_soft_pair *first, *second;
	bool changed = false;

	first = rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ECDSA_P256, "k");
	second = rk_soft_token_add_key(scene->module, scene->bob, RK_KEY_ECDSA_P256, "twin");
	EVP_PKEY_free(second->pair);
	EVP_PKEY_up_ref(first->pair);
	second->pair = first->pair;
	assert_ok(enrol(scene, "k", ALICE_K, &changed));
	assert_ok(enrol(scene, "k", "pkcs11:token=bob", &changed));
	assert_true(changed);
	assert_int_equal(rk_keep_key_by_name(scene->keep, "k")->token_count, 2);
	assert_ok(enrol(scene, "k", ALICE_K, &changed));
	assert_false(changed);
	assert_int_equal(rk_key_scene_lines(scene), 2);
	assert_error(enrol(scene, "other", ALICE_K, &changed), RK_E_EXISTS);
}

static void
another_key_under_a_known_name_is_refused(void **state)
{
	struct rk_key_scene *scene = *state;
	bool changed = false;

	(void)rk_key_scene_make(scene, "k", "pkcs11:token=alice");
	rk_soft_token_add_key(scene->module, scene->bob, RK_KEY_ECDSA_P256, "k");
	assert_error(enrol(scene, "k", "pkcs11:token=bob", &changed), RK_E_EXISTS);
	assert_int_equal(rk_key_scene_lines(scene), 1);
}

static void
a_public_half_is_enough_to_know_a_key_and_not_to_test_it(void **state)
{
	struct rk_key_scene *scene = *state;
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_RSA2048);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);
	const rk_hand *hand = NULL;
	bool changed = false;

	rk_folder_write(scene->folder, ".pub", rk_pubkey_pem(pubkey));
	assert_ok(enrol(scene, "k", rk_folder_path(scene->folder, ".pub"), &changed));
	assert_int_equal(scene->module->calls, 0);
	assert_error(rk_custody_test(&scene->custody, rk_keep_key_by_name(scene->keep, "k"), &hand),
	    RK_E_TOKEN_NONE);
	rk_folder_write(scene->folder, ".pub", "nothing of the kind");
	assert_error(
	    enrol(scene, "l", rk_folder_path(scene->folder, ".pub"), &changed), RK_E_MALFORMED);
	assert_error(
	    enrol(scene, "l", rk_folder_path(scene->folder, ".gone"), &changed), RK_E_NOT_FOUND);
	EVP_PKEY_free(pair);
}

static void
a_test_signs_once_and_writes_nothing(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "k", "pkcs11:token=alice");
	const rk_hand *hand = NULL;

	assert_ok(rk_custody_test(&scene->custody, key, &hand));
	assert_string_equal(rk_hand_token_info(hand)->serial, "a1");
	assert_int_equal(scene->alice->signs, 2);
	assert_int_equal(rk_key_scene_lines(scene), 1);
	scene->alice->lie = RK_SOFT_OTHER_BYTES;
	assert_error(rk_custody_test(&scene->custody, key, &hand), RK_E_KEY_UNPROVEN);
}

static void
a_new_name_and_holder_are_one_change(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "k", "pkcs11:token=alice");

	(void)rk_key_scene_make(scene, "taken", "pkcs11:token=bob");
	key = rk_keep_key_by_name(scene->keep, "k");
	assert_error(rk_custody_set(&scene->custody, key, "taken", "H", &key), RK_E_EXISTS);
	assert_ok(rk_custody_set(&scene->custody, key, "new", "Alice", &key));
	assert_string_equal(key->name, "new");
	assert_string_equal(key->holder, "Alice");
	assert_ok(rk_custody_set(&scene->custody, key, NULL, "", &key));
	assert_null(key->holder);
	assert_int_equal(rk_key_scene_lines(scene), 4);
}

static void
a_token_is_named_by_as_much_as_is_needed(void **state)
{
	static const char *tokens[] = {
	    "pkcs11:token=a;serial=1;object=k", "pkcs11:token=a;serial=2;object=k"};
	const rk_keep_key key = {.name = (char *)(uintptr_t) "k",
	    .tokens = (char **)(uintptr_t)tokens,
	    .token_count = 2};
	const char *stored = NULL;

	(void)state;
	assert_ok(rk_custody_token_of(&key, "pkcs11:serial=2", &stored));
	assert_string_equal(stored, tokens[1]);
	assert_ok(rk_custody_token_of(&key, tokens[0], &stored));
	assert_string_equal(stored, tokens[0]);
	assert_error(rk_custody_token_of(&key, "pkcs11:token=a", &stored), RK_E_AMBIGUOUS);
	assert_error(rk_custody_token_of(&key, "pkcs11:serial=3", &stored), RK_E_NOT_FOUND);
	assert_error(rk_custody_token_of(&key, "a", &stored), RK_E_USAGE);
}

static void
forgetting_destroys_nothing(void **state)
{
	struct rk_key_scene *scene = *state;
	const rk_keep_key *key = rk_key_scene_make(scene, "k", "pkcs11:token=alice");

	assert_ok(rk_custody_forget(&scene->custody, key, key->tokens[0]));
	assert_int_equal(key->token_count, 0);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	assert_int_equal(rk_key_scene_lines(scene), 2);
}

static rk_error *
delete_key(struct rk_key_scene *scene, const char *name, bool *ret_gone)
{
	const rk_keep_key *key = rk_keep_key_by_name(scene->keep, name);
	const char *stored = key->token_count > 0 ? key->tokens[0] : NULL, *expect = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_custody_delete_plan(&scene->custody, key, stored, &plan, &expect);

	if (err)
		return err;
	if (stored)
		assert_non_null(strstr(stored, expect));
	else
		assert_null(expect);
	return rk_custody_delete(&scene->custody, key, stored, ret_gone);
}

static void
with_its_last_token_a_key_leaves_the_keep(void **state)
{
	struct rk_key_scene *scene = *state;
	bool gone = false;

	(void)rk_key_scene_make(scene, "k", "pkcs11:token=alice");
	assert_ok(delete_key(scene, "k", &gone));
	assert_true(gone);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
	assert_null(rk_keep_key_by_name(scene->keep, "k"));
	assert_int_equal(rk_key_scene_lines(scene), 2);
}

static void
a_key_with_a_backup_stays_known(void **state)
{
	struct rk_key_scene *scene = *state;
	rk_node *backups = rk_node_new_array();
	bool gone = true;

	(void)rk_key_scene_make(scene, "k", "pkcs11:token=alice");
	assert_ok(rk_node_append(backups, rk_node_new_object()));
	assert_ok(rk_keep_key_put(scene->keep, "k", "backups", backups));
	assert_ok(delete_key(scene, "k", &gone));
	assert_false(gone);
	assert_int_equal(rk_keep_key_by_name(scene->keep, "k")->token_count, 0);
	/* Nor is it forgotten while the backup is there. */
	assert_error(delete_key(scene, "k", &gone), RK_E_REFUSED);
}

static void
a_key_that_cannot_be_destroyed_stays_known(void **state)
{
	struct rk_key_scene *scene = *state;
	bool gone = false;
	unsigned step;

	(void)rk_key_scene_make(scene, "k", "pkcs11:token=alice");
	for (step = 1; step < 50; step++) {
		rk_error *err;

		rk_key_scene_again(scene);
		scene->module->fails_at = step;
		scene->module->fails = RK_E_TOKEN;
		err = delete_key(scene, "k", &gone);
		if (!err)
			break;
		rk_error_free(err);
		assert_int_equal(rk_key_scene_lines(scene), 1);
		if (rk_soft_token_key_count(scene->alice) == 0)
			break;
	}
	/* Destroyed, but the look after it failed: the keep still knows it, and says how to go on. */
	assert_in_range(step, 4, 49);
	rk_key_scene_again(scene);
	assert_error(delete_key(scene, "k", &gone), RK_E_KEY_NONE);
}

static void
what_is_gone_already_is_told_to_be_forgotten(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;
	bool gone = false;

	(void)rk_key_scene_make(scene, "k", "pkcs11:token=alice");
	EVP_PKEY_free(scene->alice->keys[0].pair);
	scene->alice->keys[0].pair = NULL;
	err = delete_key(scene, "k", &gone);
	assert_int_equal(rk_error_code(err), RK_E_KEY_NONE);
	assert_non_null(strstr(rk_error_remedy(err), "key forget k"));
}

/* A repository whose root is trusted to "root" and whose targets to "work", staged. */
static void
stage_repository(struct rk_key_scene *scene)
{
	static const char *root[] = {"root"}, *work[] = {"work"};
	const struct rk_create wanted = {
	    .name = "demo",
	    .dialect = &rk_dialect_tuf,
	    .roles = {[RK_ROLE_ROOT] = {root, 1, 1}, [RK_ROLE_TARGETS] = {work, 1, 1}},
	};
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_change) change = NULL;

	(void)rk_key_scene_make(scene, "root", "pkcs11:token=alice");
	(void)rk_key_scene_make(scene, "work", "pkcs11:token=bob");
	(void)rk_key_scene_make(scene, "idle", "pkcs11:token=bob");
	assert_ok(rk_create_repo(&scene->custody, &wanted, &plan, &change));
	assert_ok(rk_change_commit(change));
}

static void
a_key_that_a_staged_role_trusts_is_not_destroyed(void **state)
{
	struct rk_key_scene *scene = *state;
	bool gone = false;

	stage_repository(scene);
	assert_error(delete_key(scene, "root", &gone), RK_E_REFUSED);
	assert_error(delete_key(scene, "work", &gone), RK_E_REFUSED);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	assert_ok(delete_key(scene, "idle", &gone));
	assert_true(gone);
}

static void
who_trusts_whom_is_told_of_each_key(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_custody_roles) roles = NULL;
	const rk_custody_role *found;
	size_t count = 0;

	stage_repository(scene);
	assert_ok(rk_custody_roles_read(scene->keep, &scene->person.env, &roles));
	found = rk_custody_roles_of(roles, rk_keep_key_by_name(scene->keep, "root"), &count);
	assert_int_equal(count, 1);
	assert_string_equal(found->role, "root");
	assert_string_equal(found->repo, "demo");
	assert_false(found->published);
	assert_true(found->next);
	/* Snapshot and timestamp fall back to the targets key. */
	found = rk_custody_roles_of(roles, rk_keep_key_by_name(scene->keep, "work"), &count);
	assert_int_equal(count, 3);
	assert_string_equal(found[0].role, "timestamp");
	assert_string_equal(found[2].role, "targets");
	(void)rk_custody_roles_of(roles, rk_keep_key_by_name(scene->keep, "idle"), &count);
	assert_int_equal(count, 0);
}

/* A targets file that delegates to a key; the delegation has no file of its own yet. */
static void
stage_delegation(struct rk_key_scene *scene, const rk_keep_key *key)
{
	RK_AUTO(rk_tuf_key) object = NULL;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO_BUF(text);

	assert_ok(rk_tuf_key_make(&rk_dialect_tuf, key->pubkey, &object));
	rk_buf_printf(&text,
	    "{\"signatures\":[],\"signed\":{\"_type\":\"targets\",\"delegations\":{"
	    "\"keys\":{\"%s\":",
	    object->keyid);
	rk_write_node(&text, object->object, &rk_style_line, 0);
	rk_buf_printf(&text,
	    "},\"roles\":[{\"keyids\":[\"%s\"],\"name\":\"carol\",\"paths\":[\"*\"],"
	    "\"terminating\":false,\"threshold\":1}]},"
	    "\"expires\":\"2030-01-01T00:00:00Z\",\"spec_version\":\"1.0.31\","
	    "\"targets\":{},\"version\":1}}",
	    object->keyid);
	assert_ok(rk_store_open(scene->keep, "demo", &rk_dialect_tuf, &store));
	assert_ok(rk_change_new(scene->keep, &change));
	assert_ok(rk_store_stage(store, change, "targets", text.data, text.len));
	assert_ok(rk_change_commit(change));
}

static void
a_delegation_is_trusted_before_it_has_a_file(void **state)
{
	struct rk_key_scene *scene = *state;
	bool gone = false;

	stage_repository(scene);
	stage_delegation(scene, rk_keep_key_by_name(scene->keep, "idle"));
	assert_error(delete_key(scene, "idle", &gone), RK_E_REFUSED);
}

static void
a_token_with_the_only_copy_of_a_trusted_key_is_kept(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	rk_tokens *tokens = &scene->module->tokens;

	stage_repository(scene);
	assert_ok(tokens->ops->open(tokens, "pkcs11:token=alice", &token));
	assert_ok(token->ops->info(token, &info));
	assert_error(rk_custody_token(scene->keep, &scene->person.env, tokens, info), RK_E_REFUSED);
	assert_ok(rk_keep_key_add_token(scene->keep, "root", "pkcs11:token=elsewhere"));
	assert_ok(rk_custody_token(scene->keep, &scene->person.env, tokens, info));
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(a_key_of_anothers_making_proves_itself_first),
	    scene_spec(one_that_could_leave_its_token_is_a_warning),
	    scene_spec(the_same_key_again_is_one_more_token_or_nothing),
	    scene_spec(another_key_under_a_known_name_is_refused),
	    scene_spec(a_public_half_is_enough_to_know_a_key_and_not_to_test_it),
	    scene_spec(a_test_signs_once_and_writes_nothing),
	    scene_spec(a_new_name_and_holder_are_one_change),
	    spec(a_token_is_named_by_as_much_as_is_needed),
	    scene_spec(forgetting_destroys_nothing),
	    scene_spec(with_its_last_token_a_key_leaves_the_keep),
	    scene_spec(a_key_with_a_backup_stays_known),
	    scene_spec(a_key_that_cannot_be_destroyed_stays_known),
	    scene_spec(what_is_gone_already_is_told_to_be_forgotten),
	    scene_spec(a_key_that_a_staged_role_trusts_is_not_destroyed),
	    scene_spec(who_trusts_whom_is_told_of_each_key),
	    scene_spec(a_delegation_is_trusted_before_it_has_a_file),
	    scene_spec(a_token_with_the_only_copy_of_a_trusted_key_is_kept),
	};

	return cmocka_run_group_tests_name("custody", tests, NULL, NULL);
}
