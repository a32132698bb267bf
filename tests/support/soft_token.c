#include "support/soft_token.h"

#include "support/soft_token_private.h"
#include "support/spec.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_soft_step(struct rk_soft_tokens *module, enum rk_soft_call call)
{
	module->called[call]++;
	if (++module->calls == module->fails_at)
		return rk_fail(
		    module->fails, NULL, "the rehearsed failure of call %u", module->calls);
	return NULL;
}

void
rk_soft_done(struct rk_soft_token *soft, enum rk_soft_call call)
{
	if (soft->gone_after == call)
		rk_soft_token_pull(soft);
}

static struct rk_soft_tokens *
module_of(rk_tokens *tokens)
{
	return (struct rk_soft_tokens *)(void *)((char *)tokens -
						 offsetof(struct rk_soft_tokens, tokens));
}

static enum rk_pin_state
state_of(unsigned tries)
{
	return tries == 0	       ? RK_PIN_LOCKED
	       : tries == 1	       ? RK_PIN_FINAL
	       : tries < RK_SOFT_TRIES ? RK_PIN_LOW
				       : RK_PIN_OK;
}

static char *
uri_of(const struct rk_soft_token *soft)
{
	rk_buf uri = {0};
	char *text;

	rk_buf_text(&uri, "pkcs11:model=soft;manufacturer=us;serial=");
	rk_soft_uri_escape(&uri, soft->serial);
	rk_buf_text(&uri, ";token=");
	rk_soft_uri_escape(&uri, soft->initialized ? soft->label : "");
	rk_buf_text(&uri, "?module-name=soft");
	assert_ok(rk_buf_take(&uri, &text));
	return text;
}

void
rk_soft_describe(
    const struct rk_soft_token *soft, const struct rk_soft_uri *uri, rk_token_info *out)
{
	bool unset = !soft->initialized || soft->pin_unset;

	*out = (rk_token_info){
	    .label = rk_soft_strdup(soft->initialized ? soft->label : ""),
	    .serial = rk_soft_strdup(soft->serial),
	    .model = rk_soft_strdup("soft"),
	    .manufacturer = rk_soft_strdup("us"),
	    .firmware = rk_soft_strdup("1.0"),
	    .module = rk_soft_strdup("soft"),
	    .module_path = rk_soft_strdup("/soft.so"),
	    .module_version = rk_soft_strdup("soft 1.0"),
	    .uri = uri_of(soft),
	    .pin_source = uri && uri->has_pin_source ? rk_soft_strdup(uri->pin_source) : NULL,
	    .pin_state = unset ? RK_PIN_UNSET : state_of(soft->tries),
	    .so_pin_state = state_of(soft->so_tries),
	    .initialized = soft->initialized,
	    .login_required = !soft->open_to_all,
	    .pin_pad = soft->pin_pad,
	    .hardware = soft->hardware,
	    .write_protected = soft->write_protected,
	    .so_makes_keys = soft->so_makes_keys,
	    .unblock = soft->nobody_unblocks ? RK_UNBLOCK_NOBODY
		       : soft->puk	     ? RK_UNBLOCK_PUK
					     : RK_UNBLOCK_SO,
	    .factory_pin = soft->factory_pin,
	    .factory_puk = soft->factory_puk,
	    .factory_so_pin = soft->factory_so_pin,
	    .pin_tries_known = soft->tells_tries,
	    .pin_tries = soft->tells_tries ? soft->tries : 0,
	    .pin_min = 4,
	    .pin_max = 32,
	};
}

static rk_error *
soft_list(rk_tokens *tokens, rk_token_list **ret_list)
{
	struct rk_soft_tokens *module = module_of(tokens);
	rk_error *err = rk_soft_step(module, RK_SOFT_LIST);
	if (err)
		return err;
	rk_token_list *list = calloc(1, sizeof(*list));
	assert_non_null(list);
	list->tokens = calloc(RK_SOFT_TOKENS_MAX, sizeof(*list->tokens));
	assert_non_null(list->tokens);
	for (size_t i = 0; i < module->count; i++) {
		if (module->all[i].absent)
			continue;
		rk_soft_describe(&module->all[i], NULL, &list->tokens[list->count]);
		list->tokens[list->count].slot = i;
		list->count++;
	}
	*ret_list = list;
	for (size_t i = 0; i < module->count; i++)
		rk_soft_done(&module->all[i], RK_SOFT_LIST);
	return NULL;
}

static bool
matches(const struct rk_soft_token *soft, const struct rk_soft_uri *uri)
{
	return !soft->absent && !uri->foreign &&
	       (!uri->has_token || strcmp(uri->token, soft->initialized ? soft->label : "") == 0) &&
	       (!uri->has_serial || strcmp(uri->serial, soft->serial) == 0);
}

/* The one token that is meant; with `for_init`, among several the only empty one. */
static rk_error *
locate(struct rk_soft_tokens *module, const struct rk_soft_uri *uri, bool for_init,
    struct rk_soft_token **ret_soft)
{
	struct rk_soft_token *found = NULL, *empty = NULL;
	size_t count = 0, empty_count = 0;
	RK_AUTO_BUF(names);

	for (size_t i = 0; i < module->count; i++) {
		struct rk_soft_token *soft = &module->all[i];

		if (!matches(soft, uri) || (!for_init && !soft->initialized))
			continue;
		rk_buf_printf(&names, "%s%s (serial %s)", count ? ", " : "", RK_SHOW(soft->label),
		    RK_SHOW_BARE(soft->serial));
		found = soft;
		count++;
		if (!soft->initialized) {
			empty = soft;
			empty_count++;
		}
	}
	if (count == 0)
		return rk_fail(RK_E_TOKEN_NONE, "insert the token", "no token fits the URI");
	if (count > 1 && !(for_init && empty_count == 1))
		return rk_fail(RK_E_TOKEN_MANY, "name the serial in the URI",
		    "more than one token fits the URI: %s", rk_buf_str(&names));
	*ret_soft = count > 1 ? empty : found;
	return NULL;
}

static rk_error *
soft_open(rk_tokens *tokens, const char *uri, rk_token **ret_token)
{
	struct rk_soft_tokens *module = module_of(tokens);
	struct rk_soft_opened *opened;
	struct rk_soft_token *soft;
	struct rk_soft_uri parsed;
	rk_error *err = rk_soft_step(module, RK_SOFT_OPEN);

	if (!err)
		err = rk_soft_uri_parse(uri, &parsed);
	if (!err)
		err = locate(module, &parsed, false, &soft);
	if (err)
		return err;
	opened = calloc(1, sizeof(*opened));
	assert_non_null(opened);
	opened->module = module;
	opened->soft = soft;
	opened->generation = soft->generation;
	opened->uri = parsed;
	snprintf(opened->name, sizeof(opened->name), "%s (serial %s)", RK_SHOW(soft->label),
	    RK_SHOW_BARE(soft->serial));
	opened->token = (rk_token){&rk_soft_token_ops, opened->name};
	soft->opened++;
	*ret_token = &opened->token;
	rk_soft_done(soft, RK_SOFT_OPEN);
	return NULL;
}

static rk_error *
soft_init_target(rk_tokens *tokens, const char *uri, rk_token_info **ret_info)
{
	struct rk_soft_tokens *module = module_of(tokens);
	struct rk_soft_token *soft;
	struct rk_soft_uri parsed;
	rk_error *err = rk_soft_step(module, RK_SOFT_INIT_TARGET);

	if (!err)
		err = rk_soft_uri_parse(uri, &parsed);
	if (!err)
		err = locate(module, &parsed, true, &soft);
	if (err)
		return err;
	rk_token_info *info = calloc(1, sizeof(*info));
	assert_non_null(info);
	rk_soft_describe(soft, &parsed, info);
	*ret_info = info;
	rk_soft_done(soft, RK_SOFT_INIT_TARGET);
	return NULL;
}

bool
rk_soft_is_secret(const rk_secret *secret, const char *pin)
{
	return secret && rk_secret_len(secret) == strlen(pin) &&
	       memcmp(rk_secret_peek(secret), pin, strlen(pin)) == 0;
}

static void
wipe(struct rk_soft_token *soft)
{
	for (size_t i = 0; i < soft->key_count; i++)
		EVP_PKEY_free(soft->keys[i].pair);
	memset(soft->keys, 0, sizeof(soft->keys));
	soft->key_count = 0;
	soft->generation++;
}

rk_error *
rk_soft_try_so_pin(struct rk_soft_token *soft, const rk_secret *so_pin)
{
	if (!soft->initialized || rk_soft_is_secret(so_pin, soft->so_pin)) {
		soft->so_tries = RK_SOFT_TRIES;
		return NULL;
	}
	if (soft->so_tries == 0)
		return rk_fail(RK_E_PIN_LOCKED, NULL, "the SO PIN is locked");
	soft->so_tries--;
	return rk_fail(RK_E_PIN_WRONG, NULL, "the SO PIN is wrong");
}

static void
start_anew(
    struct rk_soft_token *soft, const char *label, const rk_secret *so_pin, const rk_secret *pin)
{
	wipe(soft);
	snprintf(soft->new_label, sizeof(soft->new_label), "%s", label);
	snprintf(soft->new_pin, sizeof(soft->new_pin), "%.*s", (int)rk_secret_len(pin),
	    (const char *)rk_secret_peek(pin));
	snprintf(soft->new_so_pin, sizeof(soft->new_so_pin), "%.*s", (int)rk_secret_len(so_pin),
	    (const char *)rk_secret_peek(so_pin));
	soft->label = soft->new_label;
	soft->pin = soft->new_pin;
	soft->so_pin = soft->new_so_pin;
	soft->initialized = true;
	soft->pin_unset = false;
	soft->tries = RK_SOFT_TRIES;
	soft->inits++;
}

static rk_error *
soft_init(rk_tokens *tokens, const char *uri, const char *label, const rk_secret *so_pin,
    const rk_secret *pin, rk_token_info **ret_info)
{
	struct rk_soft_tokens *module = module_of(tokens);
	struct rk_soft_token *soft;
	struct rk_soft_uri parsed;
	rk_error *err = rk_soft_step(module, RK_SOFT_INIT);

	assert_non_null(so_pin);
	assert_non_null(pin);
	if (!err)
		err = rk_soft_uri_parse(uri, &parsed);
	if (!err)
		err = locate(module, &parsed, true, &soft);
	if (!err)
		err = rk_soft_try_so_pin(soft, so_pin);
	if (err)
		return err;
	start_anew(soft, label, so_pin, pin);
	if (soft->answer_lost == RK_SOFT_INIT) {
		soft->pin_unset = true;
		rk_soft_done(soft, RK_SOFT_INIT);
		return rk_fail(RK_E_TOKEN, NULL, "the rehearsed end half-way");
	}
	rk_token_info *info = calloc(1, sizeof(*info));
	assert_non_null(info);
	rk_soft_describe(soft, &parsed, info);
	*ret_info = info;
	rk_soft_done(soft, RK_SOFT_INIT);
	return NULL;
}

static const struct rk_tokens_ops module_ops = {
    .list = soft_list,
    .open = soft_open,
    .meant = soft_init_target,
    .init = soft_init,
};

struct rk_soft_tokens *
rk_soft_tokens_new(void)
{
	struct rk_soft_tokens *module = calloc(1, sizeof(*module));

	assert_non_null(module);
	module->tokens.ops = &module_ops;
	module->fails = RK_E_TOKEN;
	return module;
}

void
rk_soft_tokens_free(struct rk_soft_tokens *module)
{
	if (!module)
		return;
	for (size_t i = 0; i < module->count; i++)
		wipe(&module->all[i]);
	free(module);
}

struct rk_soft_token *
rk_soft_tokens_add(struct rk_soft_tokens *module, const char *label, const char *serial)
{
	assert_true(module->count < RK_SOFT_TOKENS_MAX);
	struct rk_soft_token *soft = &module->all[module->count++];

	*soft = (struct rk_soft_token){
	    .label = label,
	    .serial = serial,
	    .pin = "123456",
	    .so_pin = "12345678",
	    .initialized = true,
	    .tries = RK_SOFT_TRIES,
	    .so_tries = RK_SOFT_TRIES,
	    .sign_fails = RK_E_TOUCH,
	    .gone_after = RK_SOFT_NEVER,
	    .answer_lost = RK_SOFT_NEVER,
	    .ways = {[RK_WRAP_PAD] = true},
	};
	return soft;
}

void
rk_soft_tokens_settle(struct rk_soft_tokens *module)
{
	module->fails_at = 0;
	module->calls = 0;
	memset(module->called, 0, sizeof(module->called));
	for (size_t i = 0; i < module->count; i++) {
		struct rk_soft_token *soft = &module->all[i];

		soft->gone_after = soft->answer_lost = RK_SOFT_NEVER;
		soft->lie = RK_SOFT_HONEST;
		soft->lie_at = soft->sign_fails_at = 0;
		soft->so_logins = soft->pin_changes = 0;
		soft->logins = soft->logins_refused = soft->finds = soft->signs = 0;
		soft->made = soft->destroyed = soft->inits = soft->opened = soft->imported = 0;
	}
}

struct rk_soft_pair *
rk_soft_token_add_key(struct rk_soft_tokens *module, struct rk_soft_token *token,
    enum rk_key_type type, const char *label)
{
	struct rk_soft_pair *pair =
	    rk_soft_token_add_pair(module, token, rk_soft_key_new(type), label);

	pair->type = type;
	return pair;
}

struct rk_soft_pair *
rk_soft_token_add_pair(
    struct rk_soft_tokens *module, struct rk_soft_token *token, EVP_PKEY *pkey, const char *label)
{
	assert_true(token->key_count < RK_SOFT_KEYS_MAX);
	struct rk_soft_pair *pair = &token->keys[token->key_count++];

	*pair = (struct rk_soft_pair){.pair = pkey};
	pair->handle = ++module->next_handle;
	pair->id[0] = (uint8_t)token->key_count;
	pair->id_len = 1;
	snprintf(pair->label, sizeof(pair->label), "%s", label);
	return pair;
}

void
rk_soft_token_pull(struct rk_soft_token *token)
{
	token->absent = true;
	token->generation++;
}

void
rk_soft_token_plug(struct rk_soft_token *token)
{
	token->absent = false;
}

size_t
rk_soft_token_key_count(const struct rk_soft_token *token)
{
	size_t count = 0;

	for (size_t i = 0; i < token->key_count; i++)
		count += token->keys[i].pair != NULL;
	return count;
}
