#include "pkcs11/client.h"

#include "base/show.h"
#include "pkcs11/locate.h"
#include "pkcs11/opened.h"
#include "pkcs11/providers.h"

#include <stdlib.h>
#include <string.h>

#define QUICK_SECONDS 30
#define SLOW_SECONDS 120

struct tokens {
	rk_tokens base;
	rk_env *env;
	rk_providers providers;
	struct tokens *next;
};

struct rk_pkcs11 {
	rk_launcher *launcher;
	struct tokens *tokens;
};

rk_error *
rk_pkcs11_launch(rk_pkcs11 **ret_pkcs11)
{
	rk_pkcs11 *pkcs11 = calloc(1, sizeof(*pkcs11));
	rk_error *err = pkcs11 ? rk_launcher_fork(&pkcs11->launcher) : rk_out_of_memory();

	if (err) {
		free(pkcs11);
		return err;
	}
	*ret_pkcs11 = pkcs11;
	return NULL;
}

static void
add_line(rk_sightings *seen, const char *line)
{
	rk_buf_printf(&seen->failures, "%s%s", seen->failures.len > 0 ? "; " : "", line);
}

/* A token that cannot be read hides no other, and is told where none is found. */
static void
add_reason(rk_sightings *seen, const rk_error *unread)
{
	if (unread)
		add_line(seen, rk_error_message(unread));
}

/* What was tried, and the innermost reason, on one line. */
static void
note_failure(struct tokens *tokens, rk_provider *provider, rk_error *err, rk_sightings *seen)
{
	const rk_error *deepest = err;
	RK_AUTO_BUF(line);

	while (rk_error_cause(deepest))
		deepest = rk_error_cause(deepest);
	rk_buf_text(&line, rk_error_message(err));
	if (deepest != err)
		rk_buf_printf(&line, ": %s", rk_error_message(deepest));
	add_line(seen, rk_buf_str(&line));
	if (tokens->env && !provider->warned)
		rk_sayf(tokens->env, RK_SAY_WARNING, "%s", rk_buf_str(&line));
	provider->warned = true;
	rk_error_free(err);
}

static rk_error *
look(struct tokens *tokens, const rk_uri *uri, rk_sightings *seen)
{
	__attribute__((cleanup(rk_providers_choice_clear)))
	rk_providers_choice choice = {NULL, 0, false};
	rk_error *err = rk_providers_choose(&tokens->providers, uri, &choice);

	for (size_t i = 0; i < choice.count && !err; i++) {
		rk_slot *slots = NULL;
		size_t count = 0;

		err = rk_provider_slots(choice.providers[i], &slots, &count);
		if (!err) {
			err = rk_sightings_add(seen, choice.providers[i], slots, count);
			add_reason(seen, choice.providers[i]->unread);
		} else if (!choice.alone && rk_error_code(err) != RK_E_NOMEM) {
			note_failure(tokens, choice.providers[i], err, seen);
			err = NULL;
		}
		free(slots);
	}
	return err;
}

static rk_error *
tokens_list(rk_tokens *base, rk_token_list **ret_list)
{
	RK_AUTO(rk_token_list) list = calloc(1, sizeof(*list));
	RK_AUTO_SIGHTINGS(seen);
	rk_error *err = list ? look((struct tokens *)base, NULL, &seen) : rk_out_of_memory();

	if (err)
		return err;
	list->tokens = calloc(seen.count + 1, sizeof(*list->tokens));
	if (!list->tokens)
		return rk_out_of_memory();
	for (size_t i = 0; i < seen.count && !err; i++) {
		struct rk_described_module module =
		    rk_provider_describe(seen.sightings[i].provider);

		err = rk_describe_token(
		    &module, &seen.sightings[i].slot, &list->tokens[list->count++]);
	}
	if (!err)
		*ret_list = RK_TAKE(list);
	return err;
}

/*
 * A module looks at its tokens when it starts, and some never again: one that was plugged in since,
 * or was being written at that moment, is seen by a fresh worker only.
 */
static bool
renew_seen(const rk_sightings *seen)
{
	bool any = false;

	for (size_t i = 0; i < seen->count; i++)
		any |= rk_provider_renew(seen->sightings[i].provider);
	return any;
}

static rk_error *
tokens_open(rk_tokens *base, const char *text, rk_token **ret_token)
{
	struct tokens *tokens = (struct tokens *)base;
	RK_AUTO(rk_uri) uri = NULL;
	RK_AUTO_SIGHTINGS(seen);
	const rk_sighting *found;
	rk_error *err = rk_uri_parse(text, &uri);

	if (!err)
		err = look(tokens, uri, &seen);
	if (!err)
		err = rk_locate_token(uri, text, &seen, &found);
	if (rk_error_code(err) == RK_E_TOKEN_NONE && renew_seen(&seen)) {
		rk_error_free(err);
		rk_sightings_clear(&seen);
		err = look(tokens, uri, &seen);
		if (!err)
			err = rk_locate_token(uri, text, &seen, &found);
	}
	if (err)
		return err;
	return rk_opened_new(found->provider, &found->slot, rk_uri_pin_source(uri), ret_token);
}

static rk_error *
tokens_init_target(rk_tokens *base, const char *text, rk_token_info **ret_info)
{
	RK_AUTO(rk_token_info) info = calloc(1, sizeof(*info));
	RK_AUTO(rk_uri) uri = NULL;
	RK_AUTO_SIGHTINGS(seen);
	struct rk_described_module module;
	const rk_sighting *found;
	rk_error *err = info ? rk_uri_parse(text, &uri) : rk_out_of_memory();

	if (!err)
		err = look((struct tokens *)base, uri, &seen);
	if (!err)
		err = rk_locate_empty(uri, text, &seen, &found);
	if (err)
		return err;
	module = rk_provider_describe(found->provider);
	err = rk_describe_token(&module, &found->slot, info);
	if (!err)
		*ret_info = RK_TAKE(info);
	return err;
}

static rk_error *
run_init(struct tokens *tokens, const rk_sighting *found, rk_request *request, rk_slot *ret_slot)
{
	RK_AUTO_REPLY(reply);
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_str) what = NULL;
	rk_channel *channel;
	rk_wire_reader reader;
	rk_error *err = rk_describe_name(&found->slot, &name);

	if (!err)
		err = rk_strdupf(&what, "cannot initialise %s", name);
	if (!err)
		err = rk_provider_channel(found->provider, &channel);
	if (!err)
		err = rk_provider_ask(
		    channel, request, tokens->providers.patience.slow, what, &reply);
	if (err)
		return err;
	reader = rk_wire_reader_of(reply.body.bytes, reply.body.len);
	rk_slot_decode(&reader, ret_slot);
	return rk_provider_understood(&reader, what);
}

static rk_error *
check_label(const char *label)
{
	size_t len = strlen(label);

	if (len > 0 && len <= 32 && rk_utf8_valid(label, len))
		return NULL;
	return rk_fail(RK_E_USAGE, "choose a label of 1 to 32 bytes of UTF-8",
	    "%s cannot be a token's label", RK_SHOW(label));
}

static rk_error *
tokens_init(rk_tokens *base, const char *text, const char *label, const rk_secret *so_pin,
    const rk_secret *pin, rk_token_info **ret_info)
{
	struct tokens *tokens = (struct tokens *)base;
	RK_AUTO(rk_token_info) info = calloc(1, sizeof(*info));
	RK_AUTO(rk_uri) uri = NULL;
	RK_AUTO_SIGHTINGS(seen);
	rk_request request = {.op = RK_OP_INIT,
	    .label = {(const uint8_t *)label, strlen(label)},
	    .so_pin = so_pin,
	    .pin = pin};
	struct rk_described_module module;
	const rk_sighting *found;
	rk_slot slot;
	rk_error *err = info ? check_label(label) : rk_out_of_memory();

	if (!err)
		err = rk_uri_parse(text, &uri);
	if (!err)
		err = look(tokens, uri, &seen);
	if (!err)
		err = rk_locate_empty(uri, text, &seen, &found);
	if (err)
		return err;
	request.slot = found->slot.slot;
	rk_identity_of(&found->slot.token, &request.identity);
	err = run_init(tokens, found, &request, &slot);
	module = rk_provider_describe(found->provider);
	if (!err)
		err = rk_describe_token(&module, &slot, info);
	if (!err)
		*ret_info = RK_TAKE(info);
	return err;
}

static const struct rk_tokens_ops tokens_ops = {
    .list = tokens_list,
    .open = tokens_open,
    .meant = tokens_init_target,
    .init = tokens_init,
};

static void
tokens_free(struct tokens *tokens)
{
	rk_providers_clear(&tokens->providers);
	free(tokens);
}

rk_error *
rk_pkcs11_tokens(rk_pkcs11 *pkcs11, const struct rk_pkcs11_options *options, rk_tokens **ret_tokens)
{
	struct tokens *tokens = calloc(1, sizeof(*tokens));
	int slow = options->timeout_seconds > 0 ? options->timeout_seconds : SLOW_SECONDS;
	rk_error *err;

	if (!tokens)
		return rk_out_of_memory();
	tokens->base.ops = &tokens_ops;
	tokens->env = options->env;
	tokens->providers.launcher = pkcs11->launcher;
	tokens->providers.network = options->network;
	tokens->providers.patience =
	    (struct rk_patience){slow < QUICK_SECONDS ? slow : QUICK_SECONDS, slow};
	err = rk_providers_configure(&tokens->providers, options->env);
	if (!err)
		err =
		    rk_providers_name(&tokens->providers, options->modules, options->module_count);
	if (err) {
		tokens_free(tokens);
		return err;
	}
	tokens->next = pkcs11->tokens;
	pkcs11->tokens = tokens;
	*ret_tokens = &tokens->base;
	return NULL;
}

void
rk_pkcs11_free(rk_pkcs11 *pkcs11)
{
	if (!pkcs11)
		return;
	while (pkcs11->tokens) {
		struct tokens *tokens = pkcs11->tokens;

		pkcs11->tokens = tokens->next;
		rk_providers_orphan(&tokens->providers);
		tokens_free(tokens);
	}
	rk_launcher_free(pkcs11->launcher);
	free(pkcs11);
}
