#include "flow/keyimport_private.h"

#include "base/show.h"
#include "keep/change.h"

#include <stdlib.h>
#include <string.h>

#define RANDOM_ID 8

/* One key that is on its way, with the id that its copies share. */
struct way {
	rk_keyimport *import;
	rk_keyimport_item *item;
	struct rk_key_spec spec;
	uint8_t id[RANDOM_ID];
};

static struct rk_custody_making
making_of(const struct way *way, size_t index)
{
	return (struct rk_custody_making){
	    .custody = way->import->custody,
	    .token = way->import->shelves[index].token,
	    .spec = &way->spec,
	    .name = way->item->name,
	    .fresh = way->spec.id == way->id,
	};
}

/* Its first byte is not 0, so that tools that take ids for numbers can name it. */
static rk_error *
begin(struct way *way)
{
	const struct rk_keyplace *place = &way->import->wish->place;
	rk_env *env = way->import->custody->env;
	rk_error *err = NULL;

	way->spec = (struct rk_key_spec){
	    .type = rk_pubkey_type(way->item->pubkey),
	    .label = way->item->state->label,
	    .id = place->id_len > 0 ? place->id : way->id,
	    .id_len = place->id_len > 0 ? place->id_len : sizeof(way->id),
	    .slot = place->slot,
	    .touch = place->touch,
	    .pin_policy = place->pin_policy,
	};
	if (place->id_len == 0)
		err = env->ops->entropy(env, way->id, sizeof(way->id));
	if (way->id[0] == 0)
		way->id[0] = 1;
	return err;
}

/* What is on the token must be the key that was in the file, whatever the token calls it. */
static rk_error *
expect(const struct way *way, const rk_token *token, rk_token_key *key)
{
	if (!key->pubkey) {
		key->pubkey = rk_pubkey_ref(way->item->pubkey);
		return NULL;
	}
	if (rk_pubkey_equal(key->pubkey, way->item->pubkey))
		return NULL;
	return rk_fail(RK_E_KEY_UNPROVEN, "do not use this token or its module",
	    "%s shows another key where it took the copy of key %s", token->name,
	    RK_SHOW(way->item->name));
}

/* By what is stored of it, it must be found again. */
static rk_error *
find_again(const struct way *way, rk_hand *hand)
{
	RK_AUTO(rk_token_key) found = NULL;
	rk_token *token = rk_hand_token(hand);
	rk_error *err = token->ops->find(token, rk_hand_key(hand)->uri, &found);

	return err ? rk_wrap(err, "the new copy cannot be found again on %s", token->name)
		   : expect(way, token, found);
}

static rk_error *
prove(const struct way *way, rk_hand *hand, enum rk_custody_kind kind)
{
	const struct rk_custody *custody = way->import->custody;
	rk_error *err =
	    rk_hands_login(custody->hands, rk_hand_token(hand), "have the copy prove itself");

	if (!err && way->spec.touch > RK_TOUCH_NEVER)
		rk_sayf(custody->env, RK_SAY_INFO, "touch %s when it blinks: key %s proves itself",
		    rk_hand_token_name(hand), RK_SHOW(way->item->name));
	if (!err)
		err = rk_hand_prove(custody->hands, hand, "key proof");
	return err ? err : rk_custody_judge(custody->env, hand, kind);
}

/* It was there before: noted as it is, and never destroyed by us. */
static rk_error *
take_as_it_is(const struct way *way, size_t index)
{
	struct rk_keyimport_copy *copy = &way->item->state->copies[index];
	rk_token *token = way->import->shelves[index].token;
	RK_AUTO(rk_token_key) key = NULL;
	rk_hands *hands = way->import->custody->hands;
	rk_error *err = rk_hands_login(hands, token, "have the key prove itself");

	if (!err)
		err = token->ops->find(token, copy->uri, &key);
	if (!err)
		err = expect(way, token, key);
	if (!err)
		err = rk_hands_hold(hands, token, &key, way->item->name, &copy->hand);
	return err ? err : prove(way, copy->hand, RK_CUSTODY_FOREIGN);
}

static rk_error *
write_copy(const struct way *way, size_t index, rk_token_key **ret_key)
{
	const struct rk_custody_making making = making_of(way, index);
	rk_token *token = making.token;
	rk_error *err = rk_hands_login_maker(making.custody->hands, token, "import a key");

	if (err)
		return err;
	err = token->ops->import(token, &way->spec, way->item->state->file->pkcs8, ret_key);
	return err ? rk_custody_unmade(&making, err) : NULL;
}

static rk_error *
make_copy(const struct way *way, size_t index)
{
	const struct rk_custody_making making = making_of(way, index);
	struct rk_keyimport_copy *copy = &way->item->state->copies[index];
	RK_AUTO(rk_token_key) key = NULL;
	rk_error *err = write_copy(way, index, &key);

	if (err)
		return err;
	err = expect(way, making.token, key);
	if (!err)
		err = rk_hands_hold(
		    making.custody->hands, making.token, &key, way->item->name, &copy->hand);
	if (err)
		return rk_custody_take_back(&making, key, err);
	copy->made = true;
	err = prove(way, copy->hand, RK_CUSTODY_COPY);
	return err ? err : find_again(way, copy->hand);
}

/* Every copy of this run, the last one first; what cannot be destroyed is named above the error. */
static rk_error *
take_back(const struct way *way, rk_error *why)
{
	struct rk_keyimport_state *state = way->item->state;

	for (size_t i = state->copy_count; i-- > 0;) {
		const struct rk_custody_making making = making_of(way, i);

		if (!state->copies[i].made)
			continue;
		why = rk_custody_take_back(&making, rk_hand_key(state->copies[i].hand), why);
		state->copies[i].made = false;
	}
	return why;
}

static rk_error *
put_on_tokens(const struct way *way)
{
	const struct rk_keyimport_state *state = way->item->state;
	rk_error *err = NULL;

	for (size_t i = 0; !err && i < state->copy_count; i++) {
		const rk_token *token = way->import->shelves[i].token;

		err = state->copies[i].uri ? take_as_it_is(way, i) : make_copy(way, i);
		if (err)
			err = rk_wrap(err, "cannot import key %s to %s", RK_SHOW(way->item->name),
			    token->name);
	}
	return err;
}

static const char *
uri_of(const rk_keyimport_item *item, size_t index)
{
	return rk_hand_key(item->state->copies[index].hand)->uri;
}

/* In the memory of the keep. A key whose file is about is an imported one, whatever it was before. */
static rk_error *
note(const struct way *way)
{
	rk_keep *keep = way->import->custody->keep;
	const rk_keyimport_item *item = way->item;
	const struct rk_keep_new_key added = {
	    .name = item->name,
	    .pubkey = item->pubkey,
	    .holder = way->import->wish->holder,
	    .origin = RK_KEEP_IMPORTED,
	    .token = uri_of(item, 0),
	};
	rk_error *err = rk_keep_key_by_name(keep, item->name)
			    ? rk_keep_key_set_origin(keep, item->name, RK_KEEP_IMPORTED)
			    : rk_keep_key_add(keep, &added, NULL);

	for (size_t i = 0; !err && i < item->state->copy_count; i++)
		err = rk_keep_key_add_token(keep, item->name, uri_of(item, i));
	return err;
}

static bool
any_made(const rk_keyimport_item *item)
{
	for (size_t i = 0; i < item->state->copy_count; i++)
		if (item->state->copies[i].made)
			return true;
	return false;
}

static rk_error *
put(rk_keyimport *import, rk_keyimport_item *item)
{
	struct way way = {.import = import, .item = item};
	rk_error *err = rk_keyimport_read_again(import, item);

	if (!err)
		err = begin(&way);
	if (!err)
		err = put_on_tokens(&way);
	if (!err)
		err = note(&way);
	/* Its bytes are needed no more. */
	rk_keyfile_free(RK_TAKE(item->state->file));
	if (err)
		return take_back(&way, err);
	item->outcome = any_made(item) ? RK_KEYIMPORT_DONE : RK_KEYIMPORT_NOTED;
	return NULL;
}

/* After these the others would fare no better. */
static bool
ends_the_run(const rk_error *err)
{
	switch (rk_error_code(err)) {
	case RK_E_NOMEM:
	case RK_E_CANCELLED:
	case RK_E_TOKEN_GONE:
	case RK_E_PIN_NEEDED:
	case RK_E_PIN_WRONG:
	case RK_E_PIN_LAST:
	case RK_E_PIN_LOCKED:
	case RK_E_TOUCH:
		return true;
	default:
		return false;
	}
}

static void
leave_others(rk_keyimport *import, size_t from, const char *because)
{
	for (size_t i = from; i < import->count; i++)
		if (import->items[i].outcome == RK_KEYIMPORT_WANTED)
			rk_keyimport_set_aside(&import->items[i], RK_KEYIMPORT_FAILED,
			    rk_fail(RK_E_CANCELLED, "run it again: what is done is stepped over",
				"%s before its turn came", because));
}

static void
show_progress(const rk_keyimport *import, size_t done)
{
	rk_env *env = import->custody->env;

	if (import->count > 1)
		env->ops->progress(env, "importing keys", done, import->count);
}

/* One after the other; of a folder what fails is the item's own. */
static rk_error *
put_all(rk_keyimport *import, bool (*stop)(void))
{
	for (size_t i = 0; i < import->count; i++) {
		rk_keyimport_item *item = &import->items[i];
		bool ends;
		rk_error *err;

		if (item->outcome != RK_KEYIMPORT_WANTED)
			continue;
		if (stop && stop()) {
			leave_others(import, i, "it was stopped");
			break;
		}
		show_progress(import, i);
		err = put(import, item);
		if (err && import->wish->name)
			return err;
		ends = ends_the_run(err);
		if (err)
			rk_keyimport_set_aside(item, RK_KEYIMPORT_FAILED, err);
		if (ends)
			leave_others(import, i + 1, "a token failed");
	}
	show_progress(import, import->count);
	return NULL;
}

static bool
is_new(const rk_keyimport_item *item)
{
	return item->outcome == RK_KEYIMPORT_DONE || item->outcome == RK_KEYIMPORT_NOTED;
}

/* One line of the journal for all of them. */
static rk_error *
fill_entry(const rk_keyimport *import, rk_journal_entry *entry)
{
	const struct rk_custody *custody = import->custody;
	rk_node *tokens = NULL;
	rk_error *err = rk_journal_entry_who(entry, import->wish->holder);

	for (size_t i = 0; !err && i < import->count; i++)
		if (is_new(&import->items[i]))
			err = rk_journal_entry_key(
			    entry, rk_pubkey_fingerprint_hex(import->items[i].pubkey));
	if (!err)
		err = rk_journal_entry_note(
		    entry, "copied from files, which hold the keys as well as the tokens do");
	if (!err && custody->clock != custody->env->ops->now(custody->env))
		rk_journal_entry_clock(entry, custody->clock);
	if (!err)
		err = rk_hands_used(custody->hands, &tokens);
	return err ? err : rk_journal_entry_tokens(entry, tokens);
}

static rk_error *
commit(const rk_keyimport *import, bool *ret_settled)
{
	const struct rk_custody *custody = import->custody;
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_str) action = NULL;
	rk_error *err =
	    rk_strdupf(&action, "key import %s", import->wish->name ? import->wish->name : "--all");

	if (!err)
		err = rk_change_new(custody->keep, &change);
	if (!err)
		err = rk_journal_entry_new(custody->env, action, &entry);
	if (!err)
		err = fill_entry(import, entry);
	if (!err)
		err = rk_change_journal(change, RK_TAKE(entry));
	if (err)
		return err;
	rk_change_save_keep(change);
	err = rk_change_commit(change);
	*ret_settled = !err || rk_change_is_pending(rk_keep_dir(custody->keep));
	return err;
}

/* The keep could not note them, so they are to be nowhere. */
static rk_error *
take_all_back(rk_keyimport *import, rk_error *why)
{
	for (size_t i = 0; i < import->count; i++) {
		struct way way = {.import = import, .item = &import->items[i]};

		if (!is_new(way.item))
			continue;
		way.spec.label = way.item->state->label;
		why = take_back(&way, why);
		way.item->outcome = RK_KEYIMPORT_FAILED;
	}
	return why;
}

rk_error *
rk_keyimport_run(rk_keyimport *import, bool (*stop)(void))
{
	bool settled = false;
	rk_error *err = put_all(import, stop);

	if (err || (rk_keyimport_tally(import, RK_KEYIMPORT_DONE) == 0 &&
		       rk_keyimport_tally(import, RK_KEYIMPORT_NOTED) == 0))
		return err;
	err = commit(import, &settled);
	return err && !settled ? take_all_back(import, err) : err;
}
