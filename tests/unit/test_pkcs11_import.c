#include "support/soft_key.h"
#include "support/softhsm.h"
#include "support/spec.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static rk_secret *
secret_of(const char *text)
{
	rk_secret *secret = NULL;

	assert_ok(rk_secret_copy(text, strlen(text), &secret));
	return secret;
}

/* PKCS#8 DER, as src/world/token.h has it. */
static rk_secret *
pkcs8_of(EVP_PKEY *pair)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
	unsigned char *der = NULL;
	rk_secret *secret = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	assert_true(len > 0);
	assert_ok(rk_secret_copy(der, (size_t)len, &secret));
	OPENSSL_clear_free(der, (size_t)len);
	PKCS8_PRIV_KEY_INFO_free(info);
	return secret;
}

static rk_error *
import(rk_token *token, EVP_PKEY *pair, const struct rk_key_spec *spec, rk_token_key **ret_key)
{
	RK_AUTO(rk_secret) pkcs8 = pkcs8_of(pair);

	return token->ops->import(token, spec, pkcs8, ret_key);
}

static const uint8_t id[] = {0, 0x10, 0xff, 0};

static struct rk_key_spec
spec_of(enum rk_key_type type, const char *label)
{
	return (struct rk_key_spec){.type = type, .label = label, .id = id, .id_len = sizeof(id)};
}

static const enum rk_key_type every_type[] = {RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384,
    RK_KEY_ECDSA_P521, RK_KEY_ED25519, RK_KEY_RSA2048, RK_KEY_RSA3072, RK_KEY_RSA4096,
    RK_KEY_RSA_OTHER};

static void
every_type_goes_to_the_token_and_signs_there(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");

	for (size_t i = 0; i < sizeof(every_type) / sizeof(every_type[0]); i++) {
		EVP_PKEY *pair = rk_soft_key_new(every_type[i]);
		RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);
		RK_AUTO(rk_token_key) key = NULL;
		RK_AUTO(rk_token_key) found = NULL;
		struct rk_key_spec spec = spec_of(every_type[i], "copy");

		assert_ok(import(token, pair, &spec, &key));
		EVP_PKEY_free(pair);
		assert_true(rk_pubkey_equal(key->pubkey, pubkey));
		assert_string_equal(key->label, "copy");
		assert_int_equal(key->id_len, sizeof(id));
		assert_memory_equal(key->id, id, sizeof(id));
		assert_int_equal(key->sensitive, RK_FACT_YES);
		assert_int_equal(key->extractable, RK_FACT_NO);
		/* The honest marks of a copy. */
		assert_int_equal(key->local, RK_FACT_NO);
		assert_int_equal(key->always_sensitive, RK_FACT_NO);
		assert_int_equal(key->never_extractable, RK_FACT_NO);
		assert_ok(rk_softhsm_sign(token, key, "signed by a copy"));
		assert_ok(token->ops->find(token, key->uri, &found));
		assert_true(rk_pubkey_equal(found->pubkey, pubkey));
		assert_ok(token->ops->destroy(token, key));
	}
}

static void
a_copy_that_is_to_be_wrapped_is_extractable_and_sensitive(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_key_spec spec = spec_of(RK_KEY_ECDSA_P256, "copy");
	RK_AUTO(rk_token_key) key = NULL;

	spec.wrappable = true;
	assert_ok(import(token, pair, &spec, &key));
	EVP_PKEY_free(pair);
	assert_int_equal(key->sensitive, RK_FACT_YES);
	assert_int_equal(key->extractable, RK_FACT_YES);
}

static void
a_taken_label_or_id_is_refused_and_nothing_is_left(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_key_spec first = spec_of(RK_KEY_ECDSA_P256, "copy");
	struct rk_key_spec same_id = spec_of(RK_KEY_ECDSA_P256, "other");
	struct rk_key_spec same_label = spec_of(RK_KEY_ECDSA_P256, "copy");
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *none = NULL;

	same_label.id_len = 2;
	assert_ok(import(token, pair, &first, &key));
	assert_error(import(token, pair, &same_id, &none), RK_E_EXISTS);
	assert_error(import(token, pair, &same_label, &none), RK_E_EXISTS);
	EVP_PKEY_free(pair);
	assert_null(none);
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 1);
}

/* SoftHSM keeps a certificate that it refuses for what it lacks. */
static void
what_a_module_refused_and_made_all_the_same_goes_again(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_key_spec spec = spec_of(RK_KEY_ECDSA_P256, "copy");
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_certificates) list = NULL;
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_error) err = NULL;

	assert_int_equal(setenv("RK_FORWARD_MODULE", softhsm->module, 1), 0);
	assert_int_equal(setenv("RK_FORWARD_RULE", "C_CreateObject:2=0x140", 1), 0);
	rk_softhsm_launch(softhsm, (const char *const[]){RK_MODULE_DIR "/forward.so", NULL}, 0);
	token = rk_softhsm_log_in(softhsm, "one");
	err = import(token, pair, &spec, &key);
	assert_non_null(strstr(rk_error_message(err), "CKR_CURVE_NOT_SUPPORTED"));
	assert_ok(token->ops->certificates(token, &list));
	assert_int_equal(list->count, 0);
	assert_ok(import(token, pair, &spec, &key));
	EVP_PKEY_free(pair);
}

static void
a_key_of_another_type_is_refused_before_the_token_sees_it(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P384);
	struct rk_key_spec spec = spec_of(RK_KEY_ECDSA_P256, "copy");
	RK_AUTO(rk_secret) garbage = secret_of("no key at all");
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *none = NULL;

	assert_error(import(token, pair, &spec, &none), RK_E_USAGE);
	EVP_PKEY_free(pair);
	assert_error(token->ops->import(token, &spec, garbage, &none), RK_E_TOKEN_UNSUPPORTED);
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 0);
}

static void
without_a_login_nothing_is_imported(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_key_spec spec = spec_of(RK_KEY_ECDSA_P256, "copy");
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *none = NULL;

	assert_error(import(token, pair, &spec, &none), RK_E_PIN_NEEDED);
	EVP_PKEY_free(pair);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 0);
}

static void
a_token_without_certificates_has_none(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_certificates) list = NULL;

	assert_ok(token->ops->certificates(token, &list));
	assert_int_equal(list->count, 0);
}

static rk_error *
set_pin(rk_token *token, enum rk_pin_change change, const char *old, const char *pin)
{
	RK_AUTO(rk_secret) present = old ? secret_of(old) : NULL;
	RK_AUTO(rk_secret) fresh = pin ? secret_of(pin) : NULL;

	return token->ops->set_pin(token, change, present, fresh);
}

static void
a_new_pin_opens_and_the_old_one_does_not(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");

	assert_ok(set_pin(token, RK_PIN_CHANGE_USER, RK_SOFTHSM_PIN, "654321"));
	assert_error(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN), RK_E_PIN_WRONG);
	assert_ok(rk_softhsm_try_pin(token, "654321"));
}

static void
nobody_is_logged_in_after_a_change(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	rk_token_key *none = NULL;

	assert_ok(set_pin(token, RK_PIN_CHANGE_USER, RK_SOFTHSM_PIN, "654321"));
	assert_error(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "a", &none), RK_E_PIN_NEEDED);
}

static void
a_wrong_old_pin_changes_nothing(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;

	assert_error(set_pin(token, RK_PIN_CHANGE_USER, "000000", "654321"), RK_E_PIN_WRONG);
	assert_ok(token->ops->info(token, &info));
	assert_int_equal(info->pin_state, RK_PIN_LOW);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
}

static void
a_new_pin_of_a_length_that_the_token_does_not_take_is_no_try(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;

	assert_error(set_pin(token, RK_PIN_CHANGE_USER, "000000", "1"), RK_E_TOKEN);
	assert_ok(token->ops->info(token, &info));
	assert_int_equal(info->pin_state, RK_PIN_OK);
}

static void
the_so_gives_a_new_pin_and_changes_his_own(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");

	assert_ok(set_pin(token, RK_PIN_CHANGE_SO, RK_SOFTHSM_SO_PIN, "87654321"));
	assert_error(
	    set_pin(token, RK_PIN_UNBLOCK_SO, RK_SOFTHSM_SO_PIN, "654321"), RK_E_PIN_WRONG);
	assert_ok(set_pin(token, RK_PIN_UNBLOCK_SO, "87654321", "654321"));
	assert_ok(rk_softhsm_try_pin(token, "654321"));
}

static void
a_token_without_a_puk_says_so(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");

	assert_error(
	    set_pin(token, RK_PIN_UNBLOCK_PUK, "12345678", "654321"), RK_E_TOKEN_UNSUPPORTED);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
}

static void
without_a_pad_a_missing_secret_is_no_try(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");

	assert_error(set_pin(token, RK_PIN_CHANGE_USER, NULL, NULL), RK_E_PIN_NEEDED);
	assert_error(set_pin(token, RK_PIN_CHANGE_USER, RK_SOFTHSM_PIN, ""), RK_E_PIN_NEEDED);
	assert_error(token->ops->login_so(token, NULL), RK_E_PIN_NEEDED);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
}

static void
the_so_logs_in_after_the_user_and_the_user_after_him(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_secret) so_pin = secret_of(RK_SOFTHSM_SO_PIN);
	RK_AUTO(rk_secret) wrong = secret_of("00000000");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(token->ops->login_so(token, so_pin));
	assert_ok(token->ops->login_so(token, so_pin));
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "a", &key));
	assert_error(token->ops->login_so(token, wrong), RK_E_PIN_WRONG);
}

/* Two hold the same token: neither is in the SO's way. */
static void
the_so_logs_in_where_the_token_is_open_twice(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) first = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token) second = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_secret) so_pin = secret_of(RK_SOFTHSM_SO_PIN);
	RK_AUTO(rk_token) third = NULL;

	assert_ok(set_pin(first, RK_PIN_CHANGE_USER, RK_SOFTHSM_PIN, "654321"));
	assert_ok(second->ops->login_so(second, so_pin));
	third = rk_softhsm_open(softhsm, "one");
	assert_ok(rk_softhsm_try_pin(second, "654321"));
}

#define with_softhsm(function) \
	cmocka_unit_test_setup_teardown(function, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(every_type_goes_to_the_token_and_signs_there),
	    with_softhsm(a_copy_that_is_to_be_wrapped_is_extractable_and_sensitive),
	    with_softhsm(a_taken_label_or_id_is_refused_and_nothing_is_left),
	    with_softhsm(what_a_module_refused_and_made_all_the_same_goes_again),
	    with_softhsm(a_key_of_another_type_is_refused_before_the_token_sees_it),
	    with_softhsm(without_a_login_nothing_is_imported),
	    with_softhsm(a_token_without_certificates_has_none),
	    with_softhsm(a_new_pin_opens_and_the_old_one_does_not),
	    with_softhsm(nobody_is_logged_in_after_a_change),
	    with_softhsm(a_wrong_old_pin_changes_nothing),
	    with_softhsm(a_new_pin_of_a_length_that_the_token_does_not_take_is_no_try),
	    with_softhsm(the_so_gives_a_new_pin_and_changes_his_own),
	    with_softhsm(a_token_without_a_puk_says_so),
	    with_softhsm(without_a_pad_a_missing_secret_is_no_try),
	    with_softhsm(the_so_logs_in_after_the_user_and_the_user_after_him),
	    with_softhsm(the_so_logs_in_where_the_token_is_open_twice),
	};

	return cmocka_run_group_tests_name("pkcs11 imports and PINs", tests, NULL, NULL);
}
