/*
 * attribute.h - reading an object's attributes, one at a time
 *
 * Modules differ in what they do with a template in which one attribute is unknown to them, so
 * each is asked for by itself. "Unknown" is an answer of its own, never "no".
 *
 * Errors     CK_RV.
 * Standard   PKCS#11 2.40, section 5.7 (C_GetAttributeValue).
 */
#ifndef RK_PKCS11_ATTRIBUTE_H
#define RK_PKCS11_ATTRIBUTE_H

#include "pkcs11/session.h"
#include "world/token.h"

/* Appends the value. CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_SENSITIVE, RK_CKR_BAD_ANSWER. */
CK_RV rk_attribute_bytes(
    rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, rk_buf *out);
/* Is it the attribute that is not to be had? Else the object, the session or the token failed, and
 * nothing is known of what was asked for. */
bool rk_attribute_is_withheld(CK_RV rv);
/* Did the token or the session with it go away? */
bool rk_attribute_is_lost(CK_RV rv);
/* CKR_OK only with a whole CK_ULONG. */
CK_RV rk_attribute_number(
    rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret_number);
enum rk_fact
rk_attribute_fact(rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

#endif
