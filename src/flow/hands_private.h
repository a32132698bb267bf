/*
 * hands_private.h - what hands.c and hands_sign.c share
 *
 * A tray is one opened token with what this run knows of it. Hands point at trays.
 */
#ifndef RK_FLOW_HANDS_PRIVATE_H
#define RK_FLOW_HANDS_PRIVATE_H

#include "flow/hands.h"

struct rk_hands_tray {
	rk_token *token;
	rk_token_info *info; /* as it was opened */
	rk_token_keys *keys; /* after the login; NULL: not asked yet */
	bool used; /* by a hand or by its own name; else only looked at on the way to another */
	bool logged_in;
	bool refused; /* a PIN was refused in this run: it is not tried again */
	bool module_hashed;
	char module_sha256[65]; /* hex, once it was hashed; empty: its file cannot be read */
	struct rk_hands_tray *next;
};

struct rk_hand {
	struct rk_hands *hands;
	struct rk_hands_tray *tray;
	char *name;
	char *uri; /* the one that found the token; NULL for a key that is held */
	rk_pubkey *pubkey; /* the expected one; NULL: the key's own */
	const rk_token_key *key; /* NULL: not ready */
	rk_token_key *owned; /* the same, where it is not one of the tray's */
	rk_hand *next;
};

struct rk_hands {
	rk_env *env;
	rk_tokens *tokens;
	struct rk_hands_tray *trays;
	rk_hand *all;
};

#endif
