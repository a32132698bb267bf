/*
 * import.h - a copy of a private key goes to a token
 *
 * The private half, then what tells the public one: a public object, or, where the module takes
 * none, a certificate. Afterwards the token is looked at anew: a key that does not have this very
 * public half is destroyed again.
 *
 * Errors     CK_RV; RK_CKR_EXISTS, RK_CKR_UNSUPPORTED, RK_CKR_OTHER_TYPE, RK_CKR_BAD_ANSWER,
 *            RK_CKR_STRAY.
 * Standard   PKCS#11 2.40, section 5.7 (C_CreateObject).
 */
#ifndef RK_PKCS11_IMPORT_H
#define RK_PKCS11_IMPORT_H

#include "pkcs11/keys.h"

/* `request`: type, id, label, wrappable, pkcs8. *ret_object stays the session's. */
CK_RV rk_import(rk_session *session, const rk_request *request, rk_object **ret_object);

#endif
