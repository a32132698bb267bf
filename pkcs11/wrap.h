/*
 * wrap.h - the source's side of a copy: the key leaves its token as ciphertext
 *
 * A fresh AES-256 key, a session object, wraps the private key and is wrapped by the target's
 * transport key, which comes as a public key and is a session object too. Neither is left.
 *
 * Errors     CK_RV as the module gave it; CKR_KEY_UNEXTRACTABLE, CKR_KEY_NOT_WRAPPABLE, …;
 *            RK_CKR_EXPOSED a key that was to be sealed, and is extractable still.
 * Standard   PKCS#11 2.40, sections 5.13 (C_WrapKey) and 5.7 (C_SetAttributeValue).
 */
#ifndef RK_PKCS11_WRAP_H
#define RK_PKCS11_WRAP_H

#include "pkcs11/keys.h"

/* `request`: way, sha1, spki. Appends the two fields of an rk_wrapped: KEK and key. */
CK_RV
rk_wrap_key(rk_session *session, const rk_object *key, const rk_request *request, rk_buf *out);
/* CKA_EXTRACTABLE false from now on, and read back. */
CK_RV rk_wrap_seal(rk_session *session, rk_object *key);

#endif
