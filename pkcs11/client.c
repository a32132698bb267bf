#include "pkcs11/client.h"

#include "base/show.h"
#include "pkcs11/config.h"
#include "pkcs11/locate.h"
#include "pkcs11/opened.h"

#include <stdlib.h>
#include <string.h>

#define QUICK_SECONDS 30
#define SLOW_SECONDS 120

struct tokens {
	rk_tokens base;
	rk_pkcs11 *pkcs11;
	rk_env *env;
	bool network;
	struct rk_patience patience;
	rk_config *config;
	rk_provider **named; /* of --module, borrowed from `providers` */
	size_t named_count;
	rk_provider **providers; /* every module that was named so far */
	size_t provider_count;
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

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static rk_error *
new_provider(struct tokens *tokens, const char *path, const rk_module_config *known,
    rk_provider **ret_provider)
{
	RK_AUTO(rk_provider) provider = calloc(1, sizeof(*provider));
	rk_error *err;

	if (!provider)
		return rk_out_of_memory();
	provider->launcher = tokens->pkcs11->launcher;
	provider->network = tokens->network;
	provider->patience = tokens->patience;
	err = rk_strdup(path, &provider->path);
	if (!err)
		err = rk_strdup(known ? known->name : base_name(path), &provider->name);
	if (!err && known)
		err = rk_strdup(known->name, &provider->uri_name);
	if (!err && known && known->reserved)
		err = rk_strdup(known->reserved, &provider->reserved);
	if (!err)
		*ret_provider = RK_TAKE(provider);
	return err;
}

/* Do two settings start a module alike? One library may stand for several: NSS's databases. */
static bool
starts_alike(const rk_provider *provider, const rk_module_config *known)
{
	const char *reserved = known ? known->reserved : NULL;

	if (!provider->reserved || !reserved)
		return !provider->reserved && !reserved;
	return strcmp(provider->reserved, reserved) == 0;
}

/* The module at `path`, the same one however it is named. */
static rk_error *
provider_at(struct tokens *tokens, const char *path, const rk_module_config *known,
    rk_provider **ret_provider)
{
	RK_AUTO(rk_str) real = realpath(path, NULL);
	const char *at = real ? real : path;
	rk_provider **grown;
	rk_error *err;

	for (size_t i = 0; i < tokens->provider_count; i++) {
		if (strcmp(tokens->providers[i]->path, at) == 0 &&
		    starts_alike(tokens->providers[i], known)) {
			*ret_provider = tokens->providers[i];
			return NULL;
		}
	}
	grown = realloc(tokens->providers, (tokens->provider_count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	tokens->providers = grown;
	err = new_provider(tokens, at, known, &grown[tokens->provider_count]);
	if (!err)
		*ret_provider = grown[tokens->provider_count++];
	return err;
}

static rk_error *
provider_by_path(struct tokens *tokens, const char *path, rk_provider **ret_provider)
{
	return provider_at(tokens, path, rk_config_by_path(tokens->config, path), ret_provider);
}

static rk_error *
provider_by_name(struct tokens *tokens, const char *name, rk_provider **ret_provider)
{
	const rk_module_config *known = rk_config_by_name(tokens->config, name);
	RK_AUTO_BUF(list);

	if (known)
		return provider_at(tokens, known->path, known, ret_provider);
	for (size_t i = 0; i < tokens->config->count; i++)
		rk_buf_printf(&list, "%s%s", i > 0 ? ", " : "",
		    RK_SHOW_BARE(tokens->config->modules[i].name));
	return rk_fail(RK_E_TOKEN_NONE,
	    "install the module, or name its file with --module /path/to/module.so",
	    "this machine's p11-kit configuration knows no module %s (it knows: %s)", RK_SHOW(name),
	    list.len > 0 ? rk_buf_str(&list) : "none");
}

static rk_error *
name_modules(struct tokens *tokens, const struct rk_pkcs11_options *options)
{
	rk_error *err = NULL;

	if (options->module_count == 0)
		return NULL;
	tokens->named = calloc(options->module_count, sizeof(*tokens->named));
	if (!tokens->named)
		return rk_out_of_memory();
	for (size_t i = 0; i < options->module_count && !err; i++) {
		const char *module = options->modules[i];
		rk_provider *provider = NULL;
		bool again = false;

		err = strchr(module, '/') ? provider_by_path(tokens, module, &provider)
					  : provider_by_name(tokens, module, &provider);
		for (size_t j = 0; j < tokens->named_count; j++)
			again |= tokens->named[j] == provider;
		if (!err && !again)
			tokens->named[tokens->named_count++] = provider;
	}
	return err;
}

/* The modules to ask; `*ret_alone`: the only one that may answer, so its failure is the answer. */
struct choice {
	rk_provider **providers;
	size_t count;
	bool alone;
};

static void
choice_clear(struct choice *choice)
{
	free(choice->providers);
}

static rk_error *
choose_all(struct tokens *tokens, struct choice *choice)
{
	rk_error *err = NULL;

	choice->providers = calloc(tokens->config->count + 1, sizeof(rk_provider *));
	if (!choice->providers)
		return rk_out_of_memory();
	for (size_t i = 0; i < tokens->config->count && !err; i++) {
		const rk_module_config *known = &tokens->config->modules[i];
		rk_provider *provider = NULL;
		bool again = false;

		err = provider_at(tokens, known->path, known, &provider);
		for (size_t j = 0; j < choice->count; j++)
			again |= choice->providers[j] == provider;
		if (!err && !again)
			choice->providers[choice->count++] = provider;
	}
	return err;
}

/* `uri` may be NULL: a list of everything. */
static rk_error *
choose(struct tokens *tokens, const rk_uri *uri, struct choice *choice)
{
	const char *path = uri ? rk_uri_module_path(uri) : NULL;
	const char *name = uri ? rk_uri_module_name(uri) : NULL;

	if (tokens->named_count == 0 && !path && !name)
		return choose_all(tokens, choice);
	choice->providers = calloc(tokens->named_count + 1, sizeof(rk_provider *));
	if (!choice->providers)
		return rk_out_of_memory();
	choice->count = tokens->named_count > 0 ? tokens->named_count : 1;
	choice->alone = choice->count == 1;
	if (tokens->named_count > 0) {
		memcpy(
		    choice->providers, tokens->named, tokens->named_count * sizeof(rk_provider *));
		return NULL;
	}
	return path ? provider_by_path(tokens, path, &choice->providers[0])
		    : provider_by_name(tokens, name, &choice->providers[0]);
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
	__attribute__((cleanup(choice_clear))) struct choice choice = {NULL, 0, false};
	rk_error *err = choose(tokens, uri, &choice);

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
		err = rk_provider_ask(channel, request, tokens->patience.slow, what, &reply);
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
	for (size_t i = 0; i < tokens->provider_count; i++)
		rk_provider_free(tokens->providers[i]);
	free(tokens->providers);
	free(tokens->named);
	rk_config_free(tokens->config);
	free(tokens);
}

static rk_error *
read_config(struct tokens *tokens)
{
	struct rk_config_places places;
	RK_AUTO(rk_str) user = NULL;
	rk_error *err = rk_config_places(&places, &user);

	return err ? err : rk_config_load(&places, tokens->env, &tokens->config);
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
	tokens->pkcs11 = pkcs11;
	tokens->env = options->env;
	tokens->network = options->network;
	tokens->patience = (struct rk_patience){slow < QUICK_SECONDS ? slow : QUICK_SECONDS, slow};
	err = read_config(tokens);
	if (!err)
		err = name_modules(tokens, options);
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
		for (size_t i = 0; i < tokens->provider_count; i++)
			if (tokens->providers[i]->channel)
				rk_channel_orphan(tokens->providers[i]->channel);
		tokens_free(tokens);
	}
	rk_launcher_free(pkcs11->launcher);
	free(pkcs11);
}
