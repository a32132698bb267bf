/*
 * transport.h - the key pair that carries another key to this token
 *
 * RSA of 3072 bits, private and not extractable, for one copy. A session object where the module
 * makes such pairs, which ends with the worker; else a token object with a label of its own, so
 * that the next copy finds and removes what a run that was killed has left.
 *
 * Errors     CK_RV; RK_CKR_EXPOSED; RK_CKR_TRANSPORT it could not be removed.
 * Standard   PKCS#11 2.40, section 5.13 (C_GenerateKeyPair).
 */
#ifndef RK_PKCS11_TRANSPORT_H
#define RK_PKCS11_TRANSPORT_H

#include "pkcs11/session.h"

#define RK_TRANSPORT_LABEL "rootkeep-transport"

/* Its SubjectPublicKeyInfo, appended. */
CK_RV rk_transport_begin(rk_session *session, rk_buf *out);
/* None is success. */
CK_RV rk_transport_end(rk_session *session);

#endif
