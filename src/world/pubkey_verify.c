#include "world/pubkey.h"

#include "world/pubkey_private.h"
#include "world/signature_private.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#define ED25519_SIG_SIZE 64

/* Without memory nothing was found out: that is not a signature that is wrong. */
static bool
lacked_memory(void)
{
	bool lacked = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		lacked |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return lacked;
}

static rk_error *
verdict(int answer)
{
	bool lacked = lacked_memory();

	if (answer == 1)
		return NULL;
	if (lacked)
		return rk_out_of_memory();
	return rk_fail(RK_E_UNTRUSTED, NULL, "the signature is not by this key over these bytes");
}

static rk_error *
no_signature(size_t len)
{
	return rk_fail(RK_E_MALFORMED, NULL, "%zu bytes cannot be a signature by this key", len);
}

static rk_error *
broken(void)
{
	if (lacked_memory())
		return rk_out_of_memory();
	return rk_fail(RK_E_INTERNAL, NULL, "OpenSSL could not begin to verify a signature");
}

static bool
fits(const rk_pubkey *key, const rk_scheme *scheme)
{
	enum rk_family family = rk_pubkey_family(key);

	switch (scheme->family) {
	case RK_FAMILY_ECDSA:
		return family == RK_FAMILY_ECDSA && scheme->curve_bits == key->bits;
	case RK_FAMILY_ED25519:
		return family == RK_FAMILY_ED25519;
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
		return family == RK_FAMILY_RSA_PSS;
	}
	return false;
}

static rk_error *
verify_message(const rk_pubkey *key, const rk_payload *payload, const uint8_t *sig, size_t sig_len)
{
	if (!payload->whole)
		return rk_fail(RK_E_INTERNAL, NULL, "the bytes to verify were not kept");
	if (sig_len != ED25519_SIG_SIZE)
		return no_signature(sig_len);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (!context)
		return rk_out_of_memory();
	if (EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) != 1) {
		EVP_MD_CTX_free(context);
		return broken();
	}
	int answer = EVP_DigestVerify(context, sig, sig_len,
	    (const unsigned char *)rk_buf_str(&payload->bytes), payload->bytes.len);
	EVP_MD_CTX_free(context);
	return verdict(answer);
}

static bool
set_padding(EVP_PKEY_CTX *context, const rk_scheme *scheme)
{
	switch (scheme->family) {
	case RK_FAMILY_RSA_PSS:
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_mgf1_md(context, rk_signature_md(scheme->hash)) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
	case RK_FAMILY_RSA_PKCS1:
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	case RK_FAMILY_ECDSA:
	case RK_FAMILY_ED25519:
		break;
	}
	return true;
}

static rk_error *
verify_digest(const rk_pubkey *key, const rk_scheme *scheme, const rk_payload *payload,
    const uint8_t *sig, size_t sig_len)
{
	size_t len;
	const uint8_t *digest = rk_payload_digest(payload, scheme->hash, &len);

	if (!digest)
		return rk_fail(RK_E_INTERNAL, NULL, "the digest to verify was not computed");
	RK_AUTO_PKEY_CTX context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (!context)
		return rk_out_of_memory();
	if (EVP_PKEY_verify_init(context) != 1 || !set_padding(context, scheme) ||
	    EVP_PKEY_CTX_set_signature_md(context, rk_signature_md(scheme->hash)) != 1)
		return broken();
	return verdict(EVP_PKEY_verify(context, sig, sig_len, digest, len));
}

static rk_error *
verify_ecdsa(const rk_pubkey *key, const rk_scheme *scheme, const rk_payload *payload,
    const uint8_t *sig, size_t sig_len)
{
	RK_AUTO_BUF(der);

	if (scheme->shape == RK_SIG_RAW) {
		if (sig_len != 2 * (size_t)((key->bits + 7) / 8))
			return no_signature(sig_len);
		rk_error *err = rk_ecdsa_raw_to_der(sig, sig_len, &der);
		if (err)
			return err;
		return verify_digest(key, scheme, payload, (const uint8_t *)der.data, der.len);
	}
	const unsigned char *at = sig;
	if (sig_len == 0 || sig_len > 256)
		return no_signature(sig_len);
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)sig_len);
	ERR_clear_error();
	if (!parsed)
		return no_signature(sig_len);
	ECDSA_SIG_free(parsed);
	return verify_digest(key, scheme, payload, sig, sig_len);
}

rk_error *
rk_pubkey_verify(const rk_pubkey *key, const rk_scheme *scheme, const rk_payload *payload,
    const void *sig, size_t sig_len)
{
	if (!fits(key, scheme))
		return rk_fail(RK_E_REFUSED, NULL, "the scheme %s does not fit a key of type %s",
		    scheme->name, rk_key_type_name(key->type));
	switch (scheme->family) {
	case RK_FAMILY_ECDSA:
		return verify_ecdsa(key, scheme, payload, sig, sig_len);
	case RK_FAMILY_ED25519:
		return verify_message(key, payload, sig, sig_len);
	case RK_FAMILY_RSA_PSS:
	case RK_FAMILY_RSA_PKCS1:
		break;
	}
	if (sig_len != (key->bits + 7) / 8)
		return no_signature(sig_len);
	return verify_digest(key, scheme, payload, sig, sig_len);
}
