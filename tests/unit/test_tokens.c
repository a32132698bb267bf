#include "support/fake_token.h"
#include "support/spec.h"

#include "base/secret.h"
#include "flow/tokens.h"

static rk_error *
initialise(struct rk_fake_token *stage, bool dry_run)
{
	const struct rk_tokens_wish wish = {.env = &stage->env,
	    .tokens = &stage->tokens,
	    .uri = "pkcs11:",
	    .label = "fresh",
	    .dry_run = dry_run};
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	rk_error *err = rk_tokens_init(&wish, &plan, &info);

	assert_true(err ? !plan && !info : plan != NULL);
	if (!err && !dry_run)
		assert_string_equal(info->label, "fresh");
	return err;
}

static void
an_empty_token_is_initialised_without_a_question(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	stage.initialized = false;
	assert_ok(initialise(&stage, false));
	assert_int_equal(stage.inits, 1);
	assert_int_equal(stage.confirms, 0);
}

static void
a_token_that_nobody_looked_at_counts_as_full(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	assert_ok(initialise(&stage, false));
	assert_int_equal(stage.logins, 0);
	assert_int_equal(stage.confirm_kind, RK_CONFIRM_DESTROY);
	assert_string_equal(stage.typed_back, "1a2b");
}

static void
a_token_with_keys_is_full_and_without_is_not(void **state)
{
	struct rk_fake_token full = rk_fake_token_used(), bare = rk_fake_token_used();

	(void)state;
	full.pin_at_hand = bare.pin_at_hand = true;
	full.keys = 1;
	assert_ok(initialise(&full, false));
	assert_int_equal(full.confirm_kind, RK_CONFIRM_DESTROY);
	assert_ok(initialise(&bare, false));
	assert_int_equal(bare.logins, 1);
	assert_int_equal(bare.confirm_kind, RK_CONFIRM_ORDINARY);
	assert_string_equal(bare.typed_back, "");
}

static void
without_consent_nothing_is_sent(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	stage.confirm_says = RK_E_NO_INPUT;
	assert_error(initialise(&stage, false), RK_E_NO_INPUT);
	stage.confirm_says = RK_E_CANCELLED;
	assert_error(initialise(&stage, false), RK_E_CANCELLED);
	assert_int_equal(stage.inits, 0);
}

static void
a_dry_run_asks_and_sends_nothing(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	assert_ok(initialise(&stage, true));
	assert_int_equal(stage.inits + stage.confirms + stage.logins, 0);
}

static void
a_wrong_pin_ends_the_looking(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	stage.pin_at_hand = true;
	stage.login_fails = RK_E_PIN_WRONG;
	assert_error(initialise(&stage, false), RK_E_PIN_WRONG);
	assert_int_equal(stage.inits, 0);
}

static void
the_so_pin_has_its_budget_too(void **state)
{
	struct rk_fake_token locked = rk_fake_token_used(), last = rk_fake_token_used();

	(void)state;
	locked.so_pin_state = RK_PIN_LOCKED;
	assert_error(initialise(&locked, false), RK_E_PIN_LOCKED);
	/* The last try is asked about after the contents were given up. */
	last.so_pin_state = RK_PIN_FINAL;
	assert_ok(initialise(&last, false));
	assert_int_equal(last.confirms, 2);
	assert_int_equal(last.confirm_kind, RK_CONFIRM_LAST_PIN);
	assert_int_equal(locked.inits, 0);
}

static void
a_new_pin_must_have_a_length_that_the_token_takes(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	stage.initialized = false;
	stage.new_pin = "123";
	assert_error(initialise(&stage, false), RK_E_REFUSED);
	stage.new_pin = "123456789";
	assert_error(initialise(&stage, false), RK_E_REFUSED);
	assert_int_equal(stage.inits, 0);
}

static void
a_token_that_was_swapped_meanwhile_is_left_alone(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	stage.swapped = true;
	assert_error(initialise(&stage, false), RK_E_TOKEN_GONE);
	assert_int_equal(stage.inits, 0);
}

static void
success_is_believed_when_the_token_shows_it(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();

	(void)state;
	stage.empty_after_init = true;
	assert_error(initialise(&stage, false), RK_E_KEY_UNPROVEN);
}

static rk_tokens_trial *
try_out(struct rk_fake_token *stage)
{
	RK_AUTO(rk_hands) hands = NULL;
	rk_tokens_trial *trial = NULL;

	assert_ok(rk_hands_new(&stage->env, &stage->tokens, &hands));
	assert_ok(rk_tokens_test(hands, "pkcs11:", NULL, &trial));
	return trial;
}

static void
a_scratch_key_that_signs_garbage_is_destroyed_again(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();
	RK_AUTO(rk_tokens_trial) trial = try_out(&stage);

	(void)state;
	assert_int_equal(trial->stage[RK_KEY_ED25519], RK_TOKENS_NOT_PROVEN);
	assert_string_equal(rk_code_name(rk_error_code(trial->err[RK_KEY_ED25519])),
	    rk_code_name(RK_E_KEY_UNPROVEN));
	assert_int_equal(trial->stage[RK_KEY_RSA2048], RK_TOKENS_NOT_OFFERED);
	assert_int_equal(stage.made, 1);
	assert_int_equal(stage.destroyed, 1);
}

static void
a_type_that_cannot_be_made_is_its_own_outcome(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();
	RK_AUTO(rk_tokens_trial) trial = NULL;

	(void)state;
	stage.generate_fails = RK_E_TOKEN_UNSUPPORTED;
	trial = try_out(&stage);
	assert_int_equal(trial->stage[RK_KEY_ED25519], RK_TOKENS_NOT_MADE);
	assert_int_equal(stage.destroyed, 0);
}

static void
a_token_that_goes_away_ends_the_test(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();
	RK_AUTO(rk_hands) hands = NULL;
	RK_AUTO(rk_tokens_trial) trial = NULL;

	(void)state;
	stage.generate_fails = RK_E_TOKEN_GONE;
	assert_ok(rk_hands_new(&stage.env, &stage.tokens, &hands));
	assert_error(rk_tokens_test(hands, "pkcs11:", NULL, &trial), RK_E_TOKEN_GONE);
	assert_null(trial);
}

static bool
stop_at_once(void)
{
	return true;
}

static void
a_test_that_is_stopped_makes_no_more_keys(void **state)
{
	struct rk_fake_token stage = rk_fake_token_used();
	RK_AUTO(rk_hands) hands = NULL;
	RK_AUTO(rk_tokens_trial) trial = NULL;

	(void)state;
	assert_ok(rk_hands_new(&stage.env, &stage.tokens, &hands));
	assert_error(rk_tokens_test(hands, "pkcs11:", stop_at_once, &trial), RK_E_CANCELLED);
	assert_int_equal(stage.made, 0);
}

static int
begin(void **state)
{
	(void)state;
	assert_ok(rk_secret_heap_init());
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(an_empty_token_is_initialised_without_a_question),
	    spec(a_token_that_nobody_looked_at_counts_as_full),
	    spec(a_token_with_keys_is_full_and_without_is_not),
	    spec(without_consent_nothing_is_sent),
	    spec(a_dry_run_asks_and_sends_nothing),
	    spec(a_wrong_pin_ends_the_looking),
	    spec(the_so_pin_has_its_budget_too),
	    spec(a_new_pin_must_have_a_length_that_the_token_takes),
	    spec(a_token_that_was_swapped_meanwhile_is_left_alone),
	    spec(success_is_believed_when_the_token_shows_it),
	    spec(a_scratch_key_that_signs_garbage_is_destroyed_again),
	    spec(a_type_that_cannot_be_made_is_its_own_outcome),
	    spec(a_token_that_goes_away_ends_the_test),
	    spec(a_test_that_is_stopped_makes_no_more_keys),
	};

	return cmocka_run_group_tests_name("tokens", tests, begin, NULL);
}
