#include "support/soft_key.h"
#include "support/spec.h"

#include "world/pubkey.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

/* Keys made by ssh-keygen, whose lines and PEM are the second opinion. */
static const struct vector {
	enum rk_key_type type;
	enum rk_family family;
	unsigned bits;
	const char *pem, *ssh, *fingerprint;
} vectors[] = {
    {RK_KEY_ECDSA_P256, RK_FAMILY_ECDSA, 256,
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhRUp83m9ZJGQJzUCHIw8vEgaDacc\n"
	"2xbHEb/sJe9+sJ6R1nLlVlEvRYCo0UH7ogce5IMdpZlzIsn9y6p6BG+Y8Q==\n"
	"-----END PUBLIC KEY-----\n",
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIUVKfN5vWSR"
	"kCc1AhyMPLxIGg2nHNsWxxG/7CXvfrCekdZy5VZRL0WAqNFB+6IHHuSDHaWZcyLJ/cuqegRvmPE=",
	"9e4d65cb6223d7491d34cd94f1a66a43f05da8ee1601e6f4f074657fc1952a58"},
    {RK_KEY_ECDSA_P384, RK_FAMILY_ECDSA, 384,
	"-----BEGIN PUBLIC KEY-----\n"
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJvMJkRYx/6yxsaPudbpIhpZqVA8FkHhP\n"
	"nGmgZV6Dmo2GwdmXS9LE8VXPcP9b/uVNNBEgLrI3Tv4Yu4bN2IhU6r7MZPQQYJS2\n"
	"FfQSOn0zm5CBoRxSjoQgJXtbCURUiO+t\n"
	"-----END PUBLIC KEY-----\n",
	"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBCbzCZEWMf+s"
	"sbGj7nW6SIaWalQPBZB4T5xpoGVeg5qNhsHZl0vSxPFVz3D/W/7lTTQRIC6yN07+GLuGzdiIVOq+zGT0EGCU"
	"thX0Ejp9M5uQgaEcUo6EICV7WwlEVIjvrQ==",
	"779fbebbd0bac423057485e94fa58069cc5ecf5a3175c73b23f726f641e70b18"},
    {RK_KEY_ECDSA_P521, RK_FAMILY_ECDSA, 521,
	"-----BEGIN PUBLIC KEY-----\n"
	"MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAu/TTzJ4ZBehxx2jHbG9x7EDtOH5o\n"
	"gU7wPcT+EgzLSaIkqkZ+3OIJnxJ1w/iVJkVcDK/8jGgacaxSLsfdwzjFfj4Axc9R\n"
	"giM6d1iO2apkEdzA0GZEgBWrgqjA31mYfH4So0Pff/ZYDNzAyc0cMNil0lgiT2hf\n"
	"opdoDkjAn/tiefL3n2Q=\n"
	"-----END PUBLIC KEY-----\n",
	"ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAC79NPMnhkF"
	"6HHHaMdsb3HsQO04fmiBTvA9xP4SDMtJoiSqRn7c4gmfEnXD+JUmRVwMr/yMaBpxrFIux93DOMV+PgDFz1GC"
	"Izp3WI7ZqmQR3MDQZkSAFauCqMDfWZh8fhKjQ99/9lgM3MDJzRww2KXSWCJPaF+il2gOSMCf+2J58vefZA==",
	"9275878af6684dd4d8826a6b7b06323b0c2688caa1227d0eb365f7684589d042"},
    {RK_KEY_ED25519, RK_FAMILY_ED25519, 256,
	"-----BEGIN PUBLIC KEY-----\n"
	"MCowBQYDK2VwAyEAlX8apePn0D5Fcvq0hNYGFpyFT3aW24bfiCLDjcjEoF4=\n"
	"-----END PUBLIC KEY-----\n",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJV/GqXj59A+RXL6tITWBhachU92ltuG34giw43IxKBe",
	"80fb8f6c0254fdef9630bff226f68b805713f97aa97b1b7d249ac0969dc39cb1"},
    {RK_KEY_RSA2048, RK_FAMILY_RSA_PSS, 2048,
	"-----BEGIN PUBLIC KEY-----\n"
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtuYh6j76/hsuNxpy8Niu\n"
	"LemcuxI/kelVyNSUykrDmbXOKITDQoBYkJ+9YePAMBitCOzUCSkWl7G0S4v/cEm1\n"
	"f+6d4SRb5OLOgN+x1qC6tDmk0SckgnJmjFVrmqcW1S02VaLIbC5YQi+QdBmvHO8I\n"
	"CvE1mmBqK5qAdKJQpDJ/2oJv/Ns1myVjD5+opn0rBjs/pvCfm0mekjmIrduCqPCU\n"
	"k79iB36CBuFCmQemBxcquJBVKsPsFSYCabyhuPRlJBrBmKIUmKc3XQDCIxTF5475\n"
	"q+kBGsE8MwI1Pa08zSL9R0uhXxOdfr+qS4Mm9uiL5sMLtIXtw8/3yTl3k8+O+6pw\n"
	"RQIDAQAB\n"
	"-----END PUBLIC KEY-----\n",
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC25iHqPvr+Gy43GnLw2K4t6Zy7Ej+R6VXI1JTKSsOZtc4o"
	"hMNCgFiQn71h48AwGK0I7NQJKRaXsbRLi/9wSbV/7p3hJFvk4s6A37HWoLq0OaTRJySCcmaMVWuapxbVLTZV"
	"oshsLlhCL5B0Ga8c7wgK8TWaYGormoB0olCkMn/agm/82zWbJWMPn6imfSsGOz+m8J+bSZ6SOYit24Ko8JST"
	"v2IHfoIG4UKZB6YHFyq4kFUqw+wVJgJpvKG49GUkGsGYohSYpzddAMIjFMXnjvmr6QEawTwzAjU9rTzNIv1H"
	"S6FfE51+v6pLgyb26Ivmwwu0he3Dz/fJOXeTz477qnBF",
	"6ac84013f5ae20072c3083599156808bbc139d9fd82e79fce100fe6a08355213"},
};

#define VECTOR_COUNT (sizeof(vectors) / sizeof(vectors[0]))

static rk_pubkey *
from_text(const char *text)
{
	rk_pubkey *key = NULL;

	assert_ok(rk_pubkey_from_any(text, strlen(text), &key));
	return key;
}

static void
a_key_tells_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		RK_AUTO(rk_pubkey) key = from_text(vectors[i].pem);
		uint8_t digest[32];
		size_t len;
		const uint8_t *spki = rk_pubkey_spki(key, &len);

		assert_int_equal(rk_pubkey_type(key), vectors[i].type);
		assert_int_equal(rk_pubkey_family(key), vectors[i].family);
		assert_int_equal(rk_pubkey_bits(key), vectors[i].bits);
		assert_string_equal(rk_pubkey_pem(key), vectors[i].pem);
		assert_string_equal(rk_pubkey_fingerprint_hex(key), vectors[i].fingerprint);
		rk_sha256(spki, len, digest);
		assert_memory_equal(rk_pubkey_fingerprint(key), digest, sizeof(digest));
		assert_int_equal(rk_pubkey_ed25519(key) != NULL, vectors[i].type == RK_KEY_ED25519);
	}
}

static void
ssh_lines_are_those_of_ssh_keygen(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		RK_AUTO(rk_pubkey) key = from_text(vectors[i].pem);
		RK_AUTO_BUF(line);

		rk_buf_text(&line, "* ");
		assert_ok(rk_pubkey_ssh(key, &line));
		assert_string_equal(rk_buf_str(&line) + 2, vectors[i].ssh);
	}
}

static void
names_of_types_are_read_as_they_are_written(void **state)
{
	enum rk_key_type type = RK_KEY_RSA_OTHER;

	(void)state;
	for (int i = 0; i <= RK_KEY_RSA_OTHER; i++) {
		assert_true(rk_key_type_parse(rk_key_type_name((enum rk_key_type)i), &type));
		assert_int_equal(type, i);
	}
	assert_string_equal(rk_key_type_name(RK_KEY_ECDSA_P256), "ecdsa-p256");
	assert_string_equal(rk_key_type_name(RK_KEY_RSA_OTHER), "rsa");
	assert_non_null(rk_key_type_name((enum rk_key_type)99));
	assert_false(rk_key_type_parse("ecdsa-p257", &type));
	assert_false(rk_key_type_parse("", &type));
	assert_int_equal(type, RK_KEY_RSA_OTHER);
}

static void
a_shared_key_lives_as_long_as_its_last_owner(void **state)
{
	rk_pubkey *first = from_text(vectors[0].pem);
	rk_pubkey *second = rk_pubkey_ref(first);

	(void)state;
	assert_ptr_equal(first, second);
	rk_pubkey_free(first);
	assert_string_equal(rk_pubkey_fingerprint_hex(second), vectors[0].fingerprint);
	rk_pubkey_free(second);
	rk_pubkey_free(NULL);
	assert_null(rk_pubkey_ref(NULL));
}

static void
keys_are_equal_by_what_they_are(void **state)
{
	RK_AUTO(rk_pubkey) one = from_text(vectors[0].pem);
	RK_AUTO(rk_pubkey) again = from_text(vectors[0].pem);
	RK_AUTO(rk_pubkey) other = from_text(vectors[1].pem);

	(void)state;
	assert_true(rk_pubkey_equal(one, one));
	assert_true(rk_pubkey_equal(one, again));
	assert_false(rk_pubkey_equal(one, other));
}

/* Keys that were read last are found again by their bytes; many more are read than are kept. */
static void
of_thousands_of_texts_each_gives_its_own_key(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		size_t which = (size_t)i % 2;
		RK_AUTO(rk_pubkey) key = NULL;
		RK_AUTO_BUF(text);

		rk_buf_printf(&text, "%s%*s", vectors[which].pem, i % 1000 / 2, "");
		assert_ok(rk_pubkey_from_any(text.data, text.len, &key));
		assert_string_equal(rk_pubkey_pem(key), vectors[which].pem);
	}
}

static void
der_and_pem_are_one_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		RK_AUTO(rk_pubkey) key = from_text(vectors[i].pem);
		RK_AUTO(rk_pubkey) spki = NULL;
		RK_AUTO(rk_pubkey) any = NULL;
		size_t len;
		const uint8_t *der = rk_pubkey_spki(key, &len);

		assert_ok(rk_pubkey_from_spki(der, len, &spki));
		assert_ok(rk_pubkey_from_any(der, len, &any));
		assert_true(rk_pubkey_equal(key, spki));
		assert_true(rk_pubkey_equal(key, any));
	}
}

static void
a_key_cut_short_or_with_more_behind_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		RK_AUTO(rk_pubkey) key = from_text(vectors[i].pem);
		rk_pubkey *none = NULL;
		size_t len;
		const uint8_t *der = rk_pubkey_spki(key, &len);
		uint8_t longer[600] = {0};

		for (size_t cut = 0; cut < len; cut++) {
			/* exactly as long as told, so that a read too far is seen */
			uint8_t *part = malloc(cut ? cut : 1);

			memcpy(part, der, cut);
			assert_error(rk_pubkey_from_spki(part, cut, &none), RK_E_MALFORMED);
			assert_error(rk_pubkey_from_any(part, cut, &none), RK_E_MALFORMED);
			free(part);
		}
		memcpy(longer, der, len);
		assert_error(rk_pubkey_from_spki(longer, len + 1, &none), RK_E_MALFORMED);
		assert_error(rk_pubkey_from_any(longer, len + 1, &none), RK_E_MALFORMED);
		assert_null(none);
	}
}

static void
text_around_pem_and_other_line_ends_do_no_harm(void **state)
{
	RK_AUTO(rk_pubkey) key = from_text(vectors[0].pem);
	RK_AUTO(rk_pubkey) framed = NULL;
	RK_AUTO(rk_pubkey) windows = NULL;
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(crlf);

	(void)state;
	rk_buf_printf(&text, "my key\n\n%s\nand more\n", vectors[0].pem);
	assert_ok(rk_pubkey_from_any(text.data, text.len, &framed));
	assert_true(rk_pubkey_equal(key, framed));
	for (const char *at = vectors[0].pem; *at; at++) {
		if (*at == '\n')
			rk_buf_byte(&crlf, '\r');
		rk_buf_byte(&crlf, (uint8_t)*at);
	}
	assert_ok(rk_pubkey_from_any(crlf.data, crlf.len, &windows));
	assert_true(rk_pubkey_equal(key, windows));
}

static void
a_header_before_the_key_does_no_harm_but_where_it_encrypts(void **state)
{
	static const struct {
		const char *header;
		bool taken;
	} rows[] = {{"role: alice", true}, {"gun: a/b\nrole: targets", true},
	    {"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00", false}};
	const char *pem = vectors[0].pem, *body = strchr(pem, '\n') + 1;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RK_AUTO(rk_pubkey) key = NULL;
		RK_AUTO_BUF(text);
		rk_error *err;

		rk_buf_append(&text, pem, (size_t)(body - pem));
		rk_buf_printf(&text, "%s\n\n%s", rows[i].header, body);
		err = rk_pubkey_from_any(text.data, text.len, &key);
		assert_error(err, rows[i].taken ? RK_OK : RK_E_MALFORMED);
	}
}

static void
what_is_no_key_is_malformed(void **state)
{
	static const char *const texts[] = {
	    "",
	    "hello",
	    "-----BEGIN PUBLIC KEY-----\n",
	    "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
	    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
	    "-----BEGIN SOMETHING-----\nMAA=\n-----END SOMETHING-----\n",
	    "0",
	};
	rk_pubkey *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		rk_error *err = rk_pubkey_from_any(texts[i], strlen(texts[i]), &key);

		assert_non_null(rk_error_remedy(err));
		assert_error(err, RK_E_MALFORMED);
	}
	assert_error(rk_pubkey_from_any("0", (size_t)1 << 40, &key), RK_E_MALFORMED);
	assert_error(rk_pubkey_from_spki("0", (size_t)1 << 40, &key), RK_E_MALFORMED);
	assert_null(key);
}

static void
a_private_key_is_sent_back_by_name(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
	BIO *bio = BIO_new(BIO_s_mem());
	rk_pubkey *key = NULL;
	char *text;

	(void)state;
	assert_int_equal(PEM_write_bio_PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL), 1);
	long len = BIO_get_mem_data(bio, &text);
	rk_error *err = rk_pubkey_from_any(text, (size_t)len, &key);
	assert_non_null(strstr(rk_error_message(err), "private"));
	assert_error(err, RK_E_MALFORMED);
	BIO_free(bio);
	EVP_PKEY_free(pair);
}

static X509 *
certify(EVP_PKEY *pair)
{
	X509 *certificate = X509_new();
	const EVP_MD *md = EVP_PKEY_get_base_id(pair) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();

	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 60));
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
			     MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0),
	    1);
	assert_int_equal(X509_set_pubkey(certificate, pair), 1);
	assert_true(X509_sign(certificate, pair, md) > 0);
	return certificate;
}

static void
a_certificate_is_its_key(void **state)
{
	(void)state;
	for (enum rk_key_type type = 0; type <= RK_KEY_RSA2048; type++) {
		EVP_PKEY *pair = rk_soft_key_new(type);
		X509 *certificate = certify(pair);
		unsigned char *der = NULL;
		int len = i2d_X509(certificate, &der);
		RK_AUTO(rk_pubkey) want = rk_soft_key_public(pair);
		RK_AUTO(rk_pubkey) got = NULL;
		rk_pubkey *none = NULL;

		assert_ok(rk_pubkey_from_any(der, (size_t)len, &got));
		assert_true(rk_pubkey_equal(want, got));
		assert_error(rk_pubkey_from_any(der, (size_t)len - 1, &none), RK_E_MALFORMED);
		assert_error(rk_pubkey_from_spki(der, (size_t)len, &none), RK_E_MALFORMED);
		OPENSSL_free(der);
		X509_free(certificate);
		EVP_PKEY_free(pair);
	}
}

static void
a_chain_is_the_key_of_its_first_certificate(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	RK_AUTO(rk_pubkey) want = NULL;
	RK_AUTO(rk_pubkey) got = NULL;
	char *text;

	(void)state;
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);
		X509 *certificate = certify(pair);

		if (i == 0)
			want = rk_soft_key_public(pair);
		assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
		X509_free(certificate);
		EVP_PKEY_free(pair);
	}
	long len = BIO_get_mem_data(bio, &text);
	assert_ok(rk_pubkey_from_any(text, (size_t)len, &got));
	assert_true(rk_pubkey_equal(want, got));
	BIO_free(bio);
}

static void
assert_spki_error(EVP_PKEY *pair, enum rk_code want)
{
	unsigned char *der = NULL;
	rk_pubkey *key = NULL;

	assert_non_null(pair);
	int len = i2d_PUBKEY(pair, &der);
	assert_true(len > 0);
	assert_error(rk_pubkey_from_spki(der, (size_t)len, &key), want);
	assert_null(key);
	OPENSSL_free(der);
	EVP_PKEY_free(pair);
}

static void
keys_of_other_kinds_are_unsupported(void **state)
{
	(void)state;
	assert_spki_error(EVP_EC_gen("secp256k1"), RK_E_TOKEN_UNSUPPORTED);
	assert_spki_error(EVP_EC_gen("P-224"), RK_E_TOKEN_UNSUPPORTED);
	assert_spki_error(EVP_EC_gen("brainpoolP256r1"), RK_E_TOKEN_UNSUPPORTED);
	assert_spki_error(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), RK_E_TOKEN_UNSUPPORTED);
	assert_spki_error(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), RK_E_TOKEN_UNSUPPORTED);
	assert_spki_error(
	    EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), RK_E_TOKEN_UNSUPPORTED);
}

/* id-ml-dsa-65: an OID that this OpenSSL has never heard of. */
static void
an_algorithm_nobody_knows_is_unsupported_by_name(void **state)
{
	static const uint8_t der[] = {
	    0x30, 18, 0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18, 3, 3, 0, 1, 2};
	rk_pubkey *key = NULL;

	(void)state;
	rk_error *err = rk_pubkey_from_spki(der, sizeof(der), &key);
	assert_non_null(strstr(rk_error_message(err), "2.16.840.1.101.3.4.3.18"));
	assert_error(err, RK_E_TOKEN_UNSUPPORTED);
}

static void
a_compressed_point_is_the_same_key(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		static const enum rk_key_type types[] = {
		    RK_KEY_ECDSA_P256, RK_KEY_ECDSA_P384, RK_KEY_ECDSA_P521};
		EVP_PKEY *pair = rk_soft_key_new(types[i]);
		RK_AUTO(rk_pubkey) plain = rk_soft_key_public(pair);
		RK_AUTO(rk_pubkey) small = NULL;
		size_t plain_len, small_len;

		rk_pubkey_spki(plain, &plain_len);
		assert_int_equal(
		    EVP_PKEY_set_utf8_string_param(pair, "point-format", "compressed"), 1);
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(pair, &der);
		assert_true((size_t)len < plain_len);
		assert_ok(rk_pubkey_from_spki(der, (size_t)len, &small));
		rk_pubkey_spki(small, &small_len);
		assert_int_equal(small_len, plain_len);
		assert_true(rk_pubkey_equal(plain, small));
		OPENSSL_free(der);
		EVP_PKEY_free(pair);
	}
}

static void
a_curve_written_out_in_full_is_unsupported(void **state)
{
	EVP_PKEY *pair = rk_soft_key_new(RK_KEY_ECDSA_P256);

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pair, "encoding", "explicit"), 1);
	assert_spki_error(pair, RK_E_TOKEN_UNSUPPORTED);
}

static void
a_point_off_its_curve_is_refused_in_an_spki_too(void **state)
{
	RK_AUTO(rk_pubkey) key = from_text(vectors[0].pem);
	rk_pubkey *none = NULL;
	uint8_t der[200];
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(key, &len);

	(void)state;
	memcpy(der, spki, len);
	der[len - 1] ^= 1;
	assert_error(rk_pubkey_from_spki(der, len, &none), RK_E_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_key_tells_what_it_is),
	    spec(ssh_lines_are_those_of_ssh_keygen),
	    spec(names_of_types_are_read_as_they_are_written),
	    spec(a_shared_key_lives_as_long_as_its_last_owner),
	    spec(keys_are_equal_by_what_they_are),
	    spec(of_thousands_of_texts_each_gives_its_own_key),
	    spec(der_and_pem_are_one_key),
	    spec(a_key_cut_short_or_with_more_behind_is_refused),
	    spec(text_around_pem_and_other_line_ends_do_no_harm),
	    spec(a_header_before_the_key_does_no_harm_but_where_it_encrypts),
	    spec(what_is_no_key_is_malformed),
	    spec(a_private_key_is_sent_back_by_name),
	    spec(a_certificate_is_its_key),
	    spec(a_chain_is_the_key_of_its_first_certificate),
	    spec(keys_of_other_kinds_are_unsupported),
	    spec(an_algorithm_nobody_knows_is_unsupported_by_name),
	    spec(a_compressed_point_is_the_same_key),
	    spec(a_curve_written_out_in_full_is_unsupported),
	    spec(a_point_off_its_curve_is_refused_in_an_spki_too),
	};

	return cmocka_run_group_tests_name("pubkey", tests, NULL, NULL);
}
