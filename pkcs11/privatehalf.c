#include "pkcs11/privatehalf.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

static const struct curve {
	enum rk_key_type type;
	CK_KEY_TYPE key_type;
	const char *params;
	CK_ULONG params_len;
	size_t bytes;
} curves[] = {
    {RK_KEY_ECDSA_P256, CKK_EC, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, 32},
    {RK_KEY_ECDSA_P384, CKK_EC, "\x06\x05\x2b\x81\x04\x00\x22", 7, 48},
    {RK_KEY_ECDSA_P521, CKK_EC, "\x06\x05\x2b\x81\x04\x00\x23", 7, 66},
    {RK_KEY_ED25519, CKK_EC_EDWARDS, "\x06\x03\x2b\x65\x70", 5, 32},
};

static const struct curve *
curve_of(enum rk_key_type type)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].type == type)
			return &curves[i];
	return NULL;
}

static CK_RV
from_error(rk_error *err)
{
	rk_error_free(err);
	return err ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV
parse(const rk_secret *pkcs8, EVP_PKEY **ret_pkey)
{
	const unsigned char *at = rk_secret_peek(pkcs8), *end = at + rk_secret_len(pkcs8);
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)rk_secret_len(pkcs8));
	EVP_PKEY *pkey = info && at == end ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	if (!pkey)
		return RK_CKR_UNSUPPORTED;
	*ret_pkey = pkey;
	return CKR_OK;
}

static CK_RV
read_public(rk_private_half *half)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(half->pkey, &der);
	rk_error *err;

	if (len <= 0)
		return RK_CKR_UNSUPPORTED;
	err = rk_pubkey_from_spki(der, (size_t)len, &half->pubkey);
	OPENSSL_free(der);
	rk_error_free(err);
	return err ? RK_CKR_UNSUPPORTED : CKR_OK;
}

/* `size` 0: as many bytes as the number has. */
static CK_RV
take_number(rk_private_half *half, const char *name, CK_ATTRIBUTE_TYPE type, size_t size)
{
	BIGNUM *number = BN_secure_new();
	rk_secret *bytes = NULL;
	CK_RV rv = RK_CKR_UNSUPPORTED;

	if (!number)
		return CKR_HOST_MEMORY;
	if (EVP_PKEY_get_bn_param(half->pkey, name, &number) == 1) {
		if (size == 0)
			size = (size_t)BN_num_bytes(number);
		rv = from_error(rk_secret_new(size, &bytes));
	}
	if (rv == CKR_OK && BN_bn2binpad(number, rk_secret_bytes(bytes), (int)size) < 0)
		rv = RK_CKR_UNSUPPORTED;
	BN_clear_free(number);
	if (rv == CKR_OK)
		half->numbers[half->count++] = (struct rk_private_number){type, bytes};
	else
		rk_secret_free(bytes);
	return rv;
}

static CK_RV
take_seed(rk_private_half *half, size_t size)
{
	rk_secret *seed = NULL;
	size_t len = size;
	CK_RV rv = from_error(rk_secret_new(size, &seed));

	if (rv == CKR_OK &&
	    (EVP_PKEY_get_raw_private_key(half->pkey, rk_secret_bytes(seed), &len) != 1 ||
		len != size))
		rv = RK_CKR_UNSUPPORTED;
	if (rv == CKR_OK)
		half->numbers[half->count++] = (struct rk_private_number){CKA_VALUE, seed};
	else
		rk_secret_free(seed);
	return rv;
}

static CK_RV
take_rsa(rk_private_half *half)
{
	static const struct {
		const char *name;
		CK_ATTRIBUTE_TYPE type;
	} numbers[] = {
	    {OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT},
	    {OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1},
	    {OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2},
	    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT},
	    {OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS},
	    {OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT},
	};
	CK_RV rv = CKR_OK;

	half->type = CKK_RSA;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rv == CKR_OK; i++)
		rv = take_number(half, numbers[i].name, numbers[i].type, 0);
	half->least = 6;
	return rv;
}

static CK_RV
take_curve(rk_private_half *half, const struct curve *curve)
{
	half->type = curve->key_type;
	half->params = curve->params;
	half->params_len = curve->params_len;
	half->least = 1;
	return curve->type == RK_KEY_ED25519
		   ? take_seed(half, curve->bytes)
		   : take_number(half, OSSL_PKEY_PARAM_PRIV_KEY, CKA_VALUE, curve->bytes);
}

CK_RV
rk_private_half_read(const rk_secret *pkcs8, enum rk_key_type type, rk_private_half *ret_half)
{
	rk_private_half half = {0};
	const struct curve *curve = curve_of(type);
	CK_RV rv = parse(pkcs8, &half.pkey);

	if (rv == CKR_OK)
		rv = read_public(&half);
	if (rv == CKR_OK && rk_pubkey_type(half.pubkey) != type)
		rv = RK_CKR_OTHER_TYPE;
	if (rv == CKR_OK)
		rv = curve ? take_curve(&half, curve) : take_rsa(&half);
	if (rv == CKR_OK)
		*ret_half = half;
	else
		rk_private_half_clear(&half);
	return rv;
}

/* Nobody asks for the time here, and the certificate says nothing but the key: it has no end. */
static bool
fill_certificate(X509 *certificate, EVP_PKEY *pkey)
{
	static const unsigned char name[] = "rootkeep";
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, subject) == 1 &&
	       ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20000101000000Z") ==
		   1 &&
	       ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "99991231235959Z") == 1 &&
	       X509_set_pubkey(certificate, pkey) == 1;
}

CK_RV
rk_private_half_certify(const rk_private_half *half, rk_buf *out)
{
	const EVP_MD *md = half->type == CKK_EC_EDWARDS ? NULL : EVP_sha256();
	X509 *certificate = X509_new();
	unsigned char *der = NULL;
	int len = -1;

	if (certificate && fill_certificate(certificate, half->pkey) &&
	    X509_sign(certificate, half->pkey, md) > 0)
		len = i2d_X509(certificate, &der);
	if (len > 0)
		rk_buf_append(out, der, (size_t)len);
	OPENSSL_free(der);
	X509_free(certificate);
	return len > 0 && !out->failed ? CKR_OK : CKR_HOST_MEMORY;
}

void
rk_private_half_clear(rk_private_half *half)
{
	for (size_t i = 0; i < half->count; i++)
		rk_secret_free(half->numbers[i].bytes);
	rk_pubkey_free(half->pubkey);
	EVP_PKEY_free(half->pkey);
	*half = (rk_private_half){0};
}
