/*
 * wrapway.h - the ways in which a private key is wrapped, in PKCS#11's words: one table
 *
 * Read by the parent, which chooses one that both tokens name, and by the worker, which does it.
 *
 * Standard   PKCS#11 2.40 (mechanisms): OAEP 2.1.8, RSA AES key wrap 2.1.25, AES key wrap 2.14,
 *            AES-CBC with padding 2.8.4; CKM_AES_KEY_WRAP_KWP: 3.0.
 */
#ifndef RK_PKCS11_WRAPWAY_H
#define RK_PKCS11_WRAPWAY_H

#include "pkcs11/message.h"
#include "world/token.h"

#define RK_WRAPWAY_IV 16
#define RK_WRAPWAY_KEK 32 /* bytes */

CK_MECHANISM_TYPE rk_wrapway_mechanism(enum rk_wrap_way way);
/* Does the RSA key wrap the private one by itself, with an AES key that nobody sees? */
bool rk_wrapway_is_whole(enum rk_wrap_way way);

struct rk_wrapway_rsa_aes {
	CK_ULONG bits;
	CK_RSA_PKCS_OAEP_PARAMS *oaep;
};

/* Mechanisms with their parameters, which point into the same struct: it stays where it is. */
struct rk_wrapway_call {
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	struct rk_wrapway_rsa_aes rsa_aes;
	CK_BYTE iv[RK_WRAPWAY_IV];
	CK_MECHANISM kek; /* by the RSA key */
	CK_MECHANISM key; /* by the KEK, or whole */
};

void rk_wrapway_prepare(enum rk_wrap_way way, bool sha1, struct rk_wrapway_call *call);

/* By what C_GetMechanismInfo says of it; flags that are all zero rule nothing out. */
void
rk_wrapway_offered(const rk_mechanism *mechanisms, size_t count, rk_token_abilities *abilities);

#endif
