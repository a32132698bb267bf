#include "flow/custody_private.h"

#include "base/show.h"

#include <string.h>

static const char *
typed_back(const rk_token_info *info)
{
	if (info->serial && *info->serial)
		return info->serial;
	return info->label && *info->label ? info->label : "destroy";
}

static rk_error *
judge_trust(const struct rk_custody *custody, const rk_keep_key *key)
{
	RK_AUTO(rk_custody_roles) roles = NULL;
	const rk_custody_role *trust;
	size_t count = 0;
	rk_error *err = rk_custody_roles_read(custody->keep, custody->env, &roles);

	if (err)
		return err;
	trust = rk_custody_roles_of(roles, key, &count);
	if (count == 0)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "rotate the role to another key first; a copy that is lost is told by 'rootkeep key "
	    "forget'",
	    "key %s is trusted: %s of %s names it", RK_SHOW(key->name), RK_SHOW_BARE(trust->role),
	    RK_SHOW(trust->repo));
}

static bool
has_backup(const rk_keep_key *key)
{
	return rk_node_count(rk_node_get(key->rest, "backups")) > 0;
}

static rk_error *
reach(const struct rk_custody *custody, const rk_keep_key *key, const char *stored,
    rk_hand **ret_hand)
{
	const struct rk_reach reach = {
	    .name = key->name, .pubkey = key->pubkey, .uris = &stored, .uri_count = 1};

	return rk_hands_reach(custody->hands, &reach, ret_hand);
}

static rk_error *
plan_destruction(const struct rk_custody *custody, const rk_keep_key *key, const char *stored,
    rk_plan *plan, const char **ret_expect)
{
	rk_hand *hand = NULL;
	rk_error *err = reach(custody, key, stored, &hand);

	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_DESTROY, "destroy key %s on %s for ever",
		    RK_SHOW(key->name), rk_hand_token_name(hand));
	if (!err && (key->token_count > 1 || has_backup(key)))
		err = rk_plan_add(plan, RK_EFFECT_STAGE,
		    "note in %s that this copy is gone; others are left", RK_KEEP_FILE);
	else if (!err)
		err = rk_plan_add(
		    plan, RK_EFFECT_STAGE, "take %s out of %s", RK_SHOW(key->name), RK_KEEP_FILE);
	if (!err)
		*ret_expect = typed_back(rk_hand_token_info(hand));
	return err;
}

rk_error *
rk_custody_delete_plan(const struct rk_custody *custody, const rk_keep_key *key, const char *stored,
    rk_plan **ret_plan, const char **ret_expect)
{
	RK_AUTO(rk_plan) plan = NULL;
	const char *expect = NULL;
	rk_error *err = judge_trust(custody, key);

	if (!err && !stored && has_backup(key))
		return rk_fail(RK_E_REFUSED, "destroy the backup first",
		    "key %s is on no token, but it has a backup", RK_SHOW(key->name));
	if (!err)
		err = rk_plan_new(&plan, "delete key %s", RK_SHOW(key->name));
	if (!err && stored)
		err = plan_destruction(custody, key, stored, plan, &expect);
	else if (!err)
		err = rk_plan_add(plan, RK_EFFECT_FORGET,
		    "forget key %s, of which the keep has the public half alone",
		    RK_SHOW(key->name));
	if (err)
		return err;
	*ret_plan = RK_TAKE(plan);
	*ret_expect = expect;
	return NULL;
}

static rk_error *
ready(const struct rk_custody *custody, const rk_keep_key *key, const char *stored,
    rk_hand **ret_hand)
{
	RK_AUTO(rk_str) purpose = NULL;
	rk_hand *hand = NULL;
	rk_error *err = rk_strdupf(&purpose, "destroy key %s", RK_SHOW_BARE(key->name));

	if (!err)
		err = reach(custody, key, stored, &hand);
	if (!err)
		err = rk_hand_ready(hand, purpose);
	if (rk_error_code(err) == RK_E_KEY_NONE)
		err = rk_advise(
		    err, "tell the keep that it is gone: 'rootkeep key forget %s URI'", key->name);
	if (!err)
		*ret_hand = hand;
	return err;
}

rk_error *
rk_custody_delete_login(
    const struct rk_custody *custody, const rk_keep_key *key, const char *stored)
{
	rk_hand *hand = NULL;
	rk_error *err = stored ? ready(custody, key, stored, &hand) : NULL;

	if (!err && hand)
		err = rk_hands_login_maker(custody->hands, rk_hand_token(hand), "destroy a key");
	return err;
}

static rk_error *
destroy(const struct rk_custody *custody, const rk_keep_key *key, const char *stored)
{
	rk_hand *hand = NULL;
	rk_error *err = ready(custody, key, stored, &hand);

	if (!err)
		err = rk_hands_unmake(custody->hands, rk_hand_token(hand), rk_hand_key(hand));
	return err ? rk_wrap(err, "it is not certain that key %s is destroyed", RK_SHOW(key->name))
		   : NULL;
}

/* In the memory of the keep. */
static rk_error *
strike_out(rk_keep *keep, const char *name, const char *uri, bool *ret_gone)
{
	const rk_keep_key *key = rk_keep_key_by_name(keep, name);
	rk_error *err = uri ? rk_keep_key_remove_token(keep, name, uri) : NULL;

	*ret_gone = key->token_count == 0 && !has_backup(key);
	if (!err && *ret_gone)
		err = rk_keep_key_remove(keep, name);
	return err;
}

/* The key's own words, which the keep is about to lose. */
struct words {
	char *name, *holder, *fingerprint, *uri, *action;
};

static void
words_clear(struct words *words)
{
	rk_str_free(words->name);
	rk_str_free(words->holder);
	rk_str_free(words->fingerprint);
	rk_str_free(words->uri);
	rk_str_free(words->action);
}

static rk_error *
words_copy(const rk_keep_key *key, const char *stored, struct words *words)
{
	rk_error *err = rk_strdup(key->name, &words->name);

	if (!err && key->holder)
		err = rk_strdup(key->holder, &words->holder);
	if (!err)
		err = rk_strdup(key->fingerprint, &words->fingerprint);
	if (!err && stored)
		err = rk_strdup(stored, &words->uri);
	return err ? err : rk_strdupf(&words->action, "key delete %s", key->name);
}

rk_error *
rk_custody_delete(
    const struct rk_custody *custody, const rk_keep_key *key, const char *stored, bool *ret_gone)
{
	__attribute__((cleanup(words_clear))) struct words words = {0};
	struct rk_custody_record record;
	bool gone = false;
	rk_error *err = words_copy(key, stored, &words);

	if (!err && stored)
		err = destroy(custody, key, stored);
	if (err)
		return err;
	record = (struct rk_custody_record){.action = words.action,
	    .holder = words.holder,
	    .fingerprint = words.fingerprint,
	    .note = words.uri};
	err = strike_out(custody->keep, words.name, words.uri, &gone);
	if (!err)
		err = rk_custody_commit(custody, &record, NULL);
	if (!err)
		*ret_gone = gone;
	if (err && stored)
		return rk_wrap(err, "key %s is destroyed, but the keep could not note it",
		    RK_SHOW(words.name));
	return err;
}
