#include "support/soft_token.h"
#include "support/spec.h"

#include "base/secret.h"

#include <string.h>

#define URI "pkcs11:token=soft;serial=0001"

struct stage {
	struct rk_soft_tokens *module;
	struct rk_soft_token *soft;
	rk_token *token; /* opened on demand */
};

static struct stage
set_up(void)
{
	struct stage stage = {.module = rk_soft_tokens_new()};

	stage.soft = rk_soft_tokens_add(stage.module, "soft", "0001");
	return stage;
}

static void
tear_down(struct stage *stage)
{
	rk_token_free(stage->token);
	rk_soft_tokens_free(stage->module);
}

static rk_error *
open_uri(struct stage *stage, const char *uri)
{
	return stage->module->tokens.ops->open(&stage->module->tokens, uri, &stage->token);
}

static rk_error *
log_in(struct stage *stage, const char *text)
{
	RK_AUTO(rk_secret) pin = NULL;

	assert_ok(rk_secret_copy(text, strlen(text), &pin));
	return stage->token->ops->login(stage->token, pin);
}

static void
ready(struct stage *stage)
{
	assert_ok(open_uri(stage, URI));
	assert_ok(log_in(stage, "123456"));
}

static rk_error *
find(struct stage *stage, const char *uri, rk_token_key **ret_key)
{
	return stage->token->ops->find(stage->token, uri, ret_key);
}

static rk_error *
generate(struct stage *stage, const char *label, uint8_t id, rk_token_key **ret_key)
{
	const struct rk_key_spec wish = {
	    .type = RK_KEY_ECDSA_P256, .label = label, .id = &id, .id_len = 1};

	return stage->token->ops->generate(stage->token, &wish, ret_key);
}

/* One signature over `text`; what a careful caller would think of it. */
static rk_error *
sign(struct stage *stage, const rk_token_key *key, const char *text)
{
	const rk_scheme *scheme = rk_pubkey_token_scheme(key->pubkey);
	rk_payload payload;

	assert_ok(rk_payload_from_bytes(text, strlen(text), &payload));
	struct rk_sign_job job = {.key = key, .hash = scheme->hash, .payload = &payload};
	rk_error *err = stage->token->ops->sign(stage->token, &job, 1);
	if (!err)
		err = job.err;
	if (!err)
		err = rk_pubkey_verify(
		    key->pubkey, scheme, &payload, rk_buf_str(&job.signature), job.signature.len);
	rk_buf_clear(&job.signature);
	rk_payload_clear(&payload);
	return err;
}

static void
every_type_signs_what_verifies(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_keys) keys = NULL;

	(void)state;
	for (enum rk_key_type type = 0; type <= RK_KEY_RSA2048; type++)
		rk_soft_token_add_key(stage.module, stage.soft, type, rk_key_type_name(type));
	ready(&stage);
	assert_ok(stage.token->ops->keys(stage.token, &keys));
	assert_int_equal(keys->count, 4);
	for (size_t i = 0; i < keys->count; i++) {
		assert_string_equal(keys->keys[i].label, keys->keys[i].what);
		assert_ok(sign(&stage, &keys->keys[i], "text"));
	}
	assert_int_equal(stage.soft->signs, 4);
	assert_int_equal(stage.soft->logins, 1);
	assert_int_equal(stage.soft->finds, 1);
	tear_down(&stage);
}

static void
wrong_pins_are_counted_down_to_locked(void **state)
{
	static const enum rk_pin_state states[] = {
	    RK_PIN_OK, RK_PIN_LOW, RK_PIN_FINAL, RK_PIN_LOCKED};
	struct stage stage = set_up();

	(void)state;
	assert_ok(open_uri(&stage, URI));
	for (size_t i = 0; i < 4; i++) {
		RK_AUTO(rk_token_info) info = NULL;

		assert_ok(stage.token->ops->info(stage.token, &info));
		assert_int_equal(info->pin_state, states[i]);
		assert_error(log_in(&stage, "1234"), i < 3 ? RK_E_PIN_WRONG : RK_E_PIN_LOCKED);
	}
	assert_error(log_in(&stage, "123456"), RK_E_PIN_LOCKED);
	assert_int_equal(stage.soft->logins, 3); /* locked: nothing was spent */
	tear_down(&stage);
}

static void
a_right_pin_resets_the_count_and_is_enough_once(void **state)
{
	struct stage stage = set_up();

	(void)state;
	assert_ok(open_uri(&stage, URI));
	assert_error(log_in(&stage, "12345"), RK_E_PIN_WRONG);
	assert_error(log_in(&stage, "1234567"), RK_E_PIN_WRONG);
	assert_error(stage.token->ops->login(stage.token, NULL), RK_E_PIN_WRONG);
	stage.soft->tries = 1;
	assert_ok(log_in(&stage, "123456"));
	assert_int_equal(stage.soft->tries, RK_SOFT_TRIES);
	assert_ok(log_in(&stage, "wrong, and not asked"));
	assert_int_equal(stage.soft->logins, 4);
	assert_int_equal(stage.soft->logins_refused, 3);
	tear_down(&stage);
}

static void
before_a_login_keys_are_hidden(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token_key *key = NULL;

	(void)state;
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ED25519, "root");
	assert_ok(open_uri(&stage, URI));
	assert_ok(stage.token->ops->keys(stage.token, &keys));
	assert_int_equal(keys->count, 0);
	assert_error(find(&stage, URI ";object=root", &key), RK_E_PIN_NEEDED);
	assert_error(generate(&stage, "new", 9, &key), RK_E_PIN_NEEDED);
	assert_null(key);
	stage.soft->pin_pad = true; /* the PIN is typed there, not given by us */
	assert_ok(stage.token->ops->login(stage.token, NULL));
	tear_down(&stage);
}

static void
a_uri_means_one_token_or_an_error(void **state)
{
	struct stage stage = set_up();
	struct rk_soft_token *twin = rk_soft_tokens_add(stage.module, "soft", "0002");

	(void)state;
	assert_error(open_uri(&stage, "pkcs11:token=soft"), RK_E_TOKEN_MANY);
	assert_error(open_uri(&stage, "pkcs11:token=hard"), RK_E_TOKEN_NONE);
	assert_error(open_uri(&stage, "pkcs11:model=hard"), RK_E_TOKEN_NONE);
	assert_error(open_uri(&stage, "soft"), RK_E_USAGE);
	assert_error(open_uri(&stage, "pkcs11:colour=red"), RK_E_USAGE);
	assert_error(open_uri(&stage, "pkcs11:token=%4"), RK_E_USAGE);
	rk_soft_token_pull(twin);
	assert_ok(open_uri(&stage, "pkcs11:token=%73oft?pin-source=/pin"));
	assert_string_equal(stage.token->name, "'soft' (serial 0001)");
	RK_AUTO(rk_token_info) info = NULL;
	assert_ok(stage.token->ops->info(stage.token, &info));
	assert_string_equal(info->pin_source, "/pin");
	tear_down(&stage);
}

static void
a_listed_tokens_uri_opens_it(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_list) list = NULL;

	(void)state;
	rk_soft_tokens_add(stage.module, "an odd; \"label\" 100%", "0002");
	rk_soft_token_pull(rk_soft_tokens_add(stage.module, "gone", "0003"));
	assert_ok(stage.module->tokens.ops->list(&stage.module->tokens, &list));
	assert_int_equal(list->count, 2);
	assert_ok(open_uri(&stage, list->tokens[1].uri));
	assert_int_equal(stage.module->all[1].opened, 1);
	tear_down(&stage);
}

static void
a_key_is_found_by_its_own_uri(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_keys) keys = NULL;
	RK_AUTO(rk_token_key) key = NULL;
	rk_token_key *none = NULL;

	(void)state;
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ED25519, "root");
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ED25519, "root");
	ready(&stage);
	assert_ok(stage.token->ops->keys(stage.token, &keys));
	assert_ok(find(&stage, keys->keys[1].uri, &key));
	assert_true(rk_pubkey_equal(key->pubkey, keys->keys[1].pubkey));
	assert_error(find(&stage, "pkcs11:object=root", &none), RK_E_KEY_MANY);
	assert_error(find(&stage, "pkcs11:object=boot", &none), RK_E_KEY_NONE);
	assert_error(find(&stage, "pkcs11:object=root;id=%09", &none), RK_E_KEY_NONE);
	assert_null(none);
	tear_down(&stage);
}

static void
generated_keys_sign_and_are_gone_when_destroyed(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_key) key = NULL;
	rk_token_key *none = NULL;

	(void)state;
	ready(&stage);
	assert_ok(generate(&stage, "new", 9, &key));
	assert_int_equal(key->extractable, RK_FACT_NO);
	assert_ok(sign(&stage, key, "text"));
	assert_error(generate(&stage, "new", 10, &none), RK_E_EXISTS);
	assert_error(generate(&stage, "newer", 9, &none), RK_E_EXISTS);
	assert_int_equal(rk_soft_token_key_count(stage.soft), 1);
	assert_ok(stage.token->ops->destroy(stage.token, key));
	assert_ok(stage.token->ops->destroy(stage.token, key)); /* missing is success */
	assert_int_equal(stage.soft->destroyed, 1);
	assert_int_equal(rk_soft_token_key_count(stage.soft), 0);
	assert_error(sign(&stage, key, "text"), RK_E_TOKEN);
	assert_error(find(&stage, key->uri, &none), RK_E_KEY_NONE);
	tear_down(&stage);
}

static void
what_a_token_cannot_make_it_does_not_make(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_abilities) abilities = NULL;
	rk_token_key *key = NULL;

	(void)state;
	stage.soft->unsupported[RK_KEY_ECDSA_P256] = true;
	ready(&stage);
	assert_ok(stage.token->ops->abilities(stage.token, &abilities));
	assert_false(abilities->generate[RK_KEY_ECDSA_P256]);
	assert_true(abilities->generate[RK_KEY_ED25519]);
	assert_error(generate(&stage, "new", 9, &key), RK_E_TOKEN_UNSUPPORTED);
	stage.soft->unsupported[RK_KEY_ECDSA_P256] = false;
	stage.soft->write_protected = true;
	assert_error(generate(&stage, "new", 9, &key), RK_E_TOKEN);
	assert_null(key);
	tear_down(&stage);
}

static void
an_ignored_template_and_a_forgotten_key_can_be_seen(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_key) loose = NULL;
	RK_AUTO(rk_token_key) forgotten = NULL;
	rk_token_key *none = NULL;

	(void)state;
	ready(&stage);
	stage.soft->ignores_template = true;
	assert_ok(generate(&stage, "loose", 1, &loose));
	assert_int_equal(loose->extractable, RK_FACT_YES);
	assert_int_equal(loose->never_extractable, RK_FACT_NO);
	stage.soft->forgets_keys = true;
	assert_ok(generate(&stage, "forgotten", 2, &forgotten));
	assert_error(find(&stage, forgotten->uri, &none), RK_E_KEY_NONE);
	tear_down(&stage);
}

static void
every_lie_is_found_out(void **state)
{
	static const struct {
		enum rk_soft_lie lie;
		enum rk_code code;
	} rows[] = {{RK_SOFT_HONEST, RK_OK}, {RK_SOFT_WRONG, RK_E_UNTRUSTED},
	    {RK_SOFT_SHORT, RK_E_MALFORMED}, {RK_SOFT_LONG, RK_E_MALFORMED},
	    {RK_SOFT_EMPTY, RK_E_MALFORMED}, {RK_SOFT_STRANGER, RK_E_UNTRUSTED},
	    {RK_SOFT_OTHER_BYTES, RK_E_UNTRUSTED}};
	struct stage stage = set_up();
	RK_AUTO(rk_token_keys) keys = NULL;

	(void)state;
	for (enum rk_key_type type = 0; type <= RK_KEY_RSA2048; type++)
		rk_soft_token_add_key(stage.module, stage.soft, type, rk_key_type_name(type));
	ready(&stage);
	assert_ok(stage.token->ops->keys(stage.token, &keys));
	for (size_t key = 0; key < keys->count; key++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			stage.soft->lie = rows[i].lie;
			assert_error(sign(&stage, &keys->keys[key], "text"), rows[i].code);
		}
	}
	tear_down(&stage);
}

static void
one_signature_of_many_can_lie_or_fail(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_payload payload;
	struct rk_sign_job jobs[4];

	(void)state;
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ECDSA_P384, "root");
	ready(&stage);
	assert_ok(stage.token->ops->keys(stage.token, &keys));
	assert_ok(rk_payload_from_bytes("text", 4, &payload));
	stage.soft->lie = RK_SOFT_STRANGER;
	stage.soft->lie_at = 2;
	stage.soft->sign_fails_at = 3;
	for (size_t i = 0; i < 4; i++)
		jobs[i] = (struct rk_sign_job){
		    .key = &keys->keys[0], .hash = RK_HASH_SHA384, .payload = &payload};
	assert_ok(stage.token->ops->sign(stage.token, jobs, 4));
	for (size_t i = 0; i < 4; i++) {
		static const enum rk_code codes[] = {RK_OK, RK_E_UNTRUSTED, RK_E_TOUCH, RK_OK};
		rk_error *err = jobs[i].err;

		if (!err)
			err = rk_pubkey_verify(keys->keys[0].pubkey,
			    rk_pubkey_token_scheme(keys->keys[0].pubkey), &payload,
			    rk_buf_str(&jobs[i].signature), jobs[i].signature.len);
		assert_error(err, codes[i]);
		rk_buf_clear(&jobs[i].signature);
	}
	rk_payload_clear(&payload);
	tear_down(&stage);
}

static void
pulled_out_between_login_and_signature_it_is_gone_for_good(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_key) key = NULL;
	RK_AUTO(rk_token_info) info = NULL;

	(void)state;
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ED25519, "root");
	ready(&stage);
	stage.soft->gone_after = RK_SOFT_FIND;
	assert_ok(find(&stage, "pkcs11:object=root", &key));
	assert_error(sign(&stage, key, "text"), RK_E_TOKEN_GONE);
	rk_soft_token_plug(stage.soft);
	assert_error(sign(&stage, key, "text"), RK_E_TOKEN_GONE); /* the session is void */
	assert_error(stage.token->ops->info(stage.token, &info), RK_E_TOKEN_GONE);
	rk_token_free(stage.token);
	stage.token = NULL;
	rk_soft_tokens_settle(stage.module);
	ready(&stage);
	assert_ok(sign(&stage, key, "text"));
	tear_down(&stage);
}

/* The whole story, failing at call 1, 2, … until it succeeds: each call is counted once. */
static void
any_call_can_fail_in_turn(void **state)
{
	struct stage stage = set_up();
	unsigned calls = 0;

	(void)state;
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ED25519, "root");
	for (unsigned at = 1; calls == 0; at++) {
		RK_AUTO(rk_token_key) key = NULL;

		rk_soft_tokens_settle(stage.module);
		stage.module->fails_at = at;
		stage.module->fails = RK_E_TOKEN_GONE;
		rk_error *err = open_uri(&stage, URI);
		if (!err)
			err = log_in(&stage, "123456");
		if (!err)
			err = find(&stage, "pkcs11:object=root", &key);
		if (!err)
			err = sign(&stage, key, "text");
		if (!err)
			calls = at - 1;
		else
			assert_error(err, RK_E_TOKEN_GONE);
		rk_token_free(stage.token);
		stage.token = NULL;
	}
	assert_int_equal(calls, 4);
	assert_int_equal(stage.module->called[RK_SOFT_SIGN], 1);
	tear_down(&stage);
}

static rk_error *
initialise(struct stage *stage, const char *uri, const char *so_pin)
{
	RK_AUTO(rk_secret) so = NULL;
	RK_AUTO(rk_secret) pin = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	char label[] = "fresh"; /* not there for long */

	assert_ok(rk_secret_copy(so_pin, strlen(so_pin), &so));
	assert_ok(rk_secret_copy("654321", 6, &pin));
	return stage->module->tokens.ops->init(&stage->module->tokens, uri, label, so, pin, &info);
}

static void
an_initialised_token_is_another_one(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_info) info = NULL;

	(void)state;
	rk_soft_token_add_key(stage.module, stage.soft, RK_KEY_ED25519, "root");
	ready(&stage);
	assert_error(initialise(&stage, URI, "00000000"), RK_E_PIN_WRONG);
	assert_int_equal(stage.soft->so_tries, RK_SOFT_TRIES - 1);
	assert_ok(initialise(&stage, URI, "12345678"));
	assert_error(stage.token->ops->info(stage.token, &info), RK_E_TOKEN_GONE);
	assert_int_equal(rk_soft_token_key_count(stage.soft), 0);
	rk_token_free(stage.token);
	stage.token = NULL;
	assert_ok(open_uri(&stage, "pkcs11:token=fresh"));
	assert_ok(log_in(&stage, "654321"));
	assert_int_equal(stage.soft->inits, 1);
	tear_down(&stage);
}

static void
the_only_empty_token_is_the_one_to_initialise(void **state)
{
	struct stage stage = set_up();
	RK_AUTO(rk_token_info) info = NULL;
	struct rk_soft_token *empty = rk_soft_tokens_add(stage.module, "soft", "0002");
	rk_tokens *tokens = &stage.module->tokens;

	(void)state;
	assert_error(tokens->ops->meant(tokens, "pkcs11:", &info), RK_E_TOKEN_MANY);
	empty->initialized = false;
	assert_ok(tokens->ops->meant(tokens, "pkcs11:", &info));
	assert_string_equal(info->serial, "0002");
	assert_int_equal(info->pin_state, RK_PIN_UNSET);
	assert_error(open_uri(&stage, "pkcs11:serial=0002"), RK_E_TOKEN_NONE);
	assert_ok(initialise(&stage, "pkcs11:", "12345678"));
	assert_true(empty->initialized);
	tear_down(&stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(every_type_signs_what_verifies),
	    spec(wrong_pins_are_counted_down_to_locked),
	    spec(a_right_pin_resets_the_count_and_is_enough_once),
	    spec(before_a_login_keys_are_hidden),
	    spec(a_uri_means_one_token_or_an_error),
	    spec(a_listed_tokens_uri_opens_it),
	    spec(a_key_is_found_by_its_own_uri),
	    spec(generated_keys_sign_and_are_gone_when_destroyed),
	    spec(what_a_token_cannot_make_it_does_not_make),
	    spec(an_ignored_template_and_a_forgotten_key_can_be_seen),
	    spec(every_lie_is_found_out),
	    spec(one_signature_of_many_can_lie_or_fail),
	    spec(pulled_out_between_login_and_signature_it_is_gone_for_good),
	    spec(any_call_can_fail_in_turn),
	    spec(an_initialised_token_is_another_one),
	    spec(the_only_empty_token_is_the_one_to_initialise),
	};

	rk_error_free(rk_secret_heap_init());
	return cmocka_run_group_tests_name("soft_token", tests, NULL, NULL);
}
