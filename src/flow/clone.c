#include "flow/clone_private.h"

#include "flow/custody_private.h"

#include "base/show.h"

#include <string.h>

#define NOT_EXTRACTABLE                                                                            \
	"a key that is to be copied is made with 'rootkeep key generate --wrappable'; or put one " \
	"onto several tokens with 'rootkeep key import NAME FILE --token URI --token URI', and "   \
	"rotate to it"

/* The first of the key's tokens that is here and is not the target. */
static rk_error *
reach_source(const struct rk_custody *custody, struct rk_clone_ends *ends)
{
	RK_AUTO(rk_error) why = NULL;
	const rk_keep_key *key = ends->key;
	bool on_target = false;

	for (size_t i = 0; i < key->token_count; i++) {
		const char *uri = key->tokens[i];
		const struct rk_reach reach = {
		    .name = key->name, .pubkey = key->pubkey, .uris = &uri, .uri_count = 1};
		rk_hand *hand = NULL;
		rk_error *err = rk_hands_reach(custody->hands, &reach, &hand);

		if (!err && rk_hand_token(hand) != ends->target) {
			ends->source = hand;
			return NULL;
		}
		on_target |= !err;
		why = rk_join(why, err);
	}
	if (why)
		return rk_wrap(RK_TAKE(why), "no token that key %s could be copied from is here",
		    RK_SHOW(key->name));
	if (on_target)
		return rk_fail(RK_E_REFUSED, "name another token with --to",
		    "key %s is on %s, and on no other token", RK_SHOW(key->name),
		    ends->target->name);
	return rk_fail(RK_E_TOKEN_NONE, "enrol its token with 'rootkeep key enrol NAME URI'",
	    "key %s is known by its public half alone", RK_SHOW(key->name));
}

static rk_error *
judge_software(struct rk_clone_ends *ends, bool to_software)
{
	RK_AUTO(rk_token_info) to = NULL;
	const rk_token_info *from = rk_hand_token_info(ends->source);
	rk_error *err = ends->target->ops->info(ends->target, &to);

	if (err)
		return err;
	ends->to_device = to->hardware;
	if (to->hardware || !from->hardware || to_software)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "name a token that is a device; or, if that is what you want, add --to-software",
	    "key %s is in a device, and %s is software: whoever reads its files and learns its "
	    "PIN has the key",
	    RK_SHOW(ends->key->name), ends->target->name);
}

static rk_error *
find_ends(const struct rk_custody *custody, const struct rk_clone_wish *wish,
    struct rk_clone_ends *ret_ends)
{
	struct rk_clone_ends ends = {.key = wish->key};
	rk_error *err = rk_hands_token(custody->hands, wish->to, &ends.target);

	if (!err)
		err = reach_source(custody, &ends);
	if (!err)
		err = judge_software(&ends, wish->to_software);
	if (!err)
		*ret_ends = ends;
	return err;
}

static rk_error *
add_steps(const struct rk_clone_ends *ends, rk_plan *plan)
{
	const char *name = ends->key->name;
	rk_error *err = rk_plan_add(plan, RK_EFFECT_TOKEN,
	    "make an RSA key on %s that carries another key there, and is destroyed afterwards",
	    ends->target->name);

	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_TOKEN,
		    "have %s wrap key %s for it (%s), and %s unwrap it, sensitive and not "
		    "extractable; it is never outside of the two in the clear",
		    rk_hand_token_name(ends->source), RK_SHOW(name), rk_clone_way_name(ends),
		    ends->target->name);
	if (!err && !ends->to_device)
		err = rk_plan_add(plan, RK_EFFECT_TOKEN,
		    "which is software: whoever reads its files and learns its PIN has the key");
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_SIGN,
		    "have the copy sign a random challenge, and read its attributes back");
	if (!err)
		err = rk_plan_add(
		    plan, RK_EFFECT_TOKEN, "let neither of the two leave its token from now on");
	return err ? err
		   : rk_plan_add(plan, RK_EFFECT_STAGE, "note in %s that key %s is on %s too",
			 RK_KEEP_FILE, RK_SHOW(name), ends->target->name);
}

static rk_error *
plan_for(const struct rk_clone_ends *ends, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err =
	    rk_plan_new(&plan, "copy key %s to %s", RK_SHOW(ends->key->name), ends->target->name);

	if (!err)
		err = add_steps(ends, plan);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

rk_error *
rk_clone_plan(
    const struct rk_custody *custody, const struct rk_clone_wish *wish, rk_plan **ret_plan)
{
	struct rk_clone_ends ends;
	rk_error *err = find_ends(custody, wish, &ends);

	if (!err)
		err = rk_clone_way_find(&ends);
	return err ? err : plan_for(&ends, ret_plan);
}

static rk_error *
log_in(const struct rk_custody *custody, const struct rk_clone_ends *ends)
{
	RK_AUTO(rk_str) purpose = NULL;
	rk_error *err = rk_strdupf(
	    &purpose, "copy key %s to %s", RK_SHOW_BARE(ends->key->name), ends->target->name);

	if (!err)
		err = rk_hand_ready(ends->source, purpose);
	return err ? err : rk_hands_login(custody->hands, ends->target, purpose);
}

rk_error *
rk_clone_login(const struct rk_custody *custody, const struct rk_clone_wish *wish)
{
	struct rk_clone_ends ends;
	rk_error *err = find_ends(custody, wish, &ends);

	return err ? err : log_in(custody, &ends);
}

/* What a run that was cut off has left, or somebody has put there: NULL where it is not there. */
static rk_error *
find_copy(const struct rk_clone_ends *ends, rk_token_key **ret_copy)
{
	RK_AUTO(rk_token_keys) keys = NULL;
	rk_token *target = ends->target;
	rk_error *err = target->ops->keys(target, &keys);

	for (size_t i = 0; !err && i < keys->count; i++) {
		const rk_token_key *key = &keys->keys[i];

		if (!key->handle || !key->pubkey ||
		    !rk_pubkey_equal(key->pubkey, ends->key->pubkey))
			continue;
		err = target->ops->seal(target, key);
		return err ? err : target->ops->find(target, key->uri, ret_copy);
	}
	return err;
}

static rk_error *
make_copy(rk_env *env, struct rk_clone_ends *ends, rk_token_key **ret_copy)
{
	rk_error *err;

	if (rk_hand_key(ends->source)->extractable == RK_FACT_NO)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, NOT_EXTRACTABLE,
		    "key %s may not leave %s: it was not made to be wrapped, or has been copied "
		    "already",
		    RK_SHOW(ends->key->name), rk_hand_token_name(ends->source));
	err = rk_clone_way_find(ends);
	if (!err)
		err = rk_clone_way_go(env, ends, ret_copy);
	if (rk_error_code(err) == RK_E_EXISTS)
		err = rk_advise(err,
		    "nothing is overwritten: take another token, or destroy the key that has its "
		    "label or id there");
	return err;
}

/* By what is stored of it, it must be found again; and what is said of it is read anew. */
static rk_error *
judge_sealed(rk_token *token, const rk_token_key *key, const rk_pubkey *pubkey)
{
	RK_AUTO(rk_token_key) found = NULL;
	rk_error *err = token->ops->find(token, key->uri, &found);

	if (err)
		return rk_wrap(
		    err, "key %s cannot be found again on %s", RK_SHOW(key->label), token->name);
	if (found->pubkey && !rk_pubkey_equal(found->pubkey, pubkey))
		return rk_fail(RK_E_KEY_UNPROVEN, "do not use this token or its module",
		    "%s shows another key in the place of key %s", token->name,
		    RK_SHOW(key->label));
	if (found->extractable == RK_FACT_YES)
		return rk_fail(RK_E_KEY_UNPROVEN, "do not use this token or its module",
		    "%s says that key %s may not leave it any more, and then that it may",
		    token->name, RK_SHOW(key->label));
	return NULL;
}

static rk_error *
seal(rk_token *token, const rk_token_key *key, const rk_pubkey *pubkey)
{
	rk_error *err = token->ops->seal(token, key);

	return err ? err : judge_sealed(token, key, pubkey);
}

static rk_error *
prove(const struct rk_custody *custody, const struct rk_clone_ends *ends, rk_hand *copy)
{
	rk_error *err = NULL;

	if (!rk_hand_pubkey(copy) || !rk_pubkey_equal(rk_hand_pubkey(copy), ends->key->pubkey))
		return rk_fail(RK_E_KEY_UNPROVEN, "do not use this token or its module",
		    "what came out on %s is another key than %s", ends->target->name,
		    RK_SHOW(ends->key->name));
	err = rk_hand_prove(custody->hands, copy, "key proof");
	if (!err)
		err = rk_custody_judge(custody->env, copy, RK_CUSTODY_COPY);
	return err ? err : seal(ends->target, rk_hand_key(copy), ends->key->pubkey);
}

/* The world is rolled back by hand: the message says whether it is as it was. */
static rk_error *
take_back(const struct rk_clone_ends *ends, const rk_token_key *copy, rk_error *why)
{
	RK_AUTO_BUF(id);
	rk_error *err = rk_hands_destroy(ends->target, copy);

	if (!err)
		return rk_wrap(why, "key %s is not copied: the copy is destroyed again",
		    RK_SHOW(ends->key->name));
	rk_buf_hex(&id, copy->id, copy->id_len);
	why = rk_wrap(why,
	    "key %s is not copied, and a copy may STILL be on %s, labelled %s, with the id %s",
	    RK_SHOW(ends->key->name), ends->target->name, RK_SHOW(copy->label), rk_buf_str(&id));
	why = rk_advise(why,
	    "run the same command again once both tokens work, or destroy the copy with the "
	    "token's own tools");
	return rk_join(why, rk_wrap(err, "it could not be destroyed"));
}

static rk_error *
seal_source(const struct rk_clone_ends *ends)
{
	rk_error *err =
	    seal(rk_hand_token(ends->source), rk_hand_key(ends->source), ends->key->pubkey);

	return err ? rk_wrap(err, "key %s cannot be kept from leaving %s", RK_SHOW(ends->key->name),
			 rk_hand_token_name(ends->source))
		   : NULL;
}

static bool
is_known(const rk_keep_key *key, const char *uri)
{
	for (size_t i = 0; i < key->token_count; i++)
		if (!strcmp(key->tokens[i], uri))
			return true;
	return false;
}

static rk_error *
keep_it(const struct rk_custody *custody, const struct rk_clone_ends *ends, const char *uri)
{
	struct rk_custody_record record = {
	    .holder = ends->key->holder, .fingerprint = ends->key->fingerprint, .note = uri};
	RK_AUTO(rk_str) action = NULL;
	rk_error *err = rk_keep_key_add_token(custody->keep, ends->key->name, uri);

	if (!err)
		err = rk_strdupf(&action, "backup clone %s", ends->key->name);
	record.action = action;
	if (!err)
		err = rk_custody_commit(custody, &record, NULL);
	if (!err)
		return NULL;
	err = rk_wrap(err, "key %s is copied to %s, but the keep could not note it",
	    RK_SHOW(ends->key->name), ends->target->name);
	return rk_advise(err, "mend that and run the same command again: it finishes");
}

/* After a failure: is it certain that the source is as it was before? */
static bool
leaves_still(const struct rk_clone_ends *ends)
{
	RK_AUTO(rk_token_key) found = NULL;
	rk_token *source = rk_hand_token(ends->source);
	rk_error *err = source->ops->find(source, rk_hand_key(ends->source)->uri, &found);

	rk_error_free(err);
	return found && found->extractable == RK_FACT_YES;
}

/* The source may be sealed already: then the copy is worth more than a clean token. */
static rk_error *
roll_back(const struct rk_clone_ends *ends, const rk_token_key *copy, bool sealing, rk_error *why)
{
	if (!sealing || leaves_still(ends))
		return take_back(ends, copy, why);
	why = rk_wrap(why, "the copy of key %s is on %s, and the keep does not know it yet",
	    RK_SHOW(ends->key->name), ends->target->name);
	return rk_advise(why, "run the same command again once both tokens work: it finishes");
}

/* From the copy on; `made`: by this run. */
static rk_error *
finish(const struct rk_custody *custody, const struct rk_clone_ends *ends, rk_token_key **copy,
    bool made)
{
	const rk_token_key *key = *copy;
	rk_hand *hand = NULL;
	bool sealing = false;
	rk_error *err = rk_hands_hold(custody->hands, ends->target, copy, ends->key->name, &hand);

	if (!err)
		err = prove(custody, ends, hand);
	if (!err) {
		sealing = true;
		err = seal_source(ends);
	}
	return err && made ? roll_back(ends, key, sealing, err) : err;
}

rk_error *
rk_clone(const struct rk_custody *custody, const struct rk_clone_wish *wish,
    const rk_keep_key **ret_key, bool *ret_changed)
{
	RK_AUTO(rk_token_key) copy = NULL;
	struct rk_clone_ends ends;
	const char *uri;
	bool made = false, known = false;
	rk_error *err = find_ends(custody, wish, &ends);

	if (!err)
		err = log_in(custody, &ends);
	if (!err)
		err = find_copy(&ends, &copy);
	if (!err && !copy) {
		err = make_copy(custody->env, &ends, &copy);
		made = err == NULL;
	}
	if (err)
		return err;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): success has found or made it */
	uri = copy->uri;
	err = finish(custody, &ends, &copy, made);
	if (err)
		return err;
	known = is_known(ends.key, uri);
	if (!known)
		err = keep_it(custody, &ends, uri);
	if (err)
		return err;
	*ret_key = rk_keep_key_by_name(custody->keep, ends.key->name);
	*ret_changed = made || !known;
	return NULL;
}
