/*
 * sight.h - what a token shows of a key before anybody has logged in to it
 *
 * A PIN goes only where it belongs: a public key that is expected on the token is looked for among
 * its public objects, and then among its certificates. What was listed for that is listed once: the
 * first look after the login begins with it.
 *
 * Errors     CK_RV.
 */
#ifndef RK_PKCS11_SIGHT_H
#define RK_PKCS11_SIGHT_H

#include "pkcs11/session.h"

/* `request`: spki, the expected key's. Written: enum rk_fact, RK_FACT_NO where others show, and all can be
 * read. */
CK_RV rk_sight(rk_session *session, const rk_request *request, rk_buf *out);

#endif
