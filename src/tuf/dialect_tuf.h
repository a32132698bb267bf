/*
 * dialect_tuf.h - TUF 1.0's keys and signatures, for dialect_tuf.c alone
 *
 * Written: ed25519 as 64 hex digits; ECDSA and RSA as PEM with a final newline. Read besides: hex
 * points and the keytypes of old files. Signatures are lower-case hex.
 *
 * Ownership  as in dialect.h.
 * Errors     as in dialect.h.
 * Standard   TUF 1.0, section 4.2 (KEYTYPE, SCHEME, KEYVAL, KEYID).
 */
#ifndef RK_TUF_DIALECT_TUF_H
#define RK_TUF_DIALECT_TUF_H

#include "tuf/dialect.h"

RK_CHECKED rk_error *rk_dialect_tuf_key_parse(rk_tuf_key *key);
RK_CHECKED rk_error *rk_dialect_tuf_key_object(const rk_pubkey *pubkey, rk_node **ret_object);
RK_CHECKED rk_error *rk_dialect_tuf_key_id(const rk_node *object, char out[static RK_KEYID_HEX]);
const rk_scheme *rk_dialect_tuf_scheme_for(const rk_pubkey *pubkey);
RK_CHECKED rk_error *rk_dialect_tuf_signature_object(const char *keyid, const rk_scheme *scheme,
    const void *sig, size_t sig_len, rk_node **ret_object);
RK_CHECKED rk_error *rk_dialect_tuf_signature_text(const void *sig, size_t sig_len, rk_buf *out);

#endif
