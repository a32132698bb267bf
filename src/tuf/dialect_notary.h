/*
 * dialect_notary.h - Notary's keys, signatures and exact files, for dialect_notary.c alone
 *
 * A key's `public` is base64 of DER SubjectPublicKeyInfo, of 32 raw bytes (ed25519), or of a
 * certificate's PEM text. ECDSA signatures are r||s over SHA-256, whatever the curve.
 *
 * Ownership  as in dialect.h.
 * Errors     as in dialect.h.
 * Standard   Notary 0.7's tuf/data and tuf/signed.
 */
#ifndef RK_TUF_DIALECT_NOTARY_H
#define RK_TUF_DIALECT_NOTARY_H

#include "tuf/dialect.h"
#include "world/certificate.h"

RK_CHECKED rk_error *rk_dialect_notary_key_parse(rk_tuf_key *key);
RK_CHECKED rk_error *rk_dialect_notary_key_object(const rk_pubkey *pubkey, rk_node **ret_object);
RK_CHECKED rk_error *rk_dialect_notary_key_given(const rk_node *object, rk_node **ret_object);
RK_CHECKED rk_error *
rk_dialect_notary_certificate_object(const rk_certificate *certificate, rk_node **ret_object);
RK_CHECKED rk_error *
rk_dialect_notary_certificate_of(const rk_tuf_key *key, rk_certificate **ret_certificate);
RK_CHECKED rk_error *
rk_dialect_notary_root_key_check(const rk_tuf_key *key, const char *name, int64_t now);
RK_CHECKED rk_error *rk_dialect_notary_key_id(const rk_node *object, char out[static RK_KEYID_HEX]);
const rk_scheme *rk_dialect_notary_scheme_for(const rk_pubkey *pubkey);
const rk_scheme *rk_dialect_notary_signature_scheme(const rk_tuf_key *key, const rk_json *entry);
RK_CHECKED rk_error *rk_dialect_notary_signature_object(const char *keyid, const rk_scheme *scheme,
    const void *sig, size_t sig_len, rk_node **ret_object);
RK_CHECKED rk_error *rk_dialect_notary_signature_text(const void *sig, size_t sig_len, rk_buf *out);

/* A role's full name, as delegations, snapshots and the server have it. */
bool rk_dialect_notary_is_delegation(const char *name);
/* A time that Go would write again just so. */
bool rk_dialect_notary_time_is_exact(const char *text, size_t len);
RK_CHECKED rk_error *rk_dialect_notary_exact(const struct rk_envelope *file);

#endif
