/*
 * key_maker.h - private keys in every dress that they are met in
 *
 * Made with OpenSSL's encoders from key pairs of soft_key.h: bare DER, PEM with headers of one's own,
 * sealed by a passphrase in the ways that programs have.
 *
 * Ownership  what is appended to a buffer belongs to its owner. Failures fail the test.
 */
#ifndef RK_SUPPORT_KEY_MAKER_H
#define RK_SUPPORT_KEY_MAKER_H

#include "support/soft_key.h"

#include "base/buf.h"

/* PKCS#8, DER. */
void rk_key_maker_pkcs8(EVP_PKEY *pair, rk_buf *out);
/* PKCS#1 or SEC1, DER. */
void rk_key_maker_traditional(EVP_PKEY *pair, rk_buf *out);

enum rk_key_seal {
	RK_KEY_SEAL_NOTARY, /* PBES2, HMAC-SHA1 left unsaid, AES-256-CBC, 2048 rounds */
	RK_KEY_SEAL_SHA256, /* what 'openssl pkcs8 -topk8' does */
	RK_KEY_SEAL_SCRYPT,
	RK_KEY_SEAL_COUNT
};
/* EncryptedPrivateKeyInfo, DER. */
void rk_key_maker_seal(EVP_PKEY *pair, enum rk_key_seal how, const char *passphrase, rk_buf *out);
/* As PEM has sealed before PKCS#8, with AES-128-CBC; all of the text. */
void rk_key_maker_seal_pem(EVP_PKEY *pair, const char *passphrase, rk_buf *out);

/* A block of these bytes; `headers` are whole lines, or NULL. */
void rk_key_maker_pem(const char *label, const char *headers, const rk_buf *der, rk_buf *out);
/* The file that Notary's programs write for a key, sealed where there is a passphrase. */
void rk_key_maker_notary(EVP_PKEY *pair, const char *role, const char *passphrase, rk_buf *out);

#endif
