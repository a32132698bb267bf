#include "flow/hands_private.h"

#include "base/show.h"
#include "flow/keyuri.h"
#include "flow/pins.h"

#include <string.h>

/* The questions, and other tokens' logins, take time. */
static rk_error *
see_again(const struct rk_hands_tray *tray, const rk_token_info *now)
{
	const rk_token_info *was = tray->info;

	if (rk_hands_same_text(now->serial, was->serial) &&
	    rk_hands_same_text(now->label, was->label) &&
	    rk_hands_same_text(now->model, was->model))
		return NULL;
	return rk_fail(RK_E_TOKEN_GONE, "put the right token back and run it again",
	    "another token is in the place of %s", tray->token->name);
}

static rk_error *
look_now(const struct rk_hands_tray *tray, rk_token_info **ret_now)
{
	RK_AUTO(rk_token_info) now = NULL;
	rk_error *err = tray->token->ops->info(tray->token, &now);

	if (!err)
		err = see_again(tray, now);
	if (!err)
		*ret_now = RK_TAKE(now);
	return err;
}

static bool
shares_label(const rk_hands *hands, const struct rk_hands_tray *tray)
{
	const struct rk_hands_tray *other = hands->trays;

	while (other && (other == tray || !other->used ||
			    !rk_hands_same_text(other->info->label, tray->info->label)))
		other = other->next;
	return other != NULL;
}

static struct rk_pins_want
want_of(const rk_hands *hands, const struct rk_hands_tray *tray, const rk_token_info *now,
    const char *purpose)
{
	return (struct rk_pins_want){
	    .env = hands->env,
	    .now = now,
	    .token = tray->token->name,
	    .source = tray->info->pin_source,
	    .purpose = purpose,
	    .only_token = rk_hands_token_count(hands) == 1,
	    .shared_label = shares_label(hands, tray),
	};
}

static rk_error *
not_again(const struct rk_hands_tray *tray, const char *word)
{
	return rk_fail(RK_E_PIN_WRONG, NULL, "%s refused its %s in this run; it is not tried again",
	    tray->token->name, word);
}

static rk_error *
login_with(struct rk_hands_tray *tray, const rk_secret *pin)
{
	rk_error *err = tray->token->ops->login(tray->token, pin);

	tray->refused = err != NULL;
	if (err)
		return err;
	tray->logged_in = true;
	tray->who = RK_HANDS_USER;
	return NULL;
}

/* The PIN's one try; it is kept only where the SO's turn comes between. */
static rk_error *
ask_and_login(const struct rk_pins_want *want, struct rk_hands_tray *tray)
{
	RK_AUTO(rk_secret) pin = NULL;
	rk_error *err = rk_pins_judge(want);

	if (!err)
		err = rk_pins_ask(want, &pin);
	if (!err)
		err = login_with(tray, pin);
	if (!err && want->now->so_makes_keys)
		tray->pin = RK_TAKE(pin);
	return err;
}

rk_error *
rk_hands_login_tray(rk_hands *hands, struct rk_hands_tray *tray, const char *purpose)
{
	RK_AUTO(rk_token_info) now = NULL;
	struct rk_pins_want want;
	rk_error *err;

	if (tray->who == RK_HANDS_USER)
		return NULL;
	if (tray->refused)
		return not_again(tray, "PIN");
	err = look_now(tray, &now);
	if (err)
		return err;
	if (!now->login_required) {
		tray->who = RK_HANDS_USER;
		tray->logged_in = true;
		return NULL;
	}
	if (tray->pin)
		return login_with(tray, tray->pin);
	want = want_of(hands, tray, now, purpose);
	return ask_and_login(&want, tray);
}

rk_error *
rk_hands_login(rk_hands *hands, rk_token *token, const char *purpose)
{
	struct rk_hands_tray *tray = rk_hands_tray_of(hands, token);

	if (!tray)
		return rk_fail(RK_E_INTERNAL, NULL, "a login to a token that is not open");
	return rk_hands_login_tray(hands, tray, purpose);
}

static rk_error *
login_so_with(struct rk_hands_tray *tray, const rk_secret *so_pin)
{
	rk_error *err = tray->token->ops->login_so(tray->token, so_pin);

	tray->who = RK_HANDS_NOBODY;
	tray->so_refused = err != NULL;
	if (err)
		return err;
	tray->logged_in = true;
	tray->who = RK_HANDS_SO;
	return NULL;
}

static rk_error *
ask_and_login_so(const struct rk_pins_want *want, struct rk_hands_tray *tray)
{
	RK_AUTO(rk_secret) so_pin = NULL;
	rk_error *err = rk_pins_judge(want);

	if (!err)
		err = rk_pins_ask(want, &so_pin);
	if (!err)
		err = login_so_with(tray, so_pin);
	if (!err)
		tray->so_pin = RK_TAKE(so_pin);
	return err;
}

rk_error *
rk_hands_login_maker(rk_hands *hands, rk_token *token, const char *purpose)
{
	struct rk_hands_tray *tray = rk_hands_tray_of(hands, token);
	RK_AUTO(rk_token_info) now = NULL;
	struct rk_pins_want want;
	rk_error *err;

	if (!tray)
		return rk_fail(RK_E_INTERNAL, NULL, "a login to a token that is not open");
	if (!tray->info->so_makes_keys)
		return rk_hands_login_tray(hands, tray, purpose);
	if (tray->who == RK_HANDS_SO)
		return NULL;
	if (tray->so_refused)
		return not_again(tray, rk_pins_word(tray->info, RK_PINS_SO_PIN));
	err = look_now(tray, &now);
	if (err)
		return err;
	if (tray->so_pin)
		return login_so_with(tray, tray->so_pin);
	want = want_of(hands, tray, now, purpose);
	want.secret = RK_PINS_SO_PIN;
	return ask_and_login_so(&want, tray);
}

/* Empty, or one digit over and over: a serial that its maker never set. */
static bool
is_telling(const char *serial)
{
	size_t len = serial ? strlen(serial) : 0;

	return len > 0 && strspn(serial, (const char[]){serial[0], 0}) < len;
}

static rk_error *
names_serial(const char *uri, bool *ret_named)
{
	RK_AUTO_BUF(serial);

	*ret_named = false;
	return uri ? rk_keyuri_attribute(uri, "serial", &serial, ret_named) : NULL;
}

/* The token has the right name and serial, so a person may know better. */
static rk_error *
ask_all_the_same(const rk_hand *hand)
{
	struct rk_confirm_request request = {.kind = RK_CONFIRM_ORDINARY};
	RK_AUTO_BUF(question);
	rk_error *err;

	rk_buf_printf(&question,
	    "%s shows other keys, and not key %s. Give it its PIN all the same?",
	    hand->tray->token->name, RK_SHOW(hand->name));
	err = rk_buf_check(&question);
	request.question = rk_buf_str(&question);
	if (!err)
		err = hand->hands->env->ops->confirm(hand->hands->env, &request);
	return err ? rk_wrap(err, "the PIN of %s was not sent", hand->tray->token->name) : NULL;
}

rk_error *
rk_hands_sight(rk_hand *hand)
{
	struct rk_hands_tray *tray = hand->tray;
	enum rk_fact shows = RK_FACT_UNKNOWN;
	bool named = false;
	rk_error *err;

	if (!hand->pubkey || tray->logged_in || tray->refused || !tray->info->login_required)
		return NULL;
	err = tray->token->ops->shows(tray->token, hand->pubkey, &shows);
	if (err || shows != RK_FACT_NO)
		return err;
	err = names_serial(hand->uri, &named);
	if (err)
		return err;
	if (named && is_telling(tray->info->serial))
		return ask_all_the_same(hand);
	return rk_fail(RK_E_UNTRUSTED,
	    "put in the token that holds it; 'rootkeep key show' tells its public half",
	    "%s shows other keys, and not key %s; its PIN was not sent there", tray->token->name,
	    RK_SHOW(hand->name));
}

/* Which secret allows the change, and what it is for. */
static enum rk_pins_secret
secret_for(enum rk_pin_change change)
{
	switch (change) {
	case RK_PIN_CHANGE_USER:
		break;
	case RK_PIN_UNBLOCK_PUK:
		return RK_PINS_PUK;
	case RK_PIN_CHANGE_SO:
	case RK_PIN_UNBLOCK_SO:
		return RK_PINS_SO_PIN;
	}
	return RK_PINS_PIN;
}

/* A module that says yes and does nothing would be found out when the PIN is needed. */
static rk_error *
prove_new_pin(struct rk_hands_tray *tray, enum rk_pin_change change, const rk_secret *pin)
{
	bool so = change == RK_PIN_CHANGE_SO;
	rk_error *err = so ? login_so_with(tray, pin) : login_with(tray, pin);

	if (err && rk_error_code(err) != RK_E_PIN_WRONG)
		return rk_wrap(err, "%s has its new %s, as its module says, but it is not proved",
		    tray->token->name, rk_pins_word(tray->info, so ? RK_PINS_SO_PIN : RK_PINS_PIN));
	if (!err)
		return NULL;
	return rk_wrap(rk_recode(err, RK_E_KEY_UNPROVEN),
	    "the module reports success, but %s refuses the new %s: the old one may still be it",
	    tray->token->name, rk_pins_word(tray->info, so ? RK_PINS_SO_PIN : RK_PINS_PIN));
}

/* An answer can get lost: then it is the new one, and nobody was told. */
static rk_error *
tell_unsure(const struct rk_hands_tray *tray, const char *word, rk_error *why)
{
	switch (rk_error_code(why)) {
	case RK_E_PIN_WRONG:
	case RK_E_PIN_LOCKED:
	case RK_E_PIN_NEEDED:
	case RK_E_TOKEN_UNSUPPORTED:
		return why;
	default:
		break;
	}
	why = rk_wrap(why, "it is not certain whether %s has its old %s or the new one",
	    tray->token->name, word);
	return rk_advise(why, "find out which it is with the new one first: 'rootkeep token show' "
			      "and --pin-file; each "
			      "wrong one spends a try");
}

void
rk_hands_change_clear(struct rk_hands_change *change)
{
	rk_secret_free(change->old);
	rk_secret_free(change->pin);
	change->old = change->pin = NULL;
}

static rk_error *
ask_change(const struct rk_pins_want *want, struct rk_hands_change *change)
{
	struct rk_pins_want next = *want;
	rk_error *err = rk_pins_judge(want);

	next.secret = change->change == RK_PIN_CHANGE_SO ? RK_PINS_SO_PIN : RK_PINS_PIN;
	next.purpose = "be it from now on";
	if (!err)
		err = rk_pins_ask(want, &change->old);
	if (!err)
		err = rk_pins_ask_new(&next, &change->pin);
	if (!err && change->old && next.secret == want->secret &&
	    rk_secret_equal(change->old, change->pin))
		err = rk_fail(RK_E_REFUSED, "choose another one",
		    "the new %s of %s is the old one; nothing was sent",
		    rk_pins_word(want->now, want->secret), want->token);
	return err;
}

static const char *
purpose_of(enum rk_pin_change change)
{
	switch (change) {
	case RK_PIN_CHANGE_USER:
		return "change its PIN";
	case RK_PIN_CHANGE_SO:
		return "change it";
	case RK_PIN_UNBLOCK_SO:
	case RK_PIN_UNBLOCK_PUK:
		break;
	}
	return "give it a new PIN";
}

rk_error *
rk_hands_ask_change(
    rk_hands *hands, rk_token *token, enum rk_pin_change change, struct rk_hands_change *ret_change)
{
	struct rk_hands_tray *tray = rk_hands_tray_of(hands, token);
	RK_AUTO(rk_token_info) now = NULL;
	RK_AUTO_HANDS_CHANGE(asked);
	struct rk_pins_want want;
	rk_error *err;

	if (!tray)
		return rk_fail(RK_E_INTERNAL, NULL, "a new PIN for a token that is not open");
	err = look_now(tray, &now);
	if (err)
		return err;
	want = want_of(hands, tray, now, purpose_of(change));
	want.secret = secret_for(change);
	asked.change = change;
	err = ask_change(&want, &asked);
	if (err)
		return err;
	*ret_change = asked;
	asked.old = asked.pin = NULL;
	return NULL;
}

rk_error *
rk_hands_set_pin(rk_hands *hands, rk_token *token, const struct rk_hands_change *change)
{
	struct rk_hands_tray *tray = rk_hands_tray_of(hands, token);
	RK_AUTO(rk_token_info) now = NULL;
	rk_error *err;

	if (!tray)
		return rk_fail(RK_E_INTERNAL, NULL, "a new PIN for a token that is not open");
	err = look_now(tray, &now);
	if (err)
		return err;
	tray->used = tray->logged_in = true;
	tray->who = RK_HANDS_NOBODY;
	rk_secret_free(RK_TAKE(tray->pin));
	rk_secret_free(RK_TAKE(tray->so_pin));
	err = token->ops->set_pin(token, change->change, change->old, change->pin);
	if (err)
		return tell_unsure(tray,
		    rk_pins_word(
			now, change->change == RK_PIN_CHANGE_SO ? RK_PINS_SO_PIN : RK_PINS_PIN),
		    err);
	return change->pin ? prove_new_pin(tray, change->change, change->pin) : NULL;
}
