#include "world/pubkey.h"

#include "base/show.h"
#include "world/pubkey_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string.h>

#define ENCODED_MAX (1u << 20) /* a certificate with all its extensions is far smaller */

static void
x509_pubkey_cleanup(X509_PUBKEY **pubkey)
{
	X509_PUBKEY_free(*pubkey);
}

static void
x509_cleanup(X509 **certificate)
{
	X509_free(*certificate);
}

static void
bn_cleanup(BIGNUM **number)
{
	BN_free(*number);
}

static rk_error *
no_key(void)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, "give a public key or a certificate, as PEM or DER",
	    "not a public key in a form that we know");
}

/* The algorithm's name is foreign: it may be any object identifier. */
static rk_error *
unsupported(const ASN1_OBJECT *algorithm)
{
	char name[80];

	ERR_clear_error();
	if (OBJ_obj2txt(name, sizeof(name), algorithm, 0) <= 0)
		name[0] = '\0';
	return rk_fail(RK_E_TOKEN_UNSUPPORTED,
	    "use a key on P-256, P-384 or P-521, an Ed25519 key or an RSA key",
	    "a kind of key that we do not know: %s", RK_SHOW(name));
}

/* Rebuilt from X and Y: a compressed point is as good as an uncompressed one. */
static rk_error *
key_from_ec(const EVP_PKEY *pkey, const ASN1_OBJECT *algorithm, rk_pubkey **ret_key)
{
	__attribute__((cleanup(bn_cleanup))) BIGNUM *x = NULL;
	__attribute__((cleanup(bn_cleanup))) BIGNUM *y = NULL;
	uint8_t point[RK_POINT_MAX] = {0x04};
	char group[80];
	int explicit_params = 0;

	if (EVP_PKEY_get_int_param(
		pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_params) != 1 ||
	    explicit_params || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return unsupported(algorithm);
	const struct rk_pubkey_curve *curve = rk_pubkey_curve_by_group(group);
	if (!curve)
		return unsupported(algorithm);
	int half = (int)((curve->bits + 7) / 8);
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) != 1 ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) != 1 ||
	    BN_bn2binpad(x, point + 1, half) != half ||
	    BN_bn2binpad(y, point + 1 + half, half) != half)
		return no_key();
	return rk_pubkey_from_point(curve->bits, point, 1 + 2 * (size_t)half, ret_key);
}

static rk_error *
key_from_rsa(const EVP_PKEY *pkey, rk_pubkey **ret_key)
{
	__attribute__((cleanup(bn_cleanup))) BIGNUM *n = NULL;
	__attribute__((cleanup(bn_cleanup))) BIGNUM *e = NULL;
	uint8_t modulus[RK_RSA_BITS_MAX / 8], exponent[RK_RSA_BITS_MAX / 8];

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return no_key();
	if (BN_num_bytes(n) > (int)sizeof(modulus) || BN_num_bytes(e) > (int)sizeof(exponent))
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "use a key of 2048 to 16384 bits",
		    "an RSA key of %d bits", BN_num_bits(n));
	size_t n_len = (size_t)BN_bn2bin(n, modulus), e_len = (size_t)BN_bn2bin(e, exponent);
	return rk_pubkey_from_rsa(modulus, n_len, exponent, e_len, ret_key);
}

static rk_error *
key_from_ed25519(const EVP_PKEY *pkey, rk_pubkey **ret_key)
{
	uint8_t raw[32];
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(pkey, raw, &len) != 1 || len != sizeof(raw))
		return no_key();
	return rk_pubkey_from_ed25519(raw, ret_key);
}

static rk_error *
key_from_x509(X509_PUBKEY *pubkey, rk_pubkey **ret_key)
{
	ASN1_OBJECT *algorithm = NULL;
	EVP_PKEY *pkey = X509_PUBKEY_get0(pubkey);

	if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, pubkey) != 1 || !algorithm)
		return no_key();
	switch (OBJ_obj2nid(algorithm)) {
	case NID_X9_62_id_ecPublicKey:
		return pkey ? key_from_ec(pkey, algorithm, ret_key) : no_key();
	case NID_rsaEncryption:
		return pkey ? key_from_rsa(pkey, ret_key) : no_key();
	case NID_ED25519:
		return pkey ? key_from_ed25519(pkey, ret_key) : no_key();
	default:
		return unsupported(algorithm);
	}
}

rk_error *
rk_pubkey_from_spki(const void *der, size_t len, rk_pubkey **ret_key)
{
	__attribute__((cleanup(x509_pubkey_cleanup))) X509_PUBKEY *pubkey = NULL;
	const unsigned char *at = der;

	if (len == 0 || len > ENCODED_MAX)
		return no_key();
	pubkey = d2i_X509_PUBKEY(NULL, &at, (long)len);
	if (!pubkey || at != (const unsigned char *)der + len)
		return no_key();
	rk_error *err = key_from_x509(pubkey, ret_key);
	ERR_clear_error();
	return err;
}

/* NULL for anything but one whole certificate. */
static X509 *
read_certificate(const void *der, size_t len)
{
	const unsigned char *at = der;
	X509 *certificate = d2i_X509(NULL, &at, (long)len);

	ERR_clear_error();
	if (certificate && at != (const unsigned char *)der + len) {
		X509_free(certificate);
		return NULL;
	}
	return certificate;
}

static rk_error *
key_from_certificate(const X509 *certificate, rk_pubkey **ret_key)
{
	rk_error *err = key_from_x509(X509_get_X509_PUBKEY(certificate), ret_key);
	ERR_clear_error();
	return err;
}

static rk_error *
key_from_der(const void *der, size_t len, rk_pubkey **ret_key)
{
	__attribute__((cleanup(x509_cleanup))) X509 *certificate = read_certificate(der, len);

	if (certificate)
		return key_from_certificate(certificate, ret_key);
	return rk_pubkey_from_spki(der, len, ret_key);
}

/* The first public key or certificate among the blocks: a chain begins with its leaf. */
static rk_error *
key_from_pem(const void *text, size_t len, rk_pubkey **ret_key)
{
	RK_AUTO_BIO bio = BIO_new_mem_buf(text, (int)len);

	if (!bio)
		return rk_out_of_memory();
	for (;;) {
		RK_AUTO_PEM_BLOCK(block);

		if (PEM_read_bio(bio, &block.name, &block.header, &block.bytes, &block.len) != 1)
			return no_key();
		/* Docker writes the role before the key, as a header; encrypted ones are none of ours. */
		if (strncmp(block.header, "Proc-Type:", 10) == 0)
			continue;
		if (strcmp(block.name, PEM_STRING_PUBLIC) == 0)
			return rk_pubkey_from_spki(block.bytes, (size_t)block.len, ret_key);
		if (strcmp(block.name, PEM_STRING_X509) != 0)
			continue;
		__attribute__((cleanup(x509_cleanup))) X509 *certificate =
		    read_certificate(block.bytes, (size_t)block.len);
		return certificate ? key_from_certificate(certificate, ret_key) : no_key();
	}
}

static rk_error *
key_from_any(const void *bytes, size_t len, rk_pubkey **ret_key)
{
	static const char private_label[] = "PRIVATE KEY-----";

	if (*(const uint8_t *)bytes == 0x30)
		return key_from_der(bytes, len, ret_key);
	if (memmem(bytes, len, private_label, sizeof(private_label) - 1))
		return rk_fail(RK_E_MALFORMED,
		    "give only its public half; a private key belongs on a token",
		    "this is a private key");
	return key_from_pem(bytes, len, ret_key);
}

rk_error *
rk_pubkey_from_any(const void *bytes, size_t len, rk_pubkey **ret_key)
{
	uint8_t digest[32];
	rk_pubkey *key;
	rk_error *err = NULL;

	if (len == 0 || len > ENCODED_MAX)
		return no_key();
	rk_sha256(bytes, len, digest);
	key = rk_pubkey_recall(digest);
	if (!key) {
		err = key_from_any(bytes, len, &key);
		if (!err)
			rk_pubkey_remember(digest, key);
	}
	if (!err)
		*ret_key = key;
	return err;
}
