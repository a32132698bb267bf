#include "support/key_maker.h"

#include "support/spec.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <string.h>

static void
append_bio(BIO *bio, rk_buf *out)
{
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);

	rk_buf_append(out, text, (size_t)len);
	BIO_free(bio);
	assert_ok(rk_buf_check(out));
}

static void
append_der(unsigned char *der, int len, rk_buf *out)
{
	assert_true(len > 0);
	rk_buf_append(out, der, (size_t)len);
	OPENSSL_free(der);
	assert_ok(rk_buf_check(out));
}

void
rk_key_maker_pkcs8(EVP_PKEY *pair, rk_buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
	unsigned char *der = NULL;

	assert_non_null(info);
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	append_der(der, len, out);
	PKCS8_PRIV_KEY_INFO_free(info);
}

void
rk_key_maker_traditional(EVP_PKEY *pair, rk_buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(pair, &der);

	append_der(der, len, out);
}

static X509_ALGOR *
algorithm_of(enum rk_key_seal how)
{
	switch (how) {
	case RK_KEY_SEAL_NOTARY:
		return PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), 2048, NULL, 8, NULL, NID_hmacWithSHA1);
	case RK_KEY_SEAL_SCRYPT:
		return PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 16, NULL, 1024, 8, 1);
	default:
		return PKCS5_pbe2_set_iv(
		    EVP_aes_256_cbc(), 2048, NULL, 16, NULL, NID_hmacWithSHA256);
	}
}

void
rk_key_maker_seal(EVP_PKEY *pair, enum rk_key_seal how, const char *passphrase, rk_buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair);
	X509_SIG *sealed =
	    PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, algorithm_of(how));
	unsigned char *der = NULL;

	assert_non_null(sealed);
	int len = i2d_X509_SIG(sealed, &der);
	append_der(der, len, out);
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
}

void
rk_key_maker_seal_pem(EVP_PKEY *pair, const char *passphrase, rk_buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(
	    PEM_write_bio_PrivateKey_traditional(bio, pair, EVP_aes_128_cbc(),
		(const unsigned char *)passphrase, (int)strlen(passphrase), NULL, NULL),
	    1);
	append_bio(bio, out);
}

void
rk_key_maker_pem(const char *label, const char *headers, const rk_buf *der, rk_buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_true(PEM_write_bio(bio, label, headers ? headers : "",
			(const unsigned char *)rk_buf_str(der), (long)der->len) > 0);
	append_bio(bio, out);
}

void
rk_key_maker_notary(EVP_PKEY *pair, const char *role, const char *passphrase, rk_buf *out)
{
	RK_AUTO_BUF(der);
	RK_AUTO_BUF(headers);

	if (passphrase)
		rk_key_maker_seal(pair, RK_KEY_SEAL_NOTARY, passphrase, &der);
	else
		rk_key_maker_pkcs8(pair, &der);
	if (strcmp(role, "root") != 0)
		rk_buf_text(&headers, "gun: lab.example/app\n");
	rk_buf_printf(&headers, "role: %s\n", role);
	rk_key_maker_pem(
	    passphrase ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY", rk_buf_str(&headers), &der, out);
}
