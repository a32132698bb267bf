/*
 * keys.h - the keys of an open token, found once a login state
 *
 * One C_FindObjects a class: private keys, public keys, certificates; then the halves are put
 * together by CKA_ID, key type and label. A public half that a private key does not tell comes
 * from the public object of the same id, else from the certificate. Kinds of key that we do not
 * know are stepped over with their type's number.
 *
 * Ownership  objects belong to the session and stay until a login, rk_keys_drop or its close.
 * Errors     CK_RV; RK_CKR_TOO_MANY.
 * Standard   PKCS#11 2.40, sections 4.4 to 4.9 and 5.7; EdDSA keys: 3.0, section 2.3.
 */
#ifndef RK_PKCS11_KEYS_H
#define RK_PKCS11_KEYS_H

#include "pkcs11/attribute.h"

/* Every object of one class, as the module shows them; free(). */
CK_RV rk_keys_objects(
    rk_session *session, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE **ret_handles, size_t *ret_count);
/* Make session->objects true; nothing to do while they are known. */
CK_RV rk_keys_find(rk_session *session);
/* The public half that a public object tells; NULL where it does not, or is of no known kind. */
CK_RV
rk_keys_public_half(rk_session *session, CK_OBJECT_HANDLE handle, rk_pubkey **ret_key);
/* NULL where there is none. */
rk_object *rk_keys_by_handle(rk_session *session, CK_OBJECT_HANDLE private_key);
/* Same id and label, and no private half. */
rk_object *rk_keys_by_name(rk_session *session, const rk_wire_span *id, const rk_wire_span *label);
bool rk_keys_is_named(const rk_object *object, const rk_wire_span *id, const rk_wire_span *label);
/* False for a certificate whose key is not to be seen: it only takes its id. */
bool rk_keys_has_half(const rk_object *object);
bool rk_keys_taken(rk_session *session, const rk_wire_span *id, const rk_wire_span *label);
/* Read a new pair and put it among the known ones; it is the last. */
CK_RV rk_keys_add(rk_session *session, CK_OBJECT_HANDLE private_key, CK_OBJECT_HANDLE public_key);
void rk_keys_drop(rk_session *session, rk_object *object);
/* As it travels; points into the object. */
rk_found_key rk_keys_found(const rk_object *object);

#endif
