/*
 * hands_private.h - what hands.c, hands_login.c and hands_sign.c share
 *
 * A tray is one opened token with what this run knows of it. Hands point at trays.
 */
#ifndef RK_FLOW_HANDS_PRIVATE_H
#define RK_FLOW_HANDS_PRIVATE_H

#include "flow/hands.h"

/* Who is logged in to a token. */
enum rk_hands_who { RK_HANDS_NOBODY, RK_HANDS_USER, RK_HANDS_SO };

struct rk_hands_tray {
	rk_token *token;
	char *uri; /* the first that opened it */
	rk_token_info *info; /* as it was opened */
	rk_token_keys *keys; /* after the login; NULL: not asked yet */
	bool used; /* by a hand or by its own name; else only looked at on the way to another */
	bool logged_in; /* at any time in this run */
	enum rk_hands_who who; /* now */
	bool refused; /* a PIN was refused in this run: it is not tried again */
	bool so_refused; /* and its SO PIN */
	/* Where the SO makes keys and the user signs: both are right, and needed in turn. */
	rk_secret *pin, *so_pin;
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

/* Alike, NULL being empty. */
bool rk_hands_same_text(const char *a, const char *b);
/* NULL: it is not open. */
struct rk_hands_tray *rk_hands_tray_of(const rk_hands *hands, const rk_token *token);
RK_CHECKED rk_error *
rk_hands_login_tray(rk_hands *hands, struct rk_hands_tray *tray, const char *purpose);
/*
 * Before a PIN goes to a token: is the public key that the hand expects to be seen there? Where others
 * are, and not that one, a person is asked; RK_E_UNTRUSTED where its serial does not tell it from
 * other tokens either.
 */
RK_CHECKED rk_error *rk_hands_sight(rk_hand *hand);

#endif
