/*
 * pins.h - one try of a PIN, an SO PIN or a PUK: what stands against it, and how it is asked for
 *
 * Nothing is guessed and nothing is tried twice. The state that the token tells is looked at first:
 * a locked secret is not asked for, a last try needs its own yes, a length that the token cannot
 * have is never sent. On a token with a pad of its own nothing is asked here: the person is told
 * to look at it.
 *
 * Ownership  ret_* belong to the caller; everything given is borrowed.
 * Errors     RK_E_PIN_LOCKED, RK_E_PIN_LAST (the last try was not agreed to), RK_E_PIN_NEEDED; those
 *            of env's pin and confirm; RK_E_NOMEM.
 * Units      a PIN's length in bytes.
 */
#ifndef RK_FLOW_PINS_H
#define RK_FLOW_PINS_H

#include "world/token.h"

enum rk_pins_secret { RK_PINS_PIN, RK_PINS_SO_PIN, RK_PINS_PUK };

struct rk_pins_want {
	rk_env *env;
	enum rk_pins_secret secret;
	const rk_token_info *now; /* the token as it is now */
	const char *token; /* its name, safe to print */
	const char *source; /* the PIN's, from the URI; NULL: none */
	const char *purpose; /* ours, already shown */
	bool only_token; /* of this run */
	bool shared_label; /* with another one of this run */
};

/* "PIN", "SO PIN", "PUK"; a YubiKey's SO PIN is its "management key". */
const char *rk_pins_word(const rk_token_info *info, enum rk_pins_secret secret);
/* As the flags and, where it is told, the count of tries say it; of a PUK there is the count alone. */
enum rk_pin_state rk_pins_state(const rk_token_info *info, enum rk_pins_secret secret);
/* May one try be spent? RK_E_PIN_NEEDED: there is no such PIN yet. Asks for the last one. */
RK_CHECKED rk_error *rk_pins_judge(const struct rk_pins_want *want);
/* `*ret_secret` is NULL for the token's own pad. RK_E_PIN_NEEDED one of a length that cannot be right. */
RK_CHECKED rk_error *rk_pins_ask(const struct rk_pins_want *want, rk_secret **ret_secret);
/* One to be set, typed twice; NULL for the pad. RK_E_REFUSED a length that the token does not take. */
RK_CHECKED rk_error *rk_pins_ask_new(const struct rk_pins_want *want, rk_secret **ret_secret);
/* What to do about a PIN that is locked, as a command where there is one. */
RK_CHECKED rk_error *rk_pins_advise_locked(rk_error *err, const rk_token_info *info);

#endif
