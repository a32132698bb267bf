#include "pkcs11/locate.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 12

rk_error *
rk_sightings_add(rk_sightings *sightings, rk_provider *provider, const rk_slot *slots, size_t count)
{
	rk_sighting *grown =
	    realloc(sightings->sightings, (sightings->count + count + 1) * sizeof(*grown));

	if (!grown)
		return rk_out_of_memory();
	sightings->sightings = grown;
	for (size_t i = 0; i < count; i++)
		grown[sightings->count++] = (rk_sighting){provider, slots[i]};
	return NULL;
}

void
rk_sightings_clear(rk_sightings *sightings)
{
	free(sightings->sightings);
	rk_buf_clear(&sightings->failures);
	*sightings = (rk_sightings){0};
}

static bool
is_initialized(const rk_sighting *sighting)
{
	return (sighting->slot.token.flags & CKF_TOKEN_INITIALIZED) != 0;
}

static bool
is_meant(const rk_uri *uri, const rk_sighting *sighting)
{
	return rk_uri_names_token(uri, &sighting->provider->info, &sighting->slot);
}

/* The only one of a kind that is meant; how many there are. */
static size_t
count_meant(const rk_uri *uri, const rk_sightings *sightings, bool initialized,
    const rk_sighting **ret_last)
{
	size_t count = 0;

	for (size_t i = 0; i < sightings->count; i++) {
		const rk_sighting *sighting = &sightings->sightings[i];

		if (is_initialized(sighting) != initialized || !is_meant(uri, sighting))
			continue;
		*ret_last = sighting;
		count++;
	}
	return count;
}

static void
list_sighting(rk_buf *list, const rk_sighting *sighting, size_t place)
{
	RK_AUTO(rk_str) name = NULL;

	if (place == LISTED_MAX)
		rk_buf_text(list, ", …");
	if (place >= LISTED_MAX)
		return;
	rk_error_free(rk_describe_name(&sighting->slot, &name));
	rk_buf_printf(list, "%s%s in module %s", place > 0 ? ", " : "", name ? name : "?",
	    RK_SHOW_BARE(sighting->provider->name));
}

/* Some tokens have no serial, and a card's module calls them all the same. */
static bool
is_alike(const rk_sighting *left, const rk_sighting *right)
{
	rk_identity one, other;

	rk_identity_of(&left->slot.token, &one);
	rk_identity_of(&right->slot.token, &other);
	return left->provider == right->provider && memcmp(&one, &other, sizeof(one)) == 0;
}

static rk_error *
many_tokens(const rk_uri *uri, const char *text, const rk_sightings *sightings, bool empty_too)
{
	RK_AUTO_BUF(list);
	const rk_sighting *first = NULL;
	bool alike = true;
	size_t count = 0;

	for (size_t i = 0; i < sightings->count; i++) {
		const rk_sighting *sighting = &sightings->sightings[i];

		if (!is_meant(uri, sighting) || (!empty_too && !is_initialized(sighting)))
			continue;
		first = first ? first : sighting;
		alike = alike && is_initialized(sighting) && is_alike(first, sighting);
		list_sighting(&list, sighting, count++);
	}
	return rk_fail(RK_E_TOKEN_MANY,
	    alike ? "they cannot be told apart: plug in only the one that is meant"
		  : "name one of them by serial: 'rootkeep token list' prints their URIs",
	    "%zu tokens fit %s: %s", count, RK_SHOW(text), rk_buf_str(&list));
}

static rk_error *
no_token(const char *text, const rk_sightings *sightings)
{
	if (sightings->failures.len > 0)
		return rk_fail(RK_E_TOKEN_NONE,
		    "plug the token in, or see to the module that failed; 'rootkeep token list' "
		    "shows what is there",
		    "no token fits %s; not all that is there could be asked: %s", RK_SHOW(text),
		    rk_buf_str(&sightings->failures));
	return rk_fail(RK_E_TOKEN_NONE,
	    "plug the token in; 'rootkeep token list' shows what is there",
	    "no token fits %s (%zu seen)", RK_SHOW(text), sightings->count);
}

rk_error *
rk_locate_token(const rk_uri *uri, const char *text, const rk_sightings *sightings,
    const rk_sighting **ret_sighting)
{
	const rk_sighting *found = NULL;
	size_t count = count_meant(uri, sightings, true, &found);

	if (count > 1)
		return many_tokens(uri, text, sightings, false);
	if (count == 1 && rk_uri_is_slot_only(uri))
		return rk_fail(RK_E_USAGE,
		    "name it by serial: 'rootkeep token list' prints the URI of every token",
		    "%s names a slot, and slots change their numbers", RK_SHOW(text));
	if (count == 1) {
		*ret_sighting = found;
		return NULL;
	}
	if (count_meant(uri, sightings, false, &found) > 0)
		return rk_fail(RK_E_TOKEN_NONE, "initialise it with 'rootkeep token init'",
		    "the token that fits %s is empty: it was never initialised", RK_SHOW(text));
	return no_token(text, sightings);
}

rk_error *
rk_locate_empty(const rk_uri *uri, const char *text, const rk_sightings *sightings,
    const rk_sighting **ret_sighting)
{
	const rk_sighting *empty = NULL, *full = NULL;
	size_t empty_count = count_meant(uri, sightings, false, &empty);
	size_t full_count = count_meant(uri, sightings, true, &full);

	if (empty_count == 1)
		*ret_sighting = empty;
	else if (empty_count == 0 && full_count == 1 && sightings->failures.len > 0 &&
		 !rk_uri_is_about_one(uri))
		return rk_fail(RK_E_TOKEN,
		    "see to what cannot be read, or leave it out with --module; then start the "
		    "command again",
		    "%s may mean an empty token that cannot be read now: %s", RK_SHOW(text),
		    rk_buf_str(&sightings->failures));
	else if (empty_count == 0 && full_count == 1)
		*ret_sighting = full;
	else
		return empty_count + full_count > 0 ? many_tokens(uri, text, sightings, true)
						    : no_token(text, sightings);
	return NULL;
}

static void
list_key(rk_buf *list, const rk_token_key *key, size_t place)
{
	if (place == LISTED_MAX)
		rk_buf_text(list, ", …");
	if (place >= LISTED_MAX)
		return;
	rk_buf_printf(list, "%s%s (%s, id ", place > 0 ? ", " : "", RK_SHOW(key->label),
	    RK_SHOW_BARE(key->what));
	rk_buf_hex(list, key->id, key->id_len);
	rk_buf_byte(list, ')');
}

static rk_error *
many_keys(const rk_uri *uri, const rk_token_keys *keys, const char *token_name)
{
	RK_AUTO_BUF(list);
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++)
		if (keys->keys[i].handle && rk_uri_names_key(uri, &keys->keys[i]))
			list_key(&list, &keys->keys[i], count++);
	return rk_fail(RK_E_KEY_MANY, "name one of them by its id: ';id=%XX' in the URI",
	    "%zu keys on %s fit the URI: %s", count, token_name, rk_buf_str(&list));
}

static rk_error *
no_key(const rk_uri *uri, const rk_token_keys *keys, const char *token_name, bool hidden)
{
	if (hidden)
		return rk_fail(RK_E_PIN_NEEDED, "give the token's PIN",
		    "%s shows its keys only after a login", token_name);
	for (size_t i = 0; i < keys->count; i++)
		if (rk_uri_names_key(uri, &keys->keys[i]))
			return rk_fail(RK_E_KEY_NONE,
			    "'rootkeep token show' lists the keys of a token",
			    "%s holds only the public half of that key", token_name);
	return rk_fail(RK_E_KEY_NONE, "'rootkeep token show' lists the keys of a token",
	    "no key on %s fits the URI (%zu seen)", token_name, keys->count);
}

rk_error *
rk_locate_key(const rk_uri *uri, rk_token_keys *keys, const char *token_name, bool hidden,
    rk_token_key **ret_key)
{
	rk_token_key *found = NULL, *key;
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++) {
		if (!keys->keys[i].handle || !rk_uri_names_key(uri, &keys->keys[i]))
			continue;
		found = &keys->keys[i];
		count++;
	}
	if (count > 1)
		return many_keys(uri, keys, token_name);
	if (count == 0)
		return no_key(uri, keys, token_name, hidden);
	key = malloc(sizeof(*key));
	if (!key)
		return rk_out_of_memory();
	/* Moved, not copied: the list is left with an empty place. */
	*key = *found;
	*found = (rk_token_key){0};
	*ret_key = key;
	return NULL;
}
