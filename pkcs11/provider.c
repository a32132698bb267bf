#include "pkcs11/provider.h"

#include "base/show.h"
#include "pkcs11/refusal.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_provider_understood(const rk_wire_reader *reader, const char *what)
{
	rk_error *err = rk_wire_done(reader);

	if (!err)
		return NULL;
	err = rk_recode(rk_wrap(err, "%s: the worker answers nonsense", what), RK_E_TOKEN_GONE);
	return rk_advise(err, "do not use this module; see where it comes from");
}

static enum rk_refusal_secret
tried_with(const rk_request *request)
{
	switch (request->op) {
	case RK_OP_INIT:
	case RK_OP_LOGIN_SO:
		return RK_REFUSAL_SO_PIN;
	case RK_OP_SET_PIN:
		return request->change == RK_PIN_CHANGE_USER   ? RK_REFUSAL_PIN
		       : request->change == RK_PIN_UNBLOCK_PUK ? RK_REFUSAL_PUK
							       : RK_REFUSAL_SO_PIN;
	default:
		return RK_REFUSAL_PIN;
	}
}

rk_error *
rk_provider_ask(rk_channel *channel, const rk_request *request, int timeout, const char *what,
    rk_reply *ret_reply)
{
	rk_wire_reader reader;
	rk_refusal refusal;
	rk_error *err = rk_channel_call(channel, request, timeout, ret_reply);

	if (err)
		return rk_wrap(err, "%s", what);
	if (ret_reply->status == RK_STATUS_DONE)
		return NULL;
	reader = rk_wire_reader_of(ret_reply->body.bytes, ret_reply->body.len);
	err = rk_refusal_decode(&reader, &refusal);
	if (err) {
		rk_error_free(err);
		return rk_provider_understood(&reader, what);
	}
	return rk_refusal_error(&refusal, tried_with(request), what);
}

static rk_error *
load(rk_provider *provider, rk_channel *channel)
{
	RK_AUTO_REPLY(reply);
	RK_AUTO(rk_str) what = NULL;
	rk_wire_reader reader;
	rk_request request = {.op = RK_OP_LOAD,
	    .path = {(const uint8_t *)provider->path, strlen(provider->path)},
	    .has_reserved = provider->reserved != NULL};
	rk_error *err = rk_strdupf(&what, "cannot use module %s", RK_SHOW(provider->name));

	if (provider->reserved)
		request.reserved =
		    (rk_wire_span){(const uint8_t *)provider->reserved, strlen(provider->reserved)};
	if (!err)
		err = rk_provider_ask(channel, &request, provider->patience.quick, what, &reply);
	if (err)
		return err;
	reader = rk_wire_reader_of(reply.body.bytes, reply.body.len);
	rk_message_info_decode(&reader, &provider->info);
	return rk_provider_understood(&reader, what);
}

rk_error *
rk_provider_channel(rk_provider *provider, rk_channel **ret_channel)
{
	RK_AUTO(rk_channel) channel = NULL;
	rk_error *err;

	if (provider->channel && rk_channel_is_dead(provider->channel)) {
		rk_channel_free(provider->channel);
		provider->channel = NULL;
	}
	if (!provider->channel) {
		err = rk_channel_open(
		    provider->launcher, RK_SHOW(provider->name), provider->network, &channel);
		if (!err) {
			rk_channel_tell(channel, provider->env);
			err = load(provider, channel);
		}
		if (err) {
			/* The launcher shall not count a worker that is of no use. */
			if (channel)
				rk_channel_kill(channel);
			return err;
		}
		provider->channel = RK_TAKE(channel);
	}
	*ret_channel = provider->channel;
	return NULL;
}

/* What was left out of the list is no error while something else is meant. */
static rk_error *
note_unread(rk_provider *provider, rk_wire_reader *reader, const char *what)
{
	RK_AUTO(rk_str) about = NULL;
	rk_refusal refusal;
	rk_error *err = rk_refusal_decode(reader, &refusal);

	if (err) {
		rk_error_free(err);
		return rk_provider_understood(reader, what);
	}
	rk_error_free(RK_TAKE(provider->unread));
	if (refusal.rv == CKR_OK)
		return NULL;
	err = rk_strdupf(&about, "a token of module %s cannot be read", RK_SHOW(provider->name));
	if (!err)
		provider->unread = rk_refusal_error(&refusal, false, about);
	return err;
}

rk_error *
rk_provider_slots(rk_provider *provider, rk_slot **ret_slots, size_t *ret_count)
{
	RK_AUTO_REPLY(reply);
	RK_AUTO(rk_str) what = NULL;
	const rk_request request = {.op = RK_OP_LIST};
	rk_channel *channel;
	rk_wire_reader reader;
	rk_slot *slots;
	uint32_t count;
	rk_error *err = rk_provider_channel(provider, &channel);

	if (!err)
		err = rk_strdupf(
		    &what, "cannot list the tokens of module %s", RK_SHOW(provider->name));
	if (!err)
		err = rk_provider_ask(channel, &request, provider->patience.quick, what, &reply);
	if (err)
		return err;
	reader = rk_wire_reader_of(reply.body.bytes, reply.body.len);
	count = rk_wire_u32(&reader);
	if (count > RK_MESSAGE_SLOTS_MAX)
		reader.bad = true;
	slots = reader.bad ? NULL : calloc((size_t)count + 1, sizeof(*slots));
	if (!slots)
		return reader.bad ? rk_provider_understood(&reader, what) : rk_out_of_memory();
	for (uint32_t i = 0; i < count; i++)
		rk_slot_decode(&reader, &slots[i]);
	err = note_unread(provider, &reader, what);
	if (err) {
		free(slots);
		return err;
	}
	*ret_slots = slots;
	*ret_count = count;
	return NULL;
}

bool
rk_provider_renew(rk_provider *provider)
{
	if (!provider->channel || rk_channel_is_dead(provider->channel) ||
	    rk_channel_is_shared(provider->channel))
		return false;
	rk_channel_free(RK_TAKE(provider->channel));
	return true;
}

struct rk_described_module
rk_provider_describe(const rk_provider *provider)
{
	return (struct rk_described_module){.name = provider->name,
	    .uri_name = provider->uri_name,
	    .path = provider->path,
	    .network = provider->network,
	    .info = provider->info};
}

void
rk_provider_free(rk_provider *provider)
{
	if (!provider)
		return;
	rk_channel_free(provider->channel);
	rk_error_free(provider->unread);
	free(provider->name);
	free(provider->uri_name);
	free(provider->path);
	free(provider->reserved);
	free(provider);
}
