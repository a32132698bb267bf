#include "flow/custody_private.h"

#include "base/show.h"
#include "flow/keyuri.h"

#include <string.h>

static rk_error *
reach(const struct rk_custody *custody, const rk_keep_key *key, rk_hand **ret_hand)
{
	const struct rk_reach reach = {
	    .name = key->name,
	    .pubkey = key->pubkey,
	    .uris = (const char *const *)key->tokens,
	    .uri_count = key->token_count,
	};

	return rk_hands_reach(custody->hands, &reach, ret_hand);
}

rk_error *
rk_custody_test_plan(const struct rk_custody *custody, const rk_keep_key *key, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_hand *hand = NULL;
	rk_error *err = reach(custody, key, &hand);

	if (!err)
		err = rk_plan_new(&plan, "try key %s", RK_SHOW(key->name));
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_SIGN, "have it sign a random challenge on %s",
		    rk_hand_token_name(hand));
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

rk_error *
rk_custody_test(const struct rk_custody *custody, const rk_keep_key *key, const rk_hand **ret_hand)
{
	RK_AUTO(rk_str) purpose = NULL;
	rk_hand *hand = NULL;
	rk_error *err = reach(custody, key, &hand);

	if (!err)
		err = rk_strdupf(&purpose, "try key %s", RK_SHOW_BARE(key->name));
	if (!err)
		err = rk_hand_ready(hand, purpose);
	if (!err)
		err = rk_hand_prove(custody->hands, hand, "key proof");
	if (!err)
		err = rk_custody_judge(custody->env, hand, RK_CUSTODY_FOREIGN);
	if (!err)
		*ret_hand = hand;
	return err;
}

/* What changed, for the journal: "called a before; held by B". */
static rk_error *
note_of(const char *before, const rk_keep_key *key, const char *holder, rk_buf *note)
{
	if (strcmp(before, key->name) != 0)
		rk_buf_printf(note, "called %s before", RK_SHOW_BARE(before));
	if (holder)
		rk_buf_printf(note, "%sheld by %s", note->len > 0 ? "; " : "",
		    key->holder ? RK_SHOW_BARE(key->holder) : "nobody named");
	return rk_buf_check(note);
}

static rk_error *
edit(rk_keep *keep, const char *before, const char *name, const char *holder)
{
	rk_error *err = NULL;

	if (strcmp(before, name) != 0)
		err = rk_keep_key_rename(keep, before, name);
	if (!err && holder)
		err = rk_keep_key_set_holder(keep, name, *holder ? holder : NULL);
	return err;
}

rk_error *
rk_custody_set(const struct rk_custody *custody, const rk_keep_key *key, const char *name,
    const char *holder, const rk_keep_key **ret_key)
{
	struct rk_custody_record record = {0};
	RK_AUTO(rk_str) before = NULL;
	RK_AUTO(rk_str) action = NULL;
	RK_AUTO_BUF(note);
	rk_error *err = rk_strdup(key->name, &before);

	if (!err)
		err = edit(custody->keep, before, name ? name : before, holder);
	if (err)
		return err;
	key = rk_keep_key_by_name(custody->keep, name ? name : before);
	err = note_of(before, key, holder, &note);
	if (!err)
		err = rk_strdupf(&action, "key set %s", key->name);
	if (err)
		return err;
	record = (struct rk_custody_record){.action = action,
	    .holder = key->holder,
	    .fingerprint = key->fingerprint,
	    .note = note.len > 0 ? rk_buf_str(&note) : NULL};
	err = rk_custody_commit(custody, &record, NULL);
	if (!err)
		*ret_key = key;
	return err;
}

static rk_error *
none_of(const rk_keep_key *key, const char *uri)
{
	if (!rk_keyuri_is(uri))
		return rk_fail(RK_E_USAGE, "'rootkeep key show' lists the URIs of a key",
		    "%s is no pkcs11: URI", RK_SHOW(uri));
	return rk_fail(RK_E_NOT_FOUND, "'rootkeep key show' lists the URIs of a key",
	    "the keep knows nothing of key %s at %s", RK_SHOW(key->name), RK_SHOW(uri));
}

rk_error *
rk_custody_token_of(const rk_keep_key *key, const char *uri, const char **ret_stored)
{
	const char *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < key->token_count; i++) {
		bool exact = strcmp(key->tokens[i], uri) == 0;

		if (!exact && !rk_keyuri_fits(uri, key->tokens[i]))
			continue;
		found = key->tokens[i];
		count = exact ? 1 : count + 1;
		if (exact)
			break;
	}
	if (count == 0)
		return none_of(key, uri);
	if (count > 1)
		return rk_fail(RK_E_AMBIGUOUS, "name the token by its serial",
		    "%s fits %zu tokens of key %s", RK_SHOW(uri), count, RK_SHOW(key->name));
	*ret_stored = found;
	return NULL;
}

rk_error *
rk_custody_forget(const struct rk_custody *custody, const rk_keep_key *key, const char *stored)
{
	struct rk_custody_record record = {.holder = key->holder, .fingerprint = key->fingerprint};
	RK_AUTO(rk_str) action = NULL;
	RK_AUTO(rk_str) uri = NULL;
	rk_error *err = rk_strdupf(&action, "key forget %s", key->name);

	/* What is removed may be the very string that was given. */
	if (!err)
		err = rk_strdup(stored, &uri);
	if (!err)
		err = rk_keep_key_remove_token(custody->keep, key->name, uri);
	if (err)
		return err;
	record.action = action;
	record.note = uri;
	return rk_custody_commit(custody, &record, NULL);
}
