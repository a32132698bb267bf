#include "support/folder.h"
#include "support/softhsm.h"
#include "support/spec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
an_initialised_token_is_listed_with_all_it_says(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token_list) list = NULL;
	const rk_token_info *one;

	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	/* SoftHSM always shows an empty one behind the others. */
	assert_int_equal(list->count, 2);
	one = list->tokens[0].initialized ? &list->tokens[0] : &list->tokens[1];
	assert_string_equal(one->label, "one");
	assert_string_equal(one->model, "SoftHSM v2");
	assert_int_equal(strlen(one->serial), 16);
	assert_true(one->login_required);
	assert_false(one->pin_pad);
	assert_non_null(strstr(one->uri, "token=one"));
	assert_non_null(strstr(one->uri, one->serial));
	assert_int_equal(softhsm->warnings, 0);
}

static void
the_uri_of_a_list_opens_its_token(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token_list) list = NULL;
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	size_t one;

	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	one = list->tokens[0].initialized ? 0 : 1;
	assert_ok(softhsm->tokens->ops->open(softhsm->tokens, list->tokens[one].uri, &token));
	assert_non_null(strstr(token->name, "'one' (serial "));
	assert_ok(token->ops->info(token, &info));
	assert_string_equal(info->serial, list->tokens[one].serial);
	assert_string_equal(info->uri, list->tokens[one].uri);
}

static void
two_tokens_that_fit_are_an_error_that_lists_both(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	rk_token *token = NULL;
	RK_AUTO(rk_error) err = NULL;

	rk_softhsm_add_token(softhsm, "two");
	err = softhsm->tokens->ops->open(softhsm->tokens, "pkcs11:model=SoftHSM%20v2", &token);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_MANY);
	assert_null(token);
	assert_non_null(strstr(rk_error_message(err), "'one'"));
	assert_non_null(strstr(rk_error_message(err), "'two'"));
	assert_null(strstr(rk_error_message(err), "empty"));
	assert_non_null(strstr(rk_error_message(err), "2 tokens"));
}

static void
a_token_that_is_not_there_is_none(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	rk_token *token = NULL;

	assert_error(softhsm->tokens->ops->open(softhsm->tokens, "pkcs11:token=three", &token),
	    RK_E_TOKEN_NONE);
	assert_error(
	    softhsm->tokens->ops->open(softhsm->tokens, "https://one", &token), RK_E_USAGE);
	assert_null(token);
}

static void
a_slot_number_alone_names_no_token(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token_list) list = NULL;
	rk_token *token = NULL;
	char uri[64];

	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	for (size_t i = 0; i < list->count; i++) {
		if (!list->tokens[i].initialized)
			continue;
		snprintf(uri, sizeof(uri), "pkcs11:slot-id=%llu",
		    (unsigned long long)list->tokens[i].slot);
		assert_error(softhsm->tokens->ops->open(softhsm->tokens, uri, &token), RK_E_USAGE);
	}
	assert_null(token);
}

static void
a_wrong_pin_spends_one_try_and_the_flags_tell(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) before = NULL;
	RK_AUTO(rk_token_info) after = NULL;
	RK_AUTO(rk_token_info) good = NULL;

	assert_ok(token->ops->info(token, &before));
	assert_int_equal(before->pin_state, RK_PIN_OK);
	assert_error(rk_softhsm_try_pin(token, "654321"), RK_E_PIN_WRONG);
	assert_ok(token->ops->info(token, &after));
	assert_int_equal(after->pin_state, RK_PIN_LOW);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	assert_ok(rk_softhsm_try_pin(token, "a second login is not made"));
	assert_ok(token->ops->info(token, &good));
	assert_int_equal(good->pin_state, RK_PIN_OK);
}

static void
no_pin_is_no_try(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_info) info = NULL;

	assert_error(rk_softhsm_try_pin(token, ""), RK_E_PIN_NEEDED);
	assert_error(token->ops->login(token, NULL), RK_E_PIN_NEEDED);
	assert_ok(token->ops->info(token, &info));
	assert_int_equal(info->pin_state, RK_PIN_OK);
}

static void
every_type_is_made_signs_is_found_again_and_goes(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");

	for (int type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		const char *name = rk_key_type_name((enum rk_key_type)type);
		RK_AUTO(rk_token_key) made = NULL;
		RK_AUTO(rk_token_key) found = NULL;
		rk_token_key *gone = NULL;

		assert_ok(rk_softhsm_generate(token, (enum rk_key_type)type, name, &made));
		assert_string_equal(made->what, name);
		assert_int_equal(rk_pubkey_type(made->pubkey), type);
		assert_int_equal(made->sensitive, RK_FACT_YES);
		assert_int_equal(made->extractable, RK_FACT_NO);
		assert_int_equal(made->always_sensitive, RK_FACT_YES);
		assert_int_equal(made->never_extractable, RK_FACT_YES);
		assert_int_equal(made->local, RK_FACT_YES);
		assert_int_equal(made->sign, RK_FACT_YES);
		assert_int_equal(made->always_authenticate, RK_FACT_NO);
		assert_ok(rk_softhsm_sign(token, made, "what is signed"));
		assert_ok(rk_softhsm_sign(token, made, ""));
		assert_ok(token->ops->find(token, made->uri, &found));
		assert_int_equal(found->id_len, 8);
		assert_memory_equal(found->id, made->id, 8);
		assert_true(rk_pubkey_equal(found->pubkey, made->pubkey));
		assert_ok(token->ops->destroy(token, found));
		assert_ok(token->ops->destroy(token, found));
		assert_error(token->ops->find(token, made->uri, &gone), RK_E_KEY_NONE);
		assert_null(gone);
	}
}

static void
a_key_is_found_again_by_a_new_worker(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	const char *const modules[] = {softhsm->module, NULL};
	rk_token_key *made[4] = {NULL};
	rk_token *token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *hidden = NULL;
	static const enum rk_key_type types[] = {
	    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_ED25519, RK_KEY_RSA2048};

	for (size_t i = 0; i < 4; i++)
		assert_ok(
		    rk_softhsm_generate(token, types[i], rk_key_type_name(types[i]), &made[i]));
	rk_token_free(token);
	rk_softhsm_launch(softhsm, modules, 0);
	token = rk_softhsm_open(softhsm, "one");
	assert_error(token->ops->find(token, made[0]->uri, &hidden), RK_E_PIN_NEEDED);
	assert_ok(rk_softhsm_try_pin(token, RK_SOFTHSM_PIN));
	for (size_t i = 0; i < 4; i++) {
		RK_AUTO(rk_token_key) found = NULL;

		assert_ok(token->ops->find(token, made[i]->uri, &found));
		assert_true(rk_pubkey_equal(found->pubkey, made[i]->pubkey));
		assert_ok(rk_softhsm_sign(token, found, "again"));
	}
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 4);
	rk_token_free(token);
	for (size_t i = 0; i < 4; i++)
		rk_token_key_free(made[i]);
}

static void
a_taken_label_or_id_is_refused(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) first = NULL;
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *second = NULL;
	uint8_t other[] = {9};
	struct rk_key_spec same_label = {
	    .type = RK_KEY_ECDSA_P256, .label = "root", .id = other, .id_len = 1};
	struct rk_key_spec same_id = {.type = RK_KEY_ECDSA_P256, .label = "other"};

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &first));
	same_id.id = first->id;
	same_id.id_len = first->id_len;
	assert_error(token->ops->generate(token, &same_label, &second), RK_E_EXISTS);
	assert_error(token->ops->generate(token, &same_id, &second), RK_E_EXISTS);
	assert_null(second);
	assert_ok(token->ops->keys(token, &keys));
	assert_int_equal(keys->count, 1);
}

static void
without_a_login_nothing_is_made(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	rk_token_key *key = NULL;

	assert_error(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key), RK_E_PIN_NEEDED);
	assert_null(key);
}

static void
two_keys_that_fit_are_an_error_that_lists_both(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) first = NULL;
	RK_AUTO(rk_token_key) second = NULL;
	RK_AUTO(rk_error) err = NULL;
	rk_token_key *found = NULL;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "first", &first));
	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P384, "second", &second));
	err = token->ops->find(token, "pkcs11:token=one", &found);
	assert_int_equal(rk_error_code(err), RK_E_KEY_MANY);
	assert_null(found);
	assert_non_null(strstr(rk_error_message(err), "'first'"));
	assert_non_null(strstr(rk_error_message(err), "'second'"));
}

#define MANY 400

static void
many_signatures_are_in_flight_each_with_its_outcome(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;
	rk_token_key gone = {0};
	rk_payload payloads[2];
	struct rk_sign_job *jobs = calloc(MANY, sizeof(*jobs));
	const rk_scheme *scheme;

	assert_non_null(jobs);
	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	scheme = rk_pubkey_token_scheme(key->pubkey);
	gone = *key;
	gone.handle = 0;
	assert_ok(rk_payload_from_bytes("even", 4, &payloads[0]));
	assert_ok(rk_payload_from_bytes("odd", 3, &payloads[1]));
	for (size_t i = 0; i < MANY; i++)
		jobs[i] = (struct rk_sign_job){.key = i % 100 == 7 ? &gone : key,
		    .hash = scheme->hash,
		    .payload = &payloads[i % 2]};
	assert_ok(token->ops->sign(token, jobs, MANY));
	for (size_t i = 0; i < MANY; i++) {
		if (i % 100 == 7) {
			assert_error(jobs[i].err, RK_E_KEY_NONE);
			continue;
		}
		assert_ok(jobs[i].err);
		assert_ok(rk_pubkey_verify(key->pubkey, scheme, &payloads[i % 2],
		    jobs[i].signature.data, jobs[i].signature.len));
		rk_buf_clear(&jobs[i].signature);
	}
	free(jobs);
	rk_payload_clear(&payloads[0]);
	rk_payload_clear(&payloads[1]);
}

/* As certificates have it, and only where it is asked for. */
static void
an_rsa_key_signs_with_pkcs1_too(void **state)
{
	static const rk_scheme pkcs1 = {
	    "rsa-pkcs1v15-sha256", RK_FAMILY_RSA_PKCS1, RK_HASH_SHA256, RK_SIG_RAW, 0};
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;
	rk_payload payload;

	assert_ok(rk_softhsm_generate(token, RK_KEY_RSA2048, "root", &key));
	assert_ok(rk_payload_from_bytes("text", 4, &payload));
	for (int i = 0; i < 2; i++) {
		const rk_scheme *scheme = i ? &pkcs1 : rk_pubkey_token_scheme(key->pubkey);
		struct rk_sign_job job = {
		    .key = key, .hash = RK_HASH_SHA256, .pkcs1 = i == 1, .payload = &payload};

		assert_ok(token->ops->sign(token, &job, 1));
		assert_ok(job.err);
		assert_ok(rk_pubkey_verify(
		    key->pubkey, scheme, &payload, job.signature.data, job.signature.len));
		rk_buf_clear(&job.signature);
	}
	rk_payload_clear(&payload);
}

static void
an_ed25519_key_signs_a_megabyte(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;
	size_t size = 1u << 20;
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	assert_ok(rk_softhsm_generate(token, RK_KEY_ED25519, "root", &key));
	assert_ok(rk_softhsm_sign(token, key, text));
	free(text);
}

static void
a_worker_killed_after_the_login_is_a_token_gone_and_the_parent_goes_on(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	rk_token *token = rk_softhsm_log_in(softhsm, "one");
	RK_AUTO(rk_token_key) key = NULL;
	pid_t worker = 0;

	assert_ok(rk_softhsm_generate(token, RK_KEY_ECDSA_P256, "root", &key));
	assert_int_equal(rk_softhsm_workers(&worker), 1);
	assert_int_equal(kill(worker, SIGKILL), 0);
	assert_error(rk_softhsm_sign(token, key, "lost"), RK_E_TOKEN_GONE);
	assert_error(rk_softhsm_sign(token, key, "still lost"), RK_E_TOKEN_GONE);
	rk_token_free(token);

	token = rk_softhsm_log_in(softhsm, "one");
	rk_token_key_free(RK_TAKE(key));
	assert_ok(token->ops->find(token, "pkcs11:object=root", &key));
	assert_ok(rk_softhsm_sign(token, key, "found again"));
	assert_int_equal(rk_softhsm_workers(&worker), 1);
	rk_token_free(token);
}

static void
a_token_may_be_closed_after_its_house_is_gone(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_log_in(softhsm, "one");
	rk_token_info *info = NULL;

	rk_pkcs11_free(softhsm->pkcs11);
	softhsm->pkcs11 = NULL;
	assert_error(token->ops->info(token, &info), RK_E_TOKEN_GONE);
	assert_null(info);
}

static void
a_module_that_does_not_load_is_one_warning_and_hides_no_other(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);
	const char *const modules[] = {
	    rk_folder_path(softhsm->folder, "softhsm2.conf"), softhsm->module, NULL};
	RK_AUTO(rk_token_list) list = NULL;
	RK_AUTO(rk_token) token = NULL;

	rk_softhsm_launch(softhsm, modules, 0);
	rk_softhsm_add_token(softhsm, "one");
	assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
	assert_int_equal(list->count, 2);
	token = rk_softhsm_open(softhsm, "one");
	assert_int_equal(softhsm->warnings, 1);
	assert_non_null(strstr(softhsm->said, "softhsm2.conf"));
}

static void
a_hundred_failed_loads_leave_room_for_more(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_or_skip(state);
	const char *const modules[] = {
	    rk_folder_path(softhsm->folder, "softhsm2.conf"), softhsm->module, NULL};
	pid_t one;

	rk_softhsm_launch(softhsm, modules, 0);
	for (size_t i = 0; i < 100; i++) {
		RK_AUTO(rk_token_list) list = NULL;

		assert_ok(softhsm->tokens->ops->list(softhsm->tokens, &list));
		assert_int_equal(list->count, 1);
	}
	assert_int_equal(softhsm->warnings, 1);
	assert_int_equal(rk_softhsm_workers(&one), 1);
}

static void
abilities_name_the_mechanisms(void **state)
{
	rk_softhsm *softhsm = rk_softhsm_with_one(state);
	RK_AUTO(rk_token) token = rk_softhsm_open(softhsm, "one");
	RK_AUTO(rk_token_abilities) abilities = NULL;
	bool ecdsa = false;

	assert_ok(token->ops->abilities(token, &abilities));
	for (int type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		assert_true(abilities->generate[type]);
		assert_true(abilities->sign[type]);
	}
	for (size_t i = 0; i < abilities->mechanism_count; i++)
		ecdsa |= strcmp(abilities->mechanisms[i], "CKM_ECDSA") == 0;
	assert_true(ecdsa);
}

#define with_softhsm(function) \
	cmocka_unit_test_setup_teardown(function, rk_softhsm_new, rk_softhsm_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    with_softhsm(an_initialised_token_is_listed_with_all_it_says),
	    with_softhsm(the_uri_of_a_list_opens_its_token),
	    with_softhsm(two_tokens_that_fit_are_an_error_that_lists_both),
	    with_softhsm(a_token_that_is_not_there_is_none),
	    with_softhsm(a_slot_number_alone_names_no_token),
	    with_softhsm(a_wrong_pin_spends_one_try_and_the_flags_tell),
	    with_softhsm(no_pin_is_no_try),
	    with_softhsm(every_type_is_made_signs_is_found_again_and_goes),
	    with_softhsm(a_key_is_found_again_by_a_new_worker),
	    with_softhsm(a_taken_label_or_id_is_refused),
	    with_softhsm(without_a_login_nothing_is_made),
	    with_softhsm(two_keys_that_fit_are_an_error_that_lists_both),
	    with_softhsm(many_signatures_are_in_flight_each_with_its_outcome),
	    with_softhsm(an_rsa_key_signs_with_pkcs1_too),
	    with_softhsm(an_ed25519_key_signs_a_megabyte),
	    with_softhsm(a_worker_killed_after_the_login_is_a_token_gone_and_the_parent_goes_on),
	    with_softhsm(a_token_may_be_closed_after_its_house_is_gone),
	    with_softhsm(a_module_that_does_not_load_is_one_warning_and_hides_no_other),
	    with_softhsm(a_hundred_failed_loads_leave_room_for_more),
	    with_softhsm(abilities_name_the_mechanisms),
	};

	return cmocka_run_group_tests_name("pkcs11 over SoftHSM", tests, NULL, NULL);
}
