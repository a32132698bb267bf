/*
 * uri.h - PKCS#11 URIs: what they name, and those that we give out
 *
 * Parsed by p11-kit. A PIN inside a URI is refused, so is a pin-source that is a command, and so
 * is an attribute that is not known or there twice: it would silently match nothing, or something
 * else.
 *
 * Ownership  ret_uri and ret_text belong to the caller.
 * Errors     RK_E_USAGE no PKCS#11 URI; RK_E_REFUSED; RK_E_NOMEM.
 * Standard   RFC 7512.
 */
#ifndef RK_PKCS11_URI_H
#define RK_PKCS11_URI_H

#include "pkcs11/message.h"
#include "world/token.h"

typedef struct rk_uri rk_uri;

RK_CHECKED rk_error *rk_uri_parse(const char *text, rk_uri **ret_uri);
/* Query attributes; NULL where there is none. */
const char *rk_uri_module_name(const rk_uri *uri);
const char *rk_uri_module_path(const rk_uri *uri);
const char *rk_uri_pin_source(const rk_uri *uri);
/* Does it name a slot and nothing of the token? Slots change their numbers. */
bool rk_uri_is_slot_only(const rk_uri *uri);
/* Does it give a token's label or serial? An empty token has neither. */
bool rk_uri_is_about_one(const rk_uri *uri);
/* Could the token in this slot be meant? */
bool rk_uri_names_token(const rk_uri *uri, const CK_INFO *module, const rk_slot *slot);
/* Could this key be meant? */
bool rk_uri_names_key(const rk_uri *uri, const rk_token_key *key);
void rk_uri_free(rk_uri *uri);
RK_DEFINE_FREEP(rk_uri)

/* pkcs11:model=…;manufacturer=…;serial=…;token=…?module-name=…; `module_name` may be NULL. */
RK_CHECKED rk_error *rk_uri_of_token(const rk_slot *slot, const char *module_name, char **ret_text);
/* The same with id, object and type=private. */
RK_CHECKED rk_error *rk_uri_of_key(
    const rk_slot *slot, const rk_token_key *key, const char *module_name, char **ret_text);

#endif
