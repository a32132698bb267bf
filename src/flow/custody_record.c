#include "flow/custody_private.h"

#include "base/show.h"
#include "keep/change.h"

static rk_error *
fill_entry(const struct rk_custody *custody, const struct rk_custody_record *record,
    rk_journal_entry *entry)
{
	rk_node *tokens = NULL;
	rk_error *err = rk_journal_entry_who(entry, record->holder);

	if (!err)
		err = rk_journal_entry_key(entry, record->fingerprint);
	if (!err && record->note)
		err = rk_journal_entry_note(entry, record->note);
	if (!err && custody->clock != custody->env->ops->now(custody->env))
		rk_journal_entry_clock(entry, custody->clock);
	if (!err && custody->hands)
		err = rk_hands_used(custody->hands, &tokens);
	if (!err && rk_node_count(tokens) > 0)
		return rk_journal_entry_tokens(entry, tokens);
	rk_node_free(tokens);
	return err;
}

rk_error *
rk_custody_commit(
    const struct rk_custody *custody, const struct rk_custody_record *record, bool *ret_settled)
{
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_change) change = NULL;
	rk_error *err = rk_change_new(custody->keep, &change);

	if (!err)
		err = rk_journal_entry_new(custody->env, record->action, &entry);
	if (!err)
		err = fill_entry(custody, record, entry);
	if (!err)
		err = rk_change_journal(change, RK_TAKE(entry));
	if (err)
		return err;
	rk_change_save_keep(change);
	err = rk_change_commit(change);
	if (ret_settled)
		*ret_settled = !err || rk_change_is_pending(rk_keep_dir(custody->keep));
	return err;
}

struct rule {
	const char *wrong, *unknown;
	enum rk_fact fact, wanted;
	bool fatal;
};

static rk_error *
judge_fact(rk_env *env, const rk_hand *hand, const char *name, const struct rule *rule)
{
	if (rule->fact == rule->wanted)
		return NULL;
	if (rule->fact == RK_FACT_UNKNOWN) {
		rk_sayf(env, RK_SAY_WARNING, "%s does not tell whether key %s %s",
		    rk_hand_token_name(hand), RK_SHOW(name), rule->unknown);
		return NULL;
	}
	if (rule->fatal)
		return rk_fail(RK_E_KEY_UNPROVEN,
		    "use another token or module for this key; 'rootkeep token test' tries one out",
		    "key %s on %s %s", RK_SHOW(name), rk_hand_token_name(hand), rule->wrong);
	rk_sayf(env, RK_SAY_WARNING, "key %s on %s %s", RK_SHOW(name), rk_hand_token_name(hand),
	    rule->wrong);
	return NULL;
}

rk_error *
rk_custody_judge(rk_env *env, const rk_hand *hand, const char *name, enum rk_custody_kind kind)
{
	const rk_token_key *key = rk_hand_key(hand);
	bool ours = kind != RK_CUSTODY_FOREIGN, wraps = kind == RK_CUSTODY_WRAPPABLE;
	const struct rule rules[] = {
	    {"may not sign", "may sign", key->sign, RK_FACT_YES, true},
	    {"is not sensitive: its private half can be read out",
		"is sensitive (its private half cannot be read out)", key->sensitive, RK_FACT_YES,
		ours},
	    {wraps ? "cannot be wrapped" : "is extractable: it can leave the token",
		wraps ? "can be wrapped" : "is kept from leaving the token", key->extractable,
		wraps ? RK_FACT_YES : RK_FACT_NO, ours},
	};
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && !err; i++)
		err = judge_fact(env, hand, name, &rules[i]);
	/* Some modules never set CKA_LOCAL, so its absence alone condemns nothing. */
	if (!err && ours && key->local == RK_FACT_NO)
		rk_sayf(env, RK_SAY_WARNING, "%s does not say of key %s that it was made there",
		    rk_hand_token_name(hand), RK_SHOW(name));
	return err;
}
