#include "pkcs11/publichalf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#define MODULUS_MAX 2048u /* bytes: 16384 bits */
#define EXPONENT_MAX 32u
#define POINT_MAX 160u
#define TEMPLATE_MAX 10

/* What the key is, in PKCS#11's words. */
struct parts {
	CK_KEY_TYPE type;
	const char *params; /* DER of the curve's name; NULL: RSA */
	CK_ULONG params_len;
	CK_BYTE first[MODULUS_MAX]; /* the modulus, or the point within its OCTET STRING */
	CK_ULONG first_len;
	CK_BYTE exponent[EXPONENT_MAX];
	CK_ULONG exponent_len;
};

static const struct curve {
	enum rk_key_type type;
	CK_KEY_TYPE key_type;
	const char *params;
	CK_ULONG params_len;
} curves[] = {
    {RK_KEY_ECDSA_P256, CKK_EC, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10},
    {RK_KEY_ECDSA_P384, CKK_EC, "\x06\x05\x2b\x81\x04\x00\x22", 7},
    {RK_KEY_ECDSA_P521, CKK_EC, "\x06\x05\x2b\x81\x04\x00\x23", 7},
    {RK_KEY_ED25519, CKK_EC_EDWARDS, "\x06\x03\x2b\x65\x70", 5},
};

static const struct curve *
curve_of(const rk_pubkey *key)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].type == rk_pubkey_type(key))
			return &curves[i];
	return NULL;
}

/* The length of a DER OCTET STRING is one byte, or 0x81 and one byte. */
static CK_RV
put_point(const CK_BYTE *point, size_t len, struct parts *parts)
{
	CK_BYTE *at = parts->first;

	if (len == 0 || len > POINT_MAX)
		return RK_CKR_UNSUPPORTED;
	*at++ = 0x04;
	if (len > 127)
		*at++ = 0x81;
	*at++ = (CK_BYTE)len;
	memcpy(at, point, len);
	parts->first_len = (CK_ULONG)(at - parts->first) + len;
	return CKR_OK;
}

static CK_RV
read_curve(const EVP_PKEY *pkey, const struct curve *curve, struct parts *parts)
{
	CK_BYTE point[POINT_MAX];
	size_t len = 0;

	parts->type = curve->key_type;
	parts->params = curve->params;
	parts->params_len = curve->params_len;
	if (EVP_PKEY_get_octet_string_param(
		pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) != 1)
		return RK_CKR_UNSUPPORTED;
	return put_point(point, len, parts);
}

static CK_RV
read_number(const EVP_PKEY *pkey, const char *name, CK_BYTE *out, size_t max, CK_ULONG *ret_len)
{
	BIGNUM *number = NULL;
	CK_RV rv = RK_CKR_UNSUPPORTED;

	if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
	    (size_t)BN_num_bytes(number) <= max) {
		*ret_len = (CK_ULONG)BN_bn2bin(number, out);
		rv = CKR_OK;
	}
	BN_free(number);
	return rv;
}

static CK_RV
read_parts(const rk_pubkey *key, struct parts *parts)
{
	size_t len = 0;
	const uint8_t *spki = rk_pubkey_spki(key, &len);
	const struct curve *curve = curve_of(key);
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &spki, (long)len);
	CK_RV rv;

	if (!pkey)
		return CKR_HOST_MEMORY;
	if (curve) {
		rv = read_curve(pkey, curve, parts);
	} else {
		parts->type = CKK_RSA;
		rv = read_number(pkey, OSSL_PKEY_PARAM_RSA_N, parts->first, sizeof(parts->first),
		    &parts->first_len);
		if (rv == CKR_OK)
			rv = read_number(pkey, OSSL_PKEY_PARAM_RSA_E, parts->exponent,
			    sizeof(parts->exponent), &parts->exponent_len);
	}
	EVP_PKEY_free(pkey);
	return rv;
}

static CK_ULONG
fill_key(struct parts *parts, CK_ATTRIBUTE *template, CK_ULONG count)
{
	template[count++] = (CK_ATTRIBUTE){CKA_KEY_TYPE, &parts->type, sizeof(parts->type)};
	if (parts->params) {
		template[count++] = (CK_ATTRIBUTE){
		    CKA_EC_PARAMS, (void *)(uintptr_t)parts->params, parts->params_len};
		template[count++] = (CK_ATTRIBUTE){CKA_EC_POINT, parts->first, parts->first_len};
	} else {
		template[count++] = (CK_ATTRIBUTE){CKA_MODULUS, parts->first, parts->first_len};
		template[count++] =
		    (CK_ATTRIBUTE){CKA_PUBLIC_EXPONENT, parts->exponent, parts->exponent_len};
	}
	return count;
}

static CK_ULONG
fill_name(CK_ATTRIBUTE_TYPE type, const rk_wire_span *span, CK_ATTRIBUTE *template, CK_ULONG count)
{
	if (span->len > 0)
		template[count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)span->bytes, span->len};
	return count;
}

static CK_RV
create(rk_session *session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *ret_handle)
{
	CK_OBJECT_HANDLE made = 0;
	CK_RV rv =
	    RK_CALL(session->module, C_CreateObject, session->handle, template, count, &made);

	if (rv == CKR_OK)
		*ret_handle = made;
	return rv;
}

CK_RV
rk_publichalf_create(
    rk_session *session, const struct rk_publichalf *half, CK_OBJECT_HANDLE *ret_handle)
{
	static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	bool on_token = half->use == RK_PUBLICHALF_VERIFY;
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE template[TEMPLATE_MAX];
	struct parts parts = {0};
	CK_ULONG count = 0;
	CK_RV rv = read_parts(half->key, &parts);

	if (rv != CKR_OK)
		return rv;
	template[count++] = (CK_ATTRIBUTE){CKA_CLASS, &class, sizeof(class)};
	template[count++] = (CK_ATTRIBUTE){CKA_TOKEN, on_token ? &yes : &no, sizeof(yes)};
	template[count++] = (CK_ATTRIBUTE){on_token ? CKA_VERIFY : CKA_WRAP, &yes, sizeof(yes)};
	count = fill_key(&parts, template, count);
	count = fill_name(CKA_ID, &half->id, template, count);
	count = fill_name(CKA_LABEL, &half->label, template, count);
	/* Some take a public object for a private one unless they are told. */
	template[count++] = (CK_ATTRIBUTE){CKA_PRIVATE, &no, sizeof(no)};
	rv = create(session, template, count, ret_handle);
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT)
		rv = create(session, template, count - 1, ret_handle);
	return rv;
}
