/*
 * privatehalf.h - a private key's numbers, as C_CreateObject takes them
 *
 * PKCS#8 is parsed by OpenSSL; the numbers lie in the secure heap and are wiped with the struct.
 * What OpenSSL copies between is wiped when it frees it.
 *
 * Ownership  rk_private_half_clear gives everything back.
 * Errors     CK_RV; RK_CKR_OTHER_TYPE, RK_CKR_UNSUPPORTED a kind of key that is not known.
 * Standard   RFC 5208, RFC 5958; PKCS#11 2.40, section 4.9; Ed25519: 3.0, section 2.3.
 */
#ifndef RK_PKCS11_PRIVATEHALF_H
#define RK_PKCS11_PRIVATEHALF_H

#include "base/secret.h"
#include "pkcs11/cryptoki.h"
#include "world/pubkey.h"

#include <openssl/evp.h>

#define RK_PRIVATE_HALF_NUMBERS 8

/* One number; those that the least of templates is without come last. */
struct rk_private_number {
	CK_ATTRIBUTE_TYPE type;
	rk_secret *bytes;
};

typedef struct rk_private_half {
	EVP_PKEY *pkey;
	rk_pubkey *pubkey;
	CK_KEY_TYPE type;
	const char *params; /* DER of the curve's name; NULL: RSA */
	CK_ULONG params_len;
	struct rk_private_number numbers[RK_PRIVATE_HALF_NUMBERS];
	size_t count, least; /* numbers: all of them; as few as make a key */
} rk_private_half;

/* `type` is what the key is said to be. */
CK_RV
rk_private_half_read(const rk_secret *pkcs8, enum rk_key_type type, rk_private_half *ret_half);
/* A certificate of the key by itself, which tells the public half where nothing else can: DER. */
CK_RV rk_private_half_certify(const rk_private_half *half, rk_buf *out);
void rk_private_half_clear(rk_private_half *half);

#endif
