/*
 * refusal.h - what a module's CK_RV means to a person: one table
 *
 * The parent writes every sentence; a worker only sends numbers and, where dlopen failed, what
 * the system said, which is shown as foreign text.
 *
 * Errors     the error that the refusal is: never NULL.
 * Standard   PKCS#11 2.40, section 5.1 (return values).
 */
#ifndef RK_PKCS11_REFUSAL_H
#define RK_PKCS11_REFUSAL_H

#include "pkcs11/message.h"
#include "world/env.h"

/* Which secret was tried, if one was. */
enum rk_refusal_secret { RK_REFUSAL_PIN, RK_REFUSAL_SO_PIN, RK_REFUSAL_PUK };

/* "CKR_PIN_INCORRECT", or "0x80000001" into `out`. */
const char *rk_refusal_name(char out[static 32], CK_RV rv);
/*
 * `what` begins the sentence ("cannot log in to 'A' (serial 1)"), ours and safe to print.
 * RK_E_PIN_WRONG, RK_E_PIN_LOCKED, RK_E_PIN_NEEDED, RK_E_TOUCH,
 * RK_E_TOKEN_GONE, RK_E_TOKEN_UNSUPPORTED, RK_E_EXISTS, RK_E_CANCELLED, RK_E_TOKEN.
 */
RK_CHECKED rk_error *
rk_refusal_error(const rk_refusal *refusal, enum rk_refusal_secret tried, const char *what);

enum rk_pin_state rk_refusal_pin_state(uint64_t token_flags);
enum rk_pin_state rk_refusal_so_pin_state(uint64_t token_flags);

#endif
