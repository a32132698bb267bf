/*
 * pubkey_private.h - what the rooms of pubkey share, and nobody else sees
 *
 * pubkey.c holds the value, pubkey_make.c builds one from numbers, pubkey_read.c takes DER and PEM
 * apart, pubkey_recall.c keeps those read last, pubkey_edwards.c judges Ed25519 points, pubkey_verify.c verifies, pubkey_ssh.c prints.
 * Every key is rebuilt from its numbers, so that equal keys have equal DER however they came.
 *
 * Ownership  rk_pubkey_adopt takes over `pkey`, also when it fails.
 * Errors     RK_E_MALFORMED, RK_E_TOKEN_UNSUPPORTED, RK_E_NOMEM.
 */
#ifndef RK_WORLD_PUBKEY_PRIVATE_H
#define RK_WORLD_PUBKEY_PRIVATE_H

#include "world/pubkey.h"

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <stdatomic.h>

#define RK_POINT_MAX 133 /* 04 and two numbers of P-521 */
#define RK_RSA_BITS_MIN 2048
#define RK_RSA_BITS_MAX 16384

struct rk_pubkey {
	atomic_uint refs;
	enum rk_key_type type;
	unsigned bits;
	EVP_PKEY *pkey;
	uint8_t *spki;
	size_t spki_len;
	char *pem;
	uint8_t fingerprint[RK_FINGERPRINT_SIZE];
	char fingerprint_hex[RK_FINGERPRINT_HEX];
	uint8_t ed25519[32];
};

/* The curves of FIPS 186-5 that we know, by the names that OpenSSL and SSH have for them. */
struct rk_pubkey_curve {
	enum rk_key_type type;
	unsigned bits;
	const char *group;
	const char *ssh;
	rk_scheme scheme; /* what a token's own signature has */
};

/* NULL for a curve that we do not know. */
const struct rk_pubkey_curve *rk_pubkey_curve_by_bits(unsigned bits);
const struct rk_pubkey_curve *rk_pubkey_curve_by_group(const char *group);

RK_CHECKED rk_error *
rk_pubkey_adopt(EVP_PKEY *pkey, enum rk_key_type type, unsigned bits, rk_pubkey **ret_key);
/* The key that was read last from bytes of that SHA-256, or NULL; and have it found from now on. */
rk_pubkey *rk_pubkey_recall(const uint8_t digest[static 32]);
void rk_pubkey_remember(const uint8_t digest[static 32], const rk_pubkey *key);
/* On the curve, not of small order, in its one encoding (RFC 8032 5.1.3). RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_pubkey_edwards_check(const uint8_t raw[static 32]);

/* EVP_PKEY that frees itself. */
static inline void
rk_pubkey_pkey_cleanup(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}
#define RK_AUTO_PKEY __attribute__((cleanup(rk_pubkey_pkey_cleanup))) EVP_PKEY *

static inline void
rk_pubkey_pkey_ctx_cleanup(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}
#define RK_AUTO_PKEY_CTX __attribute__((cleanup(rk_pubkey_pkey_ctx_cleanup))) EVP_PKEY_CTX *

static inline void
rk_pubkey_bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}
#define RK_AUTO_BIO __attribute__((cleanup(rk_pubkey_bio_cleanup))) BIO *

/* One PEM block as OpenSSL reads it: its label, what stood before its bytes, and they. */
struct rk_pubkey_block {
	char *name;
	char *header;
	unsigned char *bytes;
	long len;
};

static inline void
rk_pubkey_block_cleanup(struct rk_pubkey_block *block)
{
	OPENSSL_free(block->name);
	OPENSSL_free(block->header);
	OPENSSL_free(block->bytes);
}
#define RK_AUTO_PEM_BLOCK(block)                                                           \
	__attribute__((cleanup(rk_pubkey_block_cleanup))) struct rk_pubkey_block block = { \
	    NULL, NULL, NULL, 0}

#endif
