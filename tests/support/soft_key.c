#include "support/soft_key.h"

#include "support/spec.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdlib.h>

EVP_PKEY *
rk_soft_key_new(enum rk_key_type type)
{
	EVP_PKEY *pair = NULL;

	switch (type) {
	case RK_KEY_ECDSA_P256:
		pair = EVP_EC_gen("P-256");
		break;
	case RK_KEY_ECDSA_P384:
		pair = EVP_EC_gen("P-384");
		break;
	case RK_KEY_ECDSA_P521:
		pair = EVP_EC_gen("P-521");
		break;
	case RK_KEY_ED25519:
		pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case RK_KEY_RSA2048:
		pair = EVP_RSA_gen(2048);
		break;
	case RK_KEY_RSA3072:
		pair = EVP_RSA_gen(3072);
		break;
	case RK_KEY_RSA4096:
		pair = EVP_RSA_gen(4096);
		break;
	case RK_KEY_RSA_OTHER:
		pair = EVP_RSA_gen(2304);
		break;
	}
	assert_non_null(pair);
	return pair;
}

rk_pubkey *
rk_soft_key_public(EVP_PKEY *pair)
{
	rk_pubkey *key = NULL;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pair, &der);

	assert_true(len > 0);
	assert_ok(rk_pubkey_from_spki(der, (size_t)len, &key));
	OPENSSL_free(der);
	return key;
}

static void
sign_message(EVP_PKEY *pair, const rk_payload *payload, rk_buf *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t sig[64];
	size_t len = sizeof(sig);

	assert_true(payload->whole);
	assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, pair), 1);
	assert_int_equal(EVP_DigestSign(context, sig, &len,
			     (const uint8_t *)rk_buf_str(&payload->bytes), payload->bytes.len),
	    1);
	EVP_MD_CTX_free(context);
	rk_buf_append(out, sig, len);
}

static const EVP_MD *
md_of(enum rk_hash hash)
{
	switch (hash) {
	case RK_HASH_SHA224:
		return EVP_sha224();
	case RK_HASH_SHA384:
		return EVP_sha384();
	case RK_HASH_SHA512:
		return EVP_sha512();
	default:
		return EVP_sha256();
	}
}

static void
set_padding(EVP_PKEY_CTX *context, const struct rk_soft_wish *wish)
{
	int salt_len = wish->salt_len == RK_SOFT_NO_SALT ? 0
		       : wish->salt_len			 ? wish->salt_len
							 : RSA_PSS_SALTLEN_DIGEST;
	int padding = wish->rsa_padding ? wish->rsa_padding : RSA_PKCS1_PSS_PADDING;

	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_len), 1);
}

static void
sign_digest(EVP_PKEY *pair, const struct rk_soft_wish *wish, rk_buf *out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
	uint8_t sig[2048];
	size_t len = sizeof(sig), digest_len;
	const uint8_t *digest = rk_payload_digest(wish->payload, wish->hash, &digest_len);

	assert_non_null(digest);
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md_of(wish->hash)), 1);
	if (EVP_PKEY_get_base_id(pair) == EVP_PKEY_RSA)
		set_padding(context, wish);
	assert_int_equal(EVP_PKEY_sign(context, sig, &len, digest, digest_len), 1);
	EVP_PKEY_CTX_free(context);
	if (EVP_PKEY_get_base_id(pair) == EVP_PKEY_EC)
		assert_ok(
		    rk_ecdsa_der_to_raw(sig, len, ((size_t)EVP_PKEY_get_bits(pair) + 7) / 8, out));
	else
		rk_buf_append(out, sig, len);
}

void
rk_soft_key_sign(EVP_PKEY *pair, const struct rk_soft_wish *wish, rk_buf *out)
{
	if (EVP_PKEY_get_base_id(pair) == EVP_PKEY_ED25519)
		sign_message(pair, wish->payload, out);
	else
		sign_digest(pair, wish, out);
}
