#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/pins.h"
#include "flow/tokens.h"

#include <string.h>

#define URI "pkcs11:token=alice"

/* The person's answers by kind, instead of the one PIN for all. */
static void
person_says(struct rk_key_scene *scene, const char *kind, const char *answer)
{
	struct rk_fake_env *person = &scene->person;

	if (person->pin_count == 1 && !person->pins[0].kind)
		person->pin_count = 0;
	rk_fake_env_pin(person, NULL, answer);
	person->pins[person->pin_count - 1].kind = kind;
}

static rk_error *
change(struct rk_key_scene *scene, enum rk_tokens_secret secret)
{
	enum rk_pin_change how = RK_PIN_CHANGE_USER;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO_HANDS_CHANGE(asked);
	rk_error *err = rk_tokens_pin_plan(scene->hands, URI, secret, &plan, &how);

	if (!err)
		err = rk_tokens_pin_ask(scene->hands, URI, how, &asked);
	if (!err)
		err = rk_tokens_pin(scene->hands, URI, &asked, &info);
	return err;
}

static void
the_new_pin_is_typed_twice_set_and_proved(void **state)
{
	struct rk_key_scene *scene = *state;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	assert_ok(change(scene, RK_TOKENS_PIN));
	assert_true(scene->person.pin_twice);
	assert_string_equal(scene->alice->pin, "654321");
	assert_int_equal(scene->alice->pin_changes, 1);
	assert_int_equal(scene->alice->logins, 1);
	assert_int_equal(scene->alice->logins_refused, 0);
}

static void
a_wrong_old_pin_spends_one_try_and_changes_nothing(void **state)
{
	struct rk_key_scene *scene = *state;

	person_says(scene, "PIN", "000000");
	person_says(scene, "new PIN", "654321");
	assert_error(change(scene, RK_TOKENS_PIN), RK_E_PIN_WRONG);
	assert_int_equal(scene->alice->tries, RK_SOFT_TRIES - 1);
	assert_string_equal(scene->alice->pin, "123456");
}

static void
lengths_come_before_tries(void **state)
{
	struct rk_key_scene *scene = *state;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "123");
	assert_error(change(scene, RK_TOKENS_PIN), RK_E_REFUSED);
	scene->person.pins[0].pin = "1";
	assert_error(change(scene, RK_TOKENS_PIN), RK_E_PIN_NEEDED);
	assert_int_equal(scene->module->called[RK_SOFT_SET_PIN], 0);
}

static void
the_old_pin_is_not_a_new_one(void **state)
{
	struct rk_key_scene *scene = *state;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "123456");
	assert_error(change(scene, RK_TOKENS_PIN), RK_E_REFUSED);
	assert_int_equal(scene->module->called[RK_SOFT_SET_PIN], 0);
}

static void
a_last_try_wants_its_own_yes(void **state)
{
	struct rk_key_scene *scene = *state;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	scene->alice->tries = 1;
	scene->person.confirm_says = RK_E_CANCELLED;
	assert_error(change(scene, RK_TOKENS_PIN), RK_E_PIN_LAST);
	assert_int_equal(scene->person.confirm_kind, RK_CONFIRM_LAST_PIN);
	assert_int_equal(scene->person.pin_calls, 0);
	scene->person.confirm_says = RK_OK;
	assert_ok(change(scene, RK_TOKENS_PIN));
}

static void
a_last_try_of_the_so_pin_wants_it_too(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->so_tries = 1;
	scene->person.confirm_says = RK_E_CANCELLED;
	assert_error(change(scene, RK_TOKENS_PIN_UNBLOCK), RK_E_PIN_LAST);
	assert_error(change(scene, RK_TOKENS_SO_PIN), RK_E_PIN_LAST);
	assert_int_equal(scene->person.pin_calls, 0);
}

static void
a_locked_pin_is_not_asked_for(void **state)
{
	struct rk_key_scene *scene = *state;
	rk_error *err;

	scene->alice->tries = 0;
	err = change(scene, RK_TOKENS_PIN);
	assert_int_equal(rk_error_code(err), RK_E_PIN_LOCKED);
	assert_non_null(strstr(rk_error_remedy(err), "--unblock"));
	rk_error_free(err);
	assert_int_equal(scene->person.pin_calls, 0);
}

static void
the_count_of_tries_is_believed_where_the_flags_say_nothing(void **state)
{
	rk_token_info info = {.pin_state = RK_PIN_OK, .pin_tries_known = true, .pin_tries = 1};

	(void)state;
	assert_int_equal(rk_pins_state(&info, RK_PINS_PIN), RK_PIN_FINAL);
	info.pin_tries = 0;
	assert_int_equal(rk_pins_state(&info, RK_PINS_PIN), RK_PIN_LOCKED);
	info.pin_tries = 3;
	assert_int_equal(rk_pins_state(&info, RK_PINS_PIN), RK_PIN_OK);
	assert_int_equal(rk_pins_state(&info, RK_PINS_PUK), RK_PIN_OK);
	info.puk_tries_known = true;
	info.puk_tries = 1;
	assert_int_equal(rk_pins_state(&info, RK_PINS_PUK), RK_PIN_FINAL);
	info.puk_tries = 0;
	assert_int_equal(rk_pins_state(&info, RK_PINS_PUK), RK_PIN_LOCKED);
}

static void
the_so_pin_unblocks_where_the_model_has_it_so(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->tries = 0;
	person_says(scene, "SO PIN", "12345678");
	person_says(scene, "new PIN", "654321");
	assert_ok(change(scene, RK_TOKENS_PIN_UNBLOCK));
	assert_string_equal(scene->alice->pin, "654321");
	assert_int_equal(scene->alice->tries, RK_SOFT_TRIES);
}

static void
the_puk_unblocks_where_there_is_one(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->tries = 0;
	scene->alice->puk = "87654321";
	person_says(scene, "PUK", "87654321");
	person_says(scene, "new PIN", "654321");
	assert_ok(change(scene, RK_TOKENS_PIN_UNBLOCK));
	assert_string_equal(scene->alice->pin, "654321");
}

static void
a_token_that_nobody_can_unblock_says_what_is_left(void **state)
{
	struct rk_key_scene *scene = *state;
	rk_error *err;

	scene->alice->nobody_unblocks = true;
	err = change(scene, RK_TOKENS_PIN_UNBLOCK);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_remedy(err), "backup"));
	rk_error_free(err);
	assert_int_equal(scene->person.pin_calls, 0);
}

static void
a_management_key_is_changed_as_the_so_pin_it_is(void **state)
{
	static const char old[] = "010203040506070801020304050607080102030405060708";
	static const char new[] = "a10203040506070801020304050607080102030405060708";
	struct rk_key_scene *scene = *state;

	scene->alice->so_makes_keys = true;
	scene->alice->so_pin = old;
	person_says(scene, "management key", old);
	person_says(scene, "next management key", "12345678");
	assert_error(change(scene, RK_TOKENS_SO_PIN), RK_E_REFUSED);
	scene->person.pins[1].pin = new;
	assert_ok(change(scene, RK_TOKENS_SO_PIN));
	assert_string_equal(scene->alice->so_pin, new);
	assert_int_equal(scene->alice->so_logins, 1);
}

static void
a_pad_is_looked_at_and_nobody_is_asked(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->pin_pad = true;
	assert_ok(change(scene, RK_TOKENS_PIN));
	assert_int_equal(scene->person.pin_calls, 0);
	assert_true(rk_fake_env_said(&scene->person, "pad"));
	assert_true(rk_fake_env_said(&scene->person, "new PIN"));
	assert_int_equal(scene->alice->pin_changes, 1);
}

static void
another_token_in_its_place_gets_nothing(void **state)
{
	struct rk_key_scene *scene = *state;
	enum rk_pin_change how = RK_PIN_CHANGE_USER;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO_HANDS_CHANGE(asked);

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	assert_ok(rk_tokens_pin_plan(scene->hands, URI, RK_TOKENS_PIN, &plan, &how));
	assert_ok(rk_tokens_pin_ask(scene->hands, URI, how, &asked));
	scene->alice->serial = "other";
	assert_error(rk_tokens_pin(scene->hands, URI, &asked, &info), RK_E_TOKEN_GONE);
	assert_error(rk_tokens_pin_ask(scene->hands, URI, how, &asked), RK_E_TOKEN_GONE);
	assert_int_equal(scene->module->called[RK_SOFT_SET_PIN], 0);
}

static void
a_token_without_a_pin_has_none_to_change(void **state)
{
	struct rk_key_scene *scene = *state;

	scene->alice->pin_unset = true;
	assert_error(change(scene, RK_TOKENS_PIN), RK_E_PIN_NEEDED);
	scene->alice->write_protected = true;
	assert_error(change(scene, RK_TOKENS_PIN_UNBLOCK), RK_E_TOKEN);
}

/* Whatever fails, the old secret has been tried at most once. */
static void
no_failure_spends_a_second_try(void **state)
{
	struct rk_key_scene *scene = *state;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	for (unsigned at = 1; at < 20; at++) {
		rk_error *err;

		rk_key_scene_again(scene);
		scene->module->fails_at = at;
		err = change(scene, RK_TOKENS_PIN);
		assert_in_range(scene->module->called[RK_SOFT_SET_PIN], 0, 1);
		if (!err)
			break;
		assert_int_equal(rk_error_code(err), RK_E_TOKEN);
		rk_error_free(err);
		assert_int_equal(scene->alice->tries, RK_SOFT_TRIES);
		scene->alice->pin = "123456";
	}
	assert_string_equal(scene->alice->pin, "654321");
}

static void
a_lost_answer_leaves_two_pins_and_says_so(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	scene->alice->answer_lost = RK_SOFT_SET_PIN;
	err = change(scene, RK_TOKENS_PIN);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_non_null(strstr(rk_error_message(err), "old PIN or the new one"));
	assert_non_null(strstr(rk_error_remedy(err), "the new one first"));
	assert_int_equal(scene->alice->logins, 0);
}

static void
a_new_pin_that_cannot_be_proved_is_still_told_of(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	scene->alice->gone_after = RK_SOFT_SET_PIN;
	err = change(scene, RK_TOKENS_PIN);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_GONE);
	assert_non_null(strstr(rk_error_message(err), "has its new PIN"));
}

static void
a_token_that_goes_when_all_is_done_has_its_new_pin(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	person_says(scene, "PIN", "123456");
	person_says(scene, "new PIN", "654321");
	scene->alice->gone_after = RK_SOFT_LOGIN;
	err = change(scene, RK_TOKENS_PIN);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_GONE);
	assert_non_null(strstr(rk_error_message(err), "has its new PIN"));
	assert_string_equal(scene->alice->pin, "654321");
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(the_new_pin_is_typed_twice_set_and_proved),
	    scene_spec(a_wrong_old_pin_spends_one_try_and_changes_nothing),
	    scene_spec(lengths_come_before_tries),
	    scene_spec(the_old_pin_is_not_a_new_one),
	    scene_spec(a_last_try_wants_its_own_yes),
	    scene_spec(a_last_try_of_the_so_pin_wants_it_too),
	    scene_spec(a_locked_pin_is_not_asked_for),
	    scene_spec(the_count_of_tries_is_believed_where_the_flags_say_nothing),
	    scene_spec(the_so_pin_unblocks_where_the_model_has_it_so),
	    scene_spec(the_puk_unblocks_where_there_is_one),
	    scene_spec(a_token_that_nobody_can_unblock_says_what_is_left),
	    scene_spec(a_management_key_is_changed_as_the_so_pin_it_is),
	    scene_spec(a_pad_is_looked_at_and_nobody_is_asked),
	    scene_spec(another_token_in_its_place_gets_nothing),
	    scene_spec(a_token_without_a_pin_has_none_to_change),
	    scene_spec(no_failure_spends_a_second_try),
	    scene_spec(a_lost_answer_leaves_two_pins_and_says_so),
	    scene_spec(a_new_pin_that_cannot_be_proved_is_still_told_of),
	    scene_spec(a_token_that_goes_when_all_is_done_has_its_new_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
