#include "flow/pins.h"

#include "base/show.h"

#include <string.h>

const char *
rk_pins_word(const rk_token_info *info, enum rk_pins_secret secret)
{
	if (secret == RK_PINS_PUK)
		return "PUK";
	if (secret == RK_PINS_SO_PIN)
		return info->so_makes_keys ? "management key" : "SO PIN";
	return "PIN";
}

static enum rk_pin_state
state_of(unsigned tries, enum rk_pin_state flags)
{
	return tries == 0 ? RK_PIN_LOCKED : tries == 1 ? RK_PIN_FINAL : flags;
}

enum rk_pin_state
rk_pins_state(const rk_token_info *info, enum rk_pins_secret secret)
{
	if (secret == RK_PINS_PUK)
		return info->puk_tries_known ? state_of(info->puk_tries, RK_PIN_OK) : RK_PIN_OK;
	if (secret == RK_PINS_SO_PIN)
		return info->so_pin_state;
	if (info->pin_state == RK_PIN_UNSET || !info->pin_tries_known)
		return info->pin_state;
	return state_of(info->pin_tries, info->pin_state);
}

rk_error *
rk_pins_advise_locked(rk_error *err, const rk_token_info *info)
{
	if (info->unblock == RK_UNBLOCK_NOBODY)
		return rk_advise(err, "only a reset by its maker's tool helps, which loses what is "
				      "on it; use another "
				      "token of the key, or a backup");
	return rk_advise(err, "rootkeep token pin '%s' --unblock asks for its %s",
	    RK_SHOW_BARE(info->uri),
	    rk_pins_word(info, info->unblock == RK_UNBLOCK_PUK ? RK_PINS_PUK : RK_PINS_SO_PIN));
}

static rk_error *
locked(const struct rk_pins_want *want)
{
	rk_error *err = rk_fail(RK_E_PIN_LOCKED, "reset the device with its maker's tool",
	    "the %s of %s is locked; nothing was sent", rk_pins_word(want->now, want->secret),
	    want->token);

	return want->secret == RK_PINS_PIN ? rk_pins_advise_locked(err, want->now) : err;
}

static rk_error *
unset(const struct rk_pins_want *want)
{
	rk_error *err = rk_fail(RK_E_PIN_NEEDED, NULL, "%s has no user PIN yet", want->token);

	return rk_advise(
	    err, "set one with 'rootkeep token pin %s --unblock'", RK_SHOW_BARE(want->now->uri));
}

static rk_error *
agree_to_last(const struct rk_pins_want *want)
{
	struct rk_confirm_request request = {.kind = RK_CONFIRM_LAST_PIN};
	const char *word = rk_pins_word(want->now, want->secret);
	RK_AUTO_BUF(question);
	rk_error *err;

	rk_buf_printf(
	    &question, "%s has ONE try left before its %s is locked. Use it?", want->token, word);
	err = rk_buf_check(&question);
	if (err)
		return err;
	request.question = rk_buf_str(&question);
	err = want->env->ops->confirm(want->env, &request);
	if (!err)
		return NULL;
	return rk_wrap(rk_recode(err, RK_E_PIN_LAST),
	    "the last try of the %s of %s was not spent; nothing was sent", word, want->token);
}

rk_error *
rk_pins_judge(const struct rk_pins_want *want)
{
	switch (rk_pins_state(want->now, want->secret)) {
	case RK_PIN_LOCKED:
		return locked(want);
	case RK_PIN_UNSET:
		return want->secret == RK_PINS_PIN ? unset(want) : NULL;
	case RK_PIN_FINAL:
		return agree_to_last(want);
	case RK_PIN_OK:
	case RK_PIN_LOW:
		break;
	}
	return NULL;
}

/* A management key is 16, 24 or 32 bytes, as hex digits. */
static bool
is_management_key(const rk_secret *secret)
{
	const char *text = (const char *)rk_secret_peek(secret);
	size_t len = rk_secret_len(secret);

	return (len == 32 || len == 48 || len == 64) &&
	       strspn(text, "0123456789abcdefABCDEF") == len;
}

static bool
fits(const struct rk_pins_want *want, const rk_secret *secret)
{
	const rk_token_info *now = want->now;
	size_t len = rk_secret_len(secret);

	if (want->secret == RK_PINS_SO_PIN && now->so_makes_keys)
		return is_management_key(secret);
	return now->pin_max == 0 || (len >= now->pin_min && len <= now->pin_max);
}

static rk_error *
advise_length(rk_error *err, const struct rk_pins_want *want, const char *verb)
{
	if (want->secret == RK_PINS_SO_PIN && want->now->so_makes_keys)
		return rk_advise(
		    err, "%s 48 hex digits (32 or 64 where its key is AES-128 or -256)", verb);
	return rk_advise(
	    err, "%s one of %zu to %zu bytes", verb, want->now->pin_min, want->now->pin_max);
}

static struct rk_pin_request
request_for(const struct rk_pins_want *want)
{
	bool puk = want->secret == RK_PINS_PUK;

	return (struct rk_pin_request){
	    .kind = rk_pins_word(want->now, want->secret),
	    .label = want->now->label,
	    .serial = want->now->serial,
	    .model = want->now->model,
	    .source = want->secret == RK_PINS_PIN ? want->source : NULL,
	    .purpose = want->purpose,
	    .state = rk_pins_state(want->now, want->secret),
	    .tries_known = puk ? want->now->puk_tries_known
			       : want->secret == RK_PINS_PIN && want->now->pin_tries_known,
	    .tries = puk ? want->now->puk_tries : want->now->pin_tries,
	    .only_token = want->only_token,
	    .shared_label = want->shared_label,
	};
}

/* Its own pad is all that a person should type on. */
static bool
is_on_pad(const struct rk_pins_want *want, const char *which)
{
	if (!want->now->pin_pad)
		return false;
	rk_sayf(want->env, RK_SAY_INFO, "enter the %s%s of %s on its own pad: %s", which,
	    rk_pins_word(want->now, want->secret), want->token, want->purpose);
	return true;
}

rk_error *
rk_pins_ask(const struct rk_pins_want *want, rk_secret **ret_secret)
{
	const struct rk_pin_request request = request_for(want);
	RK_AUTO(rk_secret) secret = NULL;
	rk_error *err;

	if (is_on_pad(want, "")) {
		*ret_secret = NULL;
		return NULL;
	}
	err = want->env->ops->pin(want->env, &request, &secret);
	if (!err && !fits(want, secret))
		err = advise_length(
		    rk_fail(RK_E_PIN_NEEDED, NULL,
			"no %s of %s has the length of the one that was given; nothing was sent",
			request.kind, want->token),
		    want, "give the right one:");
	if (!err)
		*ret_secret = RK_TAKE(secret);
	return err;
}

/* The kinds of world/env.h. */
static const char *
new_kind(const struct rk_pins_want *want)
{
	if (want->secret != RK_PINS_SO_PIN)
		return "new PIN";
	return want->now->so_makes_keys ? "next management key" : "next SO PIN";
}

rk_error *
rk_pins_ask_new(const struct rk_pins_want *want, rk_secret **ret_secret)
{
	struct rk_pin_request request = request_for(want);
	RK_AUTO(rk_secret) secret = NULL;
	rk_error *err;

	if (is_on_pad(want, "new ")) {
		*ret_secret = NULL;
		return NULL;
	}
	request.kind = new_kind(want);
	request.source = NULL;
	request.state = RK_PIN_UNSET;
	request.tries_known = false;
	request.twice = true;
	err = want->env->ops->pin(want->env, &request, &secret);
	if (!err && !fits(want, secret))
		err =
		    advise_length(rk_fail(RK_E_REFUSED, NULL,
				      "the token does not take a %s of that length", request.kind),
			want, "choose");
	if (!err)
		*ret_secret = RK_TAKE(secret);
	return err;
}
