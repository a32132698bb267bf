#include "pkcs11/opened_private.h"

#include "pkcs11/kind.h"
#include "pkcs11/opened_wrap.h"

#include <stdlib.h>

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
	if (!quick)
		rk_channel_waits_for(opened->channel, opened->waiting);
	err = rk_provider_ask(opened->channel, request,
	    quick ? opened->patience.quick : opened->patience.slow, what, ret_reply);
	rk_channel_waits_for(opened->channel, NULL);
	return err;
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
	rk_card card;
	rk_error *err =
	    info ? rk_opened_ask(opened, &request, "look at", &reply) : rk_out_of_memory();

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	rk_slot_decode(&reader, &opened->slot);
	rk_card_decode(&reader, &card);
	err = rk_provider_understood(&reader, opened->name);
	module = rk_provider_describe(opened->provider);
	if (!err)
		err = rk_describe_token(&module, &opened->slot, info);
	if (!err)
		rk_describe_card(&card, info);
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
	free(opened->waiting);
	free(opened->signing);
	free(opened->pin_source);
	free(opened);
}

static const struct rk_token_ops opened_ops = {
    .info = opened_info,
    .abilities = opened_abilities,
    .login = rk_opened_login,
    .login_so = rk_opened_login_so,
    .set_pin = rk_opened_set_pin,
    .keys = rk_opened_keys,
    .shows = rk_opened_shows,
    .find = rk_opened_find,
    .generate = rk_opened_generate,
    .import = rk_opened_import,
    .certificates = rk_opened_certificates,
    .sign = rk_opened_sign,
    .destroy = rk_opened_destroy,
    .transport = rk_opened_wrap_transport,
    .transport_end = rk_opened_wrap_end,
    .wrap = rk_opened_wrap_key,
    .unwrap = rk_opened_wrap_unwrap,
    .seal = rk_opened_wrap_seal,
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

/* What a person may have to do there. */
static rk_error *
word_waits(struct rk_opened *opened)
{
	enum rk_kind kind = rk_kind_of(&opened->provider->info, &opened->slot.token);
	rk_error *err = rk_strdupf(&opened->waiting, "waiting for %s", opened->name);

	if (err)
		return err;
	return kind == RK_KIND_YKCS11
		   ? rk_strdupf(&opened->signing, "touch %s if it blinks", opened->name)
		   : rk_strdup(opened->waiting, &opened->signing);
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
		err = word_waits(opened);
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
