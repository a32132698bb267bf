#include "support/folder.h"
#include "support/softhsm.h"
#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE(name) RK_MODULE_DIR "/" name ".so"

/* SoftHSM behind the module that counts, with 'one' made ready; the count starts afterwards. */
static rk_softhsm *
behind(void **state, const char *rule)
{
	static const char *const modules[] = {MODULE("forward"), NULL};
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);

	assert_int_equal(setenv("RK_FORWARD_MODULE", softhsm->module, 1), 0);
	assert_int_equal(setenv("RK_FORWARD_RULE", "", 1), 0);
	assert_int_equal(unsetenv("RK_FORWARD_LOG"), 0);
	rk_softhsm_launch(softhsm, modules, 0);
	rk_softhsm_add_token(softhsm, "one");
	assert_int_equal(setenv("RK_FORWARD_RULE", rule, 1), 0);
	assert_int_equal(setenv("RK_FORWARD_LOG", rk_folder_path(softhsm->folder, "calls"), 1), 0);
	rk_softhsm_launch(softhsm, modules, 2);
	return softhsm;
}

/* How many lines of the log begin so. */
static size_t
calls_of(rk_softhsm *softhsm, const char *start)
{
	FILE *file = fopen(rk_folder_path(softhsm->folder, "calls"), "r");
	char line[200];
	size_t count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strncmp(line, start, strlen(start)) == 0;
	fclose(file);
	return count;
}

#define BATCH 100

static void
sign_a_batch(rk_token *token, const rk_token_key *key)
{
	struct rk_sign_job *jobs = calloc(BATCH, sizeof(*jobs));
	rk_payload payload;

	assert_non_null(jobs);
	assert_ok(rk_payload_from_bytes("batch", 5, &payload));
	for (size_t i = 0; i < BATCH; i++)
		jobs[i] = (struct rk_sign_job){.key = key,
		    .hash = rk_pubkey_token_scheme(key->pubkey)->hash,
		    .payload = &payload};
	assert_ok(token->ops->sign(token, jobs, BATCH));
	for (size_t i = 0; i < BATCH; i++) {
		assert_ok(jobs[i].err);
		rk_buf_clear(&jobs[i].signature);
	}
	rk_payload_clear(&payload);
	free(jobs);
}

static void
a_session_of_signing_makes_the_fewest_calls(void **state)
{
	rk_softhsm *softhsm = behind(state, "");
	rk_token *token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) made = NULL;
	RK_AUTO(rk_token_key) key = NULL;
	size_t attributes;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &made));
	assert_ok(token->ops->find(token, made->uri, &key));
	attributes = calls_of(softhsm, "C_GetAttributeValue");
	sign_a_batch(token, key);
	assert_int_equal(calls_of(softhsm, "C_Login "), 1);
	assert_int_equal(calls_of(softhsm, "C_FindObjectsInit"), 3);
	assert_int_equal(calls_of(softhsm, "C_SignInit"), BATCH);
	assert_int_equal(calls_of(softhsm, "C_Sign "), BATCH);
	assert_int_equal(calls_of(softhsm, "C_GetAttributeValue"), attributes);
	assert_int_equal(calls_of(softhsm, "C_Finalize"), 0);
	rk_token_free(token);
	rk_pkcs11_free(softhsm->pkcs11);
	softhsm->pkcs11 = NULL;
	assert_int_equal(calls_of(softhsm, "C_Logout"), 1);
	assert_int_equal(calls_of(softhsm, "C_Finalize 0x0"), 1);
}

/* Whatever C_Login answers, one typed PIN is one C_Login. */
static void
a_login_is_never_tried_again(void **state)
{
	static const struct {
		const char *rule;
		enum rk_code code;
	} rows[] = {
	    {"C_Login:*=0xa0", RK_E_PIN_WRONG},
	    {"C_Login:*=0xa4", RK_E_PIN_LOCKED},
	    {"C_Login:*=0x5", RK_E_TOKEN},
	    {"C_Login:*=0xe1", RK_E_TOKEN},
	    {"C_Login:*=0x102", RK_E_TOKEN},
	    {"C_Login:*=0x30", RK_E_TOKEN},
	    {"C_Login:*=+0x5", RK_E_TOKEN},
	    {"C_Login:*=0x32", RK_E_TOKEN_GONE},
	    {"C_Login:*=crash", RK_E_TOKEN_GONE},
	    {"C_Login:*=hang", RK_E_TOKEN_GONE},
	    {"C_Login:*=0x100", RK_OK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rk_softhsm *softhsm = behind(state, rows[i].rule);
		rk_token *token = rk_softhsm_open(softhsm, "one");
		bool answers = !strstr(rows[i].rule, "crash") && !strstr(rows[i].rule, "hang");

		assert_error(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN), rows[i].code);
		assert_int_equal(calls_of(softhsm, "C_Login "), answers ? 1 : 0);
		rk_token_free(token);
		rk_softhsm_settle(softhsm);
	}
}

static void
opening_stumbles_a_few_times_and_no_more(void **state)
{
	rk_softhsm *softhsm =
	    behind(state, "C_OpenSession:1=0x5;C_OpenSession:2=0xe1;C_GetTokenInfo:1=0x5");
	rk_token *token = rk_softhsm_log_in(softhsm, "one");

	rk_token_free(token);
	assert_int_equal(calls_of(softhsm, "C_OpenSession"), 3);
	assert_int_equal(calls_of(softhsm, "C_Login "), 1);
	softhsm = *state;
	assert_int_equal(setenv("RK_FORWARD_RULE", "C_OpenSession:*=0x5", 1), 0);
	rk_softhsm_launch(softhsm, (const char *const[]){MODULE("forward"), NULL}, 0);
	token = NULL;
	assert_error(
	    softhsm->tokens->ops->open(softhsm->tokens, "pkcs11:token=one", &token), RK_E_TOKEN);
	assert_null(token);
	assert_int_equal(calls_of(softhsm, "C_OpenSession"), 3 + 5);
}

static void
a_signature_is_never_tried_again(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_Sign:1=0x5;C_Sign:2=+0x30;C_SignInit:4=0x5");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_error(rk_softhsm_sign(token, key, "1"), RK_E_TOKEN);
	assert_int_equal(calls_of(softhsm, "C_Sign "), 1);
	/* The operation that the first left behind costs another session, and no login. */
	assert_error(rk_softhsm_sign(token, key, "2"), RK_E_TOKEN);
	assert_int_equal(calls_of(softhsm, "C_Sign "), 2);
	assert_int_equal(calls_of(softhsm, "C_SignInit 0x90"), 1);
	assert_error(rk_softhsm_sign(token, key, "3"), RK_E_TOKEN);
	assert_ok(rk_softhsm_sign(token, key, "4"));
	assert_int_equal(calls_of(softhsm, "C_Login "), 1);
}

static void
a_signature_of_another_length_is_refused_and_a_changed_one_does_not_verify(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_Sign:1=truncate;C_Sign:2=corrupt");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_error(rk_softhsm_sign(token, key, "cut"), RK_E_TOKEN);
	assert_error(rk_softhsm_sign(token, key, "changed"), RK_E_UNTRUSTED);
	assert_ok(rk_softhsm_sign(token, key, "whole"));
}

static void
a_crash_in_the_middle_of_a_batch_is_a_token_gone(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_Sign:3=crash");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;
	struct rk_sign_job jobs[5];
	rk_payload payload;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_ok(rk_payload_from_bytes("x", 1, &payload));
	for (size_t i = 0; i < 5; i++)
		jobs[i] =
		    (struct rk_sign_job){.key = key, .hash = RK_HASH_SHA256, .payload = &payload};
	assert_error(token->ops->sign(token, jobs, 5), RK_E_TOKEN_GONE);
	for (size_t i = 0; i < 5; i++) {
		assert_null(jobs[i].err);
		assert_true(jobs[i].signature.len == 0 || i < 2);
		rk_buf_clear(&jobs[i].signature);
	}
	rk_payload_clear(&payload);
}

static void
an_always_authenticate_key_has_a_login_of_its_own_each_time(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GenerateKeyPair:1=always");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_int_equal(key->always_authenticate, RK_FACT_YES);
	sign_a_batch(token, key);
	assert_int_equal(calls_of(softhsm, "C_Login 0x0"), 1 + BATCH);
	assert_int_equal(calls_of(softhsm, "C_SignInit"), BATCH);
}

static void
a_pin_that_was_refused_once_is_not_sent_with_the_next_signature(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GenerateKeyPair:1=always;C_Login:3=0xa0");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, "1"));
	assert_error(rk_softhsm_sign(token, key, "2"), RK_E_PIN_WRONG);
	assert_error(rk_softhsm_sign(token, key, "3"), RK_E_PIN_NEEDED);
	assert_error(rk_softhsm_sign(token, key, "4"), RK_E_PIN_NEEDED);
	assert_int_equal(calls_of(softhsm, "C_Login "), 3);
}

static void
eddsa_gets_a_parameter_where_the_module_wants_one(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_SignInit:1=0x71");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ED25519, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, "1"));
	assert_int_equal(calls_of(softhsm, "C_SignInit"), 2);
	assert_ok(rk_softhsm_sign(token, key, "2"));
	assert_int_equal(calls_of(softhsm, "C_SignInit"), 3);
}

static void
without_pss_the_padding_is_made_here(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GetMechanismList:*=bare");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_RSA2048, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, "1"));
	assert_ok(rk_softhsm_sign(token, key, "2"));
	assert_int_equal(calls_of(softhsm, "C_SignInit 0x0"), 2);
}

static void
a_pss_that_is_listed_and_refused_is_made_here_too(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_SignInit:1=0x70");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_RSA2048, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, "1"));
	assert_ok(rk_softhsm_sign(token, key, "2"));
	assert_int_equal(calls_of(softhsm, "C_SignInit"), 3);
}

static void
a_refused_template_is_asked_for_with_less_and_told_as_it_came(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GenerateKeyPair:1=0x13");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_int_equal(calls_of(softhsm, "C_GenerateKeyPair"), 2);
	assert_string_equal(key->label, "root");
	assert_int_equal(key->sensitive, RK_FACT_YES);
	assert_int_equal(key->extractable, RK_FACT_NO);
}

static void
a_key_that_is_not_sensitive_says_so(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GenerateKeyPair:1=0x13;C_GenerateKeyPair:2=0xd1");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_int_equal(calls_of(softhsm, "C_GenerateKeyPair"), 3);
	assert_int_equal(key->sensitive, RK_FACT_NO);
	assert_int_equal(key->extractable, RK_FACT_NO);
}

static void
a_key_generation_that_failed_is_not_tried_again(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GenerateKeyPair:1=0x5;C_GenerateKeyPair:2=+0x30");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *key = NULL;

	assert_error(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key), RK_E_TOKEN);
	assert_int_equal(calls_of(softhsm, "C_GenerateKeyPair"), 1);
	/* This one was made all the same: the list tells, and so does the next attempt. */
	assert_error(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key), RK_E_TOKEN);
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 1);
	assert_error(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key), RK_E_EXISTS);
	assert_null(key);
}

/* Every attribute read fails in turn: a key comes with what is known, or leaves no trace. */
static void
an_unknown_attribute_is_unknown_and_a_pair_without_a_public_half_goes_again(void **state)
{
	bool unknown = false, gone = false;

	for (unsigned number = 1; number < 20; number++) {
		char rule[64];
		rk_softhsm *softhsm;
		rk_token *token;
		rk_token_key *key = NULL;
		RK_AUTO(rk_token_keys) keys = NULL;
		rk_error *err;

		snprintf(rule, sizeof(rule), "C_GetAttributeValue:%u=0x12", number);
		softhsm = behind(state, rule);
		token = rk_softhsm_log_in(softhsm, "one");
		err = rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key);
		if (err)
			assert_null(key);
		else
			unknown |= key->sensitive == RK_FACT_UNKNOWN;
		gone |= rk_error_code(err) == RK_E_TOKEN;
		assert_ok(token->ops->keys(token, &keys));
		assert_int_equal(keys->count, err ? 0 : 1);
		rk_error_free(err);
		rk_token_key_free(key);
		rk_token_free(token);
		rk_softhsm_settle(softhsm);
	}
	assert_true(unknown);
	assert_true(gone);
}

/* The first key's id and label are the second and third attribute that is read. */
static void
a_token_that_fails_while_names_are_read_has_no_free_name(void **state)
{
	static const char *const rules[] = {"C_GetAttributeValue:2=0x30",
	    "C_GetAttributeValue:3=0x5", "C_GetAttributeValue:5=0x32"};
	static const enum rk_code codes[] = {RK_E_TOKEN, RK_E_TOKEN, RK_E_TOKEN_GONE};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		rk_softhsm *softhsm = behind(state, "");
		rk_token *token = rk_softhsm_log_in(softhsm, "one");
		rk_token_key *key = NULL;
		rk_token_keys *keys = NULL;

		assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
		rk_token_key_free(RK_TAKE(key));
		rk_token_free(token);
		assert_int_equal(setenv("RK_FORWARD_RULE", rules[i], 1), 0);
		rk_softhsm_launch(softhsm, (const char *const[]){MODULE("forward"), NULL}, 2);
		token = rk_softhsm_log_in(softhsm, "one");
		assert_error(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key), codes[i]);
		assert_null(key);
		assert_ok(token->ops->keys(token, &keys));
		assert_int_equal(keys->count, 1);
		rk_token_keys_free(keys);
		rk_token_free(token);
		rk_softhsm_settle(softhsm);
	}
}

/* It hides no other, and where it is the one that is meant its reason is told. */
static void
a_token_that_cannot_be_read_is_told_where_none_is_found(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GetTokenInfo:*=0x30");
	RK_AUTO(rk_token_list) list = NULL;
	RK_AUTO(rk_error) err = NULL;
	rk_token *token = NULL;

	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	assert_int_equal(list->count, 0);
	err = softhsm->tokens->ops->open(softhsm->tokens, "pkcs11:token=one", &token);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_NONE);
	assert_non_null(strstr(rk_error_message(err), "C_GetTokenInfo: CKR_DEVICE_ERROR"));
	assert_null(token);
}

static void
a_search_that_could_not_be_ended_does_not_stop_the_next(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_FindObjectsFinal:1=0x30;C_FindObjectsFinal:3=0x30");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_token_keys) keys = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 1);
}

static void
a_pair_that_cannot_be_taken_back_is_told(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_GetAttributeValue:*=0x12;C_DestroyObject:*=0x5");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_error) err = NULL;
	rk_token_key *key = NULL;

	err = rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_non_null(strstr(rk_error_message(err), "cannot be removed"));
	assert_null(key);
}

static void
a_destruction_that_did_not_happen_is_told(void **state)
{
	rk_softhsm *softhsm = behind(state, "C_DestroyObject:1=0x0;C_DestroyObject:3=0x5");
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_error(token->ops->destroy(token, key), RK_E_TOKEN);
	assert_error(token->ops->destroy(token, key), RK_E_TOKEN);
	assert_ok(token->ops->destroy(token, key));
}

#define with_softhsm(function) \
	cmocka_unit_test_setup_teardown(function, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(a_session_of_signing_makes_the_fewest_calls),
	    with_softhsm(a_login_is_never_tried_again),
	    with_softhsm(opening_stumbles_a_few_times_and_no_more),
	    with_softhsm(a_signature_is_never_tried_again),
	    with_softhsm(
		a_signature_of_another_length_is_refused_and_a_changed_one_does_not_verify),
	    with_softhsm(a_crash_in_the_middle_of_a_batch_is_a_token_gone),
	    with_softhsm(an_always_authenticate_key_has_a_login_of_its_own_each_time),
	    with_softhsm(a_pin_that_was_refused_once_is_not_sent_with_the_next_signature),
	    with_softhsm(eddsa_gets_a_parameter_where_the_module_wants_one),
	    with_softhsm(without_pss_the_padding_is_made_here),
	    with_softhsm(a_pss_that_is_listed_and_refused_is_made_here_too),
	    with_softhsm(a_refused_template_is_asked_for_with_less_and_told_as_it_came),
	    with_softhsm(a_key_that_is_not_sensitive_says_so),
	    with_softhsm(a_key_generation_that_failed_is_not_tried_again),
	    with_softhsm(
		an_unknown_attribute_is_unknown_and_a_pair_without_a_public_half_goes_again),
	    with_softhsm(a_token_that_fails_while_names_are_read_has_no_free_name),
	    with_softhsm(a_token_that_cannot_be_read_is_told_where_none_is_found),
	    with_softhsm(a_search_that_could_not_be_ended_does_not_stop_the_next),
	    with_softhsm(a_pair_that_cannot_be_taken_back_is_told),
	    with_softhsm(a_destruction_that_did_not_happen_is_told),
	};

	return cmocka_run_group_tests_name("pkcs11 call by call", tests, NULL, NULL);
}
