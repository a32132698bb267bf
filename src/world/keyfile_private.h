/*
 * keyfile_private.h - what the rooms of keyfile share, and nobody else sees
 *
 * keyfile.c reads the file and says what is in it, keyfile_pem.c finds the one block, keyfile_der.c
 * takes DER apart and puts it together, keyfile_seal.c opens what a passphrase seals, keyfile_key.c
 * judges EC and Ed25519 keys, keyfile_rsa.c RSA keys.
 *
 * Ownership  spans borrow the bytes that they were taken from.
 */
#ifndef RK_WORLD_KEYFILE_PRIVATE_H
#define RK_WORLD_KEYFILE_PRIVATE_H

#include "world/keyfile.h"

/* DER's tags that keys have (X.690). */
enum {
	RK_KEYFILE_INTEGER = 0x02,
	RK_KEYFILE_BITS = 0x03,
	RK_KEYFILE_OCTETS = 0x04,
	RK_KEYFILE_NULL = 0x05,
	RK_KEYFILE_OID = 0x06,
	RK_KEYFILE_SEQUENCE = 0x30,
	RK_KEYFILE_CONTEXT_0 = 0xa0,
	RK_KEYFILE_CONTEXT_1 = 0xa1,
	RK_KEYFILE_CONTEXT_1_BITS = 0x81, /* [1] IMPLICIT BIT STRING */
};

/* A stretch of bytes that is being read: what is taken is gone from its front. */
struct rk_keyfile_span {
	const uint8_t *at;
	size_t len;
};

/* The body of the next element if it has this tag and stands in DER's one form. */
bool rk_keyfile_der_take(struct rk_keyfile_span *span, unsigned tag, struct rk_keyfile_span *ret);
/* The same with its tag and length in front. */
bool rk_keyfile_der_whole(struct rk_keyfile_span *span, unsigned tag, struct rk_keyfile_span *ret);
bool rk_keyfile_der_next_is(const struct rk_keyfile_span *span, unsigned tag);
/* An INTEGER that is not negative, without the zero byte in front. */
bool rk_keyfile_der_number(struct rk_keyfile_span *span, struct rk_keyfile_span *ret);
/* A BIT STRING of whole bytes. */
bool rk_keyfile_der_bits(struct rk_keyfile_span *span, unsigned tag, struct rk_keyfile_span *ret);
bool rk_keyfile_span_is(const struct rk_keyfile_span *span, const void *bytes, size_t len);

/* DER is written from its end to its beginning, so that every length is known when it is due. */
struct rk_keyfile_out {
	rk_secret *room;
	size_t at; /* the first byte written */
};
RK_CHECKED rk_error *rk_keyfile_out_open(size_t room, struct rk_keyfile_out *ret_out);
/* In front of what is there. */
void rk_keyfile_out_bytes(struct rk_keyfile_out *out, const void *bytes, size_t len);
/* A tag and the length of all that was written since `end` was `out->at`. */
void rk_keyfile_out_wrap(struct rk_keyfile_out *out, unsigned tag, size_t end);
/* PKCS#8 around all that was written; `algorithm` is a whole AlgorithmIdentifier. */
RK_CHECKED rk_error *rk_keyfile_out_pkcs8(
    struct rk_keyfile_out *out, const void *algorithm, size_t algorithm_len, rk_secret **ret_pkcs8);
void rk_keyfile_out_clear(struct rk_keyfile_out *out);
#define RK_AUTO_KEYFILE_OUT(name) \
	__attribute__((cleanup(rk_keyfile_out_clear))) struct rk_keyfile_out name = {NULL, 0}

/* The one private key of a PEM text. */
struct rk_keyfile_block {
	char *label; /* "EC PRIVATE KEY" */
	rk_secret *bytes;
	char *role, *gun, *path;
	char *dek_info; /* how it is sealed in PEM's old way; NULL: not so */
};
bool rk_keyfile_pem_is(const void *text, size_t len);
RK_CHECKED rk_error *
rk_keyfile_pem_read(const void *text, size_t len, struct rk_keyfile_block *ret_block);
void rk_keyfile_block_clear(struct rk_keyfile_block *block);

struct rk_keyfile_seal {
	rk_secret *bytes;
	char *dek_info; /* NULL: an EncryptedPrivateKeyInfo */
	bool bare_edwards; /* Notary's 96 bytes are in it, no DER */
};
/* Can it be opened with any passphrase? RK_E_TOKEN_UNSUPPORTED, RK_E_LIMIT, RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_keyfile_seal_judge(const struct rk_keyfile_seal *seal);
/* RK_E_MALFORMED: what comes out is padded wrongly. */
RK_CHECKED rk_error *rk_keyfile_seal_open(
    const struct rk_keyfile_seal *seal, const rk_secret *passphrase, rk_secret **ret_plain);
void rk_keyfile_seal_free(struct rk_keyfile_seal *seal);

/* What the outermost structure looks like. */
enum rk_keyfile_form {
	RK_KEYFILE_FORM_NONE,
	RK_KEYFILE_FORM_PKCS8,
	RK_KEYFILE_FORM_SEALED,
	RK_KEYFILE_FORM_PKCS1,
	RK_KEYFILE_FORM_SEC1,
	RK_KEYFILE_FORM_DSA,
	RK_KEYFILE_FORM_PUBLIC, /* SubjectPublicKeyInfo */
	RK_KEYFILE_FORM_CERTIFICATE,
};
enum rk_keyfile_form rk_keyfile_form_of(struct rk_keyfile_span der);
/* Fill `file` from an open key. */
RK_CHECKED rk_error *rk_keyfile_take_pkcs8(rk_keyfile *file, struct rk_keyfile_span der);
RK_CHECKED rk_error *rk_keyfile_take_sec1(
    rk_keyfile *file, struct rk_keyfile_span der, const struct rk_keyfile_span *curve);
RK_CHECKED rk_error *rk_keyfile_take_pkcs1(rk_keyfile *file, struct rk_keyfile_span der);
/* pub || seed || pub. */
RK_CHECKED rk_error *rk_keyfile_take_edwards96(rk_keyfile *file, struct rk_keyfile_span bytes);

RK_CHECKED rk_error *rk_keyfile_damaged(const char *what);
/* The passphrase, or the bytes: nobody can tell. */
RK_CHECKED rk_error *rk_keyfile_wrong(void);

#endif
