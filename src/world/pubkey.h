/*
 * pubkey.h - a public key, in every encoding it is met in
 *
 * One value for SPKI DER and PEM (RFC 5280, RFC 7468), certificates, PKCS#11's EC points (raw
 * 04||X||Y or wrapped in an OCTET STRING) and Ed25519 points (32 raw bytes, 04 20 + 32, 03 21 00
 * + 32), RSA numbers, and the hex points of old TUF files. A point off its curve is refused. The
 * fingerprint is the SHA-256 of the DER SubjectPublicKeyInfo, named curve, uncompressed point.
 *
 * Ownership  ret_key belongs to the caller; keys are immutable and may be shared by rk_pubkey_ref.
 * Errors     RK_E_MALFORMED, RK_E_TOKEN_UNSUPPORTED for a kind of key that we do not know,
 *            RK_E_NOMEM.
 */
#ifndef RK_WORLD_PUBKEY_H
#define RK_WORLD_PUBKEY_H

#include "world/signature.h"

#define RK_FINGERPRINT_SIZE 32
#define RK_FINGERPRINT_HEX (2 * RK_FINGERPRINT_SIZE + 1)

/* The types that `key generate --type` takes come first. */
enum rk_key_type {
	RK_KEY_ECDSA_P256,
	RK_KEY_ECDSA_P384,
	RK_KEY_ED25519,
	RK_KEY_RSA2048,
	RK_KEY_RSA3072,
	RK_KEY_RSA4096,
	RK_KEY_GENERATED_COUNT,
	RK_KEY_ECDSA_P521 = RK_KEY_GENERATED_COUNT, /* verified, never made */
	RK_KEY_RSA_OTHER, /* any other size from 2048 to 16384 bits */
};

typedef struct rk_pubkey rk_pubkey;

/* "ecdsa-p256" …; RSA_OTHER is "rsa". Never NULL. */
const char *rk_key_type_name(enum rk_key_type type);
/* False for an unknown name. */
bool rk_key_type_parse(const char *name, enum rk_key_type *ret_type);

RK_CHECKED rk_error *rk_pubkey_from_spki(const void *der, size_t len, rk_pubkey **ret_key);
/* "PUBLIC KEY" or the key of a "CERTIFICATE"; PEM or DER by look. */
RK_CHECKED rk_error *rk_pubkey_from_any(const void *bytes, size_t len, rk_pubkey **ret_key);
/* 32 bytes. */
RK_CHECKED rk_error *rk_pubkey_from_ed25519(const uint8_t raw[static 32], rk_pubkey **ret_key);
/* The public half of RFC 8032's key of 32 random bytes: of a key that nobody is to have. */
RK_CHECKED rk_error *
rk_pubkey_from_ed25519_seed(const uint8_t seed[static 32], rk_pubkey **ret_key);
/* CKA_EC_PARAMS (OID, PrintableString or explicit SPKI OID) and CKA_EC_POINT as a module gives them. */
RK_CHECKED rk_error *rk_pubkey_from_ec(const void *params, size_t params_len, const void *point,
    size_t point_len, rk_pubkey **ret_key);
/* An uncompressed point on a curve of 256, 384 or 521 bits, raw. */
RK_CHECKED rk_error *
rk_pubkey_from_point(unsigned curve_bits, const void *point, size_t len, rk_pubkey **ret_key);
/* Big-endian modulus and public exponent. */
RK_CHECKED rk_error *rk_pubkey_from_rsa(const void *modulus, size_t modulus_len,
    const void *exponent, size_t exponent_len, rk_pubkey **ret_key);

enum rk_key_type rk_pubkey_type(const rk_pubkey *key);
enum rk_family rk_pubkey_family(const rk_pubkey *key); /* RSA: RK_FAMILY_RSA_PSS */
unsigned rk_pubkey_bits(const rk_pubkey *key);
const uint8_t *rk_pubkey_spki(const rk_pubkey *key, size_t *ret_len);
/* "-----BEGIN PUBLIC KEY-----\n…\n", as OpenSSL writes it: the text TUF key ids are taken over. */
const char *rk_pubkey_pem(const rk_pubkey *key);
const uint8_t *rk_pubkey_fingerprint(const rk_pubkey *key);
/* 64 lower-case hex digits, borrowed. */
const char *rk_pubkey_fingerprint_hex(const rk_pubkey *key);
/* The 32 bytes of an Ed25519 key; NULL for another type. */
const uint8_t *rk_pubkey_ed25519(const rk_pubkey *key);
/* "ecdsa-sha2-nistp256 AAAA…" as in authorized_keys, without a comment. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_pubkey_ssh(const rk_pubkey *key, rk_buf *out);
bool rk_pubkey_equal(const rk_pubkey *a, const rk_pubkey *b);

/*
 * Does `sig` (in the scheme's own shape) sign `payload`? NULL is yes. RK_E_UNTRUSTED no;
 * RK_E_MALFORMED a signature that cannot be one; RK_E_INTERNAL a payload without the digest or
 * bytes that the scheme needs; RK_E_REFUSED a scheme that does not fit the key.
 * RSA-PSS takes any salt length; ECDSA in DER takes what OpenSSL takes.
 */
RK_CHECKED rk_error *rk_pubkey_verify(const rk_pubkey *key, const rk_scheme *scheme,
    const rk_payload *payload, const void *sig, size_t sig_len);

/* The raw scheme for challenges and certificates: what a token's own bytes are judged by
 * (ECDSA r||s with the curve's hash, Ed25519, PSS-SHA-256). Static. */
const rk_scheme *rk_pubkey_token_scheme(const rk_pubkey *key);

rk_pubkey *rk_pubkey_ref(const rk_pubkey *key);
void rk_pubkey_free(rk_pubkey *key);
RK_DEFINE_FREEP(rk_pubkey)

#endif
