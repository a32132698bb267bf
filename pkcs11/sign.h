/*
 * sign.h - one signature: the mechanism that the key's type and the module agree on
 *
 * ECDSA takes a digest (CKM_ECDSA, hashed in the parent); Ed25519 the whole message in one
 * C_Sign; RSA a digest, padded as PSS by the token, or by us where the token has only the bare
 * RSA operation, or as PKCS#1 v1.5 (certificates) by the token. One C_SignInit and one C_Sign each.
 *
 * Errors     CK_RV; RK_CKR_UNSUPPORTED, RK_CKR_PIN_DROPPED.
 * Units      PSS salts have the digest's length.
 * Standard   PKCS#11 2.40, section 5.11; CKM_EDDSA: 3.0, section 2.3.14; RFC 8017, section 9.
 */
#ifndef RK_PKCS11_SIGN_H
#define RK_PKCS11_SIGN_H

#include "pkcs11/keys.h"

/* `request`: hash, pkcs1 and input. Appends the raw signature. */
CK_RV
rk_sign(rk_session *session, rk_object *key, const rk_request *request, rk_buf *ret_raw);

#endif
