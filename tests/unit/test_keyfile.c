#include "support/folder.h"
#include "support/key_spec.h"
#include "support/spec.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <string.h>

static const enum rk_key_type types[] = {
    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_ECDSA_P521, RK_KEY_ED25519, RK_KEY_RSA2048};

static void
pkcs8_of_every_type_is_read_bare_and_as_pem(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *pair = rk_soft_key_new(types[i]);
		RK_AUTO_BUF(der);
		RK_AUTO_BUF(pem);

		rk_key_maker_pkcs8(pair, &der);
		rk_key_maker_pem("PRIVATE KEY", NULL, &der, &pem);
		rk_key_spec_reads(&der, pair);
		rk_key_spec_reads(&pem, pair);
		EVP_PKEY_free(pair);
	}
}

static void
pkcs1_and_sec1_are_read_bare_and_as_pem(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *pair;
		RK_AUTO_BUF(der);
		RK_AUTO_BUF(pem);

		if (types[i] == RK_KEY_ED25519)
			continue;
		pair = rk_soft_key_new(types[i]);
		rk_key_maker_traditional(pair, &der);
		rk_key_maker_pem(types[i] == RK_KEY_RSA2048 ? "RSA PRIVATE KEY" : "EC PRIVATE KEY",
		    NULL, &der, &pem);
		rk_key_spec_reads(&der, pair);
		rk_key_spec_reads(&pem, pair);
		EVP_PKEY_free(pair);
	}
}

static void
what_comes_out_is_the_same_however_it_came(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_keyfile) one = NULL;
	RK_AUTO(rk_keyfile) other = NULL;
	RK_AUTO_BUF(pkcs8);
	RK_AUTO_BUF(sec1);

	(void)state;
	rk_key_maker_pkcs8(pair, &pkcs8);
	rk_key_maker_traditional(pair, &sec1);
	assert_ok(rk_key_spec_read(&pkcs8, &one));
	assert_ok(rk_key_spec_read(&sec1, &other));
	assert_true(rk_secret_equal(one->pkcs8, other->pkcs8));
	assert_int_equal(rk_secret_len(one->pkcs8), pkcs8.len);
	assert_memory_equal(rk_secret_peek(one->pkcs8), pkcs8.data, pkcs8.len);
	EVP_PKEY_free(pair);
}

static void
notary_s_headers_are_read(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_keyfile) file = NULL;
	RK_AUTO(rk_keyfile) exported = NULL;
	RK_AUTO_BUF(pem);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(with_path);

	(void)state;
	rk_key_maker_notary(pair, "targets/releases", "pass", &pem);
	assert_ok(rk_key_spec_read(&pem, &file));
	assert_string_equal(file->role, "targets/releases");
	assert_string_equal(file->gun, "lab.example/app");
	assert_null(file->path);
	assert_ok(rk_key_spec_unseal(file, "pass"));
	rk_key_spec_is(file, pair);
	rk_key_maker_pkcs8(pair, &der);
	rk_key_maker_pem("PRIVATE KEY", "path: 0a1b\nrole: root\nX-Other: thing\n more of it\n",
	    &der, &with_path);
	assert_ok(rk_key_spec_read(&with_path, &exported));
	assert_string_equal(exported->path, "0a1b");
	assert_string_equal(exported->role, "root");
	assert_null(exported->gun);
	rk_key_spec_is(exported, pair);
	EVP_PKEY_free(pair);
}

static void
a_header_twice_or_of_noise_is_refused(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(twice);
	RK_AUTO_BUF(noise);

	(void)state;
	rk_key_maker_pkcs8(pair, &der);
	rk_key_maker_pem("PRIVATE KEY", "role: root\nrole: targets\n", &der, &twice);
	rk_key_maker_pem("PRIVATE KEY", "role: \xff\xfe\n", &der, &noise);
	rk_key_spec_refuses(&twice, RK_E_MALFORMED, "header");
	rk_key_spec_refuses(&noise, RK_E_MALFORMED, "header");
	EVP_PKEY_free(pair);
}

/* Notary's own marshalling: version 1, RSA without parameters. */
static void
notary_s_odd_pkcs8_is_read(void **state)
{
	EVP_PKEY *ec = rk_soft_key_new(RK_KEY_ECDSA_P256), *rsa = rk_soft_key_new(RK_KEY_RSA2048);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(pkcs1);
	RK_AUTO_BUF(odd);
	static const uint8_t algorithm[] = {
	    0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};

	(void)state;
	rk_key_maker_pkcs8(ec, &der);
	assert_memory_equal(der.data + 3, "\x02\x01\x00", 3);
	der.data[5] = 1;
	rk_key_spec_reads(&der, ec);
	der.data[5] = 2;
	rk_key_spec_refuses(&der, RK_E_MALFORMED, "PKCS#8");
	rk_key_maker_traditional(rsa, &pkcs1);
	size_t inner = pkcs1.len + 4, all = 3 + sizeof(algorithm) + inner;
	rk_buf_append(&odd, (const uint8_t[]){0x30, 0x82, (uint8_t)(all >> 8), (uint8_t)all}, 4);
	rk_buf_append(&odd, "\x02\x01\x01", 3);
	rk_buf_append(&odd, algorithm, sizeof(algorithm));
	rk_buf_append(
	    &odd, (const uint8_t[]){0x04, 0x82, (uint8_t)(pkcs1.len >> 8), (uint8_t)pkcs1.len}, 4);
	rk_buf_append(&odd, pkcs1.data, pkcs1.len);
	rk_key_spec_reads(&odd, rsa);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
}

/* RFC 8032's first test key in each dress that an Ed25519 key has. */
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define POINT "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static void
assert_edwards(const char *label, const char *hex)
{
	RK_AUTO(rk_keyfile) file = NULL;
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(pem);
	uint8_t point[32], wanted[48];

	assert_ok(rk_unhex_buf(hex, strlen(hex), &der));
	if (label)
		rk_key_maker_pem(label, NULL, &der, &pem);
	assert_ok(rk_key_spec_read(label ? &pem : &der, &file));
	assert_ok(rk_unhex(POINT, 64, point, 32));
	assert_memory_equal(rk_pubkey_ed25519(file->pubkey), point, 32);
	assert_ok(rk_unhex("302e020100300506032b657004220420" SEED, 96, wanted, 48));
	assert_int_equal(rk_secret_len(file->pkcs8), 48);
	assert_memory_equal(rk_secret_peek(file->pkcs8), wanted, 48);
}

static void
ed25519_is_read_in_each_of_its_dresses(void **state)
{
	(void)state;
	assert_edwards(NULL, "302e020100300506032b657004220420" SEED);
	/* RFC 8410 with its public half. */
	assert_edwards("PRIVATE KEY", "3051020101300506032b657004220420" SEED "812100" POINT);
	/* Notary: GNU's identifier and 96 bytes; before PKCS#8 the 96 bytes alone. */
	assert_edwards("PRIVATE KEY", "3072020101300b06092b06010401da470f010460" POINT SEED POINT);
	assert_edwards("ED25519 PRIVATE KEY", POINT SEED POINT);
}

static void
a_public_half_that_is_not_its_own_is_refused(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(edwards);
	RK_AUTO_BUF(halves);

	(void)state;
	rk_key_maker_pkcs8(pair, &der);
	rk_key_spec_reads(&der, pair);
	der.data[der.len - 1] ^= 1;
	rk_key_spec_refuses(&der, RK_E_MALFORMED, "does not belong");
	der.data[der.len - 1] ^= 1;
	der.data[40] ^= 1; /* the scalar's */
	rk_key_spec_refuses(&der, RK_E_MALFORMED, "does not belong");
	assert_ok(
	    rk_unhex_buf("3051020101300506032b657004220420" SEED "812100" SEED, 166, &edwards));
	rk_key_spec_refuses(&edwards, RK_E_MALFORMED, "does not belong");
	assert_ok(
	    rk_unhex_buf("3072020101300b06092b06010401da470f010460" POINT SEED SEED, 232, &halves));
	rk_key_spec_refuses(&halves, RK_E_MALFORMED, "does not belong");
	EVP_PKEY_free(pair);
}

static void
an_ec_key_without_its_point_is_told(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_keyfile) file = NULL;
	RK_AUTO_BUF(der);

	(void)state;
	assert_int_equal(EVP_PKEY_set_int_param(pair, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 0), 1);
	rk_key_maker_traditional(pair, &der);
	assert_in_range(der.len, 40, 60);
	assert_ok(rk_key_spec_read(&der, &file));
	assert_true(file->unchecked);
	rk_key_spec_is(file, pair);
	EVP_PKEY_free(pair);
}

static void
rsa_numbers_that_contradict_each_other_are_refused(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_RSA2048);
	RK_AUTO_BUF(der);

	/* In the modulus, d, both primes, their remainders and the last number. */
	(void)state;
	rk_key_maker_traditional(pair, &der);
	for (size_t at = 60; at < der.len; at += 97) {
		der.data[at] ^= 2;
		RK_AUTO(rk_keyfile) file = NULL;
		assert_error(rk_key_spec_read(&der, &file), RK_E_MALFORMED);
		der.data[at] ^= 2;
	}
	rk_key_spec_reads(&der, pair);
	EVP_PKEY_free(pair);
}

static void
small_rsa_and_strange_kinds_are_refused(void **state)
{
	EVP_PKEY *small = EVP_RSA_gen(1024), *curve = EVP_EC_gen("secp256k1"),
		 *other = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	RK_AUTO_BUF(rsa);
	RK_AUTO_BUF(ec);
	RK_AUTO_BUF(x);

	(void)state;
	rk_key_maker_pkcs8(small, &rsa);
	rk_key_spec_refuses(&rsa, RK_E_TOKEN_UNSUPPORTED, "1024 bits");
	rk_key_maker_pkcs8(curve, &ec);
	rk_key_spec_refuses(&ec, RK_E_TOKEN_UNSUPPORTED, "secp256k1");
	rk_key_maker_pkcs8(other, &x);
	rk_key_spec_refuses(&x, RK_E_TOKEN_UNSUPPORTED, "X25519");
	EVP_PKEY_free(small);
	EVP_PKEY_free(curve);
	EVP_PKEY_free(other);
}

static void
a_scalar_of_zero_or_beyond_the_order_is_refused(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO_BUF(der);

	(void)state;
	rk_key_maker_traditional(pair, &der);
	memset(der.data + 7, 0, 32);
	rk_key_spec_refuses(&der, RK_E_MALFORMED, "number");
	memset(der.data + 7, 0xff, 32);
	rk_key_spec_refuses(&der, RK_E_MALFORMED, "number");
	EVP_PKEY_free(pair);
}

static void
one_file_is_one_key(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO_BUF(pem);

	(void)state;
	rk_key_maker_notary(pair, "root", NULL, &pem);
	rk_key_maker_notary(pair, "targets", NULL, &pem);
	rk_key_spec_refuses(&pem, RK_E_MALFORMED, "more than one");
	EVP_PKEY_free(pair);
}

static void
what_is_no_private_key_is_said_to_be_none(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ED25519);
	RK_AUTO(rk_pubkey) public = rk_soft_key_public(pair);
	RK_AUTO_BUF(pem);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(empty);
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(public, &len);

	(void)state;
	rk_buf_text(&pem, rk_pubkey_pem(public));
	rk_key_spec_refuses(&pem, RK_E_NOT_FOUND, "public half");
	rk_buf_append(&der, spki, len);
	rk_key_spec_refuses(&der, RK_E_NOT_FOUND, "public half");
	rk_buf_text(&text, "0 is what this letter begins with");
	rk_key_spec_refuses(&text, RK_E_NOT_FOUND, "no private key");
	rk_key_spec_refuses(&empty, RK_E_NOT_FOUND, "no private key");
	EVP_PKEY_free(pair);
}

static void
other_programs_forms_are_named_not_guessed(void **state)
{
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(ssh);

	(void)state;
	rk_buf_text(&der, "openssh-key-v1");
	rk_key_maker_pem("OPENSSH PRIVATE KEY", NULL, &der, &ssh);
	rk_key_spec_refuses(&ssh, RK_E_TOKEN_UNSUPPORTED, "form that we do not know");
}

static void
parameters_and_certificates_may_stand_beside_the_key(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO_BUF(oid);
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(pem);

	(void)state;
	assert_ok(rk_unhex_buf("06082a8648ce3d030107", 20, &oid));
	rk_buf_text(&pem, "Bag Attributes: <none>\r\n");
	rk_key_maker_pem("EC PARAMETERS", NULL, &oid, &pem);
	rk_key_maker_traditional(pair, &der);
	rk_key_maker_pem("EC PRIVATE KEY", NULL, &der, &pem);
	rk_key_maker_pem("CERTIFICATE", NULL, &oid, &pem);
	rk_key_spec_reads(&pem, pair);
	EVP_PKEY_free(pair);
}

static int
begin(void **state)
{
	assert_ok(rk_secret_heap_init());
	return rk_folder_new(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pkcs8_of_every_type_is_read_bare_and_as_pem),
	    cmocka_unit_test(pkcs1_and_sec1_are_read_bare_and_as_pem),
	    cmocka_unit_test(what_comes_out_is_the_same_however_it_came),
	    cmocka_unit_test(notary_s_headers_are_read),
	    cmocka_unit_test(a_header_twice_or_of_noise_is_refused),
	    cmocka_unit_test(notary_s_odd_pkcs8_is_read),
	    cmocka_unit_test(ed25519_is_read_in_each_of_its_dresses),
	    cmocka_unit_test(a_public_half_that_is_not_its_own_is_refused),
	    cmocka_unit_test(an_ec_key_without_its_point_is_told),
	    cmocka_unit_test(rsa_numbers_that_contradict_each_other_are_refused),
	    cmocka_unit_test(small_rsa_and_strange_kinds_are_refused),
	    cmocka_unit_test(a_scalar_of_zero_or_beyond_the_order_is_refused),
	    cmocka_unit_test(one_file_is_one_key),
	    cmocka_unit_test(what_is_no_private_key_is_said_to_be_none),
	    cmocka_unit_test(other_programs_forms_are_named_not_guessed),
	    cmocka_unit_test(parameters_and_certificates_may_stand_beside_the_key),
	};

	return cmocka_run_group_tests(tests, begin, rk_folder_remove);
}
