/*
 * pins.h - a new PIN for a token
 *
 * What is wanted is looked at before anything is tried: a state that is locked, a length that the
 * token does not take, a way that the model does not have. Then the present secret is tried exactly
 * once, and nobody is logged in afterwards.
 *
 * Errors     CK_RV; CKR_PIN_INCORRECT one try is spent; RK_CKR_NO_SUCH_CHANGE.
 * Standard   PKCS#11 2.40, section 5.5 (C_InitPIN, C_SetPIN).
 */
#ifndef RK_PKCS11_PINS_H
#define RK_PKCS11_PINS_H

#include "pkcs11/session.h"

/* `request`: change, so_pin (the present secret), pin (the new one). */
CK_RV rk_pins_change(rk_session *session, const rk_request *request);

#endif
