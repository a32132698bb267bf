#include "support/soft_key.h"
#include "support/spec.h"

#include "world/signature.h"

#include <string.h>

static const unsigned all_hashes =
    1u << RK_HASH_SHA224 | 1u << RK_HASH_SHA256 | 1u << RK_HASH_SHA384 | 1u << RK_HASH_SHA512;

/* FIPS 180-4's first example, in every length. */
static const char *const abc_digests[] = {
    [RK_HASH_SHA224] = "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    [RK_HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    [RK_HASH_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		       "8086072ba1e7cc2358baeca134c825a7",
    [RK_HASH_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static void
assert_abc(const rk_payload *payload, enum rk_hash hash)
{
	size_t len = 0;
	const uint8_t *digest = rk_payload_digest(payload, hash, &len);
	char hex[129];

	assert_non_null(digest);
	rk_hex(hex, digest, len);
	assert_string_equal(hex, abc_digests[hash]);
}

static void
one_pass_takes_every_digest_and_keeps_the_bytes(void **state)
{
	rk_payload payload;

	(void)state;
	assert_ok(rk_payload_from_bytes("abc", 3, &payload));
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++)
		assert_abc(&payload, hash);
	assert_int_equal(payload.len, 3);
	assert_true(payload.whole);
	assert_string_equal(rk_buf_str(&payload.bytes), "abc");
	rk_payload_clear(&payload);
	assert_int_equal(payload.have, 0);
	assert_null(payload.bytes.data);
}

static void
nothing_at_all_has_digests_too(void **state)
{
	rk_payload payload;
	uint8_t digest[32];
	char hex[65];

	(void)state;
	assert_ok(rk_payload_from_bytes(NULL, 0, &payload));
	rk_sha256("", 0, digest);
	assert_memory_equal(payload.sha256, digest, 32);
	rk_hex(hex, digest, 32);
	assert_string_equal(
	    hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_true(payload.whole);
	assert_int_equal(payload.len, 0);
	rk_payload_clear(&payload);
}

static void
pieces_through_the_sink_are_one_payload(void **state)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_payload payload;

	(void)state;
	assert_ok(rk_payload_begin(all_hashes, false, &pass));
	rk_sink sink = rk_payload_sink(pass);
	assert_ok(sink.write(sink.context, "a", 1));
	assert_ok(sink.write(sink.context, "", 0));
	assert_ok(sink.write(sink.context, "bc", 2));
	assert_ok(rk_payload_finish(pass, &payload));
	for (enum rk_hash hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++)
		assert_abc(&payload, hash);
	assert_int_equal(payload.len, 3);
	assert_false(payload.whole);
	assert_int_equal(payload.bytes.len, 0);
	rk_payload_clear(&payload);
}

static void
what_was_not_asked_for_is_not_there(void **state)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_payload payload;
	size_t len = 77;

	(void)state;
	assert_ok(rk_payload_begin(1u << RK_HASH_SHA384 | 1u << RK_HASH_NONE, true, &pass));
	assert_ok(rk_payload_sink(pass).write(pass, "abc", 3));
	assert_ok(rk_payload_finish(pass, &payload));
	assert_abc(&payload, RK_HASH_SHA384);
	assert_null(rk_payload_digest(&payload, RK_HASH_SHA256, &len));
	assert_null(rk_payload_digest(&payload, RK_HASH_NONE, &len));
	assert_int_equal(len, 77);
	assert_string_equal(rk_buf_str(&payload.bytes), "abc");
	rk_payload_clear(&payload);
}

static void
a_pass_that_is_given_up_leaves_nothing(void **state)
{
	RK_AUTO(rk_payload_pass) pass = NULL;

	(void)state;
	assert_ok(rk_payload_begin(all_hashes, true, &pass));
	assert_ok(rk_payload_sink(pass).write(pass, "abc", 3));
}

/* Two numbers of four bytes and what DER makes of them. */
static const struct pair {
	const char *raw, *der;
} pairs[] = {
    {"0000000100000002", "3006020101020102"}, /* leading zeros go */
    {"0000007f00000080", "300702017f02020080"}, /* the high bit wants a zero */
    {"8000000000000001", "300a02050080000000020101"},
    {"fffffffeffffffff", "300e020500fffffffe020500ffffffff"},
    {"0080000000008000", "300b0204008000000203008000"},
    {"7fffffff00ffffff", "300c02047fffffff020400ffffff"},
};

static void
raw_and_der_are_the_same_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		RK_AUTO_BUF(raw);
		RK_AUTO_BUF(der);
		RK_AUTO_BUF(made);
		RK_AUTO_BUF(back);

		assert_ok(rk_unhex_buf(pairs[i].raw, strlen(pairs[i].raw), &raw));
		assert_ok(rk_unhex_buf(pairs[i].der, strlen(pairs[i].der), &der));
		assert_ok(rk_ecdsa_raw_to_der((const uint8_t *)raw.data, raw.len, &made));
		assert_int_equal(made.len, der.len);
		assert_memory_equal(made.data, der.data, der.len);
		assert_ok(rk_ecdsa_der_to_raw((const uint8_t *)der.data, der.len, 4, &back));
		assert_int_equal(back.len, raw.len);
		assert_memory_equal(back.data, raw.data, raw.len);
	}
}

/* The widest r and s of each curve: the SEQUENCE of P-521 has a length of two bytes. */
static void
every_width_goes_there_and_back(void **state)
{
	(void)state;
	for (size_t half = 1; half <= 66; half++) {
		uint8_t raw[132];
		RK_AUTO_BUF(der);
		RK_AUTO_BUF(back);

		memset(raw, 0xff, 2 * half);
		assert_ok(rk_ecdsa_raw_to_der(raw, 2 * half, &der));
		assert_ok(rk_ecdsa_der_to_raw((const uint8_t *)der.data, der.len, half, &back));
		assert_int_equal(back.len, 2 * half);
		assert_memory_equal(back.data, raw, 2 * half);
	}
}

static void
raw_bytes_that_are_no_pair_of_numbers_are_refused(void **state)
{
	static const uint8_t zeros[200] = {0};
	uint8_t raw[200];
	RK_AUTO_BUF(out);

	(void)state;
	memset(raw, 1, sizeof(raw));
	rk_buf_text(&out, "before");
	assert_error(rk_ecdsa_raw_to_der(raw, 0, &out), RK_E_MALFORMED);
	assert_error(rk_ecdsa_raw_to_der(raw, 63, &out), RK_E_MALFORMED);
	assert_error(rk_ecdsa_raw_to_der(raw, 134, &out), RK_E_MALFORMED);
	assert_error(rk_ecdsa_raw_to_der(zeros, 64, &out), RK_E_MALFORMED);
	memset(raw, 0, 32);
	assert_error(rk_ecdsa_raw_to_der(raw, 64, &out), RK_E_MALFORMED);
	memset(raw, 1, 32);
	memset(raw + 32, 0, 32);
	assert_error(rk_ecdsa_raw_to_der(raw, 64, &out), RK_E_MALFORMED);
	assert_string_equal(rk_buf_str(&out), "before");
}

static const char *const bad_der[] = {
    "", "30", "3000", "30060201010201", /* cut short */
    "300602010102010200", /* one byte too many behind */
    "300702010102010200", /* and inside */
    "300702020001020102", /* a zero too many before r */
    "300702010102020002", /* and before s */
    "3006020100020102", /* r is zero */
    "3006020101020100", /* s is zero */
    "30060201ff020102", /* r is negative */
    "3006020101020180", /* s is negative */
    "308106020101020102", /* a length in long form */
    "30800201010201020000", /* an indefinite one */
    "300702810101020102", "30050200020102", /* r has no bytes */
    "3106020101020102", /* a SET */
    "3006030101020102", /* a BIT STRING */
    "300c020500ffffffff02020102", /* lengths that do not add up */
    "300a02050100000000020101", /* r has 33 bits */
    "300a02010102050100000000", /* s has 33 bits */
};

static void
der_that_is_not_minimal_or_too_wide_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_der) / sizeof(bad_der[0]); i++) {
		RK_AUTO_BUF(der);
		RK_AUTO_BUF(out);

		rk_buf_text(&out, "before");
		assert_ok(rk_unhex_buf(bad_der[i], strlen(bad_der[i]), &der));
		rk_error *err =
		    rk_ecdsa_der_to_raw((const uint8_t *)rk_buf_str(&der), der.len, 4, &out);
		if (!err)
			print_error("taken: %s\n", bad_der[i]);
		assert_error(err, RK_E_MALFORMED);
		assert_string_equal(rk_buf_str(&out), "before");
	}
}

static void
a_width_of_no_curve_is_refused(void **state)
{
	static const uint8_t der[] = {0x30, 6, 2, 1, 1, 2, 1, 2};
	RK_AUTO_BUF(out);

	(void)state;
	assert_error(rk_ecdsa_der_to_raw(der, sizeof(der), 0, &out), RK_E_MALFORMED);
	assert_error(rk_ecdsa_der_to_raw(der, sizeof(der), 67, &out), RK_E_MALFORMED);
	assert_int_equal(out.len, 0);
}

/* OpenSSL is the judge: its signatures survive the way to r||s and back to the last byte. */
static void
signatures_by_openssl_survive_the_round_trip(void **state)
{
	static const enum rk_key_type types[] = {
	    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_ECDSA_P521};
	rk_payload payload;

	(void)state;
	assert_ok(rk_payload_from_bytes("abc", 3, &payload));
	for (size_t i = 0; i < 3 * 40; i++) {
		EVP_PKEY *pair = rk_soft_key_new(types[i % 3]);
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
		size_t half = ((size_t)EVP_PKEY_get_bits(pair) + 7) / 8, len = 200;
		uint8_t sig[200];
		RK_AUTO_BUF(raw);
		RK_AUTO_BUF(der);

		assert_int_equal(EVP_PKEY_sign_init(context), 1);
		assert_int_equal(EVP_PKEY_sign(context, sig, &len, payload.sha256, 32), 1);
		assert_ok(rk_ecdsa_der_to_raw(sig, len, half, &raw));
		assert_int_equal(raw.len, 2 * half);
		assert_ok(rk_ecdsa_raw_to_der((const uint8_t *)raw.data, raw.len, &der));
		assert_int_equal(der.len, len);
		assert_memory_equal(der.data, sig, len);
		EVP_PKEY_CTX_free(context);
		EVP_PKEY_free(pair);
	}
	rk_payload_clear(&payload);
}

static void
a_digest_is_that_of_each_call_alone(void **state)
{
	static const char *const texts[] = {"", "abc", "", "abc"};
	static const uint8_t begins[][4] = {{0xe3, 0xb0, 0xc4, 0x42}, {0xba, 0x78, 0x16, 0xbf},
	    {0xe3, 0xb0, 0xc4, 0x42}, {0xba, 0x78, 0x16, 0xbf}};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t digest[32];

		rk_sha256(texts[i], strlen(texts[i]), digest);
		assert_memory_equal(digest, begins[i], sizeof(begins[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(one_pass_takes_every_digest_and_keeps_the_bytes),
	    spec(nothing_at_all_has_digests_too),
	    spec(pieces_through_the_sink_are_one_payload),
	    spec(what_was_not_asked_for_is_not_there),
	    spec(a_pass_that_is_given_up_leaves_nothing),
	    spec(a_digest_is_that_of_each_call_alone),
	    spec(raw_and_der_are_the_same_numbers),
	    spec(every_width_goes_there_and_back),
	    spec(raw_bytes_that_are_no_pair_of_numbers_are_refused),
	    spec(der_that_is_not_minimal_or_too_wide_is_refused),
	    spec(a_width_of_no_curve_is_refused),
	    spec(signatures_by_openssl_survive_the_round_trip),
	};

	return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
