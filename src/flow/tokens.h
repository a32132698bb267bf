/*
 * tokens.h - what is done to a token as a whole: initialised, given a new PIN, tried out
 *
 * Initialising destroys whatever is on a token. One that was initialised before counts as full,
 * unless its keys were listed after a user login and there were none; a full one wants its serial
 * typed back, or --erase. Trying out makes a scratch key of each type that a token offers, proves
 * and destroys it; where keys cannot be destroyed (a YubiKey), keys that are there sign instead.
 *
 * Ownership  ret_* belong to the caller.
 * Errors     as the token's; RK_E_CANCELLED, RK_E_NO_INPUT from consent; RK_E_PIN_LOCKED,
 *            RK_E_PIN_LAST the SO PIN's state; RK_E_REFUSED a new PIN of a length that the token
 *            does not take, or the only copy of a key that a role trusts would be lost; RK_E_TOKEN_GONE another token came in its place; RK_E_KEY_UNPROVEN an
 *            initialisation that the token does not show afterwards.
 */
#ifndef RK_FLOW_TOKENS_H
#define RK_FLOW_TOKENS_H

#include "flow/hands.h"
#include "flow/plan.h"
#include "keep/keep.h"
#include "keep/probes.h"

struct rk_tokens_wish {
	rk_env *env;
	rk_tokens *tokens;
	const char *uri;
	const char *label; /* the new one */
	rk_keep *keep; /* whose keys must not be lost; NULL: none */
	bool dry_run; /* the plan is made, and nothing else */
};

/* `*ret_info`, as it is afterwards, is left alone in a dry run. */
RK_CHECKED rk_error *
rk_tokens_init(const struct rk_tokens_wish *wish, rk_plan **ret_plan, rk_token_info **ret_info);

/* May its keys be listed without asking a person: no login needed, or its PIN is at hand? */
bool rk_tokens_can_look(rk_env *env, const rk_token_info *info);

/* What is to be changed of a token's secrets. */
enum rk_tokens_secret {
	RK_TOKENS_PIN, /* by the PIN itself */
	RK_TOKENS_PIN_UNBLOCK, /* by its PUK or SO PIN, whichever it has */
	RK_TOKENS_SO_PIN, /* a YubiKey's management key */
};

/* Which change that is on this token, and what will be asked for; logs nothing in. RK_E_PIN_LOCKED,
 * RK_E_PIN_NEEDED one that the PIN cannot do; RK_E_TOKEN_UNSUPPORTED nobody can unblock it. */
RK_CHECKED rk_error *rk_tokens_pin_plan(rk_hands *hands, const char *uri,
    enum rk_tokens_secret secret, rk_plan **ret_plan, enum rk_pin_change *ret_change);
/* The secrets: asked for before signals are held back. */
RK_CHECKED rk_error *rk_tokens_pin_ask(
    rk_hands *hands, const char *uri, enum rk_pin_change change, struct rk_hands_change *ret_asked);
/* Exactly one try of the old secret. `*ret_info` is the token afterwards. RK_E_KEY_UNPROVEN, also
 * where the token does not show a usable PIN. */
RK_CHECKED rk_error *rk_tokens_pin(rk_hands *hands, const char *uri,
    const struct rk_hands_change *asked, rk_token_info **ret_info);

/* How far one type of key came. */
enum rk_tokens_stage {
	RK_TOKENS_NOT_OFFERED,
	RK_TOKENS_NOT_TRIED, /* none is made there to be destroyed, and none of this type is there */
	RK_TOKENS_NOT_MADE,
	RK_TOKENS_NOT_PROVEN, /* made; its signature was refused or does not verify */
	RK_TOKENS_NOT_DESTROYED, /* made and proven; the scratch key may still be there */
	RK_TOKENS_WORKS,
};

typedef struct rk_tokens_trial {
	bool keeps; /* nothing was made: keys that were there signed */
	enum rk_tokens_stage stage[RK_KEY_GENERATED_COUNT];
	rk_error *err[RK_KEY_GENERATED_COUNT]; /* why it came no further */
} rk_tokens_trial;

/* For rk_hands_login. */
#define RK_TOKENS_TEST_PURPOSE "make and destroy scratch keys on it"

/* What would be done; logs nothing in. */
RK_CHECKED rk_error *rk_tokens_test_plan(rk_hands *hands, const char *uri, rk_plan **ret_plan);
/*
 * A type that fails is its own outcome; an error is returned where nothing could be tried.
 * `stop`, if not NULL, is asked before each type: true ends it with RK_E_CANCELLED, no scratch key
 * left behind. The token must be logged in (rk_hands_login) where `stop` holds back signals.
 */
RK_CHECKED rk_error *
rk_tokens_test(rk_hands *hands, const char *uri, bool (*stop)(void), rk_tokens_trial **ret_trial);
/*
 * What the trial says of every token of this kind, for keep/probes.h. What may have been chance (a touch
 * that was not given, a full token) is left out.
 */
RK_CHECKED rk_error *
rk_tokens_verdicts(const rk_tokens_trial *trial, int64_t now, rk_probe **ret_probe);
/*
 * Is a key of this type worth asking a PIN for? `abilities` is what the token says; what was tried out
 * before is looked up where `state_dir` is not NULL. `name` is the token's. RK_E_TOKEN_UNSUPPORTED.
 */
struct rk_tokens_question {
	const char *state_dir;
	const rk_token_info *info;
	const rk_token_abilities *abilities;
	const char *name;
	enum rk_key_type type;
};
RK_CHECKED rk_error *rk_tokens_judge_type(const struct rk_tokens_question *question);
void rk_tokens_trial_free(rk_tokens_trial *trial);
RK_DEFINE_FREEP(rk_tokens_trial)

#endif
