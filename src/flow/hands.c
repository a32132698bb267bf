#include "flow/hands_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_hands_new(rk_env *env, rk_tokens *tokens, rk_hands **ret_hands)
{
	rk_hands *hands = calloc(1, sizeof(*hands));

	if (!hands)
		return rk_out_of_memory();
	hands->env = env;
	hands->tokens = tokens;
	*ret_hands = hands;
	return NULL;
}

static void
tray_free(struct rk_hands_tray *tray)
{
	rk_secret_free(tray->pin);
	rk_secret_free(tray->so_pin);
	rk_token_keys_free(tray->keys);
	rk_token_info_free(tray->info);
	rk_token_free(tray->token);
	free(tray->uri);
	free(tray);
}

static void
hand_free(rk_hand *hand)
{
	rk_token_key_free(hand->owned);
	rk_pubkey_free(hand->pubkey);
	free(hand->name);
	free(hand->uri);
	free(hand);
}

void
rk_hands_free(rk_hands *hands)
{
	if (!hands)
		return;
	while (hands->all) {
		rk_hand *next = hands->all->next;

		hand_free(hands->all);
		hands->all = next;
	}
	while (hands->trays) {
		struct rk_hands_tray *next = hands->trays->next;

		tray_free(hands->trays);
		hands->trays = next;
	}
	free(hands);
}

bool
rk_hands_same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* The same token in the same module, however it was named. */
static bool
same_token(const rk_token_info *a, const rk_token_info *b)
{
	return a->slot == b->slot && rk_hands_same_text(a->module_path, b->module_path) &&
	       rk_hands_same_text(a->serial, b->serial) && rk_hands_same_text(a->label, b->label);
}

static rk_error *
add_tray(rk_hands *hands, const char *uri, rk_token **token, rk_token_info **info)
{
	struct rk_hands_tray *tray = calloc(1, sizeof(*tray));
	rk_error *err = tray ? rk_strdup(uri, &tray->uri) : rk_out_of_memory();

	if (err) {
		free(tray);
		return err;
	}
	tray->token = RK_TAKE(*token);
	tray->info = RK_TAKE(*info);
	tray->next = hands->trays;
	hands->trays = tray;
	return NULL;
}

/* What a URI meant first it means for the whole run: the plan that was shown was made of that. */
static rk_error *
open_tray(rk_hands *hands, const char *uri, struct rk_hands_tray **ret_tray)
{
	RK_AUTO(rk_token) token = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	struct rk_hands_tray *tray = hands->trays;
	rk_error *err;

	while (tray && strcmp(tray->uri, uri) != 0)
		tray = tray->next;
	if (tray) {
		*ret_tray = tray;
		return NULL;
	}
	err = hands->tokens->ops->open(hands->tokens, uri, &token);
	if (!err)
		err = token->ops->info(token, &info);
	if (err)
		return err;
	for (tray = hands->trays; tray && !same_token(tray->info, info);)
		tray = tray->next;
	if (!tray) {
		err = add_tray(hands, uri, &token, &info);
		tray = hands->trays;
	}
	if (!err)
		*ret_tray = tray;
	return err;
}

struct rk_hands_tray *
rk_hands_tray_of(const rk_hands *hands, const rk_token *token)
{
	struct rk_hands_tray *tray = hands->trays;

	while (tray && tray->token != token)
		tray = tray->next;
	return tray;
}

static rk_error *
new_hand(rk_hands *hands, struct rk_hands_tray *tray, const char *name, rk_hand **ret_hand)
{
	rk_hand *hand = calloc(1, sizeof(*hand));
	rk_error *err;

	if (!hand)
		return rk_out_of_memory();
	err = rk_strdup(name ? name : "the key", &hand->name);
	if (err) {
		hand_free(hand);
		return err;
	}
	hand->hands = hands;
	hand->tray = tray;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): success has opened it */
	tray->used = true;
	hand->next = hands->all;
	hands->all = hand;
	*ret_hand = hand;
	return NULL;
}

/* Not being there is a reason to look at the key's next token; anything else is told at once. */
static bool
is_absence(const rk_error *err)
{
	enum rk_code code = rk_error_code(err);

	return code == RK_E_TOKEN_NONE || code == RK_E_TOKEN_GONE || code == RK_E_TOKEN;
}

/* The first of its tokens that is here; one with a locked PIN only where there is no other. */
static rk_error *
find_tray(rk_hands *hands, const struct rk_reach *reach, struct rk_hands_tray **ret_tray,
    const char **ret_uri)
{
	RK_AUTO(rk_error) absent = NULL;
	struct rk_hands_tray *found = NULL;

	for (size_t i = 0; i < reach->uri_count; i++) {
		struct rk_hands_tray *tray = NULL;
		rk_error *err = open_tray(hands, reach->uris[i], &tray);

		if (err && !is_absence(err))
			return err;
		if (err) {
			absent = rk_join(absent, err);
			continue;
		}
		if (!found || found->info->pin_state == RK_PIN_LOCKED) {
			found = tray;
			*ret_uri = reach->uris[i];
		}
		if (found->info->pin_state != RK_PIN_LOCKED)
			break;
	}
	if (!found && reach->uri_count == 0)
		return rk_fail(RK_E_TOKEN_NONE,
		    "enrol its token with 'rootkeep key enrol NAME URI'",
		    "key %s is known by its public half alone", RK_SHOW(reach->name));
	if (!found)
		return rk_wrap(RK_TAKE(absent), "no token of key %s is here", RK_SHOW(reach->name));
	*ret_tray = found;
	return NULL;
}

rk_error *
rk_hands_reach(rk_hands *hands, const struct rk_reach *reach, rk_hand **ret_hand)
{
	struct rk_hands_tray *tray = NULL;
	const char *uri = NULL;
	rk_hand *hand = NULL;
	rk_error *err = find_tray(hands, reach, &tray, &uri);

	if (!err)
		err = new_hand(hands, tray, reach->name, &hand);
	if (!err)
		err = rk_strdup(uri, &hand->uri);
	if (err)
		return err;
	hand->pubkey = reach->pubkey ? rk_pubkey_ref(reach->pubkey) : NULL;
	*ret_hand = hand;
	return NULL;
}

size_t
rk_hands_token_count(const rk_hands *hands)
{
	size_t count = 0;

	for (const struct rk_hands_tray *tray = hands->trays; tray; tray = tray->next)
		count += tray->used;
	return count;
}

static rk_error *
load_keys(struct rk_hands_tray *tray)
{
	return tray->keys ? NULL : tray->token->ops->keys(tray->token, &tray->keys);
}

static const rk_token_key *
key_by_pubkey(const rk_token_keys *keys, const rk_pubkey *pubkey)
{
	for (size_t i = 0; i < keys->count; i++) {
		const rk_token_key *key = &keys->keys[i];

		if (key->handle && key->pubkey && rk_pubkey_equal(key->pubkey, pubkey))
			return key;
	}
	return NULL;
}

/* What the URI means, where the public key alone does not find it. */
static rk_error *
find_by_uri(rk_hand *hand)
{
	rk_token *token = hand->tray->token;
	rk_error *err = token->ops->find(token, hand->uri, &hand->owned);

	if (err)
		return rk_wrap(err, "key %s is not on %s", RK_SHOW(hand->name), token->name);
	if (hand->pubkey && hand->owned->pubkey &&
	    !rk_pubkey_equal(hand->pubkey, hand->owned->pubkey)) {
		rk_token_key_free(RK_TAKE(hand->owned));
		return rk_fail(RK_E_UNTRUSTED,
		    "put in the token that holds it; 'rootkeep key show' tells its public half",
		    "%s has another key in the place of key %s", token->name, RK_SHOW(hand->name));
	}
	hand->key = hand->owned;
	return NULL;
}

rk_error *
rk_hand_ready(rk_hand *hand, const char *purpose)
{
	rk_error *err;

	if (hand->key)
		return NULL;
	err = rk_hands_sight(hand);
	if (!err)
		err = rk_hands_login_tray(hand->hands, hand->tray, purpose);
	if (err)
		return err;
	if (hand->pubkey) {
		err = load_keys(hand->tray);
		if (err)
			return err;
		hand->key = key_by_pubkey(hand->tray->keys, hand->pubkey);
	}
	return hand->key ? NULL : find_by_uri(hand);
}

rk_error *
rk_hands_hold(
    rk_hands *hands, rk_token *token, rk_token_key **key, const char *name, rk_hand **ret_hand)
{
	struct rk_hands_tray *tray = rk_hands_tray_of(hands, token);
	rk_hand *hand = NULL;
	rk_error *err;

	if (!tray)
		return rk_fail(RK_E_INTERNAL, NULL, "a key of a token that is not open");
	err = new_hand(hands, tray, name, &hand);
	if (err)
		return err;
	hand->owned = RK_TAKE(*key);
	hand->key = hand->owned;
	*ret_hand = hand;
	return NULL;
}

const rk_pubkey *
rk_hand_pubkey(const rk_hand *hand)
{
	if (hand->pubkey)
		return hand->pubkey;
	return hand->key ? hand->key->pubkey : NULL;
}

const rk_token_key *
rk_hand_key(const rk_hand *hand)
{
	return hand->key;
}

const char *
rk_hand_name(const rk_hand *hand)
{
	return hand->name;
}

rk_token *
rk_hand_token(const rk_hand *hand)
{
	return hand->tray->token;
}

const char *
rk_hand_token_name(const rk_hand *hand)
{
	return hand->tray->token->name;
}

const rk_token_info *
rk_hand_token_info(const rk_hand *hand)
{
	return hand->tray->info;
}

rk_error *
rk_hands_token(rk_hands *hands, const char *uri, rk_token **ret_token)
{
	struct rk_hands_tray *tray = NULL;
	rk_error *err = open_tray(hands, uri, &tray);

	if (err)
		return err;
	tray->used = true;
	*ret_token = tray->token;
	return NULL;
}

rk_error *
rk_hands_look(rk_hands *hands, const char *uri, rk_token_info **ret_info)
{
	struct rk_hands_tray *tray = NULL;
	rk_error *err = open_tray(hands, uri, &tray);

	return err ? err : tray->token->ops->info(tray->token, ret_info);
}

static rk_error *
check_gone(rk_token *token, const rk_token_key *key)
{
	RK_AUTO(rk_token_key) still = NULL;
	rk_error *err;

	if (!key->uri)
		return NULL;
	err = token->ops->find(token, key->uri, &still);
	if (rk_error_code(err) == RK_E_KEY_NONE) {
		rk_error_free(err);
		return NULL;
	}
	return err ? err
		   : rk_fail(RK_E_TOKEN, "destroy it with the vendor's tool",
			 "the module reports success, but the key is still there");
}

rk_error *
rk_hands_destroy(rk_token *token, const rk_token_key *key)
{
	rk_error *err = token->ops->destroy(token, key);

	return err ? err : check_gone(token, key);
}

/* Whoever may destroy a key need not be the one who would see it. */
rk_error *
rk_hands_unmake(rk_hands *hands, rk_token *token, const rk_token_key *key)
{
	rk_error *err = rk_hands_login_maker(hands, token, "destroy a key");

	if (!err)
		err = token->ops->destroy(token, key);
	if (!err)
		err = rk_hands_login(hands, token, "see that it is gone");
	return err ? err : check_gone(token, key);
}
