#include "support/folder.h"
#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/clone.h"

#include <string.h>

#define ALICE "pkcs11:token=alice"
#define BOB "pkcs11:token=bob"

/* A key on alice's token that may leave it, and a wish for a copy on bob's. */
static struct rk_clone_wish
wish_for(struct rk_key_scene *scene, enum rk_key_type type)
{
	const struct rk_custody_wish made = {
	    .name = "k", .token = ALICE, .type = type, .holder = "Alice", .wrappable = true};
	struct rk_clone_wish wish = {.to = BOB};

	assert_ok(rk_custody_generate(&scene->custody, &made, &wish.key));
	rk_key_scene_again(scene);
	wish.key = rk_keep_key_by_name(scene->keep, "k");
	return wish;
}

static rk_error *
copy_it(struct rk_key_scene *scene, struct rk_clone_wish *wish, bool *ret_changed)
{
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	rk_error *err = rk_clone_plan(&scene->custody, wish, &plan);

	if (!err)
		err = rk_clone_login(&scene->custody, wish);
	if (!err)
		err = rk_clone(&scene->custody, wish, &key, ret_changed);
	assert_true(err ? key == NULL : key != NULL);
	return err;
}

static void
again(struct rk_key_scene *scene, struct rk_clone_wish *wish)
{
	rk_key_scene_again(scene);
	wish->key = rk_keep_key_by_name(scene->keep, "k");
}

/* Neither may leave, nothing is left over, both are known. */
static void
assert_copied(struct rk_key_scene *scene)
{
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	assert_int_equal(rk_soft_token_key_count(scene->bob), 1);
	assert_int_equal(scene->bob->transports, 0);
	for (size_t i = 0; i < scene->bob->key_count; i++)
		assert_true(!scene->bob->keys[i].pair || !scene->bob->keys[i].extractable);
	assert_false(scene->alice->keys[0].extractable);
	assert_int_equal(rk_keep_key_by_name(scene->keep, "k")->token_count, 2);
	assert_int_equal(rk_key_scene_lines(scene), 2);
}

/* Nothing has happened: the source may leave still. */
static void
assert_untouched(struct rk_key_scene *scene)
{
	assert_int_equal(rk_soft_token_key_count(scene->bob), 0);
	assert_int_equal(scene->bob->transports, 0);
	assert_true(scene->alice->keys[0].extractable);
	assert_int_equal(rk_keep_key_by_name(scene->keep, "k")->token_count, 1);
	assert_int_equal(rk_key_scene_lines(scene), 1);
}

static void
a_copy_proves_itself_and_neither_may_leave_any_more(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	RK_AUTO(rk_keep) keep = NULL;
	bool changed = false;

	assert_ok(copy_it(scene, &wish, &changed));
	assert_true(changed);
	assert_int_equal(scene->bob->signs, 1);
	assert_copied(scene);
	keep = rk_key_scene_read(scene);
	assert_non_null(strstr(rk_keep_key_by_name(keep, "k")->tokens[1], "token=bob"));
}

static void
the_same_command_again_changes_nothing(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_RSA2048);
	bool changed = false;

	assert_ok(copy_it(scene, &wish, &changed));
	again(scene, &wish);
	assert_ok(copy_it(scene, &wish, &changed));
	assert_false(changed);
	assert_int_equal(scene->alice->wrapped, 1);
	assert_copied(scene);
}

static void
a_plan_asks_no_pin_and_touches_nothing(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	RK_AUTO(rk_plan) plan = NULL;
	unsigned logins = scene->alice->logins;

	assert_ok(rk_clone_plan(&scene->custody, &wish, &plan));
	assert_true(plan->count >= 4);
	assert_non_null(strstr(plan->steps[1].text, "CKM_AES_KEY_WRAP_PAD"));
	assert_int_equal(scene->alice->logins, logins);
	assert_int_equal(scene->bob->logins, 0);
	assert_untouched(scene);
}

static void
a_key_that_was_not_made_for_it_stays(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = {.to = BOB};
	RK_AUTO(rk_error) err = NULL;
	bool changed;

	(void)rk_key_scene_make(scene, "k", ALICE);
	again(scene, &wish);
	err = copy_it(scene, &wish, &changed);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_remedy(err), "--wrappable"));
	assert_int_equal(scene->module->called[RK_SOFT_TRANSPORT], 0);
	assert_int_equal(rk_soft_token_key_count(scene->bob), 0);
}

static void
a_kind_that_is_not_wrapped_has_another_remedy(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ED25519);
	RK_AUTO(rk_error) err = NULL;
	bool changed;

	scene->alice->wraps_no[RK_KEY_ED25519] = true;
	err = copy_it(scene, &wish, &changed);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_message(err), "ed25519"));
	assert_non_null(strstr(rk_error_remedy(err), "key import"));
	assert_untouched(scene);
}

static void
without_a_way_in_common_nothing_begins(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	RK_AUTO(rk_error) err = NULL;
	bool changed;

	scene->bob->ways[RK_WRAP_PAD] = false;
	scene->bob->ways[RK_WRAP_KWP] = true;
	err = copy_it(scene, &wish, &changed);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_message(err), "CKM_AES_KEY_WRAP_KWP"));
	assert_int_equal(scene->bob->logins, 0);
	assert_untouched(scene);
}

static void
a_way_that_fails_makes_room_for_the_next(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	scene->alice->ways[RK_WRAP_RSA_AES] = scene->bob->ways[RK_WRAP_RSA_AES] = true;
	scene->alice->only_sha1 = true;
	scene->alice->refuses_ways = 1;
	assert_ok(copy_it(scene, &wish, &changed));
	assert_int_equal(scene->module->called[RK_SOFT_WRAP], 4);
	assert_copied(scene);
}

static void
a_device_is_not_copied_to_software_unasked(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	scene->alice->hardware = true;
	assert_error(copy_it(scene, &wish, &changed), RK_E_REFUSED);
	assert_int_equal(scene->bob->logins, 0);
	assert_untouched(scene);
	wish.to_software = true;
	assert_ok(copy_it(scene, &wish, &changed));
	assert_copied(scene);
}

static void
a_device_is_copied_to_a_device(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	scene->alice->hardware = scene->bob->hardware = true;
	assert_ok(copy_it(scene, &wish, &changed));
	assert_copied(scene);
}

static void
its_own_token_is_no_place_for_a_copy(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	wish.to = ALICE;
	assert_error(copy_it(scene, &wish, &changed), RK_E_REFUSED);
	wish.to = "pkcs11:token=carol";
	assert_error(copy_it(scene, &wish, &changed), RK_E_TOKEN_NONE);
	scene->alice->absent = true;
	wish.to = BOB;
	assert_error(copy_it(scene, &wish, &changed), RK_E_TOKEN_NONE);
	assert_untouched(scene);
}

static void
a_taken_label_is_not_overwritten(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	RK_AUTO(rk_error) err = NULL;
	bool changed;

	rk_soft_token_add_key(scene->module, scene->bob, RK_KEY_ECDSA_P384, "k");
	err = copy_it(scene, &wish, &changed);
	assert_int_equal(rk_error_code(err), RK_E_EXISTS);
	assert_int_equal(rk_soft_token_key_count(scene->bob), 1);
	assert_int_equal(scene->bob->transports, 0);
	assert_true(scene->alice->keys[0].extractable);
}

static void
a_copy_that_could_be_read_out_or_is_another_key_is_destroyed_again(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	scene->bob->ignores_template = true;
	assert_error(copy_it(scene, &wish, &changed), RK_E_KEY_UNPROVEN);
	assert_untouched(scene);
	scene->bob->ignores_template = false;
	scene->bob->unwraps_another = true;
	again(scene, &wish);
	assert_error(copy_it(scene, &wish, &changed), RK_E_KEY_UNPROVEN);
	assert_untouched(scene);
	scene->bob->unwraps_another = false;
	again(scene, &wish);
	scene->bob->lie = RK_SOFT_WRONG;
	assert_error(copy_it(scene, &wish, &changed), RK_E_KEY_UNPROVEN);
	assert_untouched(scene);
	again(scene, &wish);
	assert_ok(copy_it(scene, &wish, &changed));
	assert_copied(scene);
}

static void
a_source_that_is_not_sealed_costs_the_copy(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	scene->alice->never_seals = true;
	assert_error(copy_it(scene, &wish, &changed), RK_E_KEY_UNPROVEN);
	assert_untouched(scene);
}

static void
a_wrong_pin_of_the_second_token_is_one_try_and_no_more(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	bool changed;

	scene->bob->pin = "another";
	assert_error(copy_it(scene, &wish, &changed), RK_E_PIN_WRONG);
	assert_int_equal(scene->bob->logins_refused, 1);
	assert_untouched(scene);
}

/* Every sentence of an error, in one text. */
static void
told_by(const rk_error *err, rk_buf *out)
{
	for (; err; err = rk_error_cause(err))
		rk_buf_printf(out, "%s\n", rk_error_message(err));
}

/* Call number `at` fails; true where there was none such. */
static bool
try_failing(struct rk_key_scene *scene, unsigned at)
{
	static const enum rk_code codes[] = {RK_E_TOKEN, RK_E_TOKEN_GONE, RK_E_NOMEM};
	struct rk_clone_wish wish = wish_for(scene, RK_KEY_ECDSA_P256);
	RK_AUTO(rk_error) err = NULL;
	RK_AUTO_BUF(told);
	bool changed, last;

	scene->module->fails_at = at;
	scene->module->fails = codes[at % 3];
	err = copy_it(scene, &wish, &changed);
	last = scene->module->calls < at;
	told_by(err, &told);
	/* A copy that is left is named, and cannot be read out. */
	if (err && rk_soft_token_key_count(scene->bob) > 0) {
		assert_true(strstr(rk_buf_str(&told), "STILL") ||
			    strstr(rk_buf_str(&told), "does not know"));
		assert_false(scene->bob->keys[scene->bob->key_count - 1].extractable);
	}
	again(scene, &wish);
	if (err && rk_soft_token_key_count(scene->bob) == 0)
		assert_untouched(scene);
	if (err)
		assert_ok(copy_it(scene, &wish, &changed));
	assert_copied(scene);
	return last;
}

static void
whatever_call_fails_the_next_run_finishes(void **state)
{
	bool done = false;
	unsigned at = 1;

	(void)state;
	for (; !done; at++) {
		void *scene = NULL;

		assert_int_equal(rk_key_scene_begin(&scene), 0);
		done = try_failing(scene, at);
		assert_int_equal(rk_key_scene_end(&scene), 0);
	}
	assert_true(at > 20);
}

#define with_scene(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_scene(a_copy_proves_itself_and_neither_may_leave_any_more),
	    with_scene(the_same_command_again_changes_nothing),
	    with_scene(a_plan_asks_no_pin_and_touches_nothing),
	    with_scene(a_key_that_was_not_made_for_it_stays),
	    with_scene(a_kind_that_is_not_wrapped_has_another_remedy),
	    with_scene(without_a_way_in_common_nothing_begins),
	    with_scene(a_way_that_fails_makes_room_for_the_next),
	    with_scene(a_device_is_not_copied_to_software_unasked),
	    with_scene(a_device_is_copied_to_a_device),
	    with_scene(its_own_token_is_no_place_for_a_copy),
	    with_scene(a_taken_label_is_not_overwritten),
	    with_scene(a_copy_that_could_be_read_out_or_is_another_key_is_destroyed_again),
	    with_scene(a_source_that_is_not_sealed_costs_the_copy),
	    with_scene(a_wrong_pin_of_the_second_token_is_one_try_and_no_more),
	    cmocka_unit_test(whatever_call_fails_the_next_run_finishes),
	};

	return cmocka_run_group_tests_name("clone", tests, NULL, NULL);
}
