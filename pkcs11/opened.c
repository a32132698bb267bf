#include "pkcs11/opened_private.h"

#include "pkcs11/jobs.h"
#include "pkcs11/locate.h"
#include "pkcs11/uri.h"

#include <stdlib.h>
#include <string.h>

struct rk_opened *
rk_opened_of(rk_token *token)
{
	return (struct rk_opened *)token;
}

/* A request on this token's session. */
rk_error *
rk_opened_ask(struct rk_opened *opened, rk_request *request, const char *doing, rk_reply *ret_reply)
{
	bool quick = request->op == RK_OP_INFO || request->op == RK_OP_CLOSE;
	RK_AUTO(rk_str) what = NULL;
	rk_error *err = rk_strdupf(&what, "cannot %s %s", doing, opened->name);

	if (err)
		return err;
	request->session = opened->session;
	return rk_provider_ask(opened->channel, request,
	    quick ? opened->patience.quick : opened->patience.slow, what, ret_reply);
}

rk_wire_reader
rk_opened_reader(const rk_reply *reply)
{
	return rk_wire_reader_of(reply->body.bytes, reply->body.len);
}

static rk_error *
opened_info(rk_token *token, rk_token_info **ret_info)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO(rk_token_info) info = calloc(1, sizeof(*info));
	RK_AUTO_REPLY(reply);
	rk_request request = {.op = RK_OP_INFO};
	struct rk_described_module module;
	rk_wire_reader reader;
	rk_error *err =
	    info ? rk_opened_ask(opened, &request, "look at", &reply) : rk_out_of_memory();

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	rk_slot_decode(&reader, &opened->slot);
	err = rk_provider_understood(&reader, opened->name);
	module = rk_provider_describe(opened->provider);
	if (!err)
		err = rk_describe_token(&module, &opened->slot, info);
	if (!err && opened->pin_source)
		err = rk_strdup(opened->pin_source, &info->pin_source);
	if (!err)
		*ret_info = RK_TAKE(info);
	return err;
}

static rk_error *
opened_abilities(rk_token *token, rk_token_abilities **ret_abilities)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO_REPLY(reply);
	rk_request request = {.op = RK_OP_ABILITIES};
	rk_mechanism *mechanisms = NULL;
	rk_wire_reader reader;
	uint32_t count;
	rk_error *err = rk_opened_ask(opened, &request, "ask what it can do of", &reply);

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	count = rk_wire_u32(&reader);
	if (count > RK_MESSAGE_MECHANISMS_MAX)
		reader.bad = true;
	else
		mechanisms = calloc((size_t)count + 1, sizeof(*mechanisms));
	if (!reader.bad && !mechanisms)
		return rk_out_of_memory();
	for (uint32_t i = 0; i < count && !reader.bad; i++)
		rk_mechanism_decode(&reader, &mechanisms[i]);
	err = rk_provider_understood(&reader, opened->name);
	if (!err)
		err = rk_describe_abilities(mechanisms, count, ret_abilities);
	free(mechanisms);
	return err;
}

static rk_error *
opened_login(rk_token *token, const rk_secret *pin)
{
	struct rk_opened *opened = rk_opened_of(token);
	bool pad = (opened->slot.token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
	rk_request request = {.op = RK_OP_LOGIN, .pin = pin};
	RK_AUTO_REPLY(reply);
	rk_error *err;

	if (opened->logged_in)
		return NULL;
	if (!pin && !pad)
		return rk_fail(RK_E_PIN_NEEDED, "give its PIN",
		    "%s has no pad of its own: its PIN is "
		    "needed",
		    opened->name);
	if (pin && rk_secret_len(pin) == 0)
		return rk_fail(RK_E_PIN_NEEDED, "give its PIN", "an empty PIN is not sent to %s",
		    opened->name);
	err = rk_opened_ask(opened, &request, "log in to", &reply);
	opened->logged_in = err == NULL;
	return err;
}

rk_error *
rk_opened_read_key(struct rk_opened *opened, rk_wire_reader *reader, rk_token_key *key)
{
	struct rk_described_module module = rk_provider_describe(opened->provider);
	rk_found_key found;

	rk_found_key_decode(reader, &found);
	return reader->bad ? NULL : rk_describe_key(&module, &opened->slot, &found, key);
}

static rk_error *
opened_keys(rk_token *token, rk_token_keys **ret_keys)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO(rk_token_keys) keys = calloc(1, sizeof(*keys));
	RK_AUTO_REPLY(reply);
	rk_request request = {.op = RK_OP_KEYS};
	rk_wire_reader reader;
	uint32_t count;
	rk_error *err =
	    keys ? rk_opened_ask(opened, &request, "list the keys of", &reply) : rk_out_of_memory();

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	count = rk_wire_u32(&reader);
	if (count > RK_MESSAGE_KEYS_MAX)
		reader.bad = true;
	else if (!(keys->keys = calloc((size_t)count + 1, sizeof(*keys->keys))))
		return rk_out_of_memory();
	for (uint32_t i = 0; i < count && !reader.bad && !err; i++)
		err = rk_opened_read_key(opened, &reader, &keys->keys[keys->count++]);
	if (!err)
		err = rk_provider_understood(&reader, opened->name);
	if (!err)
		*ret_keys = RK_TAKE(keys);
	return err;
}

static rk_error *
opened_find(rk_token *token, const char *text, rk_token_key **ret_key)
{
	struct rk_opened *opened = rk_opened_of(token);
	bool hidden = (opened->slot.token.flags & CKF_LOGIN_REQUIRED) && !opened->logged_in;
	RK_AUTO(rk_token_keys) keys = NULL;
	RK_AUTO(rk_uri) uri = NULL;
	rk_error *err = rk_uri_parse(text, &uri);

	if (!err)
		err = opened_keys(token, &keys);
	return err ? err : rk_locate_key(uri, keys, opened->name, hidden, ret_key);
}

static rk_error *
opened_generate(rk_token *token, const struct rk_key_spec *spec, rk_token_key **ret_key)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO(rk_token_key) key = calloc(1, sizeof(*key));
	RK_AUTO_REPLY(reply);
	const char *label = spec->label ? spec->label : "";
	rk_request request = {.op = RK_OP_GENERATE,
	    .type = (uint8_t)spec->type,
	    .wrappable = spec->wrappable,
	    .id = {spec->id, spec->id_len},
	    .label = {(const uint8_t *)label, strlen(label)}};
	rk_wire_reader reader;
	rk_error *err =
	    key ? rk_opened_ask(opened, &request, "make a key on", &reply) : rk_out_of_memory();

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	err = rk_opened_read_key(opened, &reader, key);
	if (!err)
		err = rk_provider_understood(&reader, opened->name);
	if (!err)
		*ret_key = RK_TAKE(key);
	return err;
}

static rk_error *
opened_sign(rk_token *token, struct rk_sign_job *jobs, size_t count)
{
	struct rk_opened *opened = rk_opened_of(token);
	struct rk_jobs batch = {.jobs = jobs,
	    .count = count,
	    .session = opened->session,
	    .token_name = opened->name,
	    .timeout = opened->patience.slow};

	return rk_jobs_run(opened->channel, &batch);
}

static rk_error *
opened_destroy(rk_token *token, const rk_token_key *key)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO_REPLY(reply);
	const char *label = key->label ? key->label : "";
	rk_request request = {.op = RK_OP_DESTROY,
	    .handle = key->handle,
	    .id = {key->id, key->id_len},
	    .label = {(const uint8_t *)label, strlen(label)}};

	return rk_opened_ask(opened, &request, "destroy a key on", &reply);
}

static void
opened_close(rk_token *token)
{
	struct rk_opened *opened = rk_opened_of(token);
	rk_request request = {.op = RK_OP_CLOSE};
	RK_AUTO_REPLY(reply);

	if (opened->channel && !rk_channel_is_dead(opened->channel))
		rk_error_free(rk_opened_ask(opened, &request, "close", &reply));
	rk_channel_free(opened->channel);
	free(opened->name);
	free(opened->pin_source);
	free(opened);
}

static const struct rk_token_ops opened_ops = {
    .info = opened_info,
    .abilities = opened_abilities,
    .login = opened_login,
    .keys = opened_keys,
    .find = opened_find,
    .generate = opened_generate,
    .sign = opened_sign,
    .destroy = opened_destroy,
    .close = opened_close,
};

static rk_error *
open_session(struct rk_opened *opened, rk_channel *channel)
{
	RK_AUTO_REPLY(reply);
	RK_AUTO(rk_str) what = NULL;
	rk_request request = {.op = RK_OP_OPEN, .slot = opened->slot.slot};
	rk_wire_reader reader;
	rk_error *err = rk_strdupf(&what, "cannot open %s", opened->name);

	rk_identity_of(&opened->slot.token, &request.identity);
	if (!err)
		err = rk_provider_ask(channel, &request, opened->patience.quick, what, &reply);
	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	opened->session = rk_wire_u32(&reader);
	rk_slot_decode(&reader, &opened->slot);
	err = rk_provider_understood(&reader, what);
	/* From here on there is something to close. */
	if (!err)
		opened->channel = rk_channel_ref(channel);
	return err;
}

rk_error *
rk_opened_new(
    rk_provider *provider, const rk_slot *slot, const char *pin_source, rk_token **ret_token)
{
	struct rk_opened *opened = calloc(1, sizeof(*opened));
	rk_channel *channel;
	rk_error *err;

	if (!opened)
		return rk_out_of_memory();
	opened->base.ops = &opened_ops;
	opened->provider = provider;
	opened->patience = provider->patience;
	opened->slot = *slot;
	err = rk_describe_name(slot, &opened->name);
	if (!err && pin_source)
		err = rk_strdup(pin_source, &opened->pin_source);
	if (!err)
		err = rk_provider_channel(provider, &channel);
	if (!err)
		err = open_session(opened, channel);
	if (err) {
		opened_close(&opened->base);
		return err;
	}
	opened->base.name = opened->name;
	*ret_token = &opened->base;
	return NULL;
}
