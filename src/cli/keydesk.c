#include "cli/keydesk.h"

#include "flow/keyarg.h"

rk_error *
rk_keydesk_open(struct rk_run *run, enum rk_keydesk_how how, struct rk_keydesk *desk)
{
	const struct rk_keep_options options = {
	    .dir = run->globals->keep_dir,
	    .from = run->working_dir,
	    .write = how != RK_KEYDESK_READ && !run->globals->dry_run,
	    .create = how == RK_KEYDESK_CREATE,
	    .env = run->env,
	};
	rk_error *err = rk_keep_open(&options, &desk->keep);

	if (!err && run->tokens)
		err = rk_hands_new(run->env, run->tokens, &desk->hands);
	desk->custody = (struct rk_custody){
	    .env = run->env, .keep = desk->keep, .hands = desk->hands, .clock = run->clock};
	return err;
}

rk_error *
rk_keydesk_key(const struct rk_keydesk *desk, const char *text, const rk_keep_key **ret_key)
{
	return rk_keyarg_known(desk->keep, text, ret_key);
}

void
rk_keydesk_clear(struct rk_keydesk *desk)
{
	rk_hands_free(desk->hands);
	rk_keep_free(desk->keep);
	desk->hands = NULL;
	desk->keep = NULL;
}
