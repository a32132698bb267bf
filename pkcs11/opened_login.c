#include "pkcs11/opened_private.h"

/* Has the token a pad, where no secret is given? */
static rk_error *
check_secret(const struct rk_opened *opened, const rk_secret *secret, const char *kind)
{
	bool pad = (opened->slot.token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;

	if (!secret && !pad)
		return rk_fail(RK_E_PIN_NEEDED, "give it",
		    "%s has no pad of its own: its %s is needed", opened->name, kind);
	if (secret && rk_secret_len(secret) == 0)
		return rk_fail(RK_E_PIN_NEEDED, "give it", "an empty %s is not sent to %s", kind,
		    opened->name);
	return NULL;
}

rk_error *
rk_opened_login(rk_token *token, const rk_secret *pin)
{
	struct rk_opened *opened = rk_opened_of(token);
	rk_request request = {.op = RK_OP_LOGIN, .pin = pin};
	RK_AUTO_REPLY(reply);
	rk_error *err;

	if (opened->logged_in)
		return NULL;
	err = check_secret(opened, pin, "PIN");
	if (!err)
		err = rk_opened_ask(opened, &request, "log in to", &reply);
	if (err)
		return err;
	opened->logged_in = true;
	opened->so_logged_in = false;
	return NULL;
}

rk_error *
rk_opened_login_so(rk_token *token, const rk_secret *so_pin)
{
	struct rk_opened *opened = rk_opened_of(token);
	rk_request request = {.op = RK_OP_LOGIN_SO, .pin = so_pin};
	RK_AUTO_REPLY(reply);
	rk_error *err;

	if (opened->so_logged_in)
		return NULL;
	err = check_secret(opened, so_pin, "SO PIN");
	/* The user is logged out, whatever comes of it. */
	opened->logged_in = false;
	if (!err)
		err = rk_opened_ask(opened, &request, "log in as SO to", &reply);
	opened->so_logged_in = err == NULL;
	return err;
}

struct words {
	const char *old, *pin, *doing;
};

static const struct words words[] = {
    [RK_PIN_CHANGE_USER] = {"PIN", "new PIN", "change the PIN of"},
    [RK_PIN_CHANGE_SO] = {"SO PIN", "new SO PIN", "change the SO PIN of"},
    [RK_PIN_UNBLOCK_SO] = {"SO PIN", "new PIN", "set a new PIN for"},
    [RK_PIN_UNBLOCK_PUK] = {"PUK", "new PIN", "set a new PIN for"},
};

rk_error *
rk_opened_set_pin(
    rk_token *token, enum rk_pin_change change, const rk_secret *old, const rk_secret *pin)
{
	const struct words *word = &words[change];
	struct rk_opened *opened = rk_opened_of(token);
	rk_request request = {
	    .op = RK_OP_SET_PIN, .change = (uint8_t)change, .so_pin = old, .pin = pin};
	RK_AUTO_REPLY(reply);
	rk_error *err = check_secret(opened, old, word->old);

	if (!err)
		err = check_secret(opened, pin, word->pin);
	if (err)
		return err;
	opened->logged_in = opened->so_logged_in = false;
	return rk_opened_ask(opened, &request, word->doing, &reply);
}
