/*
 * tokenkey.h - an OpenSSL key whose private half is a token
 *
 * OpenSSL signs certificates and messages with an EVP_PKEY. This one hashes as any other and has the
 * digest signed by a function that was handed in: on a token, usually. It lives in a library context
 * of its own, with a provider of ours beside OpenSSL's, so that nothing else of the program can meet
 * it.
 *
 * Ownership  the tokenkey owns its EVP_PKEY and context, which go with it; the signer's context is
 *            borrowed.
 * Errors     RK_E_TOKEN_UNSUPPORTED a key that signs no digests (Ed25519); RK_E_INTERNAL; RK_E_NOMEM.
 */
#ifndef RK_WORLD_TOKENKEY_H
#define RK_WORLD_TOKENKEY_H

#include "world/pubkey.h"

#include <openssl/evp.h>

typedef struct rk_tokenkey rk_tokenkey;

/* Signs as a token does: r||s of fixed width, or as many bytes as the modulus has, appended. The
 * scheme's shape is RK_SIG_RAW; its family is ECDSA, RSA_PSS or RSA_PKCS1. `payload` holds the one
 * digest that the scheme names. */
struct rk_tokenkey_signer {
	rk_error *(*sign)(
	    void *context, const rk_scheme *scheme, const rk_payload *payload, rk_buf *out);
	void *context;
};

RK_CHECKED rk_error *rk_tokenkey_new(
    const rk_pubkey *pubkey, const struct rk_tokenkey_signer *signer, rk_tokenkey **ret_tokenkey);
/* Borrowed. SHA-256, SHA-384 or SHA-512; RSA pads as PKCS#1 v1.5 unless the operation's context
 * asks for PSS, whose salt is as long as the digest. */
EVP_PKEY *rk_tokenkey_pkey(const rk_tokenkey *tokenkey);
/* EVP_DigestSignInit on `context` with SHA-256; `pss` is for RSA. RK_E_INTERNAL. */
RK_CHECKED rk_error *rk_tokenkey_begin(const rk_tokenkey *tokenkey, bool pss, EVP_MD_CTX *context);
/* Why OpenSSL's last signing failed: the signer's own error, or RK_E_INTERNAL with OpenSSL's
 * words. */
RK_CHECKED rk_error *rk_tokenkey_failure(rk_tokenkey *tokenkey);
void rk_tokenkey_free(rk_tokenkey *tokenkey);
RK_DEFINE_FREEP(rk_tokenkey)

#endif
