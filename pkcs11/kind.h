/*
 * kind.h - which kind of token it is, where that matters: by what the module says of itself
 *
 * Nearly everything is asked of a module and believed; what has to be known beforehand (a try that
 * must not be spent, a slot that would be overwritten) goes by these few names.
 *
 * Standard   PKCS#11 2.40, section 3.1 (CK_INFO), 3.3 (CK_TOKEN_INFO).
 */
#ifndef RK_PKCS11_KIND_H
#define RK_PKCS11_KIND_H

#include "pkcs11/message.h"

enum rk_kind {
	RK_KIND_PLAIN,
	RK_KIND_YKCS11, /* a YubiKey's PIV application through Yubico's module */
	RK_KIND_OPENSC_PIV, /* a PIV card through OpenSC: it signs, and can do no more */
	RK_KIND_NSS, /* a database: nobody gives it a new PIN */
};

enum rk_kind rk_kind_of(const CK_INFO *module, const CK_TOKEN_INFO *token);

#endif
