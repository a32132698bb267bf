#include "support/soft_token_private.h"

#include "support/spec.h"

#include "base/show.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

struct rk_soft_opened *
rk_soft_opened_of(rk_token *token)
{
	return (struct rk_soft_opened *)(void *)((char *)token -
						 offsetof(struct rk_soft_opened, token));
}

/* One call to an open token: counted, perhaps failed, and the token must still be the same. */
rk_error *
rk_soft_begin(struct rk_soft_opened *opened, enum rk_soft_call call)
{
	rk_error *err = rk_soft_step(opened->module, call);

	if (!err && (opened->soft->absent || opened->generation != opened->soft->generation))
		err = rk_fail(RK_E_TOKEN_GONE, "insert the token and start again",
		    "token %s is gone", opened->name);
	return err;
}

rk_error *
rk_soft_begin_logged_in(struct rk_soft_opened *opened, enum rk_soft_call call)
{
	rk_error *err = rk_soft_begin(opened, call);

	if (!err && !opened->logged_in && !opened->soft->open_to_all)
		err = rk_fail(RK_E_PIN_NEEDED, NULL, "token %s wants a login", opened->name);
	return err;
}

/* Who makes and destroys keys is logged in. */
static rk_error *
begin_as_maker(struct rk_soft_opened *opened, enum rk_soft_call call)
{
	rk_error *err;

	if (!opened->soft->so_makes_keys)
		return rk_soft_begin_logged_in(opened, call);
	err = rk_soft_begin(opened, call);
	if (!err && !opened->so)
		err = rk_fail(RK_E_PIN_NEEDED, NULL, "token %s wants its SO", opened->name);
	return err;
}

static rk_error *
soft_info(rk_token *token, rk_token_info **ret_info)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin(opened, RK_SOFT_INFO);
	if (err)
		return err;
	rk_token_info *info = calloc(1, sizeof(*info));
	assert_non_null(info);
	rk_soft_describe(opened->soft, &opened->uri, info);
	*ret_info = info;
	rk_soft_done(opened->soft, RK_SOFT_INFO);
	return NULL;
}

static rk_error *
soft_abilities(rk_token *token, rk_token_abilities **ret_abilities)
{
	static const char *const mechanisms[] = {"CKM_ECDSA", "CKM_EDDSA", "CKM_RSA_PKCS_PSS"};
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin(opened, RK_SOFT_ABILITIES);
	if (err)
		return err;
	rk_token_abilities *abilities = calloc(1, sizeof(*abilities));
	assert_non_null(abilities);
	for (size_t i = 0; i < RK_KEY_GENERATED_COUNT; i++)
		abilities->generate[i] = abilities->sign[i] = !opened->soft->unsupported[i];
	for (size_t i = 0; i < RK_WRAP_WAY_COUNT; i++)
		abilities->wrap[i] = abilities->unwrap[i] = opened->soft->ways[i];
	abilities->mechanisms = calloc(3, sizeof(char *));
	assert_non_null(abilities->mechanisms);
	for (; abilities->mechanism_count < 3; abilities->mechanism_count++)
		abilities->mechanisms[abilities->mechanism_count] =
		    rk_soft_strdup(mechanisms[abilities->mechanism_count]);
	*ret_abilities = abilities;
	rk_soft_done(opened->soft, RK_SOFT_ABILITIES);
	return NULL;
}

static bool
is_right(const struct rk_soft_token *soft, const rk_secret *pin)
{
	if (!pin)
		return soft->pin_pad; /* typed at the pad, rightly */
	return rk_secret_len(pin) == strlen(soft->pin) &&
	       memcmp(rk_secret_peek(pin), soft->pin, strlen(soft->pin)) == 0;
}

static rk_error *
soft_login(rk_token *token, const rk_secret *pin)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	rk_error *err = rk_soft_begin(opened, RK_SOFT_LOGIN);

	if (err || opened->logged_in)
		return err;
	if (soft->tries == 0)
		return rk_fail(RK_E_PIN_LOCKED, NULL, "the PIN of %s is locked", opened->name);
	soft->logins++;
	if (!is_right(soft, pin)) {
		soft->tries--;
		soft->logins_refused++;
		return rk_fail(RK_E_PIN_WRONG, NULL, "the PIN of %s is wrong", opened->name);
	}
	soft->tries = RK_SOFT_TRIES;
	opened->logged_in = true;
	opened->so = false;
	rk_soft_done(soft, RK_SOFT_LOGIN);
	return NULL;
}

static char *
key_uri(const struct rk_soft_token *soft, const struct rk_soft_pair *pair)
{
	rk_buf uri = {0};
	char *text;

	rk_buf_text(&uri, "pkcs11:model=soft;manufacturer=us;serial=");
	rk_soft_uri_escape(&uri, soft->serial);
	rk_buf_text(&uri, ";token=");
	rk_soft_uri_escape(&uri, soft->label);
	rk_buf_text(&uri, ";id=");
	for (size_t i = 0; i < pair->id_len; i++)
		rk_buf_printf(&uri, "%%%02X", pair->id[i]);
	rk_buf_text(&uri, ";object=");
	rk_soft_uri_escape(&uri, pair->label);
	rk_buf_text(&uri, ";type=private?module-name=soft");
	assert_ok(rk_buf_take(&uri, &text));
	return text;
}

void
rk_soft_describe_key(
    const struct rk_soft_token *soft, const struct rk_soft_pair *pair, rk_token_key *out)
{
	*out = (rk_token_key){
	    .handle = pair->handle,
	    .id = calloc(1, pair->id_len + 1),
	    .id_len = pair->id_len,
	    .label = rk_soft_strdup(pair->label),
	    .pubkey = rk_soft_key_public(pair->pair),
	    .what = rk_soft_strdup(rk_key_type_name(pair->type)),
	    .uri = key_uri(soft, pair),
	    .sensitive = RK_FACT_YES,
	    .extractable = pair->extractable ? RK_FACT_YES : RK_FACT_NO,
	    .always_sensitive = pair->imported ? RK_FACT_NO : RK_FACT_YES,
	    .never_extractable = pair->extractable || pair->imported ? RK_FACT_NO : RK_FACT_YES,
	    .local = pair->imported ? RK_FACT_NO : RK_FACT_YES,
	    .sign = RK_FACT_YES,
	    .always_authenticate = soft->asks_each_time ? RK_FACT_YES : RK_FACT_NO,
	};
	assert_non_null(out->id);
	memcpy(out->id, pair->id, pair->id_len);
}

/* Keys are private: before a login there is nothing to be seen. */
static rk_error *
soft_keys(rk_token *token, rk_token_keys **ret_keys)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	rk_error *err = rk_soft_begin(opened, RK_SOFT_KEYS);
	if (err)
		return err;
	rk_token_keys *keys = calloc(1, sizeof(*keys));
	assert_non_null(keys);
	keys->keys = calloc(RK_SOFT_KEYS_MAX, sizeof(*keys->keys));
	assert_non_null(keys->keys);
	soft->finds++;
	bool visible = opened->logged_in || soft->open_to_all;
	for (size_t i = 0; (visible || soft->shows_public) && i < soft->key_count; i++) {
		if (!soft->keys[i].pair)
			continue;
		rk_soft_describe_key(soft, &soft->keys[i], &keys->keys[keys->count]);
		if (!visible)
			keys->keys[keys->count].handle = 0;
		keys->count++;
	}
	*ret_keys = keys;
	rk_soft_done(soft, RK_SOFT_KEYS);
	return NULL;
}

static bool
key_matches(const struct rk_soft_pair *pair, const struct rk_soft_uri *uri)
{
	return pair->pair && (!uri->has_object || strcmp(uri->object, pair->label) == 0) &&
	       (!uri->has_id ||
		   (uri->id_len == pair->id_len && memcmp(uri->id, pair->id, pair->id_len) == 0));
}

static rk_error *
find_key(const struct rk_soft_token *soft, const struct rk_soft_uri *uri,
    const struct rk_soft_pair **ret_pair)
{
	const struct rk_soft_pair *found = NULL;
	size_t count = 0;
	RK_AUTO_BUF(names);

	for (size_t i = 0; i < soft->key_count; i++) {
		if (!key_matches(&soft->keys[i], uri))
			continue;
		found = &soft->keys[i];
		rk_buf_printf(&names, "%s%s", count++ ? ", " : "", RK_SHOW(found->label));
	}
	if (count == 0)
		return rk_fail(RK_E_KEY_NONE, NULL, "no key fits the URI");
	if (count > 1)
		return rk_fail(RK_E_KEY_MANY, "name the id in the URI",
		    "more than one key fits the URI: %s", rk_buf_str(&names));
	*ret_pair = found;
	return NULL;
}

static rk_error *
soft_find(rk_token *token, const char *uri, rk_token_key **ret_key)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	const struct rk_soft_pair *pair;
	struct rk_soft_uri parsed;
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_FIND);

	if (!err)
		err = rk_soft_uri_parse(uri, &parsed);
	if (err)
		return err;
	opened->soft->finds++;
	err = find_key(opened->soft, &parsed, &pair);
	if (err)
		return err;
	rk_token_key *key = calloc(1, sizeof(*key));
	assert_non_null(key);
	rk_soft_describe_key(opened->soft, pair, key);
	*ret_key = key;
	rk_soft_done(opened->soft, RK_SOFT_FIND);
	return NULL;
}

rk_error *
rk_soft_judge_spec(const struct rk_soft_token *soft, const struct rk_key_spec *key)
{
	assert_true(key->type < RK_KEY_GENERATED_COUNT);
	assert_true(key->id_len > 0 && key->id_len <= sizeof(soft->keys[0].id));
	if (soft->unsupported[key->type])
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "the token makes no %s keys",
		    rk_key_type_name(key->type));
	if (soft->write_protected)
		return rk_fail(RK_E_TOKEN, NULL, "the token is write-protected");
	if (soft->key_count == RK_SOFT_KEYS_MAX)
		return rk_fail(RK_E_TOKEN, NULL, "the token is full");
	for (size_t i = 0; i < soft->key_count; i++) {
		const struct rk_soft_pair *pair = &soft->keys[i];

		if (pair->pair && (strcmp(pair->label, key->label) == 0 ||
				      (pair->id_len == key->id_len &&
					  memcmp(pair->id, key->id, key->id_len) == 0)))
			return rk_fail(RK_E_EXISTS, NULL, "the label or id is taken on the token");
	}
	return NULL;
}

static rk_token_key *
describe_new(
    const struct rk_soft_token *soft, struct rk_soft_pair *pair, const struct rk_key_spec *wish)
{
	rk_token_key *key = calloc(1, sizeof(*key));

	assert_non_null(key);
	memcpy(pair->id, wish->id, wish->id_len);
	pair->id_len = wish->id_len;
	pair->extractable = wish->wrappable || soft->ignores_template;
	rk_soft_describe_key(soft, pair, key);
	if (soft->forgets_keys) {
		EVP_PKEY_free(pair->pair);
		pair->pair = NULL;
	}
	return key;
}

/* A key was made; whether the caller hears of it. */
static rk_error *
answer(
    struct rk_soft_token *soft, enum rk_soft_call call, rk_token_key *key, rk_token_key **ret_key)
{
	rk_soft_done(soft, call);
	if (soft->answer_lost != call) {
		*ret_key = key;
		return NULL;
	}
	rk_token_key_free(key);
	return rk_fail(RK_E_TOKEN, NULL, "the rehearsed loss of an answer");
}

static rk_error *
soft_generate(rk_token *token, const struct rk_key_spec *wish, rk_token_key **ret_key)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	rk_error *err = begin_as_maker(opened, RK_SOFT_GENERATE);

	if (!err)
		err = rk_soft_judge_spec(soft, wish);
	if (err)
		return err;
	soft->made++;
	return answer(soft, RK_SOFT_GENERATE,
	    describe_new(
		soft, rk_soft_token_add_key(opened->module, soft, wish->type, wish->label), wish),
	    ret_key);
}

/* The plain DER, of the type that was announced. */
static EVP_PKEY *
pair_from(const struct rk_key_spec *wish, const rk_secret *pkcs8)
{
	const unsigned char *begin = rk_secret_peek(pkcs8), *at = begin;
	EVP_PKEY *pair = d2i_AutoPrivateKey(NULL, &at, (long)rk_secret_len(pkcs8));
	rk_pubkey *public;

	assert_non_null(pair);
	assert_ptr_equal(at, begin + rk_secret_len(pkcs8));
	public = rk_soft_key_public(pair);
	assert_int_equal(rk_pubkey_type(public), wish->type);
	rk_pubkey_free(public);
	return pair;
}

static rk_error *
soft_import(
    rk_token *token, const struct rk_key_spec *wish, const rk_secret *pkcs8, rk_token_key **ret_key)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	struct rk_soft_token *soft = opened->soft;
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_IMPORT);

	if (!err)
		err = rk_soft_judge_spec(soft, wish);
	if (err)
		return err;
	struct rk_soft_pair *pair =
	    rk_soft_token_add_pair(opened->module, soft, pair_from(wish, pkcs8), wish->label);
	pair->type = wish->type;
	pair->imported = true;
	soft->imported++;
	return answer(soft, RK_SOFT_IMPORT, describe_new(soft, pair, wish), ret_key);
}

struct rk_soft_pair *
rk_soft_pair_of(struct rk_soft_token *soft, const rk_token_key *key)
{
	for (size_t i = 0; i < soft->key_count; i++) {
		if (soft->keys[i].pair && soft->keys[i].handle == key->handle)
			return &soft->keys[i];
	}
	return NULL;
}

static struct rk_soft_wish
wish_of(const struct rk_sign_job *job, const rk_payload *payload)
{
	return (struct rk_soft_wish){.hash = job->hash,
	    .payload = payload,
	    .rsa_padding = job->pkcs1 ? RSA_PKCS1_PADDING : 0};
}

static void
sign_as_stranger(const struct rk_soft_pair *pair, const struct rk_sign_job *job, rk_buf *out)
{
	EVP_PKEY *stranger = rk_soft_key_new(pair->type);
	const struct rk_soft_wish wish = wish_of(job, job->payload);

	rk_soft_key_sign(stranger, &wish, out);
	EVP_PKEY_free(stranger);
}

static void
sign_other_bytes(const struct rk_soft_pair *pair, const struct rk_sign_job *job, rk_buf *out)
{
	rk_payload other;

	assert_ok(rk_payload_from_bytes("something else", 14, &other));
	const struct rk_soft_wish wish = wish_of(job, &other);
	rk_soft_key_sign(pair->pair, &wish, out);
	rk_payload_clear(&other);
}

static void
sign_with_lie(const struct rk_soft_pair *pair, struct rk_sign_job *job, enum rk_soft_lie lie)
{
	const struct rk_soft_wish wish = wish_of(job, job->payload);
	RK_AUTO_BUF(sig);

	if (lie == RK_SOFT_STRANGER)
		sign_as_stranger(pair, job, &sig);
	else if (lie == RK_SOFT_OTHER_BYTES)
		sign_other_bytes(pair, job, &sig);
	else if (lie != RK_SOFT_EMPTY)
		rk_soft_key_sign(pair->pair, &wish, &sig);
	if (lie == RK_SOFT_WRONG)
		sig.data[sig.len / 2] ^= 1;
	if (lie == RK_SOFT_LONG)
		rk_buf_byte(&sig, 0);
	assert_ok(rk_buf_check(&sig));
	rk_buf_append(&job->signature, rk_buf_str(&sig), sig.len - (lie == RK_SOFT_SHORT));
}

static rk_error *
sign_one(struct rk_soft_opened *opened, struct rk_sign_job *job)
{
	struct rk_soft_token *soft = opened->soft;
	const struct rk_soft_pair *pair = rk_soft_pair_of(soft, job->key);
	enum rk_soft_lie lie = RK_SOFT_HONEST;

	if (!pair)
		return rk_fail(RK_E_TOKEN, NULL, "no key has this handle");
	if (job->pkcs1 && soft->no_pkcs1)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "it pads as PSS alone");
	if (++soft->signs == soft->sign_fails_at)
		return rk_fail(
		    soft->sign_fails, NULL, "the rehearsed failure of signature %u", soft->signs);
	if (soft->lie_at == 0 || soft->lie_at == soft->signs)
		lie = soft->lie;
	sign_with_lie(pair, job, lie);
	return NULL;
}

static rk_error *
soft_sign(rk_token *token, struct rk_sign_job *jobs, size_t count)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = rk_soft_begin_logged_in(opened, RK_SOFT_SIGN);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(jobs[i].signature.len, 0);
		assert_null(jobs[i].err);
		jobs[i].err = sign_one(opened, &jobs[i]);
		if (jobs[i].settled && !opened->soft->never_settles)
			jobs[i].settled(&jobs[i]);
	}
	for (size_t i = 0; i < count && opened->soft->never_settles; i++)
		rk_buf_clear(&jobs[i].signature);
	rk_soft_done(opened->soft, RK_SOFT_SIGN);
	return NULL;
}

static rk_error *
soft_destroy(rk_token *token, const rk_token_key *key)
{
	struct rk_soft_opened *opened = rk_soft_opened_of(token);
	rk_error *err = begin_as_maker(opened, RK_SOFT_DESTROY);

	if (err)
		return err;
	struct rk_soft_pair *pair = rk_soft_pair_of(opened->soft, key);
	if (pair) {
		EVP_PKEY_free(pair->pair);
		pair->pair = NULL;
		opened->soft->destroyed++;
	}
	rk_soft_done(opened->soft, RK_SOFT_DESTROY);
	return NULL;
}

static void
soft_close(rk_token *token)
{
	/* A session object, as with every module that has such keys. */
	rk_soft_opened_of(token)->soft->transports = 0;
	free(rk_soft_opened_of(token));
}

const struct rk_token_ops rk_soft_token_ops = {
    .info = soft_info,
    .abilities = soft_abilities,
    .login = soft_login,
    .login_so = rk_soft_login_so,
    .shows = rk_soft_shows,
    .set_pin = rk_soft_set_pin,
    .certificates = rk_soft_certificates,
    .keys = soft_keys,
    .find = soft_find,
    .generate = soft_generate,
    .import = soft_import,
    .sign = soft_sign,
    .destroy = soft_destroy,
    .transport = rk_soft_transport,
    .transport_end = rk_soft_transport_end,
    .wrap = rk_soft_wrap,
    .unwrap = rk_soft_unwrap,
    .seal = rk_soft_seal,
    .close = soft_close,
};
