/*
 * publichalf.h - a public key object on a token, made from the public key
 *
 * Modules that take in a private key make no public one beside it, and hardly any of them tells the
 * public half of an EC key by the private one: so the public object is made by hand.
 *
 * Errors     CK_RV; RK_CKR_UNSUPPORTED a kind of key that has no such object.
 * Standard   PKCS#11 2.40, sections 4.8 and 5.7 (C_CreateObject); Ed25519: 3.0, section 2.3.
 */
#ifndef RK_PKCS11_PUBLICHALF_H
#define RK_PKCS11_PUBLICHALF_H

#include "pkcs11/session.h"

enum rk_publichalf_use {
	RK_PUBLICHALF_VERIFY, /* a token object */
	RK_PUBLICHALF_WRAP, /* a session object, an RSA key's */
};

struct rk_publichalf {
	const rk_pubkey *key;
	rk_wire_span id, label; /* either may be empty */
	enum rk_publichalf_use use;
};

/* The session is writable where a token object is wanted. */
CK_RV rk_publichalf_create(
    rk_session *session, const struct rk_publichalf *half, CK_OBJECT_HANDLE *ret_handle);

#endif
