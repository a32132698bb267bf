/*
 * keyuri.h - what a stored PKCS#11 URI says, read without a token
 *
 * A person names a token or a key by fewer attributes than the keep has stored of it: a URI fits
 * another if all that it says of token and key is said by the other too. Nothing is opened.
 *
 * Errors     RK_E_MALFORMED a %XX that is none; RK_E_NOMEM.
 * Standard   RFC 7512, sections 2.3 and 2.5 (matching).
 */
#ifndef RK_FLOW_KEYURI_H
#define RK_FLOW_KEYURI_H

#include "base/buf.h"

/* "pkcs11:…": is this text meant as a URI? */
bool rk_keyuri_is(const char *text);
/* Does `asked` fit `stored`? Of what stands after '?', only module-name is compared, where both have
 * one. */
bool rk_keyuri_fits(const char *asked, const char *stored);
/* The decoded value of a path attribute ("id", "token"); `*ret_found` false: it has none. */
RK_CHECKED rk_error *
rk_keyuri_attribute(const char *uri, const char *name, rk_buf *out, bool *ret_found);

#endif
