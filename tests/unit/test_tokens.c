#include "support/spec.h"

#include "base/secret.h"
#include "flow/tokens.h"

#include <stdlib.h>
#include <string.h>

/* A token that does as it is told, the only one of its module; and a person. */
struct stage {
	rk_tokens tokens;
	rk_token token;
	rk_env env;
	/* the token */
	bool initialized, empty_after_init, swapped, keeps_keys;
	size_t keys;
	enum rk_pin_state so_pin_state;
	enum rk_code generate_fails, login_fails;
	const char *label, *serial;
	/* the person */
	bool pin_at_hand;
	const char *new_pin;
	enum rk_code confirm_says;
	/* what happened */
	unsigned logins, inits, looks, made, destroyed, confirms;
	enum rk_confirm_kind confirm_kind;
	char typed_back[64];
};

static struct stage *
stage_of_tokens(rk_tokens *tokens)
{
	return (struct stage *)(void *)((char *)tokens - offsetof(struct stage, tokens));
}

static struct stage *
stage_of_token(rk_token *token)
{
	return (struct stage *)(void *)((char *)token - offsetof(struct stage, token));
}

static struct stage *
stage_of_env(rk_env *env)
{
	return (struct stage *)(void *)((char *)env - offsetof(struct stage, env));
}

static rk_error *
describe(const struct stage *stage, rk_token_info **ret_info)
{
	rk_token_info *info = calloc(1, sizeof(*info));

	assert_non_null(info);
	*info = (rk_token_info){
	    .label = strdup(stage->label),
	    .serial = strdup(stage->serial),
	    .model = strdup("fake"),
	    .manufacturer = strdup("us"),
	    .firmware = strdup("1.0"),
	    .module = strdup("fake"),
	    .module_path = strdup("/fake.so"),
	    .module_version = strdup("fake 1.0"),
	    .uri = strdup("pkcs11:token=fake"),
	    .so_pin_state = stage->so_pin_state,
	    .initialized = stage->initialized,
	    .login_required = true,
	    .pin_min = 4,
	    .pin_max = 8,
	};
	*ret_info = info;
	return NULL;
}

static rk_error *
fake_info(rk_token *token, rk_token_info **ret_info)
{
	return describe(stage_of_token(token), ret_info);
}

static rk_error *
fake_login(rk_token *token, const rk_secret *pin)
{
	struct stage *stage = stage_of_token(token);

	assert_non_null(pin);
	stage->logins++;
	return stage->login_fails ? rk_fail(stage->login_fails, NULL, "no") : NULL;
}

static rk_error *
fake_keys(rk_token *token, rk_token_keys **ret_keys)
{
	rk_token_keys *keys = calloc(1, sizeof(*keys));

	assert_non_null(keys);
	keys->count = stage_of_token(token)->keys;
	keys->keys = calloc(keys->count + 1, sizeof(*keys->keys));
	*ret_keys = keys;
	return NULL;
}

static rk_error *
fake_abilities(rk_token *token, rk_token_abilities **ret_abilities)
{
	rk_token_abilities *abilities = calloc(1, sizeof(*abilities));

	(void)token;
	assert_non_null(abilities);
	abilities->generate[RK_KEY_ED25519] = abilities->sign[RK_KEY_ED25519] = true;
	*ret_abilities = abilities;
	return NULL;
}

/* The public key of RFC 8032, 7.1, test 1. */
static rk_error *
fake_generate(rk_token *token, const struct rk_key_spec *key, rk_token_key **ret_key)
{
	static const char point[] =
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
	struct stage *stage = stage_of_token(token);
	rk_token_key *made;
	uint8_t raw[32];

	assert_int_equal(strncmp(key->label, "rootkeep-test-", 14), 0);
	if (stage->generate_fails)
		return rk_fail(stage->generate_fails, NULL, "no");
	made = calloc(1, sizeof(*made));
	assert_non_null(made);
	assert_ok(rk_unhex(point, 64, raw, sizeof(raw)));
	assert_ok(rk_pubkey_from_ed25519(raw, &made->pubkey));
	made->handle = 7;
	made->uri = strdup("pkcs11:object=test");
	made->label = strdup(key->label);
	made->what = strdup("ed25519");
	stage->made++;
	*ret_key = made;
	return NULL;
}

/* Never a signature that verifies: that is what the proof is there for. */
static rk_error *
fake_sign(rk_token *token, struct rk_sign_job *jobs, size_t count)
{
	static const uint8_t garbage[64];

	(void)token;
	for (size_t i = 0; i < count; i++)
		rk_buf_append(&jobs[i].signature, garbage, sizeof(garbage));
	return NULL;
}

static rk_error *
fake_destroy(rk_token *token, const rk_token_key *key)
{
	assert_int_equal(key->handle, 7);
	stage_of_token(token)->destroyed++;
	return NULL;
}

static rk_error *
fake_find(rk_token *token, const char *uri, rk_token_key **ret_key)
{
	rk_token_key *key;

	(void)uri;
	if (!stage_of_token(token)->keeps_keys)
		return rk_fail(RK_E_KEY_NONE, NULL, "gone");
	key = calloc(1, sizeof(*key));
	assert_non_null(key);
	*ret_key = key;
	return NULL;
}

static void
fake_close(rk_token *token)
{
	(void)token;
}

static rk_error *
fake_open(rk_tokens *tokens, const char *uri, rk_token **ret_token)
{
	(void)uri;
	*ret_token = &stage_of_tokens(tokens)->token;
	return NULL;
}

static rk_error *
fake_target(rk_tokens *tokens, const char *uri, rk_token_info **ret_info)
{
	struct stage *stage = stage_of_tokens(tokens);

	(void)uri;
	if (stage->looks++ > 0 && stage->swapped)
		stage->serial = "another";
	return describe(stage, ret_info);
}

static rk_error *
fake_init(rk_tokens *tokens, const char *uri, const char *label, const rk_secret *so_pin,
    const rk_secret *pin, rk_token_info **ret_info)
{
	struct stage *stage = stage_of_tokens(tokens);

	(void)uri;
	assert_non_null(so_pin);
	assert_non_null(pin);
	stage->inits++;
	stage->initialized = !stage->empty_after_init;
	stage->label = label;
	return describe(stage, ret_info);
}

static rk_error *
person_entropy(rk_env *env, void *bytes, size_t len)
{
	(void)env;
	memset(bytes, 0x5a, len);
	return NULL;
}

static rk_error *
person_pin(rk_env *env, const struct rk_pin_request *request, rk_secret **ret_pin)
{
	const char *text = strcmp(request->kind, "new PIN") ? "5678" : stage_of_env(env)->new_pin;

	return rk_secret_copy(text, strlen(text), ret_pin);
}

static bool
person_has_pin(rk_env *env, const struct rk_pin_request *request)
{
	(void)request;
	return stage_of_env(env)->pin_at_hand;
}

static rk_error *
person_confirm(rk_env *env, const struct rk_confirm_request *request)
{
	struct stage *stage = stage_of_env(env);

	stage->confirms++;
	stage->confirm_kind = request->kind;
	strncpy(stage->typed_back, request->expect ? request->expect : "",
	    sizeof(stage->typed_back) - 1);
	return stage->confirm_says ? rk_fail(stage->confirm_says, NULL, "no") : NULL;
}

static void
person_say(rk_env *env, enum rk_say level, const char *text)
{
	(void)env;
	(void)level;
	(void)text;
}

static void
person_progress(rk_env *env, const char *what, uint64_t done, uint64_t total)
{
	(void)env;
	(void)what;
	(void)done;
	(void)total;
}

static const struct rk_token_ops token_ops = {
    .info = fake_info,
    .abilities = fake_abilities,
    .login = fake_login,
    .keys = fake_keys,
    .find = fake_find,
    .generate = fake_generate,
    .sign = fake_sign,
    .destroy = fake_destroy,
    .close = fake_close,
};
static const struct rk_tokens_ops tokens_ops = {
    .open = fake_open, .init_target = fake_target, .init = fake_init};
static const struct rk_env_ops env_ops = {
    .entropy = person_entropy,
    .pin = person_pin,
    .pin_at_hand = person_has_pin,
    .confirm = person_confirm,
    .say = person_say,
    .progress = person_progress,
};

static struct stage
used_token(void)
{
	return (struct stage){
	    .tokens = {&tokens_ops},
	    .token = {&token_ops, "'fake' (serial 1a2b)"},
	    .env = {&env_ops},
	    .initialized = true,
	    .label = "fake",
	    .serial = "1a2b",
	    .new_pin = "1234",
	};
}

static rk_error *
initialise(struct stage *stage, bool dry_run)
{
	const struct rk_tokens_wish wish = {
	    &stage->env, &stage->tokens, "pkcs11:", "fresh", dry_run};
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
	struct stage stage = used_token();

	(void)state;
	stage.initialized = false;
	assert_ok(initialise(&stage, false));
	assert_int_equal(stage.inits, 1);
	assert_int_equal(stage.confirms, 0);
}

static void
a_token_that_nobody_looked_at_counts_as_full(void **state)
{
	struct stage stage = used_token();

	(void)state;
	assert_ok(initialise(&stage, false));
	assert_int_equal(stage.logins, 0);
	assert_int_equal(stage.confirm_kind, RK_CONFIRM_DESTROY);
	assert_string_equal(stage.typed_back, "1a2b");
}

static void
a_token_with_keys_is_full_and_without_is_not(void **state)
{
	struct stage full = used_token(), bare = used_token();

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
	struct stage stage = used_token();

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
	struct stage stage = used_token();

	(void)state;
	assert_ok(initialise(&stage, true));
	assert_int_equal(stage.inits + stage.confirms + stage.logins, 0);
}

static void
a_wrong_pin_ends_the_looking(void **state)
{
	struct stage stage = used_token();

	(void)state;
	stage.pin_at_hand = true;
	stage.login_fails = RK_E_PIN_WRONG;
	assert_error(initialise(&stage, false), RK_E_PIN_WRONG);
	assert_int_equal(stage.inits, 0);
}

static void
the_so_pin_has_its_budget_too(void **state)
{
	struct stage locked = used_token(), last = used_token();

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
	struct stage stage = used_token();

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
	struct stage stage = used_token();

	(void)state;
	stage.swapped = true;
	assert_error(initialise(&stage, false), RK_E_TOKEN_GONE);
	assert_int_equal(stage.inits, 0);
}

static void
success_is_believed_when_the_token_shows_it(void **state)
{
	struct stage stage = used_token();

	(void)state;
	stage.empty_after_init = true;
	assert_error(initialise(&stage, false), RK_E_KEY_UNPROVEN);
}

static rk_tokens_trial *
try_out(struct stage *stage)
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
	struct stage stage = used_token();
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
	struct stage stage = used_token();
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
	struct stage stage = used_token();
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
	struct stage stage = used_token();
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
