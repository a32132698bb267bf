/*
 * opened_wrap.h - an open token's part in a copy: transport key, wrapping, unwrapping, sealing
 *
 * The parent carries ciphertext and public keys from one worker to the other, and nothing else.
 *
 * Errors     as src/world/token.h lists for the operations of these names.
 */
#ifndef RK_PKCS11_OPENED_WRAP_H
#define RK_PKCS11_OPENED_WRAP_H

#include "pkcs11/opened_private.h"

RK_CHECKED rk_error *rk_opened_wrap_transport(rk_token *token, rk_pubkey **ret_transport);
RK_CHECKED rk_error *rk_opened_wrap_end(rk_token *token);
RK_CHECKED rk_error *rk_opened_wrap_key(rk_token *token, const rk_token_key *key,
    const struct rk_wrap_how *how, rk_wrapped *ret_wrapped);
RK_CHECKED rk_error *
rk_opened_wrap_unwrap(rk_token *token, const struct rk_unwrap_wish *wish, rk_token_key **ret_key);
RK_CHECKED rk_error *rk_opened_wrap_seal(rk_token *token, const rk_token_key *key);

#endif
