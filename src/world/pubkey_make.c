#include "world/pubkey.h"

#include "world/pubkey_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <string.h>

#define RSA_EXPONENT_BITS_MAX 64 /* OpenSSL verifies with no wider one */

/* What a module may write into CKA_EC_PARAMS: PKCS#11 has allowed three forms over the years. */
struct ec_name {
	const char *bytes;
	size_t len;
	unsigned bits; /* of the curve; 0: Ed25519 */
};
#define EC_NAME(bytes, bits)                       \
	{                                          \
		(bytes), sizeof(bytes) - 1, (bits) \
	}

static const struct ec_name ec_names[] = {
    EC_NAME("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 256),
    EC_NAME("\x06\x05\x2b\x81\x04\x00\x22", 384),
    EC_NAME("\x06\x05\x2b\x81\x04\x00\x23", 521),
    EC_NAME("\x06\x03\x2b\x65\x70", 0), /* id-Ed25519, RFC 8410 */
    EC_NAME("\x30\x05\x06\x03\x2b\x65\x70", 0), /* as an AlgorithmIdentifier */
    EC_NAME("\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 0), /* GNU's edwards25519 */
    EC_NAME("\x13\x0c"
	    "edwards25519",
	0),
    EC_NAME("\x13\x07"
	    "ed25519",
	0),
    EC_NAME("\x13\x07"
	    "Ed25519",
	0),
    EC_NAME("\x13\x0a"
	    "prime256v1",
	256),
    EC_NAME("\x13\x09"
	    "secp256r1",
	256),
    EC_NAME("\x13\x09"
	    "secp384r1",
	384),
    EC_NAME("\x13\x09"
	    "secp521r1",
	521),
};

static const struct ec_name *
find_ec_name(const void *params, size_t len)
{
	for (size_t i = 0; i < sizeof(ec_names) / sizeof(ec_names[0]); i++) {
		if (ec_names[i].len == len && memcmp(ec_names[i].bytes, params, len) == 0)
			return &ec_names[i];
	}
	return NULL;
}

rk_error *
rk_pubkey_from_ed25519(const uint8_t raw[static 32], rk_pubkey **ret_key)
{
	rk_error *err = rk_pubkey_edwards_check(raw);
	if (err)
		return err;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, 32);
	if (!pkey) {
		ERR_clear_error();
		return rk_out_of_memory();
	}
	return rk_pubkey_adopt(pkey, RK_KEY_ED25519, 256, ret_key);
}

rk_error *
rk_pubkey_from_ed25519_seed(const uint8_t seed[static 32], rk_pubkey **ret_key)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	uint8_t raw[32];
	size_t len = sizeof(raw);
	bool good = pkey && EVP_PKEY_get_raw_public_key(pkey, raw, &len) == 1;

	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return good ? rk_pubkey_from_ed25519(raw, ret_key) : rk_out_of_memory();
}

/* NULL where OpenSSL does not take the numbers: a point off its curve, mostly. */
static EVP_PKEY *
pkey_from_params(const char *type, OSSL_PARAM *params)
{
	RK_AUTO_PKEY_CTX context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		ERR_clear_error();
	return pkey;
}

rk_error *
rk_pubkey_from_point(unsigned curve_bits, const void *point, size_t len, rk_pubkey **ret_key)
{
	const struct rk_pubkey_curve *curve = rk_pubkey_curve_by_bits(curve_bits);

	if (!curve)
		return rk_fail(
		    RK_E_TOKEN_UNSUPPORTED, NULL, "no known curve has %u bits", curve_bits);
	if (len != 1 + 2 * ((curve->bits + 7) / 8) || *(const uint8_t *)point != 0x04)
		return rk_fail(RK_E_MALFORMED, NULL,
		    "%zu bytes are not an uncompressed point on %s", len, curve->ssh);
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(
		OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve->group, 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, len),
	    OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *pkey = pkey_from_params("EC", params);
	if (!pkey)
		return rk_fail(RK_E_MALFORMED, NULL, "the point is not on %s", curve->ssh);
	return rk_pubkey_adopt(pkey, curve->type, curve->bits, ret_key);
}

/*
 * The `want` bytes of a point inside what a module gave: bare, or in an OCTET STRING, or in a BIT
 * STRING (tag, length, and for the latter a zero). NULL: none of these.
 */
static const uint8_t *
unwrap_point(const uint8_t *point, size_t len, size_t want)
{
	size_t extra = len > want ? len - want : 0;
	size_t header = want + 1 < 0x80 ? 2 : 3;

	if (len == want)
		return point;
	if (len < want || extra < header || extra > header + 1)
		return NULL;
	bool bits = extra == header + 1;
	size_t body = want + bits;
	if (point[0] != (bits ? 0x03 : 0x04) || point[header - 1] != body)
		return NULL;
	if ((header == 3 && point[1] != 0x81) || (bits && point[header] != 0))
		return NULL;
	return point + extra;
}

rk_error *
rk_pubkey_from_ec(
    const void *params, size_t params_len, const void *point, size_t point_len, rk_pubkey **ret_key)
{
	const struct ec_name *name = find_ec_name(params, params_len);

	if (!name)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL, "a curve that we do not know");
	size_t want = name->bits ? 1 + 2 * ((name->bits + 7) / 8) : 32;
	const uint8_t *bare = unwrap_point(point, point_len, want);
	if (!bare)
		return rk_fail(RK_E_MALFORMED, NULL, "%zu bytes are not a point of %s", point_len,
		    name->bits ? rk_pubkey_curve_by_bits(name->bits)->ssh : "Ed25519");
	if (!name->bits)
		return rk_pubkey_from_ed25519(bare, ret_key);
	return rk_pubkey_from_point(name->bits, bare, want, ret_key);
}

static enum rk_key_type
rsa_type(int bits)
{
	switch (bits) {
	case 2048:
		return RK_KEY_RSA2048;
	case 3072:
		return RK_KEY_RSA3072;
	case 4096:
		return RK_KEY_RSA4096;
	default:
		return RK_KEY_RSA_OTHER;
	}
}

static rk_error *
rsa_judge(const BIGNUM *modulus, const BIGNUM *exponent)
{
	int bits = BN_num_bits(modulus);

	if (bits < RK_RSA_BITS_MIN || bits > RK_RSA_BITS_MAX)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "use a key of 2048 to 16384 bits",
		    "an RSA key of %d bits", bits);
	if (!BN_is_odd(modulus) || !BN_is_odd(exponent) || BN_is_one(exponent) ||
	    BN_num_bits(exponent) > RSA_EXPONENT_BITS_MAX)
		return rk_fail(RK_E_MALFORMED, NULL, "the numbers are not those of an RSA key");
	return NULL;
}

static EVP_PKEY *
rsa_pkey(const BIGNUM *modulus, const BIGNUM *exponent)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	if (params)
		pkey = pkey_from_params("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

static void
bn_cleanup(BIGNUM **number)
{
	BN_free(*number);
}

rk_error *
rk_pubkey_from_rsa(const void *modulus, size_t modulus_len, const void *exponent,
    size_t exponent_len, rk_pubkey **ret_key)
{
	__attribute__((cleanup(bn_cleanup))) BIGNUM *n = NULL;
	__attribute__((cleanup(bn_cleanup))) BIGNUM *e = NULL;
	const size_t max = RK_RSA_BITS_MAX / 8 + 1; /* a sign byte in front */

	if (modulus_len > max || exponent_len > max)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "use a key of 2048 to 16384 bits",
		    "an RSA key with a number of %zu bytes",
		    modulus_len > exponent_len ? modulus_len : exponent_len);
	n = BN_bin2bn(modulus, (int)modulus_len, NULL);
	e = BN_bin2bn(exponent, (int)exponent_len, NULL);
	if (!n || !e)
		return rk_out_of_memory();
	rk_error *err = rsa_judge(n, e);
	if (err)
		return err;
	EVP_PKEY *pkey = rsa_pkey(n, e);
	if (!pkey)
		return rk_fail(RK_E_MALFORMED, NULL, "the numbers are not those of an RSA key");
	return rk_pubkey_adopt(pkey, rsa_type(BN_num_bits(n)), (unsigned)BN_num_bits(n), ret_key);
}
