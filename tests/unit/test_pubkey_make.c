#include "support/soft_key.h"
#include "support/spec.h"

#include "world/pubkey.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include <string.h>

/* The base points: SEC 2, 2.4.2 and 2.5.1, as in old TUF files. */
static const char p256_hex[] = "04"
			       "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
			       "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
static const char p384_hex[] = "04"
			       "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
			       "5502f25dbf55296c3a545e3872760ab7"
			       "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
			       "0a60b1ce1d7e819d7a431d7c90ea0e5f";
static const char ed25519_hex[] =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"; /* RFC 8032 7.1 */

static const char p256_oid[] = "06082a8648ce3d030107";
static const char p384_oid[] = "06052b81040022";
static const char p521_oid[] = "06052b81040023";

/* From the hex of CKA_EC_PARAMS and of CKA_EC_POINT, the latter after `prefix`. */
static rk_error *
from_ec(const char *params_hex, const char *prefix, const char *point_hex, rk_pubkey **ret_key)
{
	RK_AUTO_BUF(params);
	RK_AUTO_BUF(point);

	assert_ok(rk_unhex_buf(params_hex, strlen(params_hex), &params));
	assert_ok(rk_unhex_buf(prefix, strlen(prefix), &point));
	assert_ok(rk_unhex_buf(point_hex, strlen(point_hex), &point));
	return rk_pubkey_from_ec(
	    rk_buf_str(&params), params.len, rk_buf_str(&point), point.len, ret_key);
}

static rk_error *
from_point(unsigned bits, const char *hex, rk_pubkey **ret_key)
{
	RK_AUTO_BUF(point);

	assert_ok(rk_unhex_buf(hex, strlen(hex), &point));
	return rk_pubkey_from_point(bits, rk_buf_str(&point), point.len, ret_key);
}

static rk_error *
from_ed25519(const char *hex, rk_pubkey **ret_key)
{
	uint8_t raw[32];

	assert_ok(rk_unhex(hex, strlen(hex), raw, sizeof(raw)));
	return rk_pubkey_from_ed25519(raw, ret_key);
}

static void
hex_points_of_old_files_are_keys(void **state)
{
	RK_AUTO(rk_pubkey) small = NULL;
	RK_AUTO(rk_pubkey) large = NULL;

	(void)state;
	assert_ok(from_point(256, p256_hex, &small));
	assert_int_equal(rk_pubkey_type(small), RK_KEY_ECDSA_P256);
	assert_ok(from_point(384, p384_hex, &large));
	assert_int_equal(rk_pubkey_type(large), RK_KEY_ECDSA_P384);
	assert_int_equal(rk_pubkey_bits(large), 384);
}

static void
a_point_off_its_curve_or_of_another_form_is_refused(void **state)
{
	rk_pubkey *key = NULL;
	char hex[sizeof(p256_hex)];

	(void)state;
	memcpy(hex, p256_hex, sizeof(hex));
	hex[129] = '4'; /* Y is off by one */
	assert_error(from_point(256, hex, &key), RK_E_MALFORMED);
	memset(hex + 2, 'f', 128); /* X and Y above the prime */
	assert_error(from_point(256, hex, &key), RK_E_MALFORMED);
	memset(hex + 2, '0', 128);
	assert_error(from_point(256, hex, &key), RK_E_MALFORMED);
	assert_error(from_point(256, "00", &key), RK_E_MALFORMED); /* infinity */
	assert_error(from_point(256, "", &key), RK_E_MALFORMED);
	memcpy(hex, p256_hex, sizeof(hex));
	hex[1] = '6'; /* hybrid */
	assert_error(from_point(256, hex, &key), RK_E_MALFORMED);
	hex[1] = '2'; /* compressed, and too long for that */
	assert_error(from_point(256, hex, &key), RK_E_MALFORMED);
	hex[66] = '\0';
	assert_error(from_point(256, hex, &key), RK_E_MALFORMED);
	assert_error(from_point(384, p256_hex, &key), RK_E_MALFORMED);
	assert_error(from_point(255, p256_hex, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(from_point(0, p256_hex, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_null(key);
}

static void
assert_same_ec(const char *params, const char *prefix, const char *point, const rk_pubkey *want)
{
	RK_AUTO(rk_pubkey) key = NULL;

	assert_ok(from_ec(params, prefix, point, &key));
	assert_true(rk_pubkey_equal(key, want));
}

static void
every_form_of_a_modules_point_is_one_key(void **state)
{
	RK_AUTO(rk_pubkey) small = NULL;
	RK_AUTO(rk_pubkey) large = NULL;

	(void)state;
	assert_ok(from_point(256, p256_hex, &small));
	assert_ok(from_point(384, p384_hex, &large));
	assert_same_ec(p256_oid, "", p256_hex, small);
	assert_same_ec(p256_oid, "0441", p256_hex, small);
	assert_same_ec(p256_oid, "034200", p256_hex, small);
	assert_same_ec("130a7072696d653235367631", "0441", p256_hex, small); /* prime256v1 */
	assert_same_ec("1309736563703235367231", "0441", p256_hex, small); /* secp256r1 */
	assert_same_ec(p384_oid, "", p384_hex, large);
	assert_same_ec(p384_oid, "0461", p384_hex, large);
}

/* Its point is the only one whose length takes two bytes. */
static void
a_p521_point_is_read_in_its_wrapping(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P521);
	RK_AUTO(rk_pubkey) want = rk_soft_key_public(pair);
	rk_pubkey *none = NULL;
	char hex[2 * 133 + 1];
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(want, &len);

	(void)state;
	rk_hex(hex, spki + len - 133, 133);
	assert_same_ec(p521_oid, "", hex, want);
	assert_same_ec(p521_oid, "048185", hex, want);
	assert_same_ec(p521_oid, "03818600", hex, want);
	assert_error(from_ec(p521_oid, "0485", hex, &none), RK_E_MALFORMED);
	assert_error(from_ec(p521_oid, "048285", hex, &none), RK_E_MALFORMED);
	assert_error(from_ec(p521_oid, "048186", hex, &none), RK_E_MALFORMED);
	EVP_PKEY_free(pair);
}

static const char *const ed25519_params[] = {
    "06032b6570", /* 1.3.101.112 */
    "300506032b6570", /* the same as an AlgorithmIdentifier */
    "06092b06010401da470f01", /* 1.3.6.1.4.1.11591.15.1 */
    "130c656477617264733235353139", /* "edwards25519" */
};

static void
every_form_of_an_ed25519_point_is_one_key(void **state)
{
	RK_AUTO(rk_pubkey) want = NULL;

	(void)state;
	assert_ok(from_ed25519(ed25519_hex, &want));
	for (size_t i = 0; i < sizeof(ed25519_params) / sizeof(ed25519_params[0]); i++) {
		assert_same_ec(ed25519_params[i], "", ed25519_hex, want);
		assert_same_ec(ed25519_params[i], "0420", ed25519_hex, want);
		assert_same_ec(ed25519_params[i], "032100", ed25519_hex, want);
	}
}

/* A raw point may begin like a wrapping: its length alone tells. */
static void
a_raw_ed25519_point_that_looks_wrapped_is_raw(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t raw[32] = {0x04, 0x20, (uint8_t)i, 0x11};
		RK_AUTO(rk_pubkey) direct = NULL;
		RK_AUTO(rk_pubkey) module = NULL;
		rk_error *err = rk_pubkey_from_ed25519(raw, &direct);

		if (err) {
			assert_error(err, RK_E_MALFORMED);
			continue;
		}
		assert_ok(rk_pubkey_from_ec("\x06\x03\x2b\x65\x70", 5, raw, 32, &module));
		assert_true(rk_pubkey_equal(direct, module));
		assert_memory_equal(rk_pubkey_ed25519(module), raw, 32);
	}
}

static void
a_wrapping_that_does_not_add_up_is_refused(void **state)
{
	static const char *const wrappings[] = {
	    "04", "0440", "0442", "0541", "2441", "0341", "034201", "034100", "048141", "04410000"};
	rk_pubkey *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++)
		assert_error(from_ec(p256_oid, wrappings[i], p256_hex, &key), RK_E_MALFORMED);
	assert_error(from_ec(p256_oid, "", "", &key), RK_E_MALFORMED);
	assert_error(from_ec(p256_oid, "0441", "04", &key), RK_E_MALFORMED);
	assert_error(from_ec(p384_oid, "0441", p256_hex, &key), RK_E_MALFORMED);
	assert_error(from_ec("06032b6570", "0421", ed25519_hex, &key), RK_E_MALFORMED);
	assert_error(from_ec("06032b6570", "032101", ed25519_hex, &key), RK_E_MALFORMED);
	assert_error(from_ec("06032b6570", "40", ed25519_hex, &key), RK_E_MALFORMED);
	assert_null(key);
}

static void
curves_of_other_kinds_are_unsupported(void **state)
{
	static const char *const curves[] = {
	    "", /* none */
	    "06", /* cut short */
	    "06052b8104000a", /* secp256k1 */
	    "06032b656e", /* X25519 */
	    "06032b6571", /* Ed448 */
	    "130a63757276653235353139", /* "curve25519" */
	    "0500", /* implicitlyCA */
	    "3003020101", /* a curve in full begins like this */
	    "06082a8648ce3d03010700", /* more behind */
	};
	rk_pubkey *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		assert_error(from_ec(curves[i], "0441", p256_hex, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(rk_pubkey_from_ec(NULL, 0, NULL, 0, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(rk_pubkey_from_ec("\x06\x03\x2b\x65\x70", 5, NULL, 0, &key), RK_E_MALFORMED);
	assert_null(key);
}

/* Little-endian y, the high bit the sign of x; of order 1, 2, 4 and 8, and encoded too large. */
static const char *const bad_ed25519[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p: y = 0 again */
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 1 */
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 3, a good y */
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0200000000000000000000000000000000000000000000000000000000000000", /* off the curve */
    "0700000000000000000000000000000000000000000000000000000000000000",
    "0d00000000000000000000000000000000000000000000000000000000000080",
};

static void
ed25519_bytes_that_are_no_key_are_refused(void **state)
{
	RK_AUTO(rk_pubkey) good = NULL;
	rk_pubkey *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_ed25519) / sizeof(bad_ed25519[0]); i++)
		assert_error(from_ed25519(bad_ed25519[i], &key), RK_E_MALFORMED);
	assert_null(key);
	assert_ok(from_ed25519(
	    "0300000000000000000000000000000000000000000000000000000000000000", &good));
}

static void
ed25519_keys_by_openssl_are_taken(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
		RK_AUTO(rk_pubkey) want = rk_soft_key_public(pair);
		RK_AUTO(rk_pubkey) got = NULL;

		assert_ok(rk_pubkey_from_ed25519(rk_pubkey_ed25519(want), &got));
		assert_true(rk_pubkey_equal(want, got));
		EVP_PKEY_free(pair);
	}
}

/* `n` has the wanted size and a 1 at both ends; whether it is a product of primes nobody asks. */
static rk_error *
from_rsa_bits(size_t bits, const char *exponent, size_t exponent_len, rk_pubkey **ret_key)
{
	uint8_t n[2100] = {0};
	size_t len = (bits + 7) / 8;

	n[0] = (uint8_t)(1u << (bits + 7) % 8);
	n[len - 1] |= 1;
	return rk_pubkey_from_rsa(n, len, exponent, exponent_len, ret_key);
}

static void
rsa_numbers_are_a_key_of_their_size(void **state)
{
	static const struct {
		size_t bits;
		enum rk_key_type type;
	} rows[] = {{2048, RK_KEY_RSA2048}, {2049, RK_KEY_RSA_OTHER}, {3072, RK_KEY_RSA3072},
	    {4096, RK_KEY_RSA4096}, {8192, RK_KEY_RSA_OTHER}, {16384, RK_KEY_RSA_OTHER}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO(rk_pubkey) key = NULL;

		assert_ok(from_rsa_bits(rows[i].bits, "\x01\x00\x01", 3, &key));
		assert_int_equal(rk_pubkey_type(key), rows[i].type);
		assert_int_equal(rk_pubkey_bits(key), rows[i].bits);
		assert_int_equal(rk_pubkey_family(key), RK_FAMILY_RSA_PSS);
	}
}

static void
rsa_numbers_of_a_module_are_the_key_of_its_spki(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_RSA2048);
	RK_AUTO(rk_pubkey) want = rk_soft_key_public(pair);
	RK_AUTO(rk_pubkey) got = NULL;
	RK_AUTO(rk_pubkey) padded = NULL;
	BIGNUM *n = NULL;
	uint8_t modulus[258] = {0};

	(void)state;
	assert_int_equal(EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2bin(n, modulus + 2), 256);
	assert_ok(rk_pubkey_from_rsa(modulus + 2, 256, "\x01\x00\x01", 3, &got));
	assert_true(rk_pubkey_equal(want, got));
	/* zeros in front are no part of a number */
	assert_ok(rk_pubkey_from_rsa(modulus, 258, "\x00\x01\x00\x01", 4, &padded));
	assert_true(rk_pubkey_equal(want, padded));
	BN_free(n);
	EVP_PKEY_free(pair);
}

static void
rsa_numbers_out_of_bounds_are_refused(void **state)
{
	static const uint8_t even[256] = {0x80};
	rk_pubkey *key = NULL;

	(void)state;
	assert_error(from_rsa_bits(2047, "\x03", 1, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(from_rsa_bits(1024, "\x03", 1, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(from_rsa_bits(16385, "\x03", 1, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(from_rsa_bits(16700, "\x03", 1, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(rk_pubkey_from_rsa(NULL, 0, "\x03", 1, &key), RK_E_TOKEN_UNSUPPORTED);
	assert_error(rk_pubkey_from_rsa(even, 256, "\x03", 1, &key), RK_E_MALFORMED);
	assert_error(from_rsa_bits(2048, "", 0, &key), RK_E_MALFORMED);
	assert_error(from_rsa_bits(2048, "\x00", 1, &key), RK_E_MALFORMED);
	assert_error(from_rsa_bits(2048, "\x01", 1, &key), RK_E_MALFORMED);
	assert_error(from_rsa_bits(2048, "\x01\x00", 2, &key), RK_E_MALFORMED);
	assert_error(
	    from_rsa_bits(2048, "\x01\x00\x00\x00\x00\x00\x00\x00\x01", 9, &key), RK_E_MALFORMED);
	assert_null(key);
}

/* RFC 8032, section 7.1, the first test. */
static void
a_seed_gives_the_public_half_of_its_ed25519_key(void **state)
{
	static const char seed[] =
	    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
	uint8_t bytes[32];
	char hex[65];
	rk_pubkey *key = NULL;

	(void)state;
	assert_ok(rk_unhex(seed, 64, bytes, sizeof(bytes)));
	assert_ok(rk_pubkey_from_ed25519_seed(bytes, &key));
	rk_hex(hex, rk_pubkey_ed25519(key), 32);
	assert_string_equal(hex, ed25519_hex);
	rk_pubkey_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(hex_points_of_old_files_are_keys),
	    spec(a_point_off_its_curve_or_of_another_form_is_refused),
	    spec(every_form_of_a_modules_point_is_one_key),
	    spec(a_p521_point_is_read_in_its_wrapping),
	    spec(every_form_of_an_ed25519_point_is_one_key),
	    spec(a_raw_ed25519_point_that_looks_wrapped_is_raw),
	    spec(a_wrapping_that_does_not_add_up_is_refused),
	    spec(curves_of_other_kinds_are_unsupported),
	    spec(ed25519_bytes_that_are_no_key_are_refused),
	    spec(ed25519_keys_by_openssl_are_taken),
	    spec(a_seed_gives_the_public_half_of_its_ed25519_key),
	    spec(rsa_numbers_are_a_key_of_their_size),
	    spec(rsa_numbers_of_a_module_are_the_key_of_its_spki),
	    spec(rsa_numbers_out_of_bounds_are_refused),
	};

	return cmocka_run_group_tests_name("pubkey_make", tests, NULL, NULL);
}
