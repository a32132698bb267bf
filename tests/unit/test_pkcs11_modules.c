#include "support/folder.h"
#include "support/softhsm.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define MODULE(name) RK_MODULE_DIR "/" name ".so"

/* One of the misbehaving modules beside SoftHSM. */
static rk_softhsm *
beside(void **state, const char *module, int timeout)
{
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);
	const char *const modules[] = {module, softhsm->module, NULL};

	rk_softhsm_launch(softhsm, modules, timeout);
	rk_softhsm_add_token(softhsm, "one");
	return softhsm;
}

/* The token of the good module is there, signs, and the bad one was one warning. */
static void
assert_hides_nothing(rk_softhsm *softhsm, const char *said)
{
	RK_AUTO(rk_token_list) list = NULL;
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, "signed"));
	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	assert_int_equal(list->count, 2);
	assert_int_equal(softhsm->warnings, 1);
	if (!strstr(softhsm->said, said))
		print_message("%s\n", softhsm->said);
	assert_non_null(strstr(softhsm->said, said));
}

static void
a_module_that_crashes_is_one_warning(void **state)
{
	assert_hides_nothing(
	    beside(state, MODULE("crash"), 0), "module 'crash.so' ended in the middle");
}

static void
a_module_that_hangs_is_one_warning_after_its_time(void **state)
{
	assert_hides_nothing(
	    beside(state, MODULE("hang"), 1), "module 'hang.so' did not answer within 1 seconds");
}

static void
a_module_that_cannot_be_initialized_is_one_warning(void **state)
{
	assert_hides_nothing(beside(state, MODULE("refuse"), 0), "CKR_GENERAL_ERROR");
}

static void
a_module_that_claims_more_than_it_has_is_one_warning(void **state)
{
	assert_hides_nothing(beside(state, MODULE("greedy"), 0), "says that it did it");
}

static void
a_module_alone_that_crashes_is_the_answer(void **state)
{
	rk_softhsm *softhsm = *state;
	const char *const modules[] = {MODULE("crash"), NULL};
	rk_token_list *list = NULL;
	rk_token *token = NULL;

	rk_softhsm_launch(softhsm, modules, 0);
	assert_error(softhsm->tokens->ops->list(softhsm->tokens, &list), RK_E_TOKEN_GONE);
	assert_error(
	    softhsm->tokens->ops->open(softhsm->tokens, "pkcs11:", &token), RK_E_TOKEN_GONE);
	assert_null(list);
	assert_null(token);
}

static void
a_module_that_does_not_end_is_ended(void **state)
{
	rk_softhsm *softhsm = *state;
	const char *const modules[] = {MODULE("linger"), NULL};
	RK_AUTO(rk_token_list) list = NULL;
	pid_t worker = 0;

	rk_softhsm_launch(softhsm, modules, 0);
	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	assert_int_equal(list->count, 0);
	assert_int_equal(rk_softhsm_workers(&worker), 1);
	rk_pkcs11_free(softhsm->pkcs11);
	softhsm->pkcs11 = NULL;
	assert_int_equal(rk_softhsm_workers(&worker), 0);
}

static void
look_for_doors(rk_softhsm *softhsm, bool network, rk_token_list **ret_list)
{
	static const char *const modules[] = {MODULE("escape")};
	static const char *const variables[] = {"LD_BIND_NOW", "OPENSSL_CONF", "OPENSSL_MODULES",
	    "OPENSSL_ENGINES", "PKCS11SPY", "P11_KIT_DEBUG", "OPENSC_DEBUG", "YKCS11_DBG",
	    "P11_KIT_SERVER_ADDRESS", "RK_KEPT"};
	const struct rk_pkcs11_options options = {
	    .modules = modules, .module_count = 1, .network = network, .env = &softhsm->env};

	rk_pkcs11_free(softhsm->pkcs11);
	softhsm->pkcs11 = NULL;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		assert_int_equal(setenv(variables[i], "/dev/null", 1), 0);
	/* As main is: or another process of the same user may look into it. */
	assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
	assert_ok(rk_pkcs11_launch(&softhsm->pkcs11));
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		assert_int_equal(unsetenv(variables[i]), 0);
	assert_ok(rk_pkcs11_tokens(softhsm->pkcs11, &options, &softhsm->tokens));
	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, ret_list));
	assert_int_equal((*ret_list)->count, 1);
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
}

/* Small letters are closed doors and variables that are gone. AF_UNIX and threads stay, and the
 * variables that say where a token is. Descriptors: 0 to 2, pipe, timer. */
static void
a_worker_has_no_way_out_but_local_sockets(void **state)
{
	RK_AUTO(rk_token_list) list = NULL;

	look_for_doors(*state, false, &list);
	assert_string_equal(list->tokens[0].label, "ijnUfsxpyTwvgkehmq");
	assert_string_equal(list->tokens[0].serial, "5lomesdcyAHK");
}

static void
with_the_network_allowed_nothing_else_is(void **state)
{
	RK_AUTO(rk_token_list) list = NULL;

	look_for_doors(*state, true, &list);
	assert_string_equal(list->tokens[0].label + 2, "NUfsxpyTwvgkehmq");
	assert_int_equal(list->tokens[0].label[0], 'I');
}

static void
a_call_of_another_architecture_ends_the_worker(void **state)
{
	rk_softhsm *softhsm = *state;
	const char *const modules[] = {MODULE("foreign"), NULL};
	rk_token_list *list = NULL;

	rk_softhsm_launch(softhsm, modules, 0);
	assert_error(softhsm->tokens->ops->list(softhsm->tokens, &list), RK_E_TOKEN_GONE);
	assert_null(list);
}

#define with_softhsm(function) \
	cmocka_unit_test_setup_teardown(function, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(a_module_that_crashes_is_one_warning),
	    with_softhsm(a_module_that_hangs_is_one_warning_after_its_time),
	    with_softhsm(a_module_that_cannot_be_initialized_is_one_warning),
	    with_softhsm(a_module_that_claims_more_than_it_has_is_one_warning),
	    with_softhsm(a_module_alone_that_crashes_is_the_answer),
	    with_softhsm(a_module_that_does_not_end_is_ended),
	    with_softhsm(a_worker_has_no_way_out_but_local_sockets),
	    with_softhsm(with_the_network_allowed_nothing_else_is),
	    with_softhsm(a_call_of_another_architecture_ends_the_worker),
	};

	return cmocka_run_group_tests_name("pkcs11 with bad modules", tests, NULL, NULL);
}
