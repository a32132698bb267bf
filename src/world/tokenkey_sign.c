#include "world/tokenkey_private.h"

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

/* One signature on its way: hashed here, signed elsewhere. */
struct operation {
	rk_tokenkey *tokenkey; /* borrowed from the key, which OpenSSL holds meanwhile */
	EVP_MD_CTX *digest;
	enum rk_hash hash;
	bool pss;
};

static const struct hash {
	enum rk_hash hash;
	const char *name;
	int nid;
	long len;
} hashes[] = {
    {RK_HASH_SHA256, "SHA256", NID_sha256, 32},
    {RK_HASH_SHA384, "SHA384", NID_sha384, 48},
    {RK_HASH_SHA512, "SHA512", NID_sha512, 64},
};

static const struct hash *
hash_of(enum rk_hash hash)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].hash == hash)
			return &hashes[i];
	return NULL;
}

/* A digest has several names; OpenSSL knows them all. */
static enum rk_hash
hash_of_md(const EVP_MD *md)
{
	for (size_t i = 0; md && i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (EVP_MD_is_a(md, hashes[i].name))
			return hashes[i].hash;
	return RK_HASH_NONE;
}

static bool
is_ecdsa(const struct operation *operation)
{
	return rk_pubkey_family(operation->tokenkey->pubkey) == RK_FAMILY_ECDSA;
}

/* The first thing that went wrong is what is told. */
static int
settle(struct operation *operation, rk_error *err)
{
	if (!err)
		return 1;
	if (operation->tokenkey->failure)
		rk_error_free(err);
	else
		operation->tokenkey->failure = err;
	return 0;
}

static void *
sign_new(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return calloc(1, sizeof(struct operation));
}

static void
sign_free(void *context)
{
	struct operation *operation = context;

	if (operation)
		EVP_MD_CTX_free(operation->digest);
	free(operation);
}

/* OpenSSL finishes a copy, so that more may be hashed into what it was copied from. */
static void *
sign_dup(void *context)
{
	const struct operation *operation = context;
	struct operation *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *operation;
	copy->digest = EVP_MD_CTX_new();
	if (copy->digest && operation->digest &&
	    EVP_MD_CTX_copy_ex(copy->digest, operation->digest) == 1)
		return copy;
	sign_free(copy);
	return NULL;
}

static bool
read_padding(const OSSL_PARAM *param, bool *ret_pss)
{
	int number = 0;

	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		*ret_pss = strcmp(param->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
	else if (OSSL_PARAM_get_int(param, &number) == 1)
		*ret_pss = number == RSA_PKCS1_PSS_PADDING;
	else
		return false;
	return *ret_pss || number == RSA_PKCS1_PADDING ||
	       (param->data_type == OSSL_PARAM_UTF8_STRING &&
		   strcmp(param->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0);
}

static int
sign_set(void *context, const OSSL_PARAM params[])
{
	struct operation *operation = context;
	const OSSL_PARAM *param =
	    params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE) : NULL;

	return !param || read_padding(param, &operation->pss);
}

static const OSSL_PARAM *
sign_settable(void *context, void *provider)
{
	static const OSSL_PARAM types[] = {
	    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
	    OSSL_PARAM_END,
	};

	(void)context;
	(void)provider;
	return types;
}

/* RFC 4055: the hash, the mask by the same hash, and the salt's length. */
static bool
make_pss(const struct hash *hash, X509_ALGOR *algorithm)
{
	RSA_PSS_PARAMS *params = RSA_PSS_PARAMS_new();
	X509_ALGOR *inner = X509_ALGOR_new();
	ASN1_STRING *mask = NULL, *whole = NULL;
	bool done = false;

	if (!params || !inner || !X509_ALGOR_set0(inner, OBJ_nid2obj(hash->nid), V_ASN1_NULL, NULL))
		goto out;
	params->hashAlgorithm = X509_ALGOR_dup(inner);
	params->maskGenAlgorithm = X509_ALGOR_new();
	params->saltLength = ASN1_INTEGER_new();
	mask = ASN1_item_pack(inner, ASN1_ITEM_rptr(X509_ALGOR), NULL);
	if (!params->hashAlgorithm || !params->maskGenAlgorithm || !mask || !params->saltLength ||
	    !ASN1_INTEGER_set(params->saltLength, hash->len) ||
	    !X509_ALGOR_set0(
		params->maskGenAlgorithm, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, mask))
		goto out;
	mask = NULL;
	whole = ASN1_item_pack(params, ASN1_ITEM_rptr(RSA_PSS_PARAMS), NULL);
	done =
	    whole && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, whole);
	if (done)
		whole = NULL;
out:
	ASN1_STRING_free(mask);
	ASN1_STRING_free(whole);
	X509_ALGOR_free(inner);
	RSA_PSS_PARAMS_free(params);
	return done;
}

static bool
make_algorithm(const struct operation *operation, X509_ALGOR *algorithm)
{
	const struct hash *hash = hash_of(operation->hash);
	int key = is_ecdsa(operation) ? NID_X9_62_id_ecPublicKey : NID_rsaEncryption;
	int parameters = is_ecdsa(operation) ? V_ASN1_UNDEF : V_ASN1_NULL;
	int nid;

	if (!hash)
		return false;
	if (operation->pss && !is_ecdsa(operation))
		return make_pss(hash, algorithm);
	return OBJ_find_sigid_by_algs(&nid, hash->nid, key) == 1 &&
	       X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), parameters, NULL) == 1;
}

/* The AlgorithmIdentifier: what X509_sign writes beside the signature. */
static int
sign_get(void *context, OSSL_PARAM params[])
{
	OSSL_PARAM *param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	X509_ALGOR *algorithm;
	unsigned char *der = NULL;
	int len = -1, done;

	if (!param)
		return 1;
	algorithm = X509_ALGOR_new();
	if (algorithm && make_algorithm(context, algorithm))
		len = i2d_X509_ALGOR(algorithm, &der);
	done = len > 0 && OSSL_PARAM_set_octet_string(param, der, (size_t)len);
	OPENSSL_free(der);
	X509_ALGOR_free(algorithm);
	return done;
}

static const OSSL_PARAM *
sign_gettable(void *context, void *provider)
{
	static const OSSL_PARAM types[] = {
	    OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
	    OSSL_PARAM_END,
	};

	(void)context;
	(void)provider;
	return types;
}

static bool
begin_digest(struct operation *operation, const char *name)
{
	EVP_MD *md = EVP_MD_fetch(operation->tokenkey->libctx, name, NULL);
	bool begun;

	operation->hash = hash_of_md(md);
	EVP_MD_CTX_free(operation->digest);
	operation->digest = EVP_MD_CTX_new();
	begun = operation->hash != RK_HASH_NONE && operation->digest &&
		EVP_DigestInit_ex2(operation->digest, md, NULL) == 1;
	EVP_MD_free(md);
	return begun;
}

static int
sign_init(void *context, const char *hash_name, void *key, const OSSL_PARAM params[])
{
	struct operation *operation = context;
	const struct rk_tokenkey_handle *handle = key;

	if (!handle || !handle->tokenkey)
		return 0;
	operation->tokenkey = handle->tokenkey;
	return begin_digest(operation, hash_name && *hash_name ? hash_name : "SHA256") &&
	       sign_set(operation, params);
}

static int
sign_update(void *context, const unsigned char *bytes, size_t len)
{
	struct operation *operation = context;

	return operation->digest && EVP_DigestUpdate(operation->digest, bytes, len) == 1;
}

/* The digest where a payload has it. */
static bool
finish_digest(struct operation *operation, rk_payload *payload)
{
	uint8_t *place = operation->hash == RK_HASH_SHA256   ? payload->sha256
			 : operation->hash == RK_HASH_SHA384 ? payload->sha384
							     : payload->sha512;

	payload->have = 1u << operation->hash;
	return operation->digest && EVP_DigestFinal_ex(operation->digest, place, NULL) == 1;
}

static rk_error *
sign_payload(const struct operation *operation, const rk_payload *payload, rk_buf *out)
{
	const struct rk_tokenkey_signer *signer = &operation->tokenkey->signer;
	const rk_pubkey *pubkey = operation->tokenkey->pubkey;
	const rk_scheme scheme = {
	    .name = is_ecdsa(operation) ? "ecdsa"
		    : operation->pss	? "rsassa-pss"
					: "rsa-pkcs1v15",
	    .family = is_ecdsa(operation) ? RK_FAMILY_ECDSA
		      : operation->pss	  ? RK_FAMILY_RSA_PSS
					  : RK_FAMILY_RSA_PKCS1,
	    .hash = operation->hash,
	    .shape = RK_SIG_RAW,
	    .curve_bits = is_ecdsa(operation) ? rk_pubkey_bits(pubkey) : 0,
	};
	RK_AUTO_BUF(raw);
	rk_error *err = signer->sign(signer->context, &scheme, payload, &raw);

	if (!err)
		err = rk_buf_check(&raw);
	if (!err && is_ecdsa(operation))
		return rk_ecdsa_raw_to_der((const uint8_t *)rk_buf_str(&raw), raw.len, out);
	if (!err)
		rk_buf_append(out, raw.data, raw.len);
	return err ? err : rk_buf_check(out);
}

static int
sign_final(void *context, unsigned char *sig, size_t *ret_len, size_t size)
{
	struct operation *operation = context;
	rk_payload payload = {0};
	RK_AUTO_BUF(out);
	rk_error *err;

	if (!sig) {
		*ret_len = (size_t)EVP_PKEY_get_size(operation->tokenkey->public_half);
		return 1;
	}
	if (!finish_digest(operation, &payload))
		return 0;
	err = sign_payload(operation, &payload, &out);
	if (!settle(operation, err))
		return 0;
	if (out.len == 0 || out.len > size)
		return 0;
	memcpy(sig, out.data, out.len);
	*ret_len = out.len;
	return 1;
}

const OSSL_DISPATCH rk_tokenkey_signature[] = {
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, sign_free),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_DUPCTX, sign_dup),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, sign_update),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, sign_final),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, sign_set),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, sign_settable),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, sign_get),
    RK_TOKENKEY_ENTRY(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, sign_gettable),
    RK_TOKENKEY_ENTRY_END,
};
