#include "support/cert_maker.h"

#include "support/spec.h"

#include "base/datetime.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <string.h>

static X509_NAME *
name_of(const char *first, const char *name, size_t len)
{
	X509_NAME *made = X509_NAME_new();

	assert_non_null(made);
	if (first)
		assert_int_equal(X509_NAME_add_entry_by_NID(made, NID_commonName, V_ASN1_UTF8STRING,
				     (const uint8_t *)first, (int)strlen(first), -1, 0),
		    1);
	if (name)
		assert_int_equal(X509_NAME_add_entry_by_NID(made, NID_commonName, V_ASN1_UTF8STRING,
				     (const uint8_t *)name, (int)(len ? len : strlen(name)), -1, 0),
		    1);
	return made;
}

static void
put_names(const struct rk_cert_maker *maker, X509 *x509)
{
	X509_NAME *subject = name_of(maker->first_name, maker->name, maker->name_len);
	X509_NAME *issuer = maker->issuer ? name_of(NULL, maker->issuer, 0) : NULL;

	assert_int_equal(X509_set_subject_name(x509, subject), 1);
	assert_int_equal(X509_set_issuer_name(x509, issuer ? issuer : subject), 1);
	X509_NAME_free(issuer);
	X509_NAME_free(subject);
}

static void
put_times(const struct rk_cert_maker *maker, X509 *x509)
{
	bool given = maker->not_before || maker->not_after;
	int64_t from = given ? maker->not_before : RK_CERT_NOW - RK_DAY;
	int64_t to = given ? maker->not_after : RK_CERT_NOW + 3650 * RK_DAY;

	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)from));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)to));
}

static void
put_constraints(const struct rk_cert_maker *maker, X509 *x509)
{
	const char *value = maker->constraints ? maker->constraints : "critical,CA:FALSE";
	X509_EXTENSION *one;

	if (!*value)
		return;
	one = X509V3_EXT_nconf_nid(NULL, NULL, NID_basic_constraints, value);
	assert_non_null(one);
	assert_int_equal(X509_add_ext(x509, one, -1), 1);
	X509_EXTENSION_free(one);
}

static void
put_extra(const struct rk_cert_extra *extra, X509 *x509)
{
	ASN1_OBJECT *object = OBJ_txt2obj(extra->oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *one;

	assert_non_null(object);
	assert_int_equal(ASN1_OCTET_STRING_set(value, extra->bytes, extra->len), 1);
	one = X509_EXTENSION_create_by_OBJ(NULL, object, extra->critical, value);
	assert_non_null(one);
	assert_int_equal(X509_add_ext(x509, one, -1), 1);
	X509_EXTENSION_free(one);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

static void
put_extras(const struct rk_cert_maker *maker, X509 *x509)
{
	for (const struct rk_cert_extra *extra = maker->extras; extra && extra->oid; extra++)
		put_extra(extra, x509);
}

static void
sign(const struct rk_cert_maker *maker, X509 *x509)
{
	EVP_PKEY *signer = maker->signer ? maker->signer : maker->pair;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *operation = NULL;
	const char *hash = maker->hash ? maker->hash : "SHA256";

	if (EVP_PKEY_is_a(signer, "ED25519"))
		hash = NULL;
	assert_int_equal(
	    EVP_DigestSignInit_ex(context, &operation, hash, NULL, NULL, signer, NULL), 1);
	if (maker->pss)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PSS_PADDING), 1);
	assert_true(X509_sign_ctx(x509, context) > 0);
	EVP_MD_CTX_free(context);
}

static X509 *
make(const struct rk_cert_maker *maker)
{
	X509 *x509 = X509_new();

	assert_non_null(x509);
	assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 4711), 1);
	put_names(maker, x509);
	put_times(maker, x509);
	assert_int_equal(X509_set_pubkey(x509, maker->pair), 1);
	put_constraints(maker, x509);
	put_extras(maker, x509);
	sign(maker, x509);
	return x509;
}

void
rk_cert_maker_der(const struct rk_cert_maker *maker, rk_buf *out)
{
	X509 *x509 = make(maker);
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);

	assert_true(len > 0);
	rk_buf_append(out, der, (size_t)len);
	assert_ok(rk_buf_check(out));
	OPENSSL_free(der);
	X509_free(x509);
}

void
rk_cert_maker_pem(const struct rk_cert_maker *maker, rk_buf *out)
{
	X509 *x509 = make(maker);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
	len = BIO_get_mem_data(bio, &text);
	rk_buf_append(out, text, (size_t)len);
	assert_ok(rk_buf_check(out));
	BIO_free(bio);
	X509_free(x509);
}
