#include "pkcs11/opened_wrap.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_opened_wrap_transport(rk_token *token, rk_pubkey **ret_transport)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO_REPLY(reply);
	RK_AUTO(rk_pubkey) transport = NULL;
	rk_request request = {.op = RK_OP_TRANSPORT};
	rk_wire_reader reader;
	rk_wire_span spki;
	rk_error *err = rk_opened_ask(opened, &request, "make a transport key on", &reply);

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	spki = rk_wire_bytes(&reader, RK_MESSAGE_TEXT_MAX);
	err = rk_provider_understood(&reader, opened->name);
	if (!err)
		err = rk_pubkey_from_spki(spki.bytes, spki.len, &transport);
	if (!err)
		*ret_transport = RK_TAKE(transport);
	return err;
}

rk_error *
rk_opened_wrap_end(rk_token *token)
{
	rk_request request = {.op = RK_OP_TRANSPORT_END};
	RK_AUTO_REPLY(reply);

	return rk_opened_ask(
	    rk_opened_of(token), &request, "remove the transport key from", &reply);
}

rk_error *
rk_opened_wrap_key(rk_token *token, const rk_token_key *key, const struct rk_wrap_how *how,
    rk_wrapped *ret_wrapped)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO_REPLY(reply);
	rk_request request = {
	    .op = RK_OP_WRAP, .handle = key->handle, .way = (uint8_t)how->way, .sha1 = how->sha1};
	rk_wire_span kek, wrapped;
	rk_wire_reader reader;
	rk_error *err;

	request.spki.bytes = rk_pubkey_spki(how->transport, &request.spki.len);
	err = rk_opened_ask(opened, &request, "wrap a key on", &reply);
	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	kek = rk_wire_bytes(&reader, RK_MESSAGE_TEXT_MAX);
	wrapped = rk_wire_bytes(&reader, reply.body.len);
	err = rk_provider_understood(&reader, opened->name);
	if (err)
		return err;
	ret_wrapped->way = how->way;
	ret_wrapped->sha1 = how->sha1;
	rk_buf_append(&ret_wrapped->kek, kek.bytes, kek.len);
	rk_buf_append(&ret_wrapped->key, wrapped.bytes, wrapped.len);
	return ret_wrapped->kek.failed || ret_wrapped->key.failed ? rk_out_of_memory() : NULL;
}

static rk_wire_span
span_of(const rk_buf *buf)
{
	return (rk_wire_span){(const uint8_t *)buf->data, buf->len};
}

rk_error *
rk_opened_wrap_unwrap(rk_token *token, const struct rk_unwrap_wish *wish, rk_token_key **ret_key)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO(rk_token_key) key = calloc(1, sizeof(*key));
	RK_AUTO_REPLY(reply);
	rk_request request = {.op = RK_OP_UNWRAP,
	    .way = (uint8_t)wish->wrapped->way,
	    .sha1 = wish->wrapped->sha1,
	    .id = {wish->id, wish->id_len},
	    .label = {(const uint8_t *)wish->label, strlen(wish->label)},
	    .kek = span_of(&wish->wrapped->kek),
	    .input = span_of(&wish->wrapped->key)};
	rk_wire_reader reader;
	rk_error *err;

	request.spki.bytes = rk_pubkey_spki(wish->pubkey, &request.spki.len);
	err = key ? rk_opened_ask(opened, &request, "unwrap a key on", &reply) : rk_out_of_memory();
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

rk_error *
rk_opened_wrap_seal(rk_token *token, const rk_token_key *key)
{
	const char *label = key->label ? key->label : "";
	rk_request request = {.op = RK_OP_SEAL,
	    .handle = key->handle,
	    .id = {key->id, key->id_len},
	    .label = {(const uint8_t *)label, strlen(label)}};
	RK_AUTO_REPLY(reply);

	return rk_opened_ask(rk_opened_of(token), &request, "keep a key from leaving", &reply);
}
