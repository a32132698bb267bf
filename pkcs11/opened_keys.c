#include "pkcs11/opened_private.h"

#include "pkcs11/jobs.h"
#include "pkcs11/locate.h"
#include "pkcs11/uri.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_opened_read_key(struct rk_opened *opened, rk_wire_reader *reader, rk_token_key *key)
{
	struct rk_described_module module = rk_provider_describe(opened->provider);
	rk_found_key found;

	rk_found_key_decode(reader, &found);
	return reader->bad ? NULL : rk_describe_key(&module, &opened->slot, &found, key);
}

rk_error *
rk_opened_keys(rk_token *token, rk_token_keys **ret_keys)
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

rk_error *
rk_opened_shows(rk_token *token, const rk_pubkey *pubkey, enum rk_fact *ret_shows)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO_REPLY(reply);
	rk_request request = {.op = RK_OP_SIGHT};
	rk_wire_reader reader;
	uint8_t shows;
	rk_error *err;

	request.spki.bytes = rk_pubkey_spki(pubkey, &request.spki.len);
	err = rk_opened_ask(opened, &request, "see what is shown by", &reply);
	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	shows = rk_wire_u8(&reader);
	reader.bad |= shows > RK_FACT_YES;
	err = rk_provider_understood(&reader, opened->name);
	if (!err)
		*ret_shows = (enum rk_fact)shows;
	return err;
}

rk_error *
rk_opened_find(rk_token *token, const char *text, rk_token_key **ret_key)
{
	struct rk_opened *opened = rk_opened_of(token);
	bool hidden = (opened->slot.token.flags & CKF_LOGIN_REQUIRED) && !opened->logged_in;
	RK_AUTO(rk_token_keys) keys = NULL;
	RK_AUTO(rk_uri) uri = NULL;
	rk_error *err = rk_uri_parse(text, &uri);

	if (!err)
		err = rk_opened_keys(token, &keys);
	return err ? err : rk_locate_key(uri, keys, opened->name, hidden, ret_key);
}

/* One key comes back. */
static rk_error *
ask_for_key(
    struct rk_opened *opened, rk_request *request, const char *doing, rk_token_key **ret_key)
{
	RK_AUTO(rk_token_key) key = calloc(1, sizeof(*key));
	RK_AUTO_REPLY(reply);
	rk_wire_reader reader;
	rk_error *err = key ? rk_opened_ask(opened, request, doing, &reply) : rk_out_of_memory();

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

static rk_request
request_of(enum rk_op op, const struct rk_key_spec *spec)
{
	const char *label = spec->label ? spec->label : "";

	return (rk_request){.op = op,
	    .type = (uint8_t)spec->type,
	    .wrappable = spec->wrappable,
	    .piv_slot = spec->slot,
	    .touch = (uint8_t)spec->touch,
	    .pin_policy = (uint8_t)spec->pin_policy,
	    .id = {spec->id, spec->id_len},
	    .label = {(const uint8_t *)label, strlen(label)}};
}

rk_error *
rk_opened_generate(rk_token *token, const struct rk_key_spec *spec, rk_token_key **ret_key)
{
	rk_request request = request_of(RK_OP_GENERATE, spec);

	return ask_for_key(rk_opened_of(token), &request, "make a key on", ret_key);
}

rk_error *
rk_opened_import(
    rk_token *token, const struct rk_key_spec *spec, const rk_secret *pkcs8, rk_token_key **ret_key)
{
	rk_request request = request_of(RK_OP_IMPORT, spec);

	request.pkcs8 = pkcs8;
	return ask_for_key(rk_opened_of(token), &request, "import a key to", ret_key);
}

/* Bytes of a reply, in memory of their own. */
static rk_error *
copy_bytes(rk_wire_reader *reader, size_t max, uint8_t **ret_bytes, size_t *ret_len)
{
	rk_wire_span span = rk_wire_bytes(reader, max);

	*ret_bytes = malloc(span.len + 1);
	if (!*ret_bytes)
		return rk_out_of_memory();
	if (span.len > 0)
		memcpy(*ret_bytes, span.bytes, span.len);
	*ret_len = span.len;
	return NULL;
}

static rk_error *
read_certificate(rk_wire_reader *reader, rk_token_certificate *certificate)
{
	rk_error *err =
	    copy_bytes(reader, RK_MESSAGE_TEXT_MAX, &certificate->id, &certificate->id_len);
	rk_wire_span label;

	if (err)
		return err;
	label = rk_wire_bytes(reader, RK_MESSAGE_TEXT_MAX);
	err = rk_strndup(
	    label.bytes ? (const char *)label.bytes : "", label.len, &certificate->label);
	return err ? err
		   : copy_bytes(reader, RK_WIRE_MAX, &certificate->der, &certificate->der_len);
}

rk_error *
rk_opened_certificates(rk_token *token, rk_token_certificates **ret_certificates)
{
	struct rk_opened *opened = rk_opened_of(token);
	RK_AUTO(rk_token_certificates) list = calloc(1, sizeof(*list));
	RK_AUTO_REPLY(reply);
	rk_request request = {.op = RK_OP_CERTIFICATES};
	rk_wire_reader reader;
	uint32_t count;
	rk_error *err = list ? rk_opened_ask(opened, &request, "list the certificates of", &reply)
			     : rk_out_of_memory();

	if (err)
		return err;
	reader = rk_opened_reader(&reply);
	count = rk_wire_u32(&reader);
	if (count > RK_MESSAGE_KEYS_MAX)
		reader.bad = true;
	else if (!(list->certificates = calloc((size_t)count + 1, sizeof(*list->certificates))))
		return rk_out_of_memory();
	for (uint32_t i = 0; i < count && !reader.bad && !err; i++)
		err = read_certificate(&reader, &list->certificates[list->count++]);
	if (!err)
		err = rk_provider_understood(&reader, opened->name);
	if (!err)
		*ret_certificates = RK_TAKE(list);
	return err;
}

rk_error *
rk_opened_sign(rk_token *token, struct rk_sign_job *jobs, size_t count)
{
	struct rk_opened *opened = rk_opened_of(token);
	struct rk_jobs batch = {.jobs = jobs,
	    .count = count,
	    .session = opened->session,
	    .token_name = opened->name,
	    .timeout = opened->patience.slow};

	rk_error *err;

	rk_channel_waits_for(opened->channel, opened->signing);
	err = rk_jobs_run(opened->channel, &batch);
	rk_channel_waits_for(opened->channel, NULL);
	return err;
}

rk_error *
rk_opened_destroy(rk_token *token, const rk_token_key *key)
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
