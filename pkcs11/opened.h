/*
 * opened.h - the rk_token that the house sees: one session in a worker
 *
 * Ownership  ret_token belongs to the caller (rk_token_free closes it); it holds its channel.
 * Errors     as src/world/token.h lists.
 */
#ifndef RK_PKCS11_OPENED_H
#define RK_PKCS11_OPENED_H

#include "pkcs11/provider.h"

/* Open the token that was seen in `slot`; `pin_source` (may be NULL) is remembered. */
RK_CHECKED rk_error *rk_opened_new(
    rk_provider *provider, const rk_slot *slot, const char *pin_source, rk_token **ret_token);

#endif
