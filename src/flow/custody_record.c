#include "flow/custody_private.h"

#include "base/show.h"
#include "keep/change.h"

#include <string.h>

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

static rk_error *
write_files(rk_change *change, const struct rk_custody_record *record)
{
	rk_error *err = NULL;

	if (record->path)
		err = rk_change_write(
		    change, record->path, RK_CHANGE_CREATE, record->text, strlen(record->text));
	for (size_t i = 0; i < sizeof(record->files) / sizeof(record->files[0]) && !err; i++)
		if (record->files[i].path)
			err = rk_change_write(change, record->files[i].path, RK_CHANGE_REPLACE,
			    record->files[i].bytes, record->files[i].len);
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
	if (!err)
		err = write_files(change, record);
	if (err)
		return err;
	rk_change_save_keep(change);
	err = rk_change_commit(change);
	if (ret_settled)
		*ret_settled = !err || rk_change_is_pending(rk_keep_dir(custody->keep));
	return err;
}

#define KEPT (1u << RK_CUSTODY_KEPT)
#define WRAPPABLE (1u << RK_CUSTODY_WRAPPABLE)
#define COPY (1u << RK_CUSTODY_COPY)
#define FOREIGN (1u << RK_CUSTODY_FOREIGN)
#define OURS (KEPT | WRAPPABLE)
#define EVERY (OURS | COPY | FOREIGN)
#define FACT(member) offsetof(rk_token_key, member)

struct rule {
	size_t fact; /* offset of an enum rk_fact */
	enum rk_fact wanted;
	unsigned kinds; /* of keys that it is for */
	unsigned fatal; /* for which kinds; else a warning */
	const char *wrong, *unknown;
};

static const struct rule rules[] = {
    {FACT(sign), RK_FACT_YES, EVERY, EVERY, "may not sign", "may sign"},
    {FACT(sensitive), RK_FACT_YES, EVERY, OURS | COPY,
	"is not sensitive: its private half can be read out",
	"is sensitive (its private half cannot be read out)"},
    {FACT(extractable), RK_FACT_NO, KEPT | COPY | FOREIGN, KEPT | COPY,
	"is extractable: it can leave the token", "is kept from leaving the token"},
    {FACT(extractable), RK_FACT_YES, WRAPPABLE, WRAPPABLE, "cannot be wrapped", "can be wrapped"},
    /* Some modules never set CKA_LOCAL, so that it is not set condemns nothing. */
    {FACT(local), RK_FACT_YES, OURS, 0, "is not said to have been made there", "was made there"},
};

static rk_error *
judge_fact(const struct rule *rule, rk_env *env, const rk_hand *hand, enum rk_custody_kind kind)
{
	const char *name = rk_hand_name(hand);
	bool fatal = (rule->fatal & 1u << kind) != 0;
	enum rk_fact fact;

	memcpy(&fact, (const char *)rk_hand_key(hand) + rule->fact, sizeof(fact));
	if (fact == rule->wanted)
		return NULL;
	if (fact != RK_FACT_UNKNOWN && fatal)
		return rk_fail(RK_E_KEY_UNPROVEN,
		    "use another token or module for this key; 'rootkeep token test' tries one out",
		    "key %s on %s %s", RK_SHOW(name), rk_hand_token_name(hand), rule->wrong);
	if (fact != RK_FACT_UNKNOWN)
		rk_sayf(env, RK_SAY_WARNING, "key %s on %s %s", RK_SHOW(name),
		    rk_hand_token_name(hand), rule->wrong);
	else
		rk_sayf(env, RK_SAY_WARNING, "%s does not tell whether key %s %s",
		    rk_hand_token_name(hand), RK_SHOW(name), rule->unknown);
	return NULL;
}

rk_error *
rk_custody_judge(rk_env *env, const rk_hand *hand, enum rk_custody_kind kind)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && !err; i++)
		if (rules[i].kinds & 1u << kind)
			err = judge_fact(&rules[i], env, hand, kind);
	return err;
}
