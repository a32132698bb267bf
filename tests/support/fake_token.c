#include "support/fake_token.h"

#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

static struct rk_fake_token *
stage_of_tokens(rk_tokens *tokens)
{
	return (struct rk_fake_token *)(void *)((char *)tokens -
						offsetof(struct rk_fake_token, tokens));
}

static struct rk_fake_token *
stage_of_token(rk_token *token)
{
	return (
	    struct rk_fake_token *)(void *)((char *)token - offsetof(struct rk_fake_token, token));
}

static struct rk_fake_token *
stage_of_env(rk_env *env)
{
	return (struct rk_fake_token *)(void *)((char *)env - offsetof(struct rk_fake_token, env));
}

static rk_error *
describe(const struct rk_fake_token *stage, rk_token_info **ret_info)
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
	struct rk_fake_token *stage = stage_of_token(token);

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
	struct rk_fake_token *stage = stage_of_token(token);
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
	for (size_t i = 0; i < count; i++) {
		rk_buf_append(&jobs[i].signature, garbage, sizeof(garbage));
		if (jobs[i].settled)
			jobs[i].settled(&jobs[i]);
	}
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
fake_certificates(rk_token *token, rk_token_certificates **ret_certificates)
{
	(void)token;
	*ret_certificates = calloc(1, sizeof(**ret_certificates));
	assert_non_null(*ret_certificates);
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
	struct rk_fake_token *stage = stage_of_tokens(tokens);

	(void)uri;
	if (stage->looks++ > 0 && stage->swapped)
		stage->serial = "another";
	return describe(stage, ret_info);
}

static rk_error *
fake_init(rk_tokens *tokens, const char *uri, const char *label, const rk_secret *so_pin,
    const rk_secret *pin, rk_token_info **ret_info)
{
	struct rk_fake_token *stage = stage_of_tokens(tokens);

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
	struct rk_fake_token *stage = stage_of_env(env);

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
    .certificates = fake_certificates,
    .find = fake_find,
    .generate = fake_generate,
    .sign = fake_sign,
    .destroy = fake_destroy,
    .close = fake_close,
};
static rk_error *
fake_list(rk_tokens *tokens, rk_token_list **ret_list)
{
	(void)tokens;
	*ret_list = calloc(1, sizeof(**ret_list));
	return *ret_list ? NULL : rk_out_of_memory();
}

static const struct rk_tokens_ops tokens_ops = {
    .list = fake_list, .open = fake_open, .meant = fake_target, .init = fake_init};
static const struct rk_env_ops env_ops = {
    .entropy = person_entropy,
    .pin = person_pin,
    .pin_at_hand = person_has_pin,
    .confirm = person_confirm,
    .say = person_say,
    .progress = person_progress,
};

struct rk_fake_token
rk_fake_token_used(void)
{
	return (struct rk_fake_token){
	    .tokens = {&tokens_ops},
	    .token = {&token_ops, "'fake' (serial 1a2b)"},
	    .env = {&env_ops},
	    .initialized = true,
	    .label = "fake",
	    .serial = "1a2b",
	    .new_pin = "1234",
	};
}
