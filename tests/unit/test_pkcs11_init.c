#include "support/softhsm.h"
#include "support/spec.h"

#include <string.h>

static void
a_fresh_folder_has_one_empty_token(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);
	const char *const modules[] = {softhsm->module, NULL};
	RK_AUTO(rk_token_list) list = NULL;
	rk_token *token = NULL;

	rk_softhsm_launch(softhsm, modules, 0);
	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	assert_int_equal(list->count, 1);
	assert_false(list->tokens[0].initialized);
	assert_error(
	    softhsm->tokens->ops->open(softhsm->tokens, "pkcs11:", &token), RK_E_TOKEN_NONE);
	assert_null(token);
}

static void
a_second_token_takes_the_empty_place_even_with_the_same_label(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token_list) list = NULL;
	size_t initialized = 0;

	rk_softhsm_add_token(softhsm, "one");
	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	for (size_t i = 0; i < list->count; i++)
		initialized += list->tokens[i].initialized;
	assert_int_equal(initialized, 2);
}

static void
init_refuses_a_pin_that_the_token_would_refuse_before_it_erases(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_secret) so_pin = NULL;
	RK_AUTO(rk_secret) pin = NULL;
	RK_AUTO(rk_token) token = NULL;
	rk_token_info *info = NULL;

	assert_ok(rk_secret_copy(RK_SOFTHSM_SO_PIN, 8, &so_pin));
	assert_ok(rk_secret_copy("1", 1, &pin));
	assert_error(softhsm->tokens->ops->init(
			 softhsm->tokens, "pkcs11:token=one", "new", so_pin, pin, &info),
	    RK_E_TOKEN);
	assert_error(softhsm->tokens->ops->init(softhsm->tokens, "pkcs11:token=one",
			 "a label of more than thirty-two bytes", so_pin, so_pin, &info),
	    RK_E_USAGE);
	assert_null(info);
	token = rk_softhsm_log_in(softhsm, "one");
}

static void
init_with_a_wrong_so_pin_erases_nothing(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_secret) wrong = NULL;
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_info) after = NULL;
	rk_token_info *info = NULL;

	assert_ok(rk_secret_copy("87654321", 8, &wrong));
	assert_error(softhsm->tokens->ops->init(
			 softhsm->tokens, "pkcs11:token=one", "new", wrong, wrong, &info),
	    RK_E_PIN_WRONG);
	assert_null(info);
	token = rk_softhsm_log_in(softhsm, "one");
	assert_ok(token->ops->info(token, &after));
	assert_int_equal(after->so_pin_state, RK_PIN_LOW);
}

/* SoftHSM looks into its folder when it starts, and only then. */
static void
a_token_made_since_is_seen_by_a_fresh_worker(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	rk_pkcs11 *first = softhsm->pkcs11;
	rk_tokens *first_tokens = softhsm->tokens;
	const char *const modules[] = {softhsm->module, NULL};
	RK_AUTO(rk_token_list) list = NULL;
	rk_token *one = NULL, *two = NULL;

	assert_ok(first_tokens->ops->list(first_tokens, &list));
	softhsm->pkcs11 = NULL;
	rk_softhsm_launch(softhsm, modules, 0);
	rk_softhsm_add_token(softhsm, "two");
	assert_ok(first_tokens->ops->open(first_tokens, "pkcs11:token=one", &one));
	/* Not while the old one is at work. */
	assert_error(
	    first_tokens->ops->open(first_tokens, "pkcs11:token=two", &two), RK_E_TOKEN_NONE);
	rk_token_free(one);
	assert_ok(first_tokens->ops->open(first_tokens, "pkcs11:token=two", &two));
	rk_token_free(two);
	rk_pkcs11_free(first);
}

#define with_softhsm(function) \
	cmocka_unit_test_setup_teardown(function, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(a_fresh_folder_has_one_empty_token),
	    with_softhsm(a_second_token_takes_the_empty_place_even_with_the_same_label),
	    with_softhsm(init_refuses_a_pin_that_the_token_would_refuse_before_it_erases),
	    with_softhsm(init_with_a_wrong_so_pin_erases_nothing),
	    with_softhsm(a_token_made_since_is_seen_by_a_fresh_worker),
	};

	return cmocka_run_group_tests_name("pkcs11 token init", tests, NULL, NULL);
}
