#include "support/soft_token_private.h"

#include "support/spec.h"

#include <stdlib.h>
#include <string.h>

/* What travels: the name of the pair's place, which no other module understands. */
#define WRAPPED "wrapped"

rk_error *
rk_soft_transport(rk_token *token, rk_pubkey **ret_transport)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_TRANSPORT);
	/* One for all tests: it takes a while to make. */
	static rk_pubkey *transport;

	if (err)
		return err;
	if (!transport) {
		EVP_PKEY *pair = rk_soft_key_new(RK_KEY_RSA3072);

		transport = rk_soft_key_public(pair);
		EVP_PKEY_free(pair);
	}
	*ret_transport = rk_pubkey_ref(transport);
	opened->soft->transports = 1;
	rk_soft_done(opened->soft, RK_SOFT_TRANSPORT);
	return NULL;
}

rk_error *
rk_soft_transport_end(rk_token *token)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin(opened, RK_SOFT_TRANSPORT_END);

	if (err)
		return err;
	opened->soft->transports = 0;
	rk_soft_done(opened->soft, RK_SOFT_TRANSPORT_END);
	return NULL;
}

static rk_error *
judge_wrapping(
    struct rk_soft_token *soft, const struct rk_soft_pair *pair, const struct rk_wrap_how *how)
{
	if (!pair)
		return rk_fail(RK_E_TOKEN, NULL, "no key has this handle");
	if (!pair->extractable)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "the key may not leave the token");
	if (soft->wraps_no[pair->type])
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "it wraps no keys of this type");
	if (!soft->ways[how->way] || (soft->only_sha1 && !how->sha1))
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "it does not wrap this way");
	if (soft->refuses_ways > 0) {
		soft->refuses_ways--;
		return rk_fail(RK_E_TOKEN, NULL, "the rehearsed refusal to wrap");
	}
	return NULL;
}

rk_error *
rk_soft_wrap(rk_token *token, const rk_token_key *key, const struct rk_wrap_how *how,
    rk_wrapped *ret_wrapped)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_WRAP);

	if (!err)
		err = judge_wrapping(soft, rk_soft_pair_of(soft, key), how);
	if (err)
		return err;
	assert_int_equal(rk_pubkey_type(how->transport), RK_KEY_RSA3072);
	*ret_wrapped = (rk_wrapped){.way = how->way, .sha1 = how->sha1};
	rk_buf_text(&ret_wrapped->kek, WRAPPED);
	rk_buf_text(&ret_wrapped->key, WRAPPED);
	assert_ok(rk_buf_check(&ret_wrapped->key));
	soft->wrapped++;
	rk_soft_done(soft, RK_SOFT_WRAP);
	return NULL;
}

/* The pair with this public half, wherever it lies. */
static const struct rk_soft_pair *
find_pair(const struct rk_soft_tokens *module, const rk_pubkey *pubkey)
{
	const struct rk_soft_pair *found = NULL;

	for (size_t i = 0; i < module->count; i++) {
		for (size_t j = 0; j < module->all[i].key_count && !found; j++) {
			const struct rk_soft_pair *pair = &module->all[i].keys[j];
			RK_AUTO(rk_pubkey)
			public_half = pair->pair ? rk_soft_key_public(pair->pair) : NULL;

			if (public_half && rk_pubkey_equal(public_half, pubkey))
				found = pair;
		}
	}
	assert_non_null(found);
	return found;
}

static struct rk_soft_pair *
put_copy(struct rk_soft_opened *opened, const struct rk_unwrap_wish *wish)
{
	struct rk_soft_token *soft = opened->soft;
	const struct rk_soft_pair *source = find_pair(opened->module, wish->pubkey);
	struct rk_soft_pair *pair;

	pair = rk_soft_token_add_key(opened->module, soft, source->type, wish->label);
	if (!soft->unwraps_another) {
		EVP_PKEY_free(pair->pair);
		assert_int_equal(EVP_PKEY_up_ref(source->pair), 1);
		pair->pair = source->pair;
	}
	memcpy(pair->id, wish->id, wish->id_len);
	pair->id_len = wish->id_len;
	pair->extractable = soft->ignores_template;
	pair->imported = true;
	return pair;
}

rk_error *
rk_soft_unwrap(rk_token *token, const struct rk_unwrap_wish *wish, rk_token_key **ret_key)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	const struct rk_key_spec spec = {.type = rk_pubkey_type(wish->pubkey),
	    .label = wish->label,
	    .id = wish->id,
	    .id_len = wish->id_len};
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_UNWRAP);
	rk_token_key *key;

	if (!err)
		err = rk_soft_judge_spec(soft, &spec);
	if (!err && (!soft->ways[wish->wrapped->way] || soft->transports == 0))
		err = rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "it does not unwrap this");
	if (err)
		return err;
	assert_string_equal(rk_buf_str((rk_buf *)(uintptr_t)&wish->wrapped->key), WRAPPED);
	key = calloc(1, sizeof(*key));
	assert_non_null(key);
	rk_soft_describe_key(soft, put_copy(opened, wish), key);
	soft->unwrapped++;
	*ret_key = key;
	rk_soft_done(soft, RK_SOFT_UNWRAP);
	return NULL;
}

rk_error *
rk_soft_seal(rk_token *token, const rk_token_key *key)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_SEAL);
	struct rk_soft_pair *pair;

	if (err)
		return err;
	pair = rk_soft_pair_of(opened->soft, key);
	if (!pair)
		return rk_fail(RK_E_TOKEN, NULL, "no key has this handle");
	if (opened->soft->never_seals && pair->extractable)
		return rk_fail(RK_E_KEY_UNPROVEN, NULL, "it is extractable still");
	pair->extractable = false;
	rk_soft_done(opened->soft, RK_SOFT_SEAL);
	return NULL;
}
