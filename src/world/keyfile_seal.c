#include "world/keyfile_private.h"

#include "base/show.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS_MAX 10000000 /* some seconds */
#define SCRYPT_MEMORY_MAX (UINT64_C(32) << 20) /* what OpenSSL takes without being asked for more */
#define SCRYPT_WORK_MAX (UINT64_C(1) << 24) /* N * r * p: some seconds */
#define PASSPHRASE_MAX 1000 /* PEM's old way takes hardly more */
#define RESEAL \
	"seal it anew: 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW', and import NEW"

static void
sealed_cleanup(X509_SIG **sealed)
{
	X509_SIG_free(*sealed);
}
#define AUTO_SEALED __attribute__((cleanup(sealed_cleanup))) X509_SIG *

static void
cipher_ctx_cleanup(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

static void
pbe2_cleanup(PBE2PARAM **params)
{
	PBE2PARAM_free(*params);
}

static void
pbkdf2_cleanup(PBKDF2PARAM **params)
{
	PBKDF2PARAM_free(*params);
}

static void
scrypt_cleanup(SCRYPT_PARAMS **params)
{
	SCRYPT_PARAMS_free(*params);
}

/* What names a cipher or derivation is foreign. */
static rk_error *
unsupported(const char *what)
{
	ERR_clear_error();
	return rk_fail(RK_E_TOKEN_UNSUPPORTED, RESEAL,
	    "it is sealed in a way that we do not know: %s", RK_SHOW(what));
}

static rk_error *
unsupported_oid(const ASN1_OBJECT *oid)
{
	char name[80];

	if (OBJ_obj2txt(name, sizeof(name), oid, 0) <= 0)
		name[0] = '\0';
	return unsupported(name);
}

static rk_error *
too_costly(void)
{
	return rk_fail(RK_E_LIMIT, RESEAL,
	    "a passphrase would have to be stretched for longer than anybody waits");
}

rk_error *
rk_keyfile_wrong(void)
{
	ERR_clear_error();
	return rk_fail(RK_E_MALFORMED, "try the passphrase again; or take another copy of the file",
	    "the passphrase is wrong, or the file is damaged");
}

/* The whole of the bytes, or NULL. */
static X509_SIG *
parse(const struct rk_keyfile_seal *seal)
{
	const unsigned char *begin = rk_secret_peek(seal->bytes), *at = begin;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)rk_secret_len(seal->bytes));

	ERR_clear_error();
	if (sealed && at != begin + rk_secret_len(seal->bytes)) {
		X509_SIG_free(sealed);
		return NULL;
	}
	return sealed;
}

static rk_error *
judge_pbkdf2(const ASN1_TYPE *parameter)
{
	__attribute__((cleanup(pbkdf2_cleanup))) PBKDF2PARAM *params =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
	int64_t iterations;

	if (!params || ASN1_INTEGER_get_int64(&iterations, params->iter) != 1 || iterations < 1)
		return rk_keyfile_damaged("PBKDF2");
	return iterations > ITERATIONS_MAX ? too_costly() : NULL;
}

static rk_error *
judge_scrypt(const ASN1_TYPE *parameter)
{
	__attribute__((cleanup(scrypt_cleanup))) SCRYPT_PARAMS *params =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
	uint64_t n, r, p;

	if (!params || ASN1_INTEGER_get_uint64(&n, params->costParameter) != 1 ||
	    ASN1_INTEGER_get_uint64(&r, params->blockSize) != 1 ||
	    ASN1_INTEGER_get_uint64(&p, params->parallelizationParameter) != 1 || n == 0 ||
	    r == 0 || p == 0)
		return rk_keyfile_damaged("scrypt");
	if (n > SCRYPT_MEMORY_MAX || r > SCRYPT_MEMORY_MAX || n * r > SCRYPT_MEMORY_MAX / 128 ||
	    p > SCRYPT_WORK_MAX / (n * r))
		return too_costly();
	return NULL;
}

static rk_error *
judge_derivation(const PBE2PARAM *params)
{
	switch (OBJ_obj2nid(params->keyfunc->algorithm)) {
	case NID_id_pbkdf2:
		return judge_pbkdf2(params->keyfunc->parameter);
	case NID_id_scrypt:
		return judge_scrypt(params->keyfunc->parameter);
	default:
		return unsupported_oid(params->keyfunc->algorithm);
	}
}

static rk_error *
judge_pkcs8(const struct rk_keyfile_seal *seal)
{
	AUTO_SEALED sealed = parse(seal);
	const X509_ALGOR *algorithm = NULL;
	rk_error *err;

	if (!sealed)
		return rk_keyfile_damaged("PKCS#8");
	X509_SIG_get0(sealed, &algorithm, NULL);
	if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2)
		return unsupported_oid(algorithm->algorithm);
	__attribute__((cleanup(pbe2_cleanup))) PBE2PARAM *params =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	if (!params)
		return rk_keyfile_damaged("PBES2");
	err = judge_derivation(params);
	ERR_clear_error();
	return err;
}

/* "AES-256-CBC,IV" as OpenSSL wants it told; `ret_info`'s cipher is OpenSSL's own. */
static rk_error *
read_dek_info(const char *dek_info, EVP_CIPHER_INFO *ret_info)
{
	RK_AUTO(rk_str) header = NULL;
	RK_AUTO(rk_str) name = NULL;
	EVP_CIPHER *fetched = NULL;
	rk_error *err = rk_strdupf(&header, "Proc-Type: 4,ENCRYPTED\nDEK-Info: %s\n", dek_info);

	if (!err)
		err = rk_strndup(dek_info, strcspn(dek_info, ","), &name);
	if (err)
		return err;
	fetched = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_free(fetched);
	if (!fetched)
		return unsupported(name);
	if (PEM_get_EVP_CIPHER_INFO(header, ret_info) != 1 || !ret_info->cipher) {
		ERR_clear_error();
		return rk_keyfile_damaged("DEK-Info");
	}
	return NULL;
}

rk_error *
rk_keyfile_seal_judge(const struct rk_keyfile_seal *seal)
{
	EVP_CIPHER_INFO info;

	return seal->dek_info ? read_dek_info(seal->dek_info, &info) : judge_pkcs8(seal);
}

/* OpenSSL's own frame wipes what is given here. */
static int
give_passphrase(char *buf, int size, int writing, void *context)
{
	const rk_secret *passphrase = context;
	int len = (int)rk_secret_len(passphrase);

	(void)writing;
	if (len > size)
		return -1;
	memcpy(buf, rk_secret_peek(passphrase), (size_t)len);
	return len;
}

/* In place: the plain text never leaves the secret. */
static rk_error *
open_pem(const struct rk_keyfile_seal *seal, const rk_secret *passphrase, rk_secret **ret_plain)
{
	RK_AUTO(rk_secret) plain = NULL;
	EVP_CIPHER_INFO info;
	long len = (long)rk_secret_len(seal->bytes);
	rk_error *err = read_dek_info(seal->dek_info, &info);

	if (!err)
		err = rk_secret_copy(rk_secret_peek(seal->bytes), (size_t)len, &plain);
	if (err)
		return err;
	if (PEM_do_header(&info, rk_secret_bytes(plain), &len, give_passphrase,
		(void *)(uintptr_t)passphrase) != 1 ||
	    len < 0)
		return rk_keyfile_wrong();
	rk_secret_truncate(plain, (size_t)len);
	*ret_plain = RK_TAKE(plain);
	return NULL;
}

static rk_error *
decrypt(EVP_CIPHER_CTX *context, const ASN1_OCTET_STRING *sealed, rk_secret **ret_plain)
{
	RK_AUTO(rk_secret) plain = NULL;
	int len = 0, more = 0;
	rk_error *err = rk_secret_new((size_t)sealed->length + EVP_MAX_BLOCK_LENGTH, &plain);

	if (err)
		return err;
	if (EVP_CipherUpdate(context, rk_secret_bytes(plain), &len, sealed->data, sealed->length) !=
		1 ||
	    EVP_CipherFinal_ex(context, rk_secret_bytes(plain) + len, &more) != 1)
		return rk_keyfile_wrong();
	rk_secret_truncate(plain, (size_t)len + (size_t)more);
	*ret_plain = RK_TAKE(plain);
	return NULL;
}

static rk_error *
open_pkcs8(const struct rk_keyfile_seal *seal, const rk_secret *passphrase, rk_secret **ret_plain)
{
	__attribute__((cleanup(cipher_ctx_cleanup))) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	AUTO_SEALED sealed = parse(seal);
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OCTET_STRING *bytes = NULL;

	if (!context || !sealed)
		return rk_out_of_memory();
	X509_SIG_get0(sealed, &algorithm, &bytes);
	if (EVP_PBE_CipherInit_ex(algorithm->algorithm, (const char *)rk_secret_peek(passphrase),
		(int)rk_secret_len(passphrase), algorithm->parameter, context, 0, NULL, NULL) != 1)
		return unsupported("the cipher or the hash in its PBES2");
	return decrypt(context, bytes, ret_plain);
}

rk_error *
rk_keyfile_seal_open(
    const struct rk_keyfile_seal *seal, const rk_secret *passphrase, rk_secret **ret_plain)
{
	rk_error *err = rk_keyfile_seal_judge(seal);

	if (!err && rk_secret_len(passphrase) > PASSPHRASE_MAX)
		err = rk_keyfile_wrong();
	if (!err)
		err = seal->dek_info ? open_pem(seal, passphrase, ret_plain)
				     : open_pkcs8(seal, passphrase, ret_plain);
	ERR_clear_error();
	return err;
}

void
rk_keyfile_seal_free(struct rk_keyfile_seal *seal)
{
	if (!seal)
		return;
	rk_secret_free(seal->bytes);
	free(seal->dek_info);
	free(seal);
}
