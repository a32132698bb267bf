/*
 * inittoken.h - an empty token made ready: C_InitToken, then C_InitPIN
 *
 * A module may give the fresh token another slot, or even show the old empty slot again beside
 * it, so it is looked for by its label afterwards.
 *
 * Errors     CK_RV; RK_CKR_OTHER_TOKEN where the fresh token cannot be told from others.
 * Standard   PKCS#11 2.40, section 5.5.
 */
#ifndef RK_PKCS11_INITTOKEN_H
#define RK_PKCS11_INITTOKEN_H

#include "pkcs11/module.h"

/* `request`: slot, identity, label, PINs. On failure *slot is the slot that was tried. */
CK_RV rk_inittoken(rk_module *module, const rk_request *request, rk_slot *slot);

#endif
