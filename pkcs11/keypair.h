/*
 * keypair.h - making a key pair on a token, and destroying one
 *
 * The templates are a table. Where a module refuses an attribute, the pair is asked for again
 * with fewer; what came of it is read back and told, never assumed. A pair that cannot be read
 * back is destroyed.
 *
 * Errors     CK_RV; RK_CKR_EXISTS, RK_CKR_UNSUPPORTED, RK_CKR_BAD_ANSWER, RK_CKR_STRAY.
 * Standard   PKCS#11 2.40, section 5.13 (C_GenerateKeyPair); Ed25519: 3.0, section 2.3.
 */
#ifndef RK_PKCS11_KEYPAIR_H
#define RK_PKCS11_KEYPAIR_H

#include "pkcs11/keys.h"

/* `request`: type, id, label, wrappable. *ret_object stays the session's. */
CK_RV
rk_keypair_generate(rk_session *session, const rk_request *request, rk_object **ret_object);

/* What has come to be on the token; 0: nothing. */
struct rk_keypair {
	CK_OBJECT_HANDLE private_key, public_key, certificate;
};

/* Before a key comes to be: label and id are free, the session is writable. RK_CKR_EXISTS. */
CK_RV rk_keypair_prepare(rk_session *session, const rk_request *request);
/* Is it what was asked for, in what nobody above could repair? The rest is told. */
CK_RV rk_keypair_judge(rk_session *session, const rk_request *request, const rk_object *made);
/* Destroy it; `why` stays the answer, unless something is left behind: RK_CKR_STRAY. */
CK_RV rk_keypair_take_back(rk_session *session, const struct rk_keypair *pair, CK_RV why);
/* Both halves and the certificate. An object that is not there is success. */
CK_RV rk_keypair_destroy(rk_session *session, rk_object *object);

#endif
