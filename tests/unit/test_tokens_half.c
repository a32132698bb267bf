#include "support/key_scene.h"
#include "support/spec.h"

#include "flow/tokens.h"

#include <string.h>

/* alice is empty, and is to be initialised as 'fresh'. */
static rk_error *
initialise(struct rk_key_scene *scene)
{
	const struct rk_tokens_wish wish = {.env = &scene->person.env,
	    .tokens = &scene->module->tokens,
	    .uri = "pkcs11:",
	    .label = "fresh"};
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;

	return rk_tokens_init(&wish, &plan, &info);
}

static void
a_token_that_is_left_without_a_pin_is_named_with_the_way_on(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	scene->alice->initialized = false;
	scene->alice->answer_lost = RK_SOFT_INIT;
	err = initialise(scene);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_non_null(strstr(rk_error_message(err), "initialised as 'fresh' (serial a1)"));
	assert_non_null(strstr(rk_error_message(err), "has no PIN yet"));
	assert_non_null(strstr(rk_error_remedy(err), "token pin --unblock"));
	assert_non_null(rk_error_cause(err));
}

static void
one_that_went_away_meanwhile_may_be_half_made(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	scene->alice->initialized = false;
	scene->module->fails = RK_E_TOKEN_GONE;
	scene->module->fails_at = 4; /* twice which is meant, a list, and then it is done */
	err = initialise(scene);
	assert_int_equal(scene->module->called[RK_SOFT_INIT], 1);
	assert_non_null(strstr(rk_error_message(err), "may be initialised as 'fresh' already"));
	assert_non_null(strstr(rk_error_remedy(err), "token list"));
}

static void
a_refusal_that_did_nothing_is_told_as_it_is(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	scene->alice->initialized = false;
	scene->module->fails = RK_E_TOKEN;
	scene->module->fails_at = 4;
	err = initialise(scene);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_null(strstr(rk_error_message(err), "fresh"));
	assert_null(rk_error_cause(err));
}

/* One of that label was there before, whole: it is not the one that was half made. */
static void
another_of_the_same_label_is_not_blamed(void **state)
{
	struct rk_key_scene *scene = *state;
	RK_AUTO(rk_error) err = NULL;

	scene->alice->initialized = false;
	scene->bob->label = "fresh";
	scene->module->fails = RK_E_TOKEN;
	scene->module->fails_at = 4;
	err = initialise(scene);
	assert_null(strstr(rk_error_message(err), "b2"));
	assert_null(rk_error_cause(err));
}

#define scene_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_key_scene_begin, rk_key_scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    scene_spec(a_token_that_is_left_without_a_pin_is_named_with_the_way_on),
	    scene_spec(one_that_went_away_meanwhile_may_be_half_made),
	    scene_spec(a_refusal_that_did_nothing_is_told_as_it_is),
	    scene_spec(another_of_the_same_label_is_not_blamed),
	};

	return cmocka_run_group_tests_name("flow/tokens_half", tests, NULL, NULL);
}
