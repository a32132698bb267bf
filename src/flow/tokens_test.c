#include "flow/tokens.h"

#include "flow/hands_private.h"

#include <stdlib.h>

#define ID_SIZE 16

/*
 * No key is made to try it out: as far as it is known, a token whose SO makes keys never lets go of
 * one, and on others only another module makes some (a PIV card through OpenSC).
 */
static bool
keeps_keys(const rk_token_info *info, const rk_token_abilities *abilities)
{
	bool makes = false, signs = false;

	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		makes = makes || abilities->generate[type];
		signs = signs || abilities->sign[type];
	}
	return info->so_makes_keys || (signs && !makes);
}

static rk_error *
plan_types(rk_token *token, const rk_token_info *info, rk_plan *plan)
{
	RK_AUTO(rk_token_abilities) abilities = NULL;
	rk_error *err = token->ops->abilities(token, &abilities);

	if (!err && keeps_keys(info, abilities))
		return rk_plan_add(plan, RK_EFFECT_SIGN,
		    "have a key of each type that is on it sign a random challenge; none is made, "
		    "since keys cannot be made and destroyed there");
	for (size_t type = 0; !err && type < RK_KEY_GENERATED_COUNT; type++)
		if (abilities->generate[type])
			err = rk_plan_add(plan, RK_EFFECT_TOKEN,
			    "make a scratch key of type %s, sign with it, destroy it",
			    rk_key_type_name((enum rk_key_type)type));
	return err;
}

rk_error *
rk_tokens_test_plan(rk_hands *hands, const char *uri, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	rk_token *token = NULL;
	rk_error *err = rk_hands_token(hands, uri, &token);

	if (!err)
		err = token->ops->info(token, &info);
	if (!err)
		err = rk_plan_new(&plan, "test %s", token->name);
	if (!err)
		err = plan_types(token, info, plan);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

static rk_error *
make_key(rk_token *token, rk_env *env, enum rk_key_type type, rk_token_key **ret_key)
{
	uint8_t id[ID_SIZE];
	struct rk_key_spec spec = {.type = type, .id = id, .id_len = sizeof(id)};
	RK_AUTO_BUF(label);
	rk_error *err = env->ops->entropy(env, id, sizeof(id));

	if (err)
		return err;
	/* A name that shows whose a key is, should one ever be left behind. */
	rk_buf_text(&label, "rootkeep-test-");
	rk_buf_hex(&label, id, 4);
	err = rk_buf_check(&label);
	spec.label = rk_buf_str(&label);
	return err ? err : token->ops->generate(token, &spec, ret_key);
}

/* Whatever became of the proof, the key goes again. */
static enum rk_tokens_stage
try_type(rk_hands *hands, rk_env *env, rk_token *token, enum rk_key_type type, rk_error **ret_err)
{
	RK_AUTO(rk_token_key) made = NULL;
	const rk_token_key *key;
	rk_hand *hand = NULL;
	rk_error *proof, *end;

	*ret_err = make_key(token, env, type, &made);
	if (*ret_err)
		return RK_TOKENS_NOT_MADE;
	key = made;
	proof = rk_hands_hold(hands, token, &made, "the scratch key", &hand);
	if (!proof)
		proof = rk_hand_prove(hands, hand, "token test");
	end = rk_hands_destroy(token, key);
	*ret_err = rk_join(proof, end);
	if (proof)
		return RK_TOKENS_NOT_PROVEN;
	return end ? RK_TOKENS_NOT_DESTROYED : RK_TOKENS_WORKS;
}

/* A key of that type that is there already, and can sign. */
static rk_error *
take_key(rk_token *token, enum rk_key_type type, rk_token_key **ret_key)
{
	RK_AUTO(rk_token_keys) keys = NULL;
	const rk_token_key *found = NULL;
	rk_error *err = token->ops->keys(token, &keys);

	if (err)
		return err;
	for (size_t i = 0; !found && i < keys->count; i++)
		if (keys->keys[i].handle && keys->keys[i].pubkey && keys->keys[i].uri &&
		    rk_pubkey_type(keys->keys[i].pubkey) == type)
			found = &keys->keys[i];
	return found ? token->ops->find(token, found->uri, ret_key) : NULL;
}

static enum rk_tokens_stage
try_key(rk_hands *hands, rk_token *token, enum rk_key_type type, rk_error **ret_err)
{
	RK_AUTO(rk_token_key) key = NULL;
	rk_hand *hand = NULL;

	*ret_err = take_key(token, type, &key);
	if (!*ret_err && !key)
		return RK_TOKENS_NOT_TRIED;
	if (!*ret_err)
		*ret_err = rk_hands_hold(hands, token, &key, "a key on it", &hand);
	if (!*ret_err)
		*ret_err = rk_hand_prove(hands, hand, "token test");
	return *ret_err ? RK_TOKENS_NOT_PROVEN : RK_TOKENS_WORKS;
}

static rk_error *
try_all(rk_hands *hands, rk_token *token, const rk_token_abilities *abilities,
    rk_tokens_trial *trial, bool (*stop)(void))
{
	rk_env *env = hands->env;

	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++) {
		if (trial->keeps ? !abilities->sign[type] : !abilities->generate[type])
			continue;
		if (stop && stop())
			return rk_fail(RK_E_CANCELLED, NULL, "the test was stopped");
		env->ops->progress(env, rk_key_type_name((enum rk_key_type)type), 0, 0);
		trial->stage[type] =
		    trial->keeps
			? try_key(hands, token, (enum rk_key_type)type, &trial->err[type])
			: try_type(hands, env, token, (enum rk_key_type)type, &trial->err[type]);
		if (rk_error_code(trial->err[type]) == RK_E_TOKEN_GONE)
			return RK_TAKE(trial->err[type]);
	}
	return NULL;
}

rk_error *
rk_tokens_test(rk_hands *hands, const char *uri, bool (*stop)(void), rk_tokens_trial **ret_trial)
{
	RK_AUTO(rk_tokens_trial) trial = calloc(1, sizeof(*trial));
	RK_AUTO(rk_token_abilities) abilities = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	rk_token *token = NULL;
	rk_error *err = trial ? rk_hands_token(hands, uri, &token) : rk_out_of_memory();

	if (!err)
		err = token->ops->abilities(token, &abilities);
	if (!err)
		err = token->ops->info(token, &info);
	if (!err)
		err = rk_hands_login(hands, token, RK_TOKENS_TEST_PURPOSE);
	if (!err) {
		trial->keeps = keeps_keys(info, abilities);
		err = try_all(hands, token, abilities, trial, stop);
	}
	hands->env->ops->progress(hands->env, NULL, 0, 0);
	if (!err)
		*ret_trial = RK_TAKE(trial);
	return err;
}

void
rk_tokens_trial_free(rk_tokens_trial *trial)
{
	if (!trial)
		return;
	for (size_t type = 0; type < RK_KEY_GENERATED_COUNT; type++)
		rk_error_free(trial->err[type]);
	free(trial);
}
