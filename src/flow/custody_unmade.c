#include "flow/custody_private.h"

#include "base/show.h"

#include <string.h>

static const char *
label_of(const struct rk_custody_making *making)
{
	return making->spec->label ? making->spec->label : making->name;
}

/* Where it lies, by the words that other programs have for it. */
static rk_error *
say_left(const struct rk_custody_making *making, const rk_token_key *made, rk_error *why)
{
	const char *label = made ? made->label : label_of(making);
	RK_AUTO_BUF(id);

	if (made)
		rk_buf_hex(&id, made->id, made->id_len);
	else
		rk_buf_hex(&id, making->spec->id, making->spec->id_len);
	why =
	    rk_wrap(why, "key %s was not kept, and may STILL be on %s, labelled %s, with the id %s",
		RK_SHOW(making->name), making->token->name, RK_SHOW(label ? label : ""),
		id.len > 0 ? rk_buf_str(&id) : "of its slot");
	return rk_advise(why,
	    "see with 'rootkeep token show' whether it is there; destroy it with the token's own "
	    "tools, or enrol it once it works");
}

rk_error *
rk_custody_take_back(
    const struct rk_custody_making *making, const rk_token_key *made, rk_error *why)
{
	rk_error *err = rk_hands_unmake(making->custody->hands, making->token, made);

	if (!err)
		return rk_wrap(
		    why, "key %s was not kept, and is destroyed again", RK_SHOW(making->name));
	return rk_join(say_left(making, made, why), rk_wrap(err, "it could not be destroyed"));
}

/* Refusals that come before anything is made. */
static bool
made_nothing(const rk_error *why)
{
	switch (rk_error_code(why)) {
	case RK_E_EXISTS:
	case RK_E_TOKEN_UNSUPPORTED:
	case RK_E_USAGE:
	case RK_E_PIN_NEEDED:
		return true;
	default:
		return false;
	}
}

static const rk_token_key *
find(const rk_token_keys *keys, const struct rk_key_spec *spec)
{
	for (size_t i = 0; i < keys->count; i++)
		if (spec->id_len > 0 && keys->keys[i].id_len == spec->id_len &&
		    memcmp(keys->keys[i].id, spec->id, spec->id_len) == 0)
			return &keys->keys[i];
	return NULL;
}

rk_error *
rk_custody_unmade(const struct rk_custody_making *making, rk_error *why)
{
	RK_AUTO(rk_token_keys) keys = NULL;
	const rk_token_key *found;
	rk_error *err;

	if (made_nothing(why))
		return why;
	err = making->token->ops->keys(making->token, &keys);
	/* Whatever is in the slot, it is not known since when. */
	if (err || making->spec->slot) {
		rk_error_free(err);
		return say_left(making, NULL, why);
	}
	found = find(keys, making->spec);
	if (!found)
		return why;
	return making->fresh ? rk_custody_take_back(making, found, why)
			     : say_left(making, found, why);
}
