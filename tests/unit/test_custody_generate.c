#include "support/key_scene.h"
#include "support/spec.h"

#include "keep/change.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANAGEMENT_KEY "010203040506070801020304050607080102030405060708"

static const struct rk_custody_wish plain = {
    .name = "k", .token = "pkcs11:token=alice", .type = RK_KEY_ECDSA_P256};

static rk_error *
generate(struct rk_key_scene *scene, const struct rk_custody_wish *wish)
{
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	rk_error *err = rk_custody_generate_plan(&scene->custody, wish, &plan);

	if (!err)
		err = rk_custody_generate(&scene->custody, wish, &key);
	assert_true(err ? key == NULL : key != NULL);
	return err;
}

/* Nothing on the token, nothing in the keep, no line in the journal. */
static void
assert_no_trace(struct rk_key_scene *scene)
{
	RK_AUTO(rk_keep) keep = NULL;

	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
	assert_int_equal(rk_key_scene_lines(scene), 0);
	keep = rk_key_scene_read(scene);
	assert_int_equal(rk_keep_key_count(keep), 0);
}

static void
a_key_is_made_proved_and_noted_in_one_change(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;
	RK_AUTO(rk_keep) keep = NULL;
	const rk_keep_key *key;

	wish.holder = "Alice <alice@example.com>";
	assert_ok(generate(scene, &wish));
	assert_int_equal(scene->alice->signs, 1);
	assert_int_equal(scene->alice->logins, 1);
	/* And found again, by what is stored. */
	assert_int_equal(scene->module->called[RK_SOFT_FIND], 1);
	assert_true(rk_fake_env_asked(&scene->person, "make key k"));
	assert_int_equal(rk_key_scene_lines(scene), 1);
	keep = rk_key_scene_read(scene);
	key = rk_keep_key_by_name(keep, "k");
	assert_non_null(key);
	assert_string_equal(key->holder, "Alice <alice@example.com>");
	assert_int_equal(key->origin, RK_KEEP_GENERATED);
	assert_int_equal(key->token_count, 1);
	assert_non_null(strstr(key->tokens[0], "serial=a1"));
	assert_int_equal(scene->person.warnings, 0);
}

static void
a_label_and_an_id_of_ones_own_are_taken(void **state)
{
	struct rk_key_scene *scene = *state;
	static const uint8_t id[] = {0, 0xa1};
	struct rk_custody_wish wish = plain;

	wish.place.label = "my label";
	memcpy(wish.place.id, id, sizeof(id));
	wish.place.id_len = sizeof(id);
	assert_ok(generate(scene, &wish));
	assert_string_equal(scene->alice->keys[0].label, "my label");
	assert_int_equal(scene->alice->keys[0].id_len, 2);
	assert_memory_equal(scene->alice->keys[0].id, id, 2);
}

static void
random_ids_never_begin_with_zero_and_differ(void **state)
{
	struct rk_key_scene *scene = *state;

	assert_ok(generate(scene, &plain));
	(void)rk_key_scene_make(scene, "l", "pkcs11:token=alice");
	assert_int_not_equal(scene->alice->keys[0].id[0], 0);
	assert_in_range(scene->alice->keys[0].id_len, 8, 32);
	assert_memory_not_equal(scene->alice->keys[0].id, scene->alice->keys[1].id, 8);
}

static void
a_name_that_is_known_costs_no_pin(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;

	(void)rk_key_scene_make(scene, "k", "pkcs11:token=bob");
	assert_error(generate(scene, &wish), RK_E_EXISTS);
	wish.name = "a/b";
	assert_error(generate(scene, &wish), RK_E_REFUSED);
	assert_int_equal(scene->alice->logins, 0);
}

static void
a_type_that_it_does_not_offer_costs_no_pin(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->unsupported[RK_KEY_ECDSA_P256] = true;
	assert_error(generate(scene, &plain), RK_E_TOKEN_UNSUPPORTED);
	assert_int_equal(scene->alice->logins, 0);
	assert_int_equal(scene->person.pin_calls, 0);
}

static void
slots_and_policies_are_for_tokens_that_have_them(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;

	wish.place.touch = RK_TOUCH_ALWAYS;
	assert_error(generate(scene, &wish), RK_E_USAGE);
	scene->alice->so_makes_keys = true;
	assert_error(generate(scene, &plain), RK_E_USAGE);
	assert_int_equal(scene->person.pin_calls, 0);
}

/* A YubiKey's way: the user's PIN first, so that a wrong one leaves nothing behind. */
static void
as_the_so_makes_the_user_proves_and_each_secret_is_asked_once(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;

	scene->alice->so_makes_keys = true;
	scene->alice->so_pin = MANAGEMENT_KEY;
	wish.place.slot = 0x9c;
	wish.place.touch = RK_TOUCH_ALWAYS;
	rk_fake_env_pin(&scene->person, NULL, MANAGEMENT_KEY);
	scene->person.pins[1].kind = "management key";
	scene->person.pins[0].kind = "PIN";
	assert_ok(generate(scene, &wish));
	assert_int_equal(scene->person.pin_calls, 2);
	assert_int_equal(scene->alice->so_logins, 1);
	assert_true(rk_fake_env_said(&scene->person, "touch"));
	assert_int_equal(scene->alice->made, 1);
}

static void
a_key_that_does_not_sign_is_destroyed_again_by_the_so(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;

	scene->alice->so_makes_keys = true;
	scene->alice->so_pin = MANAGEMENT_KEY;
	scene->alice->lie = RK_SOFT_WRONG;
	wish.place.slot = 0x9c;
	rk_fake_env_pin(&scene->person, NULL, MANAGEMENT_KEY);
	scene->person.pins[1].kind = "management key";
	scene->person.pins[0].kind = "PIN";
	assert_error(generate(scene, &wish), RK_E_KEY_UNPROVEN);
	assert_int_equal(scene->person.pin_calls, 2);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
}

static void
a_management_key_that_cannot_be_one_is_not_sent(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;

	scene->alice->so_makes_keys = true;
	wish.place.slot = 0x9c;
	assert_error(generate(scene, &wish), RK_E_PIN_NEEDED);
	assert_int_equal(scene->alice->so_logins, 0);
	assert_int_equal(scene->alice->made, 0);
}

static void
a_label_that_is_taken_is_refused(void **state)
{
	struct rk_key_scene *scene = *state;

	rk_soft_token_add_key(scene->module, scene->alice, RK_KEY_ED25519, "k");
	assert_error(generate(scene, &plain), RK_E_EXISTS);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	/* Seen without a login, it costs none. */
	rk_key_scene_again(scene);
	scene->alice->open_to_all = true;
	assert_error(generate(scene, &plain), RK_E_EXISTS);
	assert_int_equal(scene->module->called[RK_SOFT_GENERATE], 0);
}

static void
a_wrong_pin_is_one_try_and_no_key(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->pin = "another";
	assert_error(generate(scene, &plain), RK_E_PIN_WRONG);
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(scene->alice->made, 0);
	assert_no_trace(scene);
}

static void
a_locked_or_last_pin_is_not_spent(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->tries = 0;
	assert_error(generate(scene, &plain), RK_E_PIN_LOCKED);
	scene->alice->tries = 1;
	scene->person.confirm_says = RK_E_CANCELLED;
	assert_error(generate(scene, &plain), RK_E_PIN_LAST);
	assert_int_equal(scene->alice->logins, 0);
	assert_no_trace(scene);
}

static void
a_key_whose_signature_lies_is_destroyed_again(void **state)
{
	static const enum rk_soft_lie lies[] = {RK_SOFT_WRONG, RK_SOFT_SHORT, RK_SOFT_LONG,
	    RK_SOFT_EMPTY, RK_SOFT_STRANGER, RK_SOFT_OTHER_BYTES};
	struct rk_key_scene *scene = *state;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		scene->alice->lie = lies[i];
		assert_error(generate(scene, &plain), RK_E_KEY_UNPROVEN);
		assert_int_equal(scene->alice->made, i + 1);
		assert_int_equal(scene->alice->destroyed, i + 1);
	}
	assert_no_trace(scene);
}

static void
a_key_that_could_leave_is_destroyed_again(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->ignores_template = true;
	assert_error(generate(scene, &plain), RK_E_KEY_UNPROVEN);
	assert_no_trace(scene);
}

static void
one_that_may_be_wrapped_is_made_so(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;

	wish.wrappable = true;
	assert_ok(generate(scene, &wish));
	assert_true(scene->alice->keys[0].extractable);
}

static void
a_key_that_is_not_there_afterwards_is_not_noted(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->forgets_keys = true;
	assert_error(generate(scene, &plain), RK_E_TOKEN);
	assert_no_trace(scene);
}

static void
what_cannot_be_destroyed_is_named(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	scene->alice->lie = RK_SOFT_WRONG;
	scene->alice->gone_after = RK_SOFT_SIGN;
	err = generate(scene, &plain);
	assert_int_equal(rk_error_code(err), RK_E_KEY_UNPROVEN);
	assert_non_null(strstr(rk_error_message(err), "STILL"));
	assert_non_null(strstr(rk_error_message(err), "'k'"));
	assert_non_null(strstr(rk_error_message(err), "alice"));
	assert_non_null(rk_error_remedy(err));
	assert_int_equal(rk_key_scene_lines(scene), 0);
}

static void
what_was_made_though_the_answer_is_lost_is_destroyed_again(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	scene->alice->answer_lost = RK_SOFT_GENERATE;
	err = generate(scene, &plain);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_int_equal(scene->alice->made, 1);
	assert_non_null(strstr(rk_error_message(rk_error_cause(err)), "is destroyed again"));
	assert_no_trace(scene);
}

static void
what_may_have_been_made_before_it_was_pulled_out_is_named(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;
	const char *text;

	scene->alice->answer_lost = scene->alice->gone_after = RK_SOFT_GENERATE;
	err = generate(scene, &plain);
	text = rk_error_message(rk_error_cause(err));
	assert_non_null(strstr(text, "STILL"));
	assert_non_null(strstr(text, "labelled 'k'"));
	assert_non_null(strstr(text, "with the id "));
	assert_non_null(strstr(rk_error_remedy(err), "token show"));
	assert_int_equal(rk_key_scene_lines(scene), 0);
}

/* It may have been there before: the person chose its id. */
static void
a_key_of_an_id_of_ones_own_is_named_and_left_alone(void **state)
{
	struct rk_key_scene *scene = *state;
	struct rk_custody_wish wish = plain;
	RK_AUTO(rk_error) err = NULL;

	wish.place.id[0] = 0xa1;
	wish.place.id_len = 1;
	scene->alice->answer_lost = RK_SOFT_GENERATE;
	err = generate(scene, &wish);
	assert_non_null(strstr(rk_error_message(rk_error_cause(err)), "with the id a1"));
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	assert_int_equal(scene->alice->destroyed, 0);
}

static void
a_keep_that_cannot_be_written_leaves_no_key(void **state)
{
	struct rk_key_scene *scene = *state;
	char path[256];

	/* Where changes are prepared, something stands in the way. */
	snprintf(path, sizeof(path), "%s/" RK_CHANGE_PENDING, (const char *)scene->folder);
	assert_int_equal(symlink("/nowhere", path), 0);
	rk_error_free(generate(scene, &plain));
	assert_int_equal(scene->alice->made, 1);
	assert_int_equal(scene->alice->destroyed, 1);
	assert_int_equal(unlink(path), 0);
	assert_no_trace(scene);
}

/* Pull the plug at every call in turn: no step may leave a key that nobody knows. */
static void
wherever_it_fails_no_stray_key_remains(void **state)
{
	struct rk_key_scene *scene = *state;
	unsigned step;

	for (step = 1; step < 100; step++) {
		rk_error *err;

		scene->module->fails_at = step;
		scene->module->fails = RK_E_TOKEN;
		err = generate(scene, &plain);
		if (!err)
			break;
		rk_error_free(err);
		assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
		assert_int_equal(rk_key_scene_lines(scene), 0);
		rk_key_scene_again(scene);
	}
	assert_in_range(step, 8, 99);
	assert_int_equal(rk_soft_token_key_count(scene->alice), 1);
	assert_int_equal(rk_key_scene_lines(scene), 1);
}

static void
without_entropy_nothing_is_made_or_left(void **state)
{
	struct rk_key_scene *scene = *state;
	unsigned call;

	for (call = 1; call < 10; call++) {
		rk_error *err;

		scene->person.entropy_calls = 0;
		scene->person.entropy_fails_at = call;
		err = generate(scene, &plain);
		if (!err)
			break;
		rk_error_free(err);
		assert_int_equal(rk_soft_token_key_count(scene->alice), 0);
		rk_key_scene_again(scene);
	}
	assert_int_equal(call, 3);
}

static void
another_clock_is_journaled(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_text) text = NULL;

	scene->custody.clock = scene->person.now + 3600;
	assert_ok(generate(scene, &plain));
	assert_ok(rk_text_read(rk_keep_dir(scene->keep), RK_JOURNAL_FILE, 4096, &text));
	assert_non_null(memmem(text->data, text->len, "\"clock\"", 7));
	assert_non_null(memmem(text->data, text->len, "\"serial\":\"a1\"", 13));
	assert_null(memmem(text->data, text->len, "123456", 6));
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(a_key_is_made_proved_and_noted_in_one_change),
	    scene_spec(a_label_and_an_id_of_ones_own_are_taken),
	    scene_spec(random_ids_never_begin_with_zero_and_differ),
	    scene_spec(a_name_that_is_known_costs_no_pin),
	    scene_spec(a_type_that_it_does_not_offer_costs_no_pin),
	    scene_spec(slots_and_policies_are_for_tokens_that_have_them),
	    scene_spec(as_the_so_makes_the_user_proves_and_each_secret_is_asked_once),
	    scene_spec(a_key_that_does_not_sign_is_destroyed_again_by_the_so),
	    scene_spec(a_management_key_that_cannot_be_one_is_not_sent),
	    scene_spec(a_label_that_is_taken_is_refused),
	    scene_spec(a_wrong_pin_is_one_try_and_no_key),
	    scene_spec(a_locked_or_last_pin_is_not_spent),
	    scene_spec(a_key_whose_signature_lies_is_destroyed_again),
	    scene_spec(a_key_that_could_leave_is_destroyed_again),
	    scene_spec(one_that_may_be_wrapped_is_made_so),
	    scene_spec(a_key_that_is_not_there_afterwards_is_not_noted),
	    scene_spec(what_cannot_be_destroyed_is_named),
	    scene_spec(what_was_made_though_the_answer_is_lost_is_destroyed_again),
	    scene_spec(what_may_have_been_made_before_it_was_pulled_out_is_named),
	    scene_spec(a_key_of_an_id_of_ones_own_is_named_and_left_alone),
	    scene_spec(a_keep_that_cannot_be_written_leaves_no_key),
	    scene_spec(wherever_it_fails_no_stray_key_remains),
	    scene_spec(without_entropy_nothing_is_made_or_left),
	    scene_spec(another_clock_is_journaled),
	};

	return cmocka_run_group_tests_name("custody: generate", tests, NULL, NULL);
}
