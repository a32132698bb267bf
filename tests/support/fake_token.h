/*
 * fake_token.h - a module of one token that does as it is told, and a person who answers
 *
 * A test sets what the token is and how it fails, runs a flow over `tokens` and `env`, and looks at
 * what happened.
 *
 * Ownership  everything is in the struct; labels and serials are borrowed.
 */
#ifndef RK_SUPPORT_FAKE_TOKEN_H
#define RK_SUPPORT_FAKE_TOKEN_H

#include "world/token.h"

struct rk_fake_token {
	rk_tokens tokens;
	rk_token token;
	rk_env env;
	/* the token */
	bool initialized, empty_after_init, swapped, keeps_keys;
	size_t keys;
	enum rk_pin_state so_pin_state;
	enum rk_code generate_fails, login_fails;
	const char *label, *serial;
	/* the person */
	bool pin_at_hand;
	const char *new_pin;
	enum rk_code confirm_says;
	/* what happened */
	unsigned logins, inits, looks, made, destroyed, confirms;
	enum rk_confirm_kind confirm_kind;
	char typed_back[64];
};

/* Initialised, with a PIN and no key: 'fake' (serial 1a2b). */
struct rk_fake_token rk_fake_token_used(void);

#endif
