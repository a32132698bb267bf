/*
 * certificates.h - the X.509 certificates of an open token, as bytes
 *
 * Errors     CK_RV; RK_CKR_TOO_MANY.
 * Standard   PKCS#11 2.40, section 4.6.
 */
#ifndef RK_PKCS11_CERTIFICATES_H
#define RK_PKCS11_CERTIFICATES_H

#include "pkcs11/keys.h"

/* Their number, and each one's id, label and DER, into `out`: as the reply has them. One that has
 * no value to be read is left out. */
CK_RV rk_certificates_put(rk_session *session, rk_buf *out);

#endif
