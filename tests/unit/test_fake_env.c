#include "support/fake_env.h"
#include "support/spec.h"

#include "base/secret.h"

#include <string.h>

static rk_error *
ask(struct rk_fake_env *fake, const char *kind, const char *label, const char *want)
{
	const struct rk_pin_request request = {.kind = kind,
	    .label = label,
	    .serial = "1",
	    .purpose = "sign root 3",
	    .state = RK_PIN_FINAL,
	    .twice = true};
	RK_AUTO(rk_secret) pin = NULL;
	rk_error *err = fake->env.ops->pin(&fake->env, &request, &pin);

	if (!err) {
		assert_int_equal(rk_secret_len(pin), strlen(want));
		assert_memory_equal(rk_secret_peek(pin), want, strlen(want));
	}
	return err;
}

static void
pins_are_given_to_whom_they_are_for(void **state)
{
	struct rk_fake_env fake = rk_fake_env_new();

	(void)state;
	assert_error(ask(&fake, "PIN", "a", NULL), RK_E_NO_INPUT);
	rk_fake_env_pin_times(&fake, "a", "wrong", 1);
	rk_fake_env_pin(&fake, "a", "1234");
	assert_ok(ask(&fake, "PIN", "a", "wrong"));
	assert_ok(ask(&fake, "PIN", "a", "1234"));
	assert_ok(ask(&fake, "PIN", "a", "1234"));
	assert_error(ask(&fake, "PIN", "b", NULL), RK_E_NO_INPUT);
	fake.pins[fake.pin_count++] =
	    (struct rk_fake_pin){.kind = "SO PIN", .fails = RK_E_CANCELLED};
	assert_error(ask(&fake, "PIN", "b", NULL), RK_E_NO_INPUT);
	assert_error(ask(&fake, "SO PIN", "b", NULL), RK_E_CANCELLED);
	assert_int_equal(fake.pin_calls, 7);
	assert_int_equal(fake.pin_state, RK_PIN_FINAL);
	assert_true(fake.pin_twice);
	assert_true(rk_fake_env_asked(&fake, "SO PIN of 'b': sign root 3\n"));
	rk_fake_env_clear(&fake);
}

static void
pins_are_at_hand_only_where_they_are_in_a_file(void **state)
{
	struct rk_fake_env fake = rk_fake_env_new();
	const struct rk_pin_request mine = {.kind = "PIN", .label = "a"};
	const struct rk_pin_request other = {.kind = "PIN", .label = "b"};

	(void)state;
	rk_fake_env_pin(&fake, "a", "1234");
	assert_false(fake.env.ops->pin_at_hand(&fake.env, &mine));
	fake.pins_at_hand = true;
	assert_true(fake.env.ops->pin_at_hand(&fake.env, &mine));
	assert_false(fake.env.ops->pin_at_hand(&fake.env, &other));
	rk_fake_env_clear(&fake);
}

static void
the_clock_is_the_tests_and_entropy_is_the_same_each_time(void **state)
{
	struct rk_fake_env one = rk_fake_env_new(), two = rk_fake_env_new();
	uint8_t first[32], second[32], next[32];

	(void)state;
	one.now = 77;
	assert_int_equal(one.env.ops->now(&one.env), 77);
	assert_ok(one.env.ops->entropy(&one.env, first, 32));
	assert_ok(one.env.ops->entropy(&one.env, next, 32));
	assert_ok(two.env.ops->entropy(&two.env, second, 32));
	assert_memory_equal(first, second, 32);
	assert_memory_not_equal(first, next, 32);
	one.entropy_fails_at = 3;
	assert_error(one.env.ops->entropy(&one.env, first, 32), RK_E_INTERNAL);
	assert_ok(one.env.ops->entropy(&one.env, first, 32));
	assert_int_equal(one.entropy_calls, 4);
}

static rk_error *
confirm(struct rk_fake_env *fake)
{
	const struct rk_confirm_request request = {
	    .kind = RK_CONFIRM_DESTROY, .question = "Erase it?", .expect = "0001"};

	return fake->env.ops->confirm(&fake->env, &request);
}

static void
the_person_says_yes_until_told_otherwise(void **state)
{
	struct rk_fake_env fake = rk_fake_env_new();

	(void)state;
	assert_ok(confirm(&fake));
	fake.confirms_say_no_at = 2;
	assert_error(confirm(&fake), RK_E_CANCELLED);
	fake.confirm_says = RK_E_NO_INPUT;
	assert_error(confirm(&fake), RK_E_NO_INPUT);
	assert_int_equal(fake.confirm_calls, 3);
	assert_int_equal(fake.confirm_kind, RK_CONFIRM_DESTROY);
	assert_true(rk_fake_env_asked(&fake, "confirm: Erase it? [0001]\n"));
	rk_fake_env_clear(&fake);
}

static void
what_is_said_is_kept_with_its_level(void **state)
{
	struct rk_fake_env fake = rk_fake_env_new();

	(void)state;
	rk_sayf(&fake.env, RK_SAY_WARNING, "%d of %s", 3, "five");
	rk_sayf(&fake.env, RK_SAY_INFO, "done");
	rk_sayf(&fake.env, RK_SAY_DETAIL, "%s", "");
	fake.env.ops->progress(&fake.env, "hashing", 1, 2);
	assert_string_equal(rk_buf_str(&fake.said), "warning: 3 of five\ninfo: done\ndetail: \n");
	assert_string_equal(rk_buf_str(&fake.progress), "hashing 1/2\n");
	assert_int_equal(fake.warnings, 1);
	assert_int_equal(fake.say_calls, 3);
	assert_true(rk_fake_env_said(&fake, "3 of five"));
	assert_false(rk_fake_env_said(&fake, "six"));
	rk_fake_env_clear(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(pins_are_given_to_whom_they_are_for),
	    spec(pins_are_at_hand_only_where_they_are_in_a_file),
	    spec(the_clock_is_the_tests_and_entropy_is_the_same_each_time),
	    spec(the_person_says_yes_until_told_otherwise),
	    spec(what_is_said_is_kept_with_its_level),
	};

	rk_error_free(rk_secret_heap_init());
	return cmocka_run_group_tests_name("fake_env", tests, NULL, NULL);
}
