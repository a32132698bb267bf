#include "flow/clone_private.h"

#include "base/show.h"

#include <string.h>

#define NO_WAY                                                                                  \
	"put one key onto both tokens with 'rootkeep key import NAME FILE --token URI --token " \
	"URI', and rotate to it"

static const char *const names[RK_WRAP_WAY_COUNT] = {
    [RK_WRAP_RSA_AES] = "CKM_RSA_AES_KEY_WRAP",
    [RK_WRAP_KWP] = "CKM_AES_KEY_WRAP_KWP",
    [RK_WRAP_PAD] = "CKM_AES_KEY_WRAP_PAD",
    [RK_WRAP_CBC] = "CKM_AES_CBC_PAD",
};

static void
append_ways(rk_buf *out, const bool ways[RK_WRAP_WAY_COUNT])
{
	size_t before = out->len;

	for (size_t i = 0; i < RK_WRAP_WAY_COUNT; i++)
		if (ways[i])
			rk_buf_printf(out, "%s%s", out->len > before ? ", " : "", names[i]);
	if (out->len == before)
		rk_buf_text(out, "nothing");
}

static rk_error *
no_way(
    const struct rk_clone_ends *ends, const rk_token_abilities *from, const rk_token_abilities *to)
{
	RK_AUTO_BUF(wraps);
	RK_AUTO_BUF(unwraps);

	append_ways(&wraps, from->wrap);
	append_ways(&unwraps, to->unwrap);
	return rk_fail(RK_E_TOKEN_UNSUPPORTED, NO_WAY,
	    "there is no way to take key %s from %s, which wraps by %s, to %s, which unwraps by %s",
	    RK_SHOW(ends->key->name), rk_hand_token_name(ends->source), rk_buf_str(&wraps),
	    ends->target->name, rk_buf_str(&unwraps));
}

rk_error *
rk_clone_way_find(struct rk_clone_ends *ends)
{
	RK_AUTO(rk_token_abilities) from = NULL;
	RK_AUTO(rk_token_abilities) to = NULL;
	rk_token *source = rk_hand_token(ends->source);
	bool any = false;
	rk_error *err = source->ops->abilities(source, &from);

	if (!err)
		err = ends->target->ops->abilities(ends->target, &to);
	if (err)
		return err;
	for (size_t i = 0; i < RK_WRAP_WAY_COUNT; i++) {
		ends->ways[i] = from->wrap[i] && to->unwrap[i];
		any |= ends->ways[i];
	}
	return any ? NULL : no_way(ends, from, to);
}

const char *
rk_clone_way_name(const struct rk_clone_ends *ends)
{
	size_t i = 0;

	while (i + 1 < RK_WRAP_WAY_COUNT && !ends->ways[i])
		i++;
	return names[i];
}

static const char *
label_of(const struct rk_clone_ends *ends)
{
	const char *label = rk_hand_key(ends->source)->label;

	return label && *label ? label : ends->key->name;
}

/* A key without an id gets the beginning of its fingerprint. */
static struct rk_unwrap_wish
wish_of(const struct rk_clone_ends *ends, const rk_wrapped *wrapped)
{
	const rk_token_key *key = rk_hand_key(ends->source);
	struct rk_unwrap_wish wish = {
	    .wrapped = wrapped,
	    .pubkey = ends->key->pubkey,
	    .label = label_of(ends),
	    .id = key->id,
	    .id_len = key->id_len,
	};

	if (wish.id_len == 0) {
		wish.id = rk_pubkey_fingerprint(ends->key->pubkey);
		wish.id_len = 8;
	}
	return wish;
}

/* `*arrived`: the target was asked to make a key of it. */
static rk_error *
try_way(const struct rk_clone_ends *ends, const struct rk_wrap_how *how, bool *arrived,
    rk_token_key **ret_copy)
{
	RK_AUTO_WRAPPED(wrapped);
	rk_token *source = rk_hand_token(ends->source);
	struct rk_unwrap_wish wish;
	rk_error *err = source->ops->wrap(source, rk_hand_key(ends->source), how, &wrapped);

	if (err)
		return err;
	*arrived = true;
	wish = wish_of(ends, &wrapped);
	return ends->target->ops->unwrap(ends->target, &wish, ret_copy);
}

/* A refusal is a reason to try another way; what has happened to a token is not. */
static bool
may_go_on(const rk_error *err)
{
	return rk_error_code(err) == RK_E_TOKEN_UNSUPPORTED || rk_error_code(err) == RK_E_TOKEN;
}

/* Each way with both hashes. The last refusal tells most: SHA-1 is what every module has. */
static rk_error *
try_ways(const struct rk_clone_ends *ends, const rk_pubkey *transport, bool *arrived,
    rk_token_key **ret_copy)
{
	RK_AUTO(rk_error) last = NULL;

	for (unsigned step = 0; step < 2 * RK_WRAP_WAY_COUNT; step++) {
		const struct rk_wrap_how how = {.way = (enum rk_wrap_way)(step / 2),
		    .sha1 = step % 2 == 1,
		    .transport = transport};
		bool arrived_before = *arrived;
		rk_error *err;

		if (!ends->ways[how.way])
			continue;
		err = try_way(ends, &how, arrived, ret_copy);
		if (!err)
			return NULL;
		/* What is taken now is what the way before has left, and told. */
		if (arrived_before && rk_error_code(err) == RK_E_EXISTS) {
			rk_error_free(err);
			return RK_TAKE(last);
		}
		if (!may_go_on(err))
			return err;
		rk_error_free(last);
		last = err;
	}
	return RK_TAKE(last);
}

/* It is gone with its session at the latest, unless it had to be a token object. */
static void
end_transport(rk_env *env, rk_token *target)
{
	rk_error *err = target->ops->transport_end(target);

	if (err)
		rk_sayf(env, RK_SAY_WARNING, "%s", rk_error_message(err));
	if (err && rk_error_remedy(err))
		rk_sayf(env, RK_SAY_WARNING, "%s", rk_error_remedy(err));
	rk_error_free(err);
}

/* Is there something with the copy's names? They were free, unless `why` says so. */
static bool
is_there(const struct rk_clone_ends *ends, const rk_error *why)
{
	RK_AUTO(rk_token_keys) keys = NULL;
	const struct rk_unwrap_wish wish = wish_of(ends, NULL);
	bool there = false;
	rk_error *err;

	if (rk_error_code(why) == RK_E_EXISTS)
		return false;
	err = ends->target->ops->keys(ends->target, &keys);
	for (size_t i = 0; !err && i < keys->count; i++)
		there |= keys->keys[i].id_len == wish.id_len &&
			 memcmp(keys->keys[i].id, wish.id, wish.id_len) == 0;
	/* A token that went away in the middle: nobody knows what it has made by then. */
	there |= err != NULL;
	rk_error_free(err);
	return there;
}

static rk_error *
maybe_there(const struct rk_clone_ends *ends, rk_error *why)
{
	why = rk_wrap(why,
	    "a copy of key %s may be on %s, labelled %s, and the keep does not know it",
	    RK_SHOW(ends->key->name), ends->target->name, RK_SHOW(label_of(ends)));
	return rk_advise(why, "run the same command again once both tokens work: it finds what is "
			      "there and finishes");
}

rk_error *
rk_clone_way_go(rk_env *env, const struct rk_clone_ends *ends, rk_token_key **ret_copy)
{
	RK_AUTO(rk_pubkey) transport = NULL;
	bool arrived = false;
	rk_error *err = ends->target->ops->transport(ends->target, &transport);

	if (!err) {
		err = try_ways(ends, transport, &arrived, ret_copy);
		end_transport(env, ends->target);
	}
	if (!err)
		return NULL;
	if (may_go_on(err))
		err = rk_advise(err, NO_WAY);
	if (arrived && is_there(ends, err))
		err = maybe_there(ends, err);
	return rk_wrap(err, "cannot take key %s, %s, from %s to %s", RK_SHOW(ends->key->name),
	    rk_key_type_name(rk_pubkey_type(ends->key->pubkey)), rk_hand_token_name(ends->source),
	    ends->target->name);
}
