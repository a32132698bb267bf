/*
 * hands.h - the keys that are at hand in this run
 *
 * Opens each token once, logs in at most once with one PIN, finds its keys once, signs, and
 * verifies every signature in software before anyone sees it. A key is at hand when its token is
 * present and its PIN is given, askable or not needed. The PIN budget is kept here: the state is
 * shown before a PIN is asked, a locked token is not tried, a last try needs its own yes, and a PIN
 * goes only to the token it was asked for: serial, label and model are seen again after opening,
 * and so is a public key that is expected there, where it shows any.
 *
 * Ownership  hands own the open tokens; rk_hand is borrowed until rk_hands_free.
 * Errors     as the token's, plus RK_E_PIN_LAST, RK_E_PIN_NEEDED, RK_E_NO_INPUT, RK_E_CANCELLED,
 *            RK_E_KEY_UNPROVEN: a signature that does not verify under the expected public key.
 */
#ifndef RK_FLOW_HANDS_H
#define RK_FLOW_HANDS_H

#include "world/token.h"
#include "json/document.h"

typedef struct rk_hands rk_hands;
typedef struct rk_hand rk_hand;

/* `tokens` and `env` are borrowed. */
RK_CHECKED rk_error *rk_hands_new(rk_env *env, rk_tokens *tokens, rk_hands **ret_hands);

/* Where a key may be found: its expected public half and the URIs of the tokens that hold it. */
struct rk_reach {
	const char *name; /* the key's, for messages */
	const rk_pubkey *pubkey; /* NULL: whatever the URI says (enrolling, `sign FILE`) */
	const char *const *uris;
	size_t uri_count;
};

/*
 * Look for a key without logging in or asking: is one of its tokens here? RK_E_TOKEN_NONE with the
 * reason of each URI; RK_E_TOKEN_MANY. Remembers the opened token.
 */
RK_CHECKED rk_error *
rk_hands_reach(rk_hands *hands, const struct rk_reach *reach, rk_hand **ret_hand);
/* How many different tokens the reached hands use: an unlabelled --pin-file wants exactly one. */
size_t rk_hands_token_count(const rk_hands *hands);
/*
 * Log its token in (once in a run; other hands on it are served too) and find its key, whose
 * public half must be the expected one. `purpose` is shown at the prompt. RK_E_KEY_NONE,
 * RK_E_KEY_MANY, RK_E_UNTRUSTED another public key is in its place.
 */
RK_CHECKED rk_error *rk_hand_ready(rk_hand *hand, const char *purpose);
/* A hand over a key that `token` (of rk_hands_token, logged in) has just made or shown. `*key` is
 * taken over and then NULL; on failure it stays the caller's, who may have to destroy it. `name` is
 * for messages. */
RK_CHECKED rk_error *rk_hands_hold(
    rk_hands *hands, rk_token *token, rk_token_key **key, const char *name, rk_hand **ret_hand);
const rk_pubkey *rk_hand_pubkey(const rk_hand *hand);
const rk_token_key *rk_hand_key(const rk_hand *hand);
/* The key's, foreign. */
const char *rk_hand_name(const rk_hand *hand);
rk_token *rk_hand_token(const rk_hand *hand);
/* Safe to print: "'label' (serial …)". */
const char *rk_hand_token_name(const rk_hand *hand);
const rk_token_info *rk_hand_token_info(const rk_hand *hand);

/* One signature wanted from a hand; jobs for one token travel together. `signature` is filled in
 * the scheme's own shape (DER or raw) after it verified. `err` is this job's own outcome. */
struct rk_hand_job {
	rk_hand *hand;
	const rk_scheme *scheme;
	const rk_payload *payload;
	rk_buf signature;
	rk_error *err;
};
RK_CHECKED rk_error *rk_hands_sign(rk_hands *hands, struct rk_hand_job *jobs, size_t count);
/* Sign SHA-256("rootkeep:" purpose "\0" and length-prefixed nonce and fingerprint), and verify.
 * RK_E_KEY_UNPROVEN. */
RK_CHECKED rk_error *rk_hand_prove(rk_hands *hands, rk_hand *hand, const char *purpose);

/* Destroy a key for ever, and look again: RK_E_TOKEN where it is still there. */
RK_CHECKED rk_error *rk_hands_destroy(rk_token *token, const rk_token_key *key);
/* The same by whoever makes keys on it (rk_hands_login_maker), looked for by its user. */
RK_CHECKED rk_error *rk_hands_unmake(rk_hands *hands, rk_token *token, const rk_token_key *key);

/* A token by its own URI, opened once, for commands on tokens; logged in by rk_hands_login. It
 * counts in rk_hands_token_count. */
RK_CHECKED rk_error *rk_hands_token(rk_hands *hands, const char *uri, rk_token **ret_token);
RK_CHECKED rk_error *rk_hands_login(rk_hands *hands, rk_token *token, const char *purpose);
/*
 * Whoever makes, imports and destroys keys on it is logged in: the user, or the SO where the token
 * wants that (so_makes_keys), whose SO PIN is asked once in a run. One of the two is logged in at a
 * time: rk_hands_login and this one change over without asking again. Where keys are proved or
 * found afterwards, call rk_hands_login first, so that a wrong PIN is known before there is a key.
 */
RK_CHECKED rk_error *rk_hands_login_maker(rk_hands *hands, rk_token *token, const char *purpose);
/* What a change of a PIN is made with; NULL both at the token's own pad. */
struct rk_hands_change {
	enum rk_pin_change change;
	rk_secret *old, *pin;
};
void rk_hands_change_clear(struct rk_hands_change *change);
#define RK_AUTO_HANDS_CHANGE(name)                                                      \
	__attribute__((cleanup(rk_hands_change_clear))) struct rk_hands_change name = { \
	    RK_PIN_CHANGE_USER, NULL, NULL}
/*
 * The secret that allows it, asked for as pins.h tells, and the new one, typed twice: before signals
 * are held back. RK_E_REFUSED the new one is the old one, or of a length that the token does not take.
 */
RK_CHECKED rk_error *rk_hands_ask_change(rk_hands *hands, rk_token *token,
    enum rk_pin_change change, struct rk_hands_change *ret_change);
/* Exactly one try of the old one; the new one is proved by a login, unless a pad has it.
 * RK_E_KEY_UNPROVEN the module reports success, but the new PIN is refused. */
RK_CHECKED rk_error *
rk_hands_set_pin(rk_hands *hands, rk_token *token, const struct rk_hands_change *change);
/* The token that a URI means, as it is now. Nothing is asked, and it does not count as used. */
RK_CHECKED rk_error *rk_hands_look(rk_hands *hands, const char *uri, rk_token_info **ret_info);
/* The tokens that were logged in: {serial, label, model, firmware, module, module_path, version,
 * sha256} for the journal; the last is the module's file as it is now, left out where it cannot be
 * read. */
RK_CHECKED rk_error *rk_hands_used(const rk_hands *hands, rk_node **ret_array);

void rk_hands_free(rk_hands *hands);
RK_DEFINE_FREEP(rk_hands)

#endif
