#include "flow/custody_private.h"

#include "base/show.h"
#include "flow/factory.h"
#include "flow/tokens.h"

#include <stdlib.h>
#include <string.h>

#define RANDOM_ID 8
#define TAKEN_REMEDY                                                                             \
	"give another --label, --id or --slot; or, if it is yours, take it as it is: 'rootkeep " \
	"key enrol NAME URI' ('rootkeep token show' has its URI)"

static const char *
label_of(const struct rk_custody_wish *wish)
{
	return wish->place.label ? wish->place.label : wish->name;
}

static rk_error *
judge_name(const struct rk_custody *custody, const struct rk_custody_wish *wish)
{
	rk_error *err = rk_keep_key_check_name(wish->name);

	if (!err && rk_keep_key_by_name(custody->keep, wish->name))
		return rk_fail(RK_E_EXISTS,
		    "choose another name; 'rootkeep key list' shows those there are",
		    "the keep has a key called %s", RK_SHOW(wish->name));
	return err;
}

/* What the token is said to be able to do, and where it would be put: no PIN is needed to say no. */
static rk_error *
judge_token(rk_env *env, rk_token *token, const struct rk_custody_wish *wish)
{
	RK_AUTO(rk_token_info) info = NULL;
	RK_AUTO(rk_token_abilities) abilities = NULL;
	rk_error *err = token->ops->info(token, &info);

	if (!err)
		err = rk_keyplace_judge(&wish->place, info, token->name);
	if (!err)
		err = rk_factory_warn(env, info, token->name);
	if (!err)
		err = token->ops->abilities(token, &abilities);
	if (!err)
		err = rk_tokens_judge_type(&(struct rk_tokens_question){
		    wish->state_dir, info, abilities, token->name, wish->type});
	return err;
}

/* Public halves are mostly seen without a login: what they show to be taken costs no PIN. */
static rk_error *
judge_free(rk_token *token, const struct rk_custody_wish *wish)
{
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_error *err = token->ops->keys(token, &keys);

	for (size_t i = 0; !err && i < keys->count; i++) {
		const rk_token_key *key = &keys->keys[i];
		bool same_label = key->label && !strcmp(key->label, label_of(wish));
		bool same_id = wish->place.id_len > 0 && key->id_len == wish->place.id_len &&
			       memcmp(key->id, wish->place.id, key->id_len) == 0;

		if (same_label || same_id)
			err = rk_fail(RK_E_EXISTS, TAKEN_REMEDY,
			    "%s has a key with that %s already; nothing is overwritten",
			    token->name, same_label ? "label" : "id");
	}
	return err;
}

static rk_error *
add_step(const struct rk_custody_wish *wish, const rk_token *token, rk_plan *plan)
{
	RK_AUTO_BUF(place);

	rk_keyplace_tell(&wish->place, &place);
	return rk_plan_add(plan, RK_EFFECT_TOKEN, "make an %s key on %s, labelled %s, %s, that %s",
	    rk_key_type_name(wish->type), token->name, RK_SHOW(label_of(wish)), rk_buf_str(&place),
	    wish->wrappable ? "may leave it wrapped until it has been cloned" : "never leaves it");
}

rk_error *
rk_custody_generate_plan(
    const struct rk_custody *custody, const struct rk_custody_wish *wish, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_token *token = NULL;
	rk_error *err = judge_name(custody, wish);

	if (!err)
		err = rk_hands_token(custody->hands, wish->token, &token);
	if (!err)
		err = judge_token(custody->env, token, wish);
	if (!err)
		err = judge_free(token, wish);
	if (!err)
		err = rk_plan_new(&plan, "make key %s", RK_SHOW(wish->name));
	if (!err && rk_keep_is_new(custody->keep))
		err = rk_plan_add(
		    plan, RK_EFFECT_STAGE, "make %s a keep", RK_SHOW(rk_keep_path(custody->keep)));
	if (!err)
		err = add_step(wish, token, plan);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_SIGN,
		    "have it sign a random challenge, and read its attributes back");
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "note it in %s as %s%s%s", RK_KEEP_FILE,
		    RK_SHOW(wish->name), wish->holder ? ", held by " : "",
		    wish->holder ? RK_SHOW(wish->holder) : "");
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

rk_error *
rk_custody_generate_login(const struct rk_custody *custody, const struct rk_custody_wish *wish)
{
	RK_AUTO(rk_str) purpose = NULL;
	rk_token *token = NULL;
	rk_error *err = rk_hands_token(custody->hands, wish->token, &token);

	if (!err)
		err = rk_strdupf(&purpose, "make key %s", RK_SHOW_BARE(wish->name));
	if (!err)
		err = rk_hands_login(custody->hands, token, purpose);
	return err ? err : rk_hands_login_maker(custody->hands, token, purpose);
}

/* Its first byte is not 0, so that tools that take ids for numbers can name it. */
static rk_error *
random_id(rk_env *env, uint8_t id[static RANDOM_ID])
{
	rk_error *err = env->ops->entropy(env, id, RANDOM_ID);

	if (!err && id[0] == 0)
		id[0] = 1;
	return err;
}

static rk_error *
make(const struct rk_custody *custody, const struct rk_custody_wish *wish, rk_token *token,
    rk_token_key **ret_key)
{
	uint8_t id[RANDOM_ID];
	const struct rk_key_spec spec = {
	    .type = wish->type,
	    .label = label_of(wish),
	    .id = wish->place.id_len > 0 ? wish->place.id : id,
	    .id_len = wish->place.id_len > 0 ? wish->place.id_len : sizeof(id),
	    .slot = wish->place.slot,
	    .touch = wish->place.touch,
	    .pin_policy = wish->place.pin_policy,
	    .wrappable = wish->wrappable,
	};
	const struct rk_custody_making making = {.custody = custody,
	    .token = token,
	    .spec = &spec,
	    .name = wish->name,
	    .fresh = wish->place.id_len == 0};
	rk_error *err = making.fresh ? random_id(custody->env, id) : NULL;

	if (err)
		return err;
	err = token->ops->generate(token, &spec, ret_key);
	if (rk_error_code(err) == RK_E_EXISTS)
		err = rk_advise(err, TAKEN_REMEDY);
	else if (err)
		err = rk_custody_unmade(&making, err);
	return err ? rk_wrap(err, "cannot make key %s on %s", RK_SHOW(wish->name), token->name)
		   : NULL;
}

/* What a token hands out as new and the keep knows already is not new, and not to be destroyed. */
static rk_error *
judge_fresh(const struct rk_custody *custody, const rk_token *token, const rk_token_key *made)
{
	const rk_keep_key *known =
	    made->pubkey ? rk_keep_key_by_pubkey(custody->keep, made->pubkey) : NULL;

	if (!known)
		return NULL;
	return rk_fail(RK_E_KEY_UNPROVEN, "do not use this token or its module",
	    "%s gave out as new a key that the keep knows as %s; it was left alone", token->name,
	    RK_SHOW(known->name));
}

/* By what is stored of it, it must be found again. */
static rk_error *
find_again(rk_hand *hand)
{
	RK_AUTO(rk_token_key) found = NULL;
	rk_token *token = rk_hand_token(hand);
	rk_error *err = token->ops->find(token, rk_hand_key(hand)->uri, &found);

	if (err)
		return rk_wrap(err, "the new key cannot be found again on %s", token->name);
	if (found->pubkey && !rk_pubkey_equal(found->pubkey, rk_hand_pubkey(hand)))
		return rk_fail(RK_E_KEY_UNPROVEN, "do not use this token or its module",
		    "%s shows another key where it made the new one", token->name);
	return NULL;
}

static rk_error *
prove(const struct rk_custody *custody, const struct rk_custody_wish *wish, rk_hand *hand)
{
	rk_error *err =
	    rk_hands_login(custody->hands, rk_hand_token(hand), "have the new key prove itself");

	if (!err && wish->place.touch > RK_TOUCH_NEVER)
		rk_sayf(custody->env, RK_SAY_INFO, "touch %s when it blinks: key %s proves itself",
		    rk_hand_token_name(hand), RK_SHOW(wish->name));
	if (!err)
		err = rk_hand_prove(custody->hands, hand, "key proof");
	if (!err)
		err = rk_custody_judge(
		    custody->env, hand, wish->wrappable ? RK_CUSTODY_WRAPPABLE : RK_CUSTODY_KEPT);
	return err ? err : find_again(hand);
}

static rk_error *
keep_it(const struct rk_custody *custody, const struct rk_custody_wish *wish, const rk_hand *hand,
    bool *ret_settled)
{
	const struct rk_keep_new_key added = {
	    .name = wish->name,
	    .pubkey = rk_hand_pubkey(hand),
	    .holder = wish->holder,
	    .origin = RK_KEEP_GENERATED,
	    .token = rk_hand_key(hand)->uri,
	};
	struct rk_custody_record record = {.holder = wish->holder};
	RK_AUTO(rk_str) action = NULL;
	rk_error *err = rk_keep_key_add(custody->keep, &added, NULL);

	if (!err)
		err = rk_strdupf(&action, "key generate %s", wish->name);
	if (err)
		return err;
	record.action = action;
	record.fingerprint = rk_pubkey_fingerprint_hex(added.pubkey);
	return rk_custody_commit(custody, &record, ret_settled);
}

rk_error *
rk_custody_generate(const struct rk_custody *custody, const struct rk_custody_wish *wish,
    const rk_keep_key **ret_key)
{
	struct rk_custody_making making = {.custody = custody, .name = wish->name};
	RK_AUTO(rk_token_key) made = NULL;
	const rk_token_key *key;
	rk_token *token = NULL;
	rk_hand *hand = NULL;
	bool settled = false;
	rk_error *err = rk_custody_generate_login(custody, wish);

	if (!err)
		err = rk_hands_token(custody->hands, wish->token, &token);
	making.token = token;
	if (!err)
		err = make(custody, wish, token, &made);
	if (!err)
		err = judge_fresh(custody, token, made);
	if (err)
		return err;
	key = made;
	err = rk_hands_hold(custody->hands, token, &made, wish->name, &hand);
	if (err)
		goto rollback;
	err = prove(custody, wish, hand);
	if (!err)
		err = keep_it(custody, wish, hand, &settled);
	if (err && !settled)
		goto rollback;
	if (!err)
		*ret_key = rk_keep_key_by_name(custody->keep, wish->name);
	return err;

rollback:
	return rk_custody_take_back(&making, key, err);
}
