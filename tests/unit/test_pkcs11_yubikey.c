#include "support/folder.h"
#include "support/soft_key.h"
#include "support/softhsm.h"
#include "support/spec.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE(name) RK_MODULE_DIR "/" name ".so"
#define MANAGEMENT_KEY "010203040506070801020304050607080102030405060708"

/* SoftHSM in the clothes of another module, with 'one' made ready. */
static rk_softhsm *
disguised(void **state, const char *as)
{
	static const char *const modules[] = {MODULE("disguise"), NULL};
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);
	const char *const plain[] = {softhsm->module, NULL};

	rk_softhsm_launch(softhsm, plain, 0);
	rk_softhsm_add_token(softhsm, "one");
	assert_int_equal(setenv("DISGUISE_AS", as, 1), 0);
	assert_int_equal(setenv("DISGUISE_MODULE", softhsm->module, 1), 0);
	assert_int_equal(setenv("DISGUISE_LOG", rk_folder_path(softhsm->folder, "calls"), 1), 0);
	rk_softhsm_launch(softhsm, modules, 0);
	return softhsm;
}

/* Is there such a line in the log? */
static bool
was_called(rk_softhsm *softhsm, const char *wanted)
{
	FILE *file = fopen(rk_folder_path(softhsm->folder, "calls"), "r");
	char line[200];
	bool found = false;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found |= strcmp(line, wanted) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

static rk_secret *
secret_of(const char *text)
{
	rk_secret *secret = NULL;

	assert_ok(rk_secret_copy(text, strlen(text), &secret));
	return secret;
}

static rk_error *
login_so(rk_token *token, const char *text)
{
	RK_AUTO(rk_secret) secret = secret_of(text);

	return token->ops->login_so(token, secret);
}

static rk_error *
set_pin(rk_token *token, enum rk_pin_change change, const char *old, const char *pin)
{
	RK_AUTO(rk_secret) present = secret_of(old);
	RK_AUTO(rk_secret) fresh = secret_of(pin);

	return token->ops->set_pin(token, change, present, fresh);
}

static rk_error *
generate(rk_token *token, const struct rk_key_spec *spec)
{
	RK_AUTO(rk_token_key) key = NULL;

	return token->ops->generate(token, spec, &key);
}

static void
keys_are_made_for_the_so_alone(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;
	const struct rk_key_spec spec = {.label = "root", .slot = 0x9c};

	assert_ok(token->ops->info(token, &info));
	assert_true(info->so_makes_keys);
	assert_int_equal(info->unblock, RK_UNBLOCK_PUK);
	assert_int_equal(info->pin_max, 8);
	assert_error(generate(token, &spec), RK_E_PIN_NEEDED);
	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_ok(generate(token, &spec));
}

/* SoftHSM's 2.6, read as ykcs11 writes it. */
static void
its_versions_have_three_numbers(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.3");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;

	assert_ok(token->ops->info(token, &info));
	assert_string_equal(info->firmware, "2.0.6");
	assert_non_null(strstr(info->module_version, " 2.3.0"));
}

static void
every_slot_has_its_id(void **state)
{
	static const uint8_t slots[][2] = {
	    {0x9a, 1}, {0x9c, 2}, {0x9d, 3}, {0x9e, 4}, {0x82, 5}, {0x95, 24}};
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");

	assert_ok(login_so(token, MANAGEMENT_KEY));
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		struct rk_key_spec spec = {.slot = slots[i][0]};
		RK_AUTO(rk_token_key) key = NULL;

		assert_ok(token->ops->generate(token, &spec, &key));
		assert_int_equal(key->id_len, 1);
		assert_int_equal(key->id[0], slots[i][1]);
		assert_error(generate(token, &spec), RK_E_EXISTS);
	}
}

/* The module would take the first byte of any id for a slot. */
static void
an_id_that_is_no_slot_is_refused(void **state)
{
	static const uint8_t random[] = {2, 0x1f}, attester[] = {25}, retired[] = {24};
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	struct rk_key_spec spec = {.id = random, .id_len = sizeof(random)};

	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_error(generate(token, &spec), RK_E_USAGE);
	spec = (struct rk_key_spec){.id = attester, .id_len = 1};
	assert_error(generate(token, &spec), RK_E_USAGE);
	spec = (struct rk_key_spec){.slot = 0xf9};
	assert_error(generate(token, &spec), RK_E_USAGE);
	spec = (struct rk_key_spec){.slot = 0x96};
	assert_error(generate(token, &spec), RK_E_USAGE);
	spec = (struct rk_key_spec){.label = "nowhere"};
	assert_error(generate(token, &spec), RK_E_USAGE);
	spec = (struct rk_key_spec){.id = retired, .id_len = 1};
	assert_ok(generate(token, &spec));
}

static void
a_slot_or_policy_elsewhere_is_refused(void **state)
{
	rk_softhsm *softhsm = disguised(state, "none");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	struct rk_key_spec spec = {.label = "a", .slot = 0x9c};
	RK_AUTO(rk_token_keys) keys = NULL;

	assert_error(generate(token, &spec), RK_E_USAGE);
	spec = (struct rk_key_spec){.label = "a", .touch = RK_TOUCH_ALWAYS};
	assert_error(generate(token, &spec), RK_E_TOKEN_UNSUPPORTED);
	spec = (struct rk_key_spec){.label = "a", .pin_policy = RK_PIN_ONCE};
	assert_error(generate(token, &spec), RK_E_TOKEN_UNSUPPORTED);
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 0);
}

static void
policies_are_asked_for_where_the_module_knows_them_and_never_left_out(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	rk_token *token = rk_softhsm_open(softhsm, "one");
	const struct rk_key_spec spec = {
	    .slot = 0x9c, .touch = RK_TOUCH_CACHED, .pin_policy = RK_PIN_ONCE};

	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_error(generate(token, &spec), RK_E_TOKEN_UNSUPPORTED);
	rk_token_free(token);
	rk_softhsm_settle(softhsm);
	softhsm = disguised(state, "ykcs11-2.3");
	token = rk_softhsm_open(softhsm, "one");
	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_ok(generate(token, &spec));
	assert_true(was_called(softhsm, "touch 3"));
	assert_true(was_called(softhsm, "pin-policy 2"));
	rk_token_free(token);
}

static void
what_is_no_management_key_is_never_sent(void **state)
{
	static const char *const bad[] = {"123456", "01020304", MANAGEMENT_KEY "00",
	    "g10203040506070801020304050607080102030405060708", "01020304050607080102030405060708"};
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	char line[100];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_error(login_so(token, bad[i]), RK_E_TOKEN);
		(void)snprintf(line, sizeof(line), "login-so %s", bad[i]);
		assert_false(was_called(softhsm, line));
	}
	assert_error(set_pin(token, RK_PIN_CHANGE_SO, MANAGEMENT_KEY, "12345678"), RK_E_TOKEN);
	assert_error(
	    login_so(token, "ffffffffffffffffffffffffffffffffffffffffffffffff"), RK_E_PIN_WRONG);
	assert_ok(login_so(token, MANAGEMENT_KEY));
}

static void
a_pin_that_a_card_cannot_have_is_never_sent(void **state)
{
	static const char *const bad[] = {"12345", "123456789", "puk:1234"};
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	char line[100];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_error(rk_softhsm_try_pin(token, bad[i]), RK_E_TOKEN);
		(void)snprintf(line, sizeof(line), "login %s", bad[i]);
		assert_false(was_called(softhsm, line));
	}
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
}

static void
the_puk_gives_a_new_pin(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");

	assert_error(set_pin(token, RK_PIN_UNBLOCK_PUK, "1234", "654321"), RK_E_TOKEN);
	assert_ok(set_pin(token, RK_PIN_UNBLOCK_PUK, "12345678", "654321"));
	assert_true(was_called(softhsm, "set-pin-old puk:12345678"));
	assert_true(was_called(softhsm, "set-pin-new pin:654321"));
}

static rk_secret *
new_key(rk_pubkey **ret_public)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
	unsigned char *der = NULL;
	rk_secret *pkcs8 = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	assert_true(len > 0);
	assert_ok(rk_secret_copy(der, (size_t)len, &pkcs8));
	*ret_public = rk_soft_key_public(pair);
	OPENSSL_clear_free(der, (size_t)len);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pair);
	return pkcs8;
}

/* The module takes few attributes and no public object: a certificate tells the public half. */
static void
an_import_makes_do_with_what_the_module_takes(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	const struct rk_key_spec spec = {.slot = 0x9a, .label = "copy"};
	RK_AUTO(rk_pubkey) pubkey = NULL;
	RK_AUTO(rk_secret) pkcs8 = new_key(&pubkey);
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_token_certificates) list = NULL;

	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_ok(token->ops->import(token, &spec, pkcs8, &key));
	assert_true(rk_pubkey_equal(key->pubkey, pubkey));
	assert_int_equal(key->sensitive, RK_FACT_YES);
	assert_ok(token->ops->certificates(token, &list));
	assert_int_equal(list->count, 1);
	assert_int_equal(list->certificates[0].id_len, 1);
	assert_int_equal(list->certificates[0].id[0], 1);
	assert_true(list->certificates[0].der_len > 100);
}

static void
a_key_that_never_leaves_cannot_be_made_to_be_wrapped(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.3");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	const struct rk_key_spec spec = {.slot = 0x9a, .wrappable = true};

	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_error(generate(token, &spec), RK_E_TOKEN_UNSUPPORTED);
}

static void
a_policy_that_the_module_does_not_see_costs_a_login_and_no_signature(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	const struct rk_key_spec spec = {.slot = 0x82, .label = "root"};
	RK_AUTO(rk_token_key) made = NULL;
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_ok(token->ops->generate(token, &spec, &made));
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	assert_ok(token->ops->find(token, made->uri, &key));
	assert_int_equal(key->always_authenticate, RK_FACT_NO);
	for (int i = 0; i < 3; i++)
		assert_ok(rk_softhsm_sign(token, key, "each with its login"));
	assert_true(was_called(softhsm, "login-context 123456"));
}

static void
a_key_that_cannot_be_deleted_is_not_said_to_be(void **state)
{
	rk_softhsm *softhsm = disguised(state, "ykcs11-2.2");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	const struct rk_key_spec spec = {.slot = 0x9c};
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_token_keys) keys = NULL;

	assert_ok(login_so(token, MANAGEMENT_KEY));
	assert_ok(token->ops->generate(token, &spec, &key));
	assert_error(token->ops->destroy(token, key), RK_E_TOKEN_UNSUPPORTED);
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 1);
}

static void
opensc_on_piv_signs_and_can_do_no_more(void **state)
{
	rk_softhsm *softhsm = disguised(state, "opensc");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	const struct rk_key_spec spec = {.label = "root", .slot = 0x9c};
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_error) err = generate(token, &spec);

	assert_int_equal(rk_error_code(err), RK_E_TOKEN_UNSUPPORTED);
	assert_non_null(strstr(rk_error_remedy(err), "ykcs11"));
	assert_ok(token->ops->info(token, &info));
	assert_int_equal(info->unblock, RK_UNBLOCK_NOBODY);
	assert_false(info->so_makes_keys);
	assert_error(login_so(token, RK_SOFTHSM_SO_PIN), RK_E_TOKEN_UNSUPPORTED);
	assert_false(was_called(softhsm, "login-so " RK_SOFTHSM_SO_PIN));
	assert_error(
	    set_pin(token, RK_PIN_UNBLOCK_PUK, "12345678", "654321"), RK_E_TOKEN_UNSUPPORTED);
}

static void
at_a_pad_nothing_is_typed_here(void **state)
{
	rk_softhsm *softhsm = disguised(state, "pad");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(token->ops->info(token, &info));
	assert_true(info->pin_pad);
	assert_ok(token->ops->login(token, NULL));
	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, "typed at the pad"));
	/* The pad asks for the old PIN and the new one: a login before would ask twice. */
	assert_ok(token->ops->set_pin(token, RK_PIN_CHANGE_USER, NULL, NULL));
	assert_true(was_called(softhsm, "set-pin-old "));
	assert_true(was_called(softhsm, "set-pin-new "));
}

/* OpenSC says "final" even after a good login. */
static void
a_good_login_ends_what_was_said_of_tries(void **state)
{
	rk_softhsm *softhsm = disguised(state, "opensc");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) before = NULL;
	RK_AUTO(rk_token_info) after = NULL;

	assert_ok(token->ops->info(token, &before));
	assert_int_equal(before->pin_state, RK_PIN_FINAL);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	assert_ok(token->ops->info(token, &after));
	assert_int_equal(after->pin_state, RK_PIN_OK);
}

static void
nobody_unblocks_a_database(void **state)
{
	rk_softhsm *softhsm = disguised(state, "nss");
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;

	assert_ok(token->ops->info(token, &info));
	assert_int_equal(info->unblock, RK_UNBLOCK_NOBODY);
	assert_int_equal(info->factory_pin, RK_FACT_UNKNOWN);
	assert_false(info->pin_tries_known);
	assert_error(
	    set_pin(token, RK_PIN_UNBLOCK_SO, "12345678", "654321"), RK_E_TOKEN_UNSUPPORTED);
}

static void
a_module_that_refuses_two_attributes_together_is_asked_for_less(void **state)
{
	rk_softhsm *softhsm = disguised(state, "picky");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_int_equal(key->sensitive, RK_FACT_YES);
	assert_int_equal(key->extractable, RK_FACT_NO);
	assert_ok(rk_softhsm_sign(token, key, "made with less"));
}

#define with_softhsm(function) \
	cmocka_unit_test_setup_teardown(function, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(keys_are_made_for_the_so_alone),
	    with_softhsm(its_versions_have_three_numbers),
	    with_softhsm(every_slot_has_its_id),
	    with_softhsm(an_id_that_is_no_slot_is_refused),
	    with_softhsm(a_slot_or_policy_elsewhere_is_refused),
	    with_softhsm(policies_are_asked_for_where_the_module_knows_them_and_never_left_out),
	    with_softhsm(what_is_no_management_key_is_never_sent),
	    with_softhsm(a_pin_that_a_card_cannot_have_is_never_sent),
	    with_softhsm(the_puk_gives_a_new_pin),
	    with_softhsm(an_import_makes_do_with_what_the_module_takes),
	    with_softhsm(a_key_that_never_leaves_cannot_be_made_to_be_wrapped),
	    with_softhsm(a_policy_that_the_module_does_not_see_costs_a_login_and_no_signature),
	    with_softhsm(a_key_that_cannot_be_deleted_is_not_said_to_be),
	    with_softhsm(opensc_on_piv_signs_and_can_do_no_more),
	    with_softhsm(at_a_pad_nothing_is_typed_here),
	    with_softhsm(a_good_login_ends_what_was_said_of_tries),
	    with_softhsm(nobody_unblocks_a_database),
	    with_softhsm(a_module_that_refuses_two_attributes_together_is_asked_for_less),
	};

	return cmocka_run_group_tests_name("pkcs11 kinds of tokens", tests, NULL, NULL);
}
