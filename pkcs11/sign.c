/* EMSA-PSS over the bare RSA operation has no other door in OpenSSL 3. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "pkcs11/sign.h"

#include "pkcs11/yubikey.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define SIGNATURE_MAX 2048 /* RSA of 16384 bits */

static const struct hash {
	CK_MECHANISM_TYPE mechanism;
	CK_ULONG mgf;
	CK_ULONG len;
	const EVP_MD *(*md)(void);
} hashes[] = {
    [RK_HASH_SHA224] = {CKM_SHA224, CKG_MGF1_SHA224, 28, EVP_sha224},
    [RK_HASH_SHA256] = {CKM_SHA256, CKG_MGF1_SHA256, 32, EVP_sha256},
    [RK_HASH_SHA384] = {CKM_SHA384, CKG_MGF1_SHA384, 48, EVP_sha384},
    [RK_HASH_SHA512] = {CKM_SHA512, CKG_MGF1_SHA512, 64, EVP_sha512},
};

/* The hash of a request whose input has that hash's length; NULL otherwise. */
static const struct hash *
hash_of(const rk_request *request)
{
	const struct hash *hash;

	if (request->hash == RK_HASH_NONE || request->hash >= sizeof(hashes) / sizeof(hashes[0]))
		return NULL;
	hash = &hashes[request->hash];
	return hash->len == request->input.len ? hash : NULL;
}

struct operation {
	CK_MECHANISM mechanism;
	rk_wire_span input;
};

static CK_RV
begin(rk_session *session, const rk_object *key, const struct operation *operation)
{
	CK_MECHANISM mechanism = operation->mechanism;
	CK_RV rv =
	    RK_CALL(session->module, C_SignInit, session->handle, &mechanism, key->private_key);

	/* A signature that failed half-way may have left its operation behind. */
	if (rv == CKR_OPERATION_ACTIVE && rk_session_renew(session) == CKR_OK)
		rv = RK_CALL(
		    session->module, C_SignInit, session->handle, &mechanism, key->private_key);
	if (rv == CKR_OK && key->facts[RK_FACT_ALWAYS_AUTHENTICATE] == RK_FACT_YES)
		rv = rk_session_authenticate(session);
	return rv;
}

/* Into `signature`, which has SIGNATURE_MAX bytes. */
static CK_RV
call_sign(rk_session *session, const rk_object *key, const struct operation *operation,
    uint8_t *signature, CK_ULONG *ret_len)
{
	CK_RV rv = begin(session, key, operation);

	*ret_len = SIGNATURE_MAX;
	if (rv != CKR_OK)
		return rv;
	return RK_CALL(session->module, C_Sign, session->handle,
	    (CK_BYTE *)(uintptr_t)operation->input.bytes, operation->input.len, signature, ret_len);
}

static CK_RV
sign_once(rk_session *session, rk_object *key, const struct operation *operation, rk_buf *ret_raw)
{
	uint8_t signature[SIGNATURE_MAX];
	CK_ULONG len = 0;
	CK_RV rv = call_sign(session, key, operation, signature, &len);

	/* The card wants the PIN each time, and the module did not know: nothing was signed. */
	if (rv == CKR_USER_NOT_LOGGED_IN) {
		rv = rk_yubikey_explain(session, key, rv);
		if (rv == CKR_OK)
			rv = rk_yubikey_explain(
			    session, key, call_sign(session, key, operation, signature, &len));
	}
	if (rv != CKR_OK)
		return rv;
	if (len == 0 || len > sizeof(signature))
		return RK_CKR_BAD_ANSWER;
	rk_buf_append(ret_raw, signature, len);
	return ret_raw->failed ? CKR_HOST_MEMORY : CKR_OK;
}

/* Without a parameter first; modules that want one get the plainest. */
static CK_RV
sign_eddsa(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw)
{
	rk_eddsa_params params = {CK_FALSE, 0, NULL};
	struct operation bare = {{CKM_EDDSA, NULL, 0}, request->input};
	struct operation full = {{CKM_EDDSA, &params, sizeof(params)}, request->input};
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;

	if (!session->eddsa_wants_params)
		rv = sign_once(session, key, &bare, ret_raw);
	if (rv != CKR_MECHANISM_PARAM_INVALID)
		return rv;
	session->eddsa_wants_params = true;
	return sign_once(session, key, &full, ret_raw);
}

static CK_RV
choose_pss(rk_session *session)
{
	CK_MECHANISM_TYPE *types = NULL;
	CK_ULONG count = 0;
	CK_RV rv = rk_session_mechanisms(session, &types, &count);

	if (rv != CKR_OK)
		return rv;
	session->pss = RK_PSS_NONE;
	for (CK_ULONG i = 0; i < count; i++) {
		if (types[i] == CKM_RSA_PKCS_PSS)
			session->pss = RK_PSS_TOKEN;
		else if (types[i] == CKM_RSA_X_509 && session->pss == RK_PSS_NONE)
			session->pss = RK_PSS_HOST;
	}
	free(types);
	return CKR_OK;
}

static CK_RV
sign_pss_token(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw)
{
	const struct hash *hash = hash_of(request);
	CK_RSA_PKCS_PSS_PARAMS params = {hash->mechanism, hash->mgf, hash->len};
	struct operation operation = {{CKM_RSA_PKCS_PSS, &params, sizeof(params)}, request->input};

	return sign_once(session, key, &operation, ret_raw);
}

/* The padded block, as long as the modulus. */
static CK_RV
pad_pss(const rk_object *key, const rk_request *request, rk_buf *ret_block)
{
	const struct hash *hash = hash_of(request);
	size_t spki_len;
	const uint8_t *spki = key->pubkey ? rk_pubkey_spki(key->pubkey, &spki_len) : NULL;
	RSA *rsa = spki ? d2i_RSA_PUBKEY(NULL, &spki, (long)spki_len) : NULL;
	uint8_t block[SIGNATURE_MAX];
	CK_RV rv = RK_CKR_UNSUPPORTED;

	if (rsa && RSA_size(rsa) <= SIGNATURE_MAX &&
	    RSA_padding_add_PKCS1_PSS_mgf1(
		rsa, block, request->input.bytes, hash->md(), hash->md(), (int)hash->len) == 1) {
		rk_buf_append(ret_block, block, (size_t)RSA_size(rsa));
		rv = ret_block->failed ? CKR_HOST_MEMORY : CKR_OK;
	}
	RSA_free(rsa);
	return rv;
}

static CK_RV
sign_pss_host(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw)
{
	RK_AUTO_BUF(block);
	struct operation operation = {{CKM_RSA_X_509, NULL, 0}, {NULL, 0}};
	CK_RV rv = pad_pss(key, request, &block);

	if (rv != CKR_OK)
		return rv;
	operation.input = (rk_wire_span){(const uint8_t *)block.data, block.len};
	return sign_once(session, key, &operation, ret_raw);
}

/* The token pads, but does not say what was hashed: that is for us to write (DigestInfo). */
static CK_RV
put_digest_info(const struct hash *hash, const rk_wire_span *digest, rk_buf *out)
{
	X509_SIG *info = X509_SIG_new();
	X509_ALGOR *algorithm = NULL;
	ASN1_OCTET_STRING *octets = NULL;
	unsigned char *der = NULL;
	int len = -1;

	if (info)
		X509_SIG_getm(info, &algorithm, &octets);
	if (info &&
	    X509_ALGOR_set0(
		algorithm, OBJ_nid2obj(EVP_MD_get_type(hash->md())), V_ASN1_NULL, NULL) == 1 &&
	    ASN1_OCTET_STRING_set(octets, digest->bytes, (int)digest->len) == 1)
		len = i2d_X509_SIG(info, &der);
	if (len > 0)
		rk_buf_append(out, der, (size_t)len);
	OPENSSL_free(der);
	X509_SIG_free(info);
	return len > 0 && !out->failed ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
sign_pkcs1(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw)
{
	RK_AUTO_BUF(info);
	struct operation operation = {{CKM_RSA_PKCS, NULL, 0}, {NULL, 0}};
	CK_RV rv = put_digest_info(hash_of(request), &request->input, &info);

	if (rv != CKR_OK)
		return rv;
	operation.input = (rk_wire_span){(const uint8_t *)info.data, info.len};
	return sign_once(session, key, &operation, ret_raw);
}

static CK_RV
sign_rsa(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw)
{
	CK_RV rv = CKR_OK;

	if (!hash_of(request))
		return RK_CKR_PROTOCOL;
	if (request->pkcs1)
		return sign_pkcs1(session, key, request, ret_raw);
	if (session->pss == RK_PSS_UNDECIDED)
		rv = choose_pss(session);
	if (rv != CKR_OK)
		return rv;
	if (session->pss == RK_PSS_TOKEN) {
		rv = sign_pss_token(session, key, request, ret_raw);
		if (rv != CKR_MECHANISM_INVALID && rv != CKR_MECHANISM_PARAM_INVALID)
			return rv;
		session->pss = RK_PSS_HOST;
	}
	if (session->pss == RK_PSS_HOST)
		return sign_pss_host(session, key, request, ret_raw);
	return RK_CKR_UNSUPPORTED;
}

CK_RV
rk_sign(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw)
{
	struct operation ecdsa = {{CKM_ECDSA, NULL, 0}, request->input};
	CK_RV rv;

	switch (key->type) {
	case CKK_EC:
		rv = sign_once(session, key, &ecdsa, ret_raw);
		break;
	case CKK_EC_EDWARDS:
		rv = sign_eddsa(session, key, request, ret_raw);
		break;
	case CKK_RSA:
		rv = sign_rsa(session, key, request, ret_raw);
		break;
	default:
		return RK_CKR_UNSUPPORTED;
	}
	if (rv == CKR_OK)
		rk_session_forget_pin(session);
	return rv;
}
