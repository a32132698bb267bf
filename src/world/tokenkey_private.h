/*
 * tokenkey_private.h - what the two halves of the provider share: its keys and its signatures
 */
#ifndef RK_WORLD_TOKENKEY_PRIVATE_H
#define RK_WORLD_TOKENKEY_PRIVATE_H

#include "world/tokenkey.h"

#include <openssl/core_dispatch.h>

#define RK_TOKENKEY_PROVIDER "rootkeep"
#define RK_TOKENKEY_PROPERTY "provider=" RK_TOKENKEY_PROVIDER

struct rk_tokenkey {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *standard, *ours; /* loaded in it */
	rk_pubkey *pubkey;
	EVP_PKEY *public_half; /* OpenSSL's own */
	EVP_PKEY *pkey; /* ours */
	struct rk_tokenkey_signer signer;
	rk_error *failure; /* of the last signature */
};

/* What OpenSSL holds as a key of ours. */
struct rk_tokenkey_handle {
	rk_tokenkey *tokenkey; /* NULL until it is imported */
};

/* OpenSSL's dispatch tables hold functions of every kind as one. */
#define RK_TOKENKEY_ENTRY(id, function)          \
	{                                        \
		(id), (void (*)(void))(function) \
	}
#define RK_TOKENKEY_ENTRY_END \
	{                     \
		0, NULL       \
	}

extern const OSSL_DISPATCH rk_tokenkey_signature[];

#endif
