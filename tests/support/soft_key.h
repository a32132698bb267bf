/*
 * soft_key.h - key pairs in software that answer as a token does
 *
 * A pair is an EVP_PKEY. Its signatures have a token's shape: r||s of fixed width, 64 bytes, or
 * as many as the modulus has.
 *
 * Ownership  pairs and public keys belong to the caller. Failures fail the test.
 */
#ifndef RK_SUPPORT_SOFT_KEY_H
#define RK_SUPPORT_SOFT_KEY_H

#include "world/pubkey.h"

#include <openssl/evp.h>

/* A new one; RSA_OTHER has 2304 bits. */
EVP_PKEY *rk_soft_key_new(enum rk_key_type type);
rk_pubkey *rk_soft_key_public(EVP_PKEY *pair);

/* What a pair is to sign, and how. */
struct rk_soft_wish {
	enum rk_hash hash;
	const rk_payload *payload;
	int rsa_padding; /* of rsa.h; 0: PSS */
	int salt_len; /* for PSS; 0: as long as the hash, RK_SOFT_NO_SALT: none */
};
#define RK_SOFT_NO_SALT (-100)

/* Append what a token would answer. */
void rk_soft_key_sign(EVP_PKEY *pair, const struct rk_soft_wish *wish, rk_buf *out);

#endif
