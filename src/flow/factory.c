#include "flow/factory.h"

#include "base/show.h"
#include "flow/pins.h"

struct secret {
	enum rk_fact fact;
	const char *word;
	const char *command; /* before and after the token's URI */
	const char *option;
};

#define SECRETS 3

static void
list_secrets(const rk_token_info *info, struct secret out[static SECRETS])
{
	out[0] = (struct secret){info->factory_pin, "PIN", "rootkeep token pin '", "'"};
	out[1] = (struct secret){info->factory_puk, "PUK", "ykman piv access change-puk", NULL};
	out[2] = (struct secret){info->factory_so_pin, rk_pins_word(info, RK_PINS_SO_PIN),
	    "rootkeep token pin '", "' --so"};
}

/* "PIN and PUK", and the commands; false: none is the factory's. */
static bool
tell(const rk_token_info *info, rk_buf *words, rk_buf *commands)
{
	struct secret secrets[SECRETS];
	bool any = false;

	list_secrets(info, secrets);
	for (size_t i = 0; i < SECRETS; i++) {
		if (secrets[i].fact != RK_FACT_YES)
			continue;
		rk_buf_printf(words, "%s%s", any ? " and " : "", secrets[i].word);
		rk_buf_printf(commands, "%s%s", any ? "; " : "", secrets[i].command);
		if (secrets[i].option)
			rk_buf_printf(commands, "%s%s", RK_SHOW_BARE(info->uri), secrets[i].option);
		any = true;
	}
	return any;
}

rk_error *
rk_factory_judge(const rk_token_info *info, const char *name, const char *key)
{
	RK_AUTO_BUF(words);
	RK_AUTO_BUF(commands);
	rk_error *err;

	if (!tell(info, &words, &commands))
		return NULL;
	err = rk_fail(RK_E_REFUSED, NULL,
	    "%s still has the %s of its factory, which everybody knows: key %s is no root key "
	    "there",
	    name, rk_buf_str(&words), key);
	return rk_advise(err, "change it first: %s", rk_buf_str(&commands));
}

rk_error *
rk_factory_warn(rk_env *env, const rk_token_info *info, const char *name)
{
	RK_AUTO_BUF(words);
	RK_AUTO_BUF(commands);
	rk_error *err;

	if (!tell(info, &words, &commands))
		return NULL;
	err = rk_buf_check(&words);
	if (!err)
		err = rk_buf_check(&commands);
	if (!err)
		rk_sayf(env, RK_SAY_WARNING,
		    "%s still has the %s of its factory, which everybody knows; no root key is "
		    "trusted to it before it is changed: %s",
		    name, rk_buf_str(&words), rk_buf_str(&commands));
	return err;
}

/* One that is not here, or does not answer, is not looked at. */
static rk_error *
judge_place(const struct rk_custody *custody, const rk_keep_key *key, const char *uri)
{
	RK_AUTO(rk_token_info) info = NULL;
	rk_error *err = rk_hands_look(custody->hands, uri, &info);

	if (!err) {
		RK_AUTO(rk_str) name = NULL;

		err = rk_strdupf(
		    &name, "%s (serial %s)", RK_SHOW(info->label), RK_SHOW_BARE(info->serial));
		return err ? err : rk_factory_judge(info, name, RK_SHOW(key->name));
	}
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	return NULL;
}

rk_error *
rk_factory_judge_key(const struct rk_custody *custody, const rk_keep_key *key)
{
	rk_error *err = NULL;

	if (!custody->hands)
		return NULL;
	for (size_t i = 0; i < key->token_count && !err; i++)
		err = judge_place(custody, key, key->tokens[i]);
	return err;
}
