#include "cli/cli.h"
#include "cli/hold.h"
#include "cli/planview.h"

#include "flow/tokens.h"

struct test_args {
	const char *uri;
};

static const struct rk_argument test_arguments[] = {
    RK_ARG(test_args, uri, "URI", "the token, as a PKCS#11 URI (token list prints them)"),
    RK_ARG_END,
};

static const char *const stage_words[] = {
    [RK_TOKENS_NOT_OFFERED] = "not offered",
    [RK_TOKENS_NOT_TRIED] = "not tried",
    [RK_TOKENS_NOT_MADE] = "cannot be made",
    [RK_TOKENS_NOT_PROVEN] = "does not sign",
    [RK_TOKENS_NOT_DESTROYED] = "cannot be destroyed",
    [RK_TOKENS_WORKS] = "works",
};

static bool
is_failure(enum rk_tokens_stage stage)
{
	return stage == RK_TOKENS_NOT_MADE || stage == RK_TOKENS_NOT_PROVEN ||
	       stage == RK_TOKENS_NOT_DESTROYED;
}

static const char *
deepest(const rk_error *err)
{
	while (err && rk_error_cause(err))
		err = rk_error_cause(err);
	return err ? rk_error_message(err) : "";
}

static rk_error *
test_table(struct rk_run *run, const rk_tokens_trial *trial)
{
	static const char *const headings[] = {"TYPE", "RESULT", "", NULL};
	RK_AUTO(rk_table) table = NULL;
	rk_error *err = rk_table_new(headings, &table);

	if (err)
		return err;
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		enum rk_tokens_stage stage = trial->stage[type];
		enum rk_style_name style = stage == RK_TOKENS_WORKS ? RK_GOOD
					   : is_failure(stage)	    ? RK_BAD
								    : RK_FAINT;

		rk_table_cell(table, "%s", rk_key_type_name((enum rk_key_type)type));
		rk_table_styled(table, style, "%s", stage_words[stage]);
		rk_table_cell(table, "%s", deepest(trial->err[type]));
	}
	rk_render_table(run->out, table);
	return NULL;
}

static rk_error *
add_trial(rk_node *array, const rk_tokens_trial *trial, size_t type)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	enum rk_tokens_stage stage = trial->stage[type];
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "type", rk_key_type_name((enum rk_key_type)type));
	if (!err)
		err = rk_node_put_text(node, "result", stage_words[stage]);
	if (!err)
		err = rk_node_put_bool(node, "offered", stage != RK_TOKENS_NOT_OFFERED);
	if (!err)
		err = rk_node_put_bool(node, "works", stage == RK_TOKENS_WORKS);
	if (!err && trial->err[type])
		err = rk_node_put_text(node, "because", deepest(trial->err[type]));
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
test_node(const rk_tokens_trial *trial, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? NULL : rk_out_of_memory();

	for (size_t type = 0; !err && type < RK_KEY_GENERATED_COUNT; type++)
		err = add_trial(array, trial, type);
	if (!err)
		err = rk_node_put(node, "results", RK_TAKE(array));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
show_trial(struct rk_run *run, const rk_tokens_trial *trial)
{
	rk_node *node = NULL;
	rk_error *err = test_node(trial, &node);

	if (err)
		return err;
	rk_render_json(run->out, node);
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++)
		if (is_failure(trial->stage[type]))
			run->status = rk_code_exit(RK_E_FOUND);
	if (trial->keeps)
		rk_sayf(run->env, RK_SAY_INFO,
		    "nothing was made, since keys cannot be made and destroyed there: keys that "
		    "were on it signed");
	return test_table(run, trial);
}

/* For `key generate`, which then says what does not work before it asks for a PIN. */
static rk_error *
note_verdicts(struct rk_run *run, rk_token *token, const rk_tokens_trial *trial)
{
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_probe) probe = NULL;
	rk_error *err = token->ops->info(token, &info);

	if (!err)
		err = rk_tokens_verdicts(trial, run->env->ops->now(run->env), &probe);
	return err ? err : rk_probes_note(run->state_dir, info, probe);
}

/* The prompt comes first; from then on a Ctrl-C waits for the scratch key to be gone. */
static rk_error *
test_now(struct rk_run *run, rk_hands *hands, const char *uri)
{
	RK_AUTO(rk_tokens_trial) trial = NULL;
	rk_token *token = NULL;
	sigset_t before;
	rk_error *err = rk_hands_token(hands, uri, &token);

	if (!err)
		err = rk_hands_login(hands, token, RK_TOKENS_TEST_PURPOSE);
	if (err)
		return err;
	rk_hold_begin(&before);
	err = rk_tokens_test(hands, uri, rk_hold_asked, &trial);
	run->signal = rk_hold_end(&before);
	if (!err)
		err = show_trial(run, trial);
	return err ? err : note_verdicts(run, token, trial);
}

static rk_error *
test_run(struct rk_run *run, const void *args)
{
	const char *uri = ((const struct test_args *)args)->uri;
	RK_AUTO(rk_hands) hands = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_hands_new(run->env, run->tokens, &hands);

	if (!err)
		err = rk_tokens_test_plan(hands, uri, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	return err ? err : test_now(run, hands, uri);
}

const struct rk_command rk_cmd_token_test = {
    .name = "token test",
    .summary = "make, use and destroy a scratch key of each type that a token offers",
    .args_size = sizeof(struct test_args),
    .arguments = test_arguments,
    .effects = RK_TOUCHES_TOKEN,
    .example = "rootkeep token test 'pkcs11:token=root-alice'",
    .description =
	"Each scratch key signs a random challenge, which is verified in software, and "
	"is destroyed again. The keys that are on the token are not touched. On a YubiKey, where a "
	"key cannot be destroyed, and through a module that makes none, nothing is made: a key of "
	"each type that is there signs instead. Exit status 3 where a type that is offered does "
	"not work.\n\n"
	"What came of it is noted for this person, for every token of the same maker, model, "
	"firmware and module (in $XDG_STATE_HOME/rootkeep/probes): 'key generate' then refuses a "
	"type that does not work before it asks for a PIN. Only verdicts are noted: a touch that "
	"was "
	"not given, or a token that is full, says nothing of its kind.",
    .run = test_run,
};
