#include "flow/tokens.h"

#include "base/show.h"
#include "flow/pins.h"

static rk_error *
judge_token(const rk_token_info *info, const char *name)
{
	if (info->write_protected)
		return rk_fail(RK_E_TOKEN, "lift the protection with the token's own means",
		    "%s is write-protected", name);
	if (!info->initialized)
		return rk_fail(RK_E_TOKEN, "give it one with 'rootkeep token init'",
		    "%s was never initialised and has no PIN", name);
	return NULL;
}

/* The PIN itself is enough only where there is one and it is not locked. */
static rk_error *
judge_pin(const rk_token_info *info, const char *name)
{
	enum rk_pin_state state = rk_pins_state(info, RK_PINS_PIN);

	if (state == RK_PIN_LOCKED)
		return rk_pins_advise_locked(
		    rk_fail(RK_E_PIN_LOCKED, NULL, "the PIN of %s is locked", name), info);
	if (state == RK_PIN_UNSET)
		return rk_pins_advise_locked(
		    rk_fail(RK_E_PIN_NEEDED, NULL, "%s has no user PIN yet", name), info);
	return NULL;
}

static rk_error *
judge_unblock(const rk_token_info *info, const char *name, enum rk_pin_change *ret_change)
{
	if (info->unblock == RK_UNBLOCK_NOBODY)
		return rk_pins_advise_locked(
		    rk_fail(RK_E_TOKEN_UNSUPPORTED, NULL,
			"nobody can give %s a new PIN: it knows neither PUK nor SO PIN for that",
			name),
		    info);
	*ret_change = info->unblock == RK_UNBLOCK_PUK ? RK_PIN_UNBLOCK_PUK : RK_PIN_UNBLOCK_SO;
	return NULL;
}

static rk_error *
choose(const rk_token_info *info, const char *name, enum rk_tokens_secret secret,
    enum rk_pin_change *ret_change)
{
	rk_error *err = judge_token(info, name);

	if (err)
		return err;
	switch (secret) {
	case RK_TOKENS_PIN:
		*ret_change = RK_PIN_CHANGE_USER;
		return judge_pin(info, name);
	case RK_TOKENS_PIN_UNBLOCK:
		return judge_unblock(info, name, ret_change);
	case RK_TOKENS_SO_PIN:
		break;
	}
	*ret_change = RK_PIN_CHANGE_SO;
	return NULL;
}

static enum rk_pins_secret
secret_of(enum rk_pin_change change)
{
	if (change == RK_PIN_CHANGE_USER)
		return RK_PINS_PIN;
	return change == RK_PIN_UNBLOCK_PUK ? RK_PINS_PUK : RK_PINS_SO_PIN;
}

rk_error *
rk_tokens_pin_plan(rk_hands *hands, const char *uri, enum rk_tokens_secret secret,
    rk_plan **ret_plan, enum rk_pin_change *ret_change)
{
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	enum rk_pin_change change = RK_PIN_CHANGE_USER;
	const char *old, *new;
	rk_token *token = NULL;
	rk_error *err = rk_hands_token(hands, uri, &token);

	if (!err)
		err = token->ops->info(token, &info);
	if (!err)
		err = choose(info, token->name, secret, &change);
	if (err)
		return err;
	old = rk_pins_word(info, secret_of(change));
	new = rk_pins_word(info, change == RK_PIN_CHANGE_SO ? RK_PINS_SO_PIN : RK_PINS_PIN);
	err = rk_plan_new(&plan, "give %s a new %s", token->name, new);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_READ, "ask for its %s, and try it once", old);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_TOKEN, "set the new %s, and log in with it", new);
	if (err)
		return err;
	*ret_plan = RK_TAKE(plan);
	*ret_change = change;
	return NULL;
}

rk_error *
rk_tokens_pin_ask(
    rk_hands *hands, const char *uri, enum rk_pin_change change, struct rk_hands_change *ret_asked)
{
	rk_token *token = NULL;
	rk_error *err = rk_hands_token(hands, uri, &token);

	return err ? err : rk_hands_ask_change(hands, token, change, ret_asked);
}

rk_error *
rk_tokens_pin(
    rk_hands *hands, const char *uri, const struct rk_hands_change *asked, rk_token_info **ret_info)
{
	RK_AUTO(rk_token_info) info = NULL;
	enum rk_pin_state state;
	rk_token *token = NULL;
	rk_error *err = rk_hands_token(hands, uri, &token);

	if (!err)
		err = rk_hands_set_pin(hands, token, asked);
	if (err)
		return err;
	err = token->ops->info(token, &info);
	if (err)
		return rk_wrap(err, "%s has its new %s, and cannot be looked at any more",
		    token->name, asked->change == RK_PIN_CHANGE_SO ? "SO PIN" : "PIN");
	state = rk_pins_state(info, RK_PINS_PIN);
	if (asked->change != RK_PIN_CHANGE_SO && (state == RK_PIN_LOCKED || state == RK_PIN_UNSET))
		return rk_fail(RK_E_KEY_UNPROVEN, "look at it with 'rootkeep token show'",
		    "the module reports success, but %s does not show a PIN that can be used",
		    token->name);
	*ret_info = RK_TAKE(info);
	return NULL;
}
