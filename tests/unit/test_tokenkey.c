#include "support/soft_key.h"
#include "support/spec.h"

#include "world/tokenkey.h"

#include <openssl/rsa.h>

#include <string.h>

static rk_error *
sign(void *context, const rk_scheme *scheme, const rk_payload *payload, rk_buf *out)
{
	const struct rk_soft_wish wish = {
	    .hash = scheme->hash,
	    .payload = payload,
	    .rsa_padding = scheme->family == RK_FAMILY_RSA_PKCS1 ? RSA_PKCS1_PADDING : 0,
	};

	assert_int_equal(payload->have, 1u << scheme->hash);
	rk_soft_key_sign(context, &wish, out);
	return NULL;
}

/* Nothing at all, and no error: a module that answers with an empty signature. */
static rk_error *
sign_nothing(void *context, const rk_scheme *scheme, const rk_payload *payload, rk_buf *out)
{
	(void)context;
	(void)scheme;
	(void)payload;
	(void)out;
	return NULL;
}

static rk_tokenkey *
key_around(EVP_PKEY *pair)
{
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);
	const struct rk_tokenkey_signer signer = {sign, pair};
	rk_tokenkey *tokenkey = NULL;

	assert_ok(rk_tokenkey_new(pubkey, &signer, &tokenkey));
	return tokenkey;
}

/* Signed by ours in two pieces, verified by OpenSSL's. */
static void
sign_and_verify(enum rk_key_type type, bool pss)
{
	static const char text[] = "what is to be signed";
	EVP_PKEY *pair = rk_soft_key_new(type);
	RK_AUTO(rk_tokenkey) tokenkey = key_around(pair);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *operation = NULL;
	uint8_t sig[512];
	size_t len = sizeof(sig);

	assert_ok(rk_tokenkey_begin(tokenkey, pss, context));
	assert_int_equal(EVP_DigestSignUpdate(context, text, 4), 1);
	assert_int_equal(EVP_DigestSignUpdate(context, text + 4, sizeof(text) - 4), 1);
	assert_int_equal(EVP_DigestSignFinal(context, sig, &len), 1);
	EVP_MD_CTX_reset(context);
	assert_int_equal(EVP_DigestVerifyInit(context, &operation, EVP_sha256(), NULL, pair), 1);
	if (pss) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(operation, 32), 1);
	}
	assert_int_equal(
	    EVP_DigestVerify(context, sig, len, (const uint8_t *)text, sizeof(text)), 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pair);
}

static void
what_it_signs_verifies(void **state)
{
	(void)state;
	sign_and_verify(RK_KEY_ECDSA_P256, false);
	sign_and_verify(RK_KEY_ECDSA_P384, false);
	sign_and_verify(RK_KEY_ECDSA_P521, false);
	sign_and_verify(RK_KEY_RSA2048, false);
	sign_and_verify(RK_KEY_RSA2048, true);
}

static void
it_looks_like_its_public_half(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P384);
	RK_AUTO(rk_tokenkey) tokenkey = key_around(pair);

	(void)state;
	assert_int_equal(EVP_PKEY_get_bits(rk_tokenkey_pkey(tokenkey)), 384);
	assert_int_equal(EVP_PKEY_get_size(rk_tokenkey_pkey(tokenkey)), EVP_PKEY_get_size(pair));
	assert_true(EVP_PKEY_is_a(rk_tokenkey_pkey(tokenkey), "EC"));
	EVP_PKEY_free(pair);
}

static void
other_hashes_are_there_and_weak_ones_are_not(void **state)
{
	static const struct {
		const char *name;
		int taken;
	} hashes[] = {{"SHA2-256", 1}, {"SHA384", 1}, {"SHA512", 1}, {"SHA1", 0}, {"MD5", 0}};
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_tokenkey) tokenkey = key_around(pair);

	(void)state;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		uint8_t sig[512];
		size_t len = sizeof(sig);

		int begun = EVP_DigestSignInit_ex(
		    context, NULL, hashes[i].name, NULL, NULL, rk_tokenkey_pkey(tokenkey), NULL);
		assert_int_equal(begun == 1, hashes[i].taken);
		if (begun == 1)
			assert_int_equal(
			    EVP_DigestSign(context, sig, &len, (const uint8_t *)"x", 1), 1);
		EVP_MD_CTX_free(context);
	}
	EVP_PKEY_free(pair);
}

static void
a_signer_that_gives_nothing_fails(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_RSA2048);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);
	const struct rk_tokenkey_signer signer = {sign_nothing, NULL};
	RK_AUTO(rk_tokenkey) tokenkey = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t sig[512];
	size_t len = sizeof(sig);

	(void)state;
	assert_ok(rk_tokenkey_new(pubkey, &signer, &tokenkey));
	assert_ok(rk_tokenkey_begin(tokenkey, false, context));
	assert_int_not_equal(EVP_DigestSign(context, sig, &len, (const uint8_t *)"x", 1), 1);
	assert_error(rk_tokenkey_failure(tokenkey), RK_E_INTERNAL);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pair);
}

static void
an_ed25519_key_is_unsupported(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(pair);
	const struct rk_tokenkey_signer signer = {sign, pair};
	RK_AUTO(rk_tokenkey) tokenkey = NULL;

	(void)state;
	assert_error(rk_tokenkey_new(pubkey, &signer, &tokenkey), RK_E_TOKEN_UNSUPPORTED);
	assert_null(tokenkey);
	EVP_PKEY_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_it_signs_verifies),
	    spec(it_looks_like_its_public_half),
	    spec(other_hashes_are_there_and_weak_ones_are_not),
	    spec(a_signer_that_gives_nothing_fails),
	    spec(an_ed25519_key_is_unsupported),
	};

	return cmocka_run_group_tests_name("tokenkey", tests, NULL, NULL);
}
