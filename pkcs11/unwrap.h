/*
 * unwrap.h - the target's side of a copy: the key comes out of its ciphertext on the token
 *
 * Templates say sensitive and not extractable, and are not believed: the attributes are read back,
 * and a key that could be read out is destroyed at once. The public object is made first, so that
 * what is cut off halfway is known again by its public key.
 *
 * Errors     CK_RV; RK_CKR_EXISTS, RK_CKR_EXPOSED, RK_CKR_BAD_ANSWER another key came out of it,
 *            RK_CKR_STRAY.
 * Standard   PKCS#11 2.40, section 5.13 (C_UnwrapKey).
 */
#ifndef RK_PKCS11_UNWRAP_H
#define RK_PKCS11_UNWRAP_H

#include "pkcs11/keys.h"

/* `request`: way, sha1, spki of the key, id, label, kek, input. *ret_object stays the session's. */
CK_RV rk_unwrap_key(rk_session *session, const rk_request *request, rk_object **ret_object);

#endif
