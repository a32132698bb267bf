/*
 * signature.h - what is signed, with which scheme, and the two shapes of an ECDSA signature
 *
 * A token signs a digest (ECDSA, RSA) or a whole message (Ed25519), and returns raw bytes: r||s
 * of fixed width, 64 bytes, or as many as the modulus has. TUF files want ECDSA in DER (ANSI
 * X9.62 ECDSA-Sig-Value), Notary wants r||s. A scheme is data: which hash, which padding, which
 * shape.
 *
 * Errors     RK_E_MALFORMED, RK_E_NOMEM.
 * Units      sizes in bytes.
 */
#ifndef RK_WORLD_SIGNATURE_H
#define RK_WORLD_SIGNATURE_H

#include "base/buf.h"

enum rk_family { RK_FAMILY_ECDSA, RK_FAMILY_ED25519, RK_FAMILY_RSA_PSS, RK_FAMILY_RSA_PKCS1 };
enum rk_hash { RK_HASH_NONE, RK_HASH_SHA224, RK_HASH_SHA256, RK_HASH_SHA384, RK_HASH_SHA512 };
enum rk_sig_shape { RK_SIG_DER, RK_SIG_RAW };

typedef struct rk_scheme {
	const char *name; /* the TUF scheme string, e.g. "ecdsa-sha2-nistp256" */
	enum rk_family family;
	enum rk_hash hash; /* of the message; NONE for Ed25519 */
	enum rk_sig_shape shape; /* ECDSA only: how the metadata holds it */
	unsigned curve_bits; /* ECDSA: 256, 384, 521; else 0 */
} rk_scheme;

/*
 * The digests of one payload, taken in one pass over it; and the bytes themselves, where an
 * Ed25519 key wants them. `have` says which digests were computed (1u << RK_HASH_…).
 */
typedef struct rk_payload {
	uint8_t sha224[28];
	uint8_t sha256[32];
	uint8_t sha384[48];
	uint8_t sha512[64];
	unsigned have;
	size_t len; /* of the payload */
	rk_buf bytes; /* empty unless `whole` */
	bool whole;
} rk_payload;

void rk_payload_clear(rk_payload *payload);
/* The digest that `hash` names and its size; NULL where it was not computed. */
const uint8_t *rk_payload_digest(const rk_payload *payload, enum rk_hash hash, size_t *ret_len);
/* All at once, from memory (challenges, small documents): every digest and the bytes. */
RK_CHECKED rk_error *rk_payload_from_bytes(const void *bytes, size_t len, rk_payload *ret_payload);
/* A running pass: feed a sink, then finish. `hashes` is a set of 1u << RK_HASH_…. */
typedef struct rk_payload_pass rk_payload_pass;
RK_CHECKED rk_error *rk_payload_begin(unsigned hashes, bool whole, rk_payload_pass **ret_pass);
rk_sink rk_payload_sink(rk_payload_pass *pass);
RK_CHECKED rk_error *rk_payload_finish(rk_payload_pass *pass, rk_payload *ret_payload);
void rk_payload_pass_free(rk_payload_pass *pass);
RK_DEFINE_FREEP(rk_payload_pass)

/* SHA-256 in one call, which needs no memory. */
void rk_sha256(const void *bytes, size_t len, uint8_t out[static 32]);

/* r||s, each half of `len`, to minimal DER, appended; and back to halves of `half` bytes each.
 * RK_E_MALFORMED: an odd length, zero r or s, DER that is not minimal or too wide. */
RK_CHECKED rk_error *rk_ecdsa_raw_to_der(const uint8_t *raw, size_t len, rk_buf *out);
RK_CHECKED rk_error *rk_ecdsa_der_to_raw(const uint8_t *der, size_t len, size_t half, rk_buf *out);

#endif
