#include "world/tokenkey_private.h"

#include "base/show.h"
#include "world/pubkey_private.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

/* How a tokenkey gets into a key of our provider: as a pointer among its "data". */
#define PARAM_SELF "rootkeep-tokenkey"

static void *
key_new(void *provider)
{
	(void)provider;
	return calloc(1, sizeof(struct rk_tokenkey_handle));
}

static void
key_free(void *handle)
{
	free(handle);
}

static int
key_has(const void *key, int selection)
{
	const struct rk_tokenkey_handle *handle = key;

	(void)selection;
	return handle && handle->tokenkey;
}

/* Ours alone: a key from elsewhere, private or public, is never taken in. */
static int
key_import(void *key, int selection, const OSSL_PARAM params[])
{
	struct rk_tokenkey_handle *handle = key;
	const OSSL_PARAM *self = OSSL_PARAM_locate_const(params, PARAM_SELF);
	const void *bytes;
	size_t len;

	(void)selection;
	if (!self || OSSL_PARAM_get_octet_ptr(self, &bytes, &len) != 1 ||
	    len != sizeof(rk_tokenkey))
		return 0;
	handle->tokenkey = (rk_tokenkey *)(uintptr_t)bytes;
	return 1;
}

static const OSSL_PARAM *
key_import_types(int selection)
{
	static const OSSL_PARAM types[] = {
	    OSSL_PARAM_octet_ptr(PARAM_SELF, NULL, 0),
	    OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

/* The private half cannot leave, so OpenSSL has to sign with this provider. */
static int
key_export(void *key, int selection, OSSL_CALLBACK *take, void *context)
{
	const struct rk_tokenkey_handle *handle = key;
	OSSL_PARAM *params = NULL;
	int done;

	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return 0;
	done = EVP_PKEY_todata(handle->tokenkey->public_half, EVP_PKEY_PUBLIC_KEY, &params) == 1 &&
	       take(params, context) == 1;
	OSSL_PARAM_free(params);
	return done;
}

static const OSSL_PARAM *
key_export_types(int selection)
{
	static const OSSL_PARAM none[] = {OSSL_PARAM_END};

	(void)selection;
	return none;
}

static int
set_number(OSSL_PARAM params[], const char *name, int number)
{
	OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

	return !param || OSSL_PARAM_set_int(param, number);
}

static int
key_get(void *key, OSSL_PARAM params[])
{
	const struct rk_tokenkey_handle *handle = key;
	const EVP_PKEY *half = handle->tokenkey->public_half;

	return set_number(params, OSSL_PKEY_PARAM_BITS, EVP_PKEY_get_bits(half)) &&
	       set_number(
		   params, OSSL_PKEY_PARAM_SECURITY_BITS, EVP_PKEY_get_security_bits(half)) &&
	       set_number(params, OSSL_PKEY_PARAM_MAX_SIZE, EVP_PKEY_get_size(half));
}

static const OSSL_PARAM *
key_gettable(void *provider)
{
	static const OSSL_PARAM types[] = {
	    OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
	    OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
	    OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
	    OSSL_PARAM_END,
	};

	(void)provider;
	return types;
}

static const char *
ec_operation(int operation)
{
	(void)operation;
	return "ECDSA";
}

static const char *
rsa_operation(int operation)
{
	(void)operation;
	return "RSA";
}

#define KEY_MANAGEMENT(operation_name)                                                 \
	RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_NEW, key_new),                             \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_FREE, key_free),                       \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_HAS, key_has),                         \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                   \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),       \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                   \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_export_types),       \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get),                  \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),        \
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name), \
	    RK_TOKENKEY_ENTRY_END

static const OSSL_DISPATCH ec_keys[] = {KEY_MANAGEMENT(ec_operation)};
static const OSSL_DISPATCH rsa_keys[] = {KEY_MANAGEMENT(rsa_operation)};

static const OSSL_ALGORITHM keys[] = {
    {"EC", RK_TOKENKEY_PROPERTY, ec_keys, NULL},
    {"RSA", RK_TOKENKEY_PROPERTY, rsa_keys, NULL},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM signatures[] = {
    {"ECDSA", RK_TOKENKEY_PROPERTY, rk_tokenkey_signature, NULL},
    {"RSA", RK_TOKENKEY_PROPERTY, rk_tokenkey_signature, NULL},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *ret_no_store)
{
	(void)provider;
	*ret_no_store = 0;
	return operation == OSSL_OP_KEYMGMT	? keys
	       : operation == OSSL_OP_SIGNATURE ? signatures
						: NULL;
}

static int
provider_begin(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **ret_out,
    void **ret_provider)
{
	static const OSSL_DISPATCH functions[] = {
	    RK_TOKENKEY_ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
	    RK_TOKENKEY_ENTRY_END,
	};

	(void)in;
	*ret_out = functions;
	*ret_provider = (void *)(uintptr_t)core;
	return 1;
}

static rk_error *
broken(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	rk_error *err = rk_fail(RK_E_INTERNAL, NULL, "OpenSSL could not %s: %s", what,
	    RK_SHOW_BARE(reason ? reason : "no reason given"));

	ERR_clear_error();
	return err;
}

/* A context of its own: no configuration file is read, and no other key meets our provider. */
static rk_error *
load(rk_tokenkey *tokenkey)
{
	tokenkey->libctx = OSSL_LIB_CTX_new();
	if (!tokenkey->libctx)
		return rk_out_of_memory();
	if (OSSL_PROVIDER_add_builtin(tokenkey->libctx, RK_TOKENKEY_PROVIDER, provider_begin) == 1)
		tokenkey->standard = OSSL_PROVIDER_load(tokenkey->libctx, "default");
	if (tokenkey->standard)
		tokenkey->ours = OSSL_PROVIDER_load(tokenkey->libctx, RK_TOKENKEY_PROVIDER);
	return tokenkey->ours ? NULL : broken("load the provider of token keys");
}

static rk_error *
make_public(rk_tokenkey *tokenkey)
{
	size_t len;
	const uint8_t *spki = rk_pubkey_spki(tokenkey->pubkey, &len);

	tokenkey->public_half =
	    d2i_PUBKEY_ex(NULL, &spki, (long)len, tokenkey->libctx, "provider=default");
	return tokenkey->public_half ? NULL : broken("read a public key");
}

static rk_error *
make_pkey(rk_tokenkey *tokenkey)
{
	bool is_ec = rk_pubkey_family(tokenkey->pubkey) == RK_FAMILY_ECDSA;
	void *self = tokenkey;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_octet_ptr(PARAM_SELF, &self, sizeof(*tokenkey)),
	    OSSL_PARAM_END,
	};
	RK_AUTO_PKEY_CTX context = EVP_PKEY_CTX_new_from_name(
	    tokenkey->libctx, is_ec ? "EC" : "RSA", RK_TOKENKEY_PROPERTY);

	if (context && EVP_PKEY_fromdata_init(context) == 1 &&
	    EVP_PKEY_fromdata(context, &tokenkey->pkey, EVP_PKEY_KEYPAIR, params) == 1)
		return NULL;
	return broken("make a key of a token's");
}

rk_error *
rk_tokenkey_new(
    const rk_pubkey *pubkey, const struct rk_tokenkey_signer *signer, rk_tokenkey **ret_tokenkey)
{
	RK_AUTO(rk_tokenkey) tokenkey = NULL;
	rk_error *err;

	if (rk_pubkey_family(pubkey) == RK_FAMILY_ED25519)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "use an ECDSA or RSA key",
		    "an Ed25519 key signs no digests");
	tokenkey = calloc(1, sizeof(*tokenkey));
	if (!tokenkey)
		return rk_out_of_memory();
	tokenkey->pubkey = rk_pubkey_ref(pubkey);
	tokenkey->signer = *signer;
	err = load(tokenkey);
	if (!err)
		err = make_public(tokenkey);
	if (!err)
		err = make_pkey(tokenkey);
	if (!err)
		*ret_tokenkey = RK_TAKE(tokenkey);
	return err;
}

EVP_PKEY *
rk_tokenkey_pkey(const rk_tokenkey *tokenkey)
{
	return tokenkey->pkey;
}

rk_error *
rk_tokenkey_begin(const rk_tokenkey *tokenkey, bool pss, EVP_MD_CTX *context)
{
	EVP_PKEY_CTX *operation = NULL;
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE,
		(char *)(uintptr_t)OSSL_PKEY_RSA_PAD_MODE_PSS,
		sizeof(OSSL_PKEY_RSA_PAD_MODE_PSS) - 1),
	    OSSL_PARAM_END,
	};

	if (EVP_DigestSignInit_ex(context, &operation, "SHA256", tokenkey->libctx, NULL,
		tokenkey->pkey, pss ? params : NULL) == 1)
		return NULL;
	return broken("begin to sign with a token's key");
}

rk_error *
rk_tokenkey_failure(rk_tokenkey *tokenkey)
{
	if (!tokenkey->failure)
		return broken("sign with a token's key");
	ERR_clear_error();
	return RK_TAKE(tokenkey->failure);
}

void
rk_tokenkey_free(rk_tokenkey *tokenkey)
{
	if (!tokenkey)
		return;
	EVP_PKEY_free(tokenkey->pkey);
	EVP_PKEY_free(tokenkey->public_half);
	if (tokenkey->ours)
		OSSL_PROVIDER_unload(tokenkey->ours);
	if (tokenkey->standard)
		OSSL_PROVIDER_unload(tokenkey->standard);
	OSSL_LIB_CTX_free(tokenkey->libctx);
	rk_pubkey_free(tokenkey->pubkey);
	rk_error_free(tokenkey->failure);
	free(tokenkey);
}
