#include "cli/cli.h"
#include "cli/hold.h"
#include "cli/planview.h"
#include "cli/tokenview.h"

#include "flow/tokens.h"

struct pin_args {
	const char *uri;
	bool unblock, so;
};

static const char *
change_word(enum rk_pin_change change)
{
	switch (change) {
	case RK_PIN_CHANGE_USER:
		return "pin";
	case RK_PIN_CHANGE_SO:
		return "so-pin";
	case RK_PIN_UNBLOCK_SO:
		return "pin-by-so-pin";
	case RK_PIN_UNBLOCK_PUK:
		break;
	}
	return "pin-by-puk";
}

static rk_error *
render(struct rk_run *run, const rk_token_info *info, enum rk_pin_change change)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *token = NULL;
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "changed", change_word(change));
	if (!err)
		err = rk_tokenview_node(info, &token);
	if (!err)
		err = rk_node_put(node, "token", token);
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	rk_tokenview_lines(run->out, info);
	return NULL;
}

/* The questions come first; from then on a Ctrl-C waits until it is known which PIN it has. */
static rk_error *
set_now(struct rk_run *run, rk_hands *hands, const char *uri, enum rk_pin_change change,
    rk_token_info **ret_info)
{
	RK_AUTO_HANDS_CHANGE(asked);
	sigset_t before;
	rk_error *err = rk_tokens_pin_ask(hands, uri, change, &asked);

	if (err)
		return err;
	rk_hold_begin(&before);
	err = rk_tokens_pin(hands, uri, &asked, ret_info);
	run->signal = rk_hold_end(&before);
	return err;
}

static rk_error *
pin_run(struct rk_run *run, const void *args)
{
	const struct pin_args *pin = args;
	enum rk_tokens_secret secret = pin->so	      ? RK_TOKENS_SO_PIN
				       : pin->unblock ? RK_TOKENS_PIN_UNBLOCK
						      : RK_TOKENS_PIN;
	enum rk_pin_change change = RK_PIN_CHANGE_USER;
	RK_AUTO(rk_hands) hands = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	rk_error *err;

	if (pin->so && pin->unblock)
		return rk_fail(RK_E_USAGE, "unblock the PIN, or change the SO PIN",
		    "--unblock and --so cannot be together");
	err = rk_hands_new(run->env, run->tokens, &hands);
	if (!err)
		err = rk_tokens_pin_plan(hands, pin->uri, secret, &plan, &change);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	if (!err)
		err = set_now(run, hands, pin->uri, change, &info);
	return err ? err : render(run, info, change);
}

static const struct rk_argument pin_arguments[] = {
    RK_ARG(pin_args, uri, "URI", "the token, as a PKCS#11 URI (token list prints them)"),
    RK_ARG_END,
};

static const struct rk_option pin_options[] = {
    RK_OPT_FLAG(pin_args, unblock, "unblock",
	"give a new PIN by the PUK or the SO PIN, whichever the token has for that"),
    RK_OPT_FLAG(pin_args, so, "so", "change the SO PIN instead, a YubiKey's management key"),
    RK_OPT_END,
};

const struct rk_command rk_cmd_token_pin = {
    .name = "token pin",
    .summary = "change a token's PIN, or unblock it",
    .args_size = sizeof(struct pin_args),
    .arguments = pin_arguments,
    .options = pin_options,
    .effects = RK_TOUCHES_TOKEN,
    .example = "rootkeep token pin 'pkcs11:token=root-alice'\n"
	       "rootkeep token pin 'pkcs11:token=root-alice' --unblock",
    .description =
	"The old PIN is asked for once and tried once, the new one is typed twice and proved by a "
	"login; --pin-file and --new-pin-file answer. With --unblock the PUK or the SO PIN is "
	"asked "
	"for instead of the old PIN; with --so the SO PIN is the one that changes: --so-pin-file "
	"answers for what is there, --new-pin-file for what is to be. A length that the token does "
	"not take is refused before anything is tried, and a last try wants its own yes.",
    .run = pin_run,
};
