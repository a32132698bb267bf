#include "support/soft_key.h"
#include "support/spec.h"

#include "world/pubkey.h"

#include <openssl/rsa.h>

#include <string.h>

#define RSA_SIZE 256

/* One pair of each kind for all tests: an RSA pair takes its time. */
static const enum rk_key_type types[] = {
    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_ECDSA_P521, RK_KEY_ED25519, RK_KEY_RSA2048};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))
#define ED25519 3
#define RSA 4
static EVP_PKEY *pairs[TYPE_COUNT];
static rk_pubkey *keys[TYPE_COUNT];
static rk_payload payload, other;

static int
make_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		pairs[i] = rk_soft_key_new(types[i]);
		keys[i] = rk_soft_key_public(pairs[i]);
	}
	assert_ok(rk_payload_from_bytes("payload", 7, &payload));
	assert_ok(rk_payload_from_bytes("Payload", 7, &other));
	return 0;
}

static int
free_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		EVP_PKEY_free(pairs[i]);
		rk_pubkey_free(keys[i]);
	}
	rk_payload_clear(&payload);
	rk_payload_clear(&other);
	return 0;
}

/* What a token would answer, appended to an empty buffer. */
static void
sign(size_t i, rk_buf *out)
{
	const struct rk_soft_wish wish = {
	    .hash = rk_pubkey_token_scheme(keys[i])->hash, .payload = &payload};

	rk_soft_key_sign(pairs[i], &wish, out);
	assert_ok(rk_buf_check(out));
}

static void
a_tokens_signature_verifies_under_the_tokens_scheme(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const rk_scheme *scheme = rk_pubkey_token_scheme(keys[i]);
		RK_AUTO_BUF(sig);

		sign(i, &sig);
		assert_ok(rk_pubkey_verify(keys[i], scheme, &payload, sig.data, sig.len));
		assert_error(
		    rk_pubkey_verify(keys[i], scheme, &other, sig.data, sig.len), RK_E_UNTRUSTED);
	}
}

static void
the_tokens_scheme_is_the_raw_one_with_the_curves_hash(void **state)
{
	static const enum rk_hash hashes[] = {
	    RK_HASH_SHA256, RK_HASH_SHA384, RK_HASH_SHA512, RK_HASH_NONE, RK_HASH_SHA256};
	static const char *const names[] = {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
	    "ecdsa-sha2-nistp521", "ed25519", "rsassa-pss-sha256"};

	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const rk_scheme *scheme = rk_pubkey_token_scheme(keys[i]);

		assert_int_equal(scheme->hash, hashes[i]);
		assert_int_equal(scheme->family, rk_pubkey_family(keys[i]));
		assert_int_equal(scheme->shape, RK_SIG_RAW);
		assert_int_equal(scheme->curve_bits, i < ED25519 ? rk_pubkey_bits(keys[i]) : 0);
		assert_string_equal(scheme->name, names[i]);
	}
}

static void
ecdsa_in_der_is_the_same_signature(void **state)
{
	(void)state;
	for (size_t i = 0; i < ED25519; i++) {
		rk_scheme scheme = *rk_pubkey_token_scheme(keys[i]);
		RK_AUTO_BUF(raw);
		RK_AUTO_BUF(der);

		scheme.shape = RK_SIG_DER;
		sign(i, &raw);
		assert_ok(rk_ecdsa_raw_to_der((const uint8_t *)raw.data, raw.len, &der));
		assert_ok(rk_pubkey_verify(keys[i], &scheme, &payload, der.data, der.len));
		assert_error(
		    rk_pubkey_verify(keys[i], &scheme, &other, der.data, der.len), RK_E_UNTRUSTED);
		assert_error(rk_pubkey_verify(keys[i], &scheme, &payload, raw.data, raw.len),
		    RK_E_MALFORMED);
		rk_buf_byte(&der, 0);
		assert_error(rk_pubkey_verify(keys[i], &scheme, &payload, der.data, der.len),
		    RK_E_UNTRUSTED);
	}
}

static void
another_hash_is_another_signature(void **state)
{
	rk_scheme scheme = *rk_pubkey_token_scheme(keys[1]);
	RK_AUTO_BUF(sig);

	(void)state;
	sign(1, &sig);
	scheme.hash = RK_HASH_SHA256; /* as some clients would have it for P-384 */
	assert_error(
	    rk_pubkey_verify(keys[1], &scheme, &payload, sig.data, sig.len), RK_E_UNTRUSTED);
}

static void
any_bit_turned_is_not_trusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const rk_scheme *scheme = rk_pubkey_token_scheme(keys[i]);
		RK_AUTO_BUF(sig);

		sign(i, &sig);
		for (size_t at = 0; at < sig.len; at++) {
			sig.data[at] ^= 0x10;
			assert_error(rk_pubkey_verify(keys[i], scheme, &payload, sig.data, sig.len),
			    RK_E_UNTRUSTED);
			sig.data[at] ^= 0x10;
		}
	}
}

static void
somebody_elses_signature_is_not_trusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		EVP_PKEY *stranger = rk_soft_key_new(types[i]);
		const rk_scheme *scheme = rk_pubkey_token_scheme(keys[i]);
		const struct rk_soft_wish wish = {.hash = scheme->hash, .payload = &payload};
		RK_AUTO_BUF(sig);

		rk_soft_key_sign(stranger, &wish, &sig);
		assert_error(
		    rk_pubkey_verify(keys[i], scheme, &payload, sig.data, sig.len), RK_E_UNTRUSTED);
		EVP_PKEY_free(stranger);
	}
}

static void
a_signature_of_another_length_cannot_be_one(void **state)
{
	static const uint8_t zeros[1024] = {0};

	(void)state;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const rk_scheme *scheme = rk_pubkey_token_scheme(keys[i]);
		RK_AUTO_BUF(sig);

		sign(i, &sig);
		assert_error(rk_pubkey_verify(keys[i], scheme, &payload, sig.data, sig.len - 1),
		    RK_E_MALFORMED);
		rk_buf_byte(&sig, 0);
		assert_error(
		    rk_pubkey_verify(keys[i], scheme, &payload, sig.data, sig.len), RK_E_MALFORMED);
		assert_error(rk_pubkey_verify(keys[i], scheme, &payload, "", 0), RK_E_MALFORMED);
		assert_error(rk_pubkey_verify(keys[i], scheme, &payload, zeros, sizeof(zeros)),
		    RK_E_MALFORMED);
	}
}

static void
an_ecdsa_signature_with_a_zero_cannot_be_one(void **state)
{
	rk_scheme scheme = *rk_pubkey_token_scheme(keys[0]);
	uint8_t zeros[64] = {0};

	(void)state;
	assert_error(
	    rk_pubkey_verify(keys[0], &scheme, &payload, zeros, sizeof(zeros)), RK_E_MALFORMED);
	scheme.shape = RK_SIG_DER;
	assert_error(
	    rk_pubkey_verify(keys[0], &scheme, &payload, "\x30\x06\x02\x01\x00\x02\x01\x00", 8),
	    RK_E_UNTRUSTED);
	assert_error(rk_pubkey_verify(keys[0], &scheme, &payload, "", 0), RK_E_MALFORMED);
	assert_error(rk_pubkey_verify(keys[0], &scheme, &payload, "\x30\x00", 2), RK_E_MALFORMED);
}

static void
pss_is_taken_with_any_salt(void **state)
{
	static const int salts[] = {RK_SOFT_NO_SALT, 1, 20, 32, RSA_SIZE - 32 - 2};

	(void)state;
	for (size_t i = 0; i < sizeof(salts) / sizeof(salts[0]); i++) {
		const struct rk_soft_wish wish = {
		    .hash = RK_HASH_SHA256, .payload = &payload, .salt_len = salts[i]};
		RK_AUTO_BUF(sig);

		rk_soft_key_sign(pairs[RSA], &wish, &sig);
		assert_ok(rk_pubkey_verify(
		    keys[RSA], rk_pubkey_token_scheme(keys[RSA]), &payload, sig.data, sig.len));
	}
}

static void
rsa_is_verified_with_every_hash_and_both_paddings(void **state)
{
	(void)state;
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		const rk_scheme pss = {.name = "pss", .family = RK_FAMILY_RSA_PSS, .hash = hash};
		const rk_scheme pkcs1 = {
		    .name = "pkcs1", .family = RK_FAMILY_RSA_PKCS1, .hash = hash};
		struct rk_soft_wish wish = {.hash = hash, .payload = &payload};
		RK_AUTO_BUF(by_pss);
		RK_AUTO_BUF(by_pkcs1);

		rk_soft_key_sign(pairs[RSA], &wish, &by_pss);
		wish.rsa_padding = RSA_PKCS1_PADDING;
		rk_soft_key_sign(pairs[RSA], &wish, &by_pkcs1);
		assert_ok(rk_pubkey_verify(keys[RSA], &pss, &payload, by_pss.data, by_pss.len));
		assert_ok(
		    rk_pubkey_verify(keys[RSA], &pkcs1, &payload, by_pkcs1.data, by_pkcs1.len));
		assert_error(rk_pubkey_verify(keys[RSA], &pkcs1, &payload, by_pss.data, by_pss.len),
		    RK_E_UNTRUSTED);
		assert_error(
		    rk_pubkey_verify(keys[RSA], &pss, &payload, by_pkcs1.data, by_pkcs1.len),
		    RK_E_UNTRUSTED);
	}
}

static void
a_scheme_that_does_not_fit_the_key_is_refused(void **state)
{
	uint8_t sig[RSA_SIZE] = {0};

	(void)state;
	for (size_t key = 0; key < TYPE_COUNT; key++) {
		for (size_t i = 0; i < TYPE_COUNT; i++) {
			if (i != key)
				assert_error(
				    rk_pubkey_verify(keys[key], rk_pubkey_token_scheme(keys[i]),
					&payload, sig, sizeof(sig)),
				    RK_E_REFUSED);
		}
	}
}

static void
a_payload_without_what_the_scheme_needs_is_our_defect(void **state)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_payload poor;

	(void)state;
	assert_ok(rk_payload_begin(1u << RK_HASH_SHA224, false, &pass));
	assert_ok(rk_payload_finish(pass, &poor));
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		RK_AUTO_BUF(sig);

		sign(i, &sig);
		assert_error(rk_pubkey_verify(keys[i], rk_pubkey_token_scheme(keys[i]), &poor,
				 sig.data, sig.len),
		    RK_E_INTERNAL);
	}
	rk_payload_clear(&poor);
}

/* RFC 8032, 7.1, tests 1 and 2: nothing, and one byte. */
static void
ed25519_vectors_verify(void **state)
{
	static const struct {
		const char *key, *message, *sig;
	} rows[] = {
	    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
		"c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "r",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
		"458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t raw[32], sig[64];
		RK_AUTO(rk_pubkey) key = NULL;
		rk_payload message;

		assert_ok(rk_unhex(rows[i].key, 64, raw, 32));
		assert_ok(rk_unhex(rows[i].sig, 128, sig, 64));
		assert_ok(rk_pubkey_from_ed25519(raw, &key));
		assert_ok(rk_payload_from_bytes(rows[i].message, i, &message));
		assert_ok(
		    rk_pubkey_verify(key, rk_pubkey_token_scheme(key), &message, sig, sizeof(sig)));
		rk_payload_clear(&message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_tokens_signature_verifies_under_the_tokens_scheme),
	    spec(the_tokens_scheme_is_the_raw_one_with_the_curves_hash),
	    spec(ecdsa_in_der_is_the_same_signature),
	    spec(another_hash_is_another_signature),
	    spec(any_bit_turned_is_not_trusted),
	    spec(somebody_elses_signature_is_not_trusted),
	    spec(a_signature_of_another_length_cannot_be_one),
	    spec(an_ecdsa_signature_with_a_zero_cannot_be_one),
	    spec(pss_is_taken_with_any_salt),
	    spec(rsa_is_verified_with_every_hash_and_both_paddings),
	    spec(a_scheme_that_does_not_fit_the_key_is_refused),
	    spec(a_payload_without_what_the_scheme_needs_is_our_defect),
	    spec(ed25519_vectors_verify),
	};

	return cmocka_run_group_tests_name("pubkey_verify", tests, make_all, free_all);
}
