#include "flow/keyimport_private.h"

#include "base/show.h"
#include "flow/factory.h"

#include <stdlib.h>
#include <string.h>

#define TAKEN_REMEDY \
	"give another name, --label, --id or --slot; 'rootkeep token show' lists what is there"

void
rk_keyimport_shelf_clear(struct rk_keyimport_shelf *shelf)
{
	rk_token_keys_free(shelf->keys);
	free(shelf->by_print);
	free(shelf->by_label);
	shelf->keys = NULL;
	shelf->by_print = shelf->by_label = NULL;
	shelf->print_count = shelf->label_count = 0;
}

static int
compare_prints(const void *a, const void *b)
{
	const rk_token_key *left = *(const rk_token_key *const *)a;
	const rk_token_key *right = *(const rk_token_key *const *)b;
	int order = strcmp(
	    rk_pubkey_fingerprint_hex(left->pubkey), rk_pubkey_fingerprint_hex(right->pubkey));

	/* Of two that are the same, the one with a private half first. */
	return order ? order : (left->handle == 0) - (right->handle == 0);
}

static int
compare_labels(const void *a, const void *b)
{
	return strcmp(
	    (*(const rk_token_key *const *)a)->label, (*(const rk_token_key *const *)b)->label);
}

static rk_error *
look(struct rk_keyimport_shelf *shelf)
{
	size_t count;
	rk_error *err;

	rk_keyimport_shelf_clear(shelf);
	err = shelf->token->ops->keys(shelf->token, &shelf->keys);
	if (err)
		return err;
	count = shelf->keys->count;
	shelf->by_print = calloc(count + 1, sizeof(*shelf->by_print));
	shelf->by_label = calloc(count + 1, sizeof(*shelf->by_label));
	if (!shelf->by_print || !shelf->by_label)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++) {
		const rk_token_key *key = &shelf->keys->keys[i];

		if (key->pubkey)
			shelf->by_print[shelf->print_count++] = key;
		if (key->label)
			shelf->by_label[shelf->label_count++] = key;
	}
	if (shelf->print_count > 0)
		qsort(
		    shelf->by_print, shelf->print_count, sizeof(*shelf->by_print), compare_prints);
	if (shelf->label_count > 0)
		qsort(
		    shelf->by_label, shelf->label_count, sizeof(*shelf->by_label), compare_labels);
	return NULL;
}

/* The first of those that are the same. */
static const rk_token_key *
by_pubkey(const struct rk_keyimport_shelf *shelf, const rk_pubkey *pubkey)
{
	const char *print = rk_pubkey_fingerprint_hex(pubkey);
	size_t low = 0, high = shelf->print_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rk_pubkey_fingerprint_hex(shelf->by_print[middle]->pubkey), print) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < shelf->print_count && rk_pubkey_equal(shelf->by_print[low]->pubkey, pubkey)
		   ? shelf->by_print[low]
		   : NULL;
}

static bool
has_label(const struct rk_keyimport_shelf *shelf, const char *label)
{
	const rk_token_key wanted = {.label = (char *)(uintptr_t)label};
	const rk_token_key *key = &wanted;

	return shelf->label_count > 0 && bsearch(&key, shelf->by_label, shelf->label_count,
					     sizeof(*shelf->by_label), compare_labels) != NULL;
}

/* A place of one's own is there for one key alone, so this is walked once. */
static bool
is_occupied(const struct rk_keyimport_shelf *shelf, const struct rk_keyplace *place)
{
	for (size_t i = 0; i < shelf->keys->count; i++)
		if (rk_keyplace_is_of(place, &shelf->keys->keys[i]))
			return true;
	return false;
}

static rk_error *
refuse_taken(const struct rk_keyimport_shelf *shelf, const char *what)
{
	return rk_fail(RK_E_EXISTS, TAKEN_REMEDY,
	    "%s has another key with that %s already; nothing is overwritten", shelf->token->name,
	    what);
}

static rk_error *
judge_place(const rk_keyimport *import, const rk_keyimport_item *item,
    const struct rk_keyimport_shelf *shelf)
{
	enum rk_key_type type = rk_pubkey_type(item->pubkey);

	if (type >= RK_KEY_GENERATED_COUNT || !shelf->signs[type])
		return rk_fail(RK_E_TOKEN_UNSUPPORTED,
		    "choose another token; 'rootkeep token show' tells what one signs with",
		    "%s does not sign with %s keys", shelf->token->name, rk_key_type_name(type));
	if (has_label(shelf, item->state->label))
		return refuse_taken(shelf, "label");
	if ((import->wish->place.id_len > 0 || import->wish->place.slot) &&
	    is_occupied(shelf, &import->wish->place))
		return refuse_taken(shelf, import->wish->place.slot ? "slot" : "id");
	return NULL;
}

/* A public half may be left over where the private one is gone: that is not the key. */
static rk_error *
judge_copy(const rk_keyimport *import, const rk_keyimport_item *item, size_t index)
{
	const struct rk_keyimport_shelf *shelf = &import->shelves[index];
	struct rk_keyimport_copy *copy = &item->state->copies[index];
	const rk_token_key *there = by_pubkey(shelf, item->pubkey);

	free(copy->uri);
	copy->uri = NULL;
	if (there && there->uri)
		return rk_strdup(there->uri, &copy->uri);
	return judge_place(import, item, shelf);
}

/* Does the keep know every copy? */
static bool
is_noted(const rk_keep_key *known, const rk_keyimport_item *item)
{
	for (size_t i = 0; i < item->state->copy_count; i++) {
		const char *uri = item->state->copies[i].uri;
		bool found = false;

		for (size_t j = 0; uri && !found && j < known->token_count; j++)
			found = strcmp(known->tokens[j], uri) == 0;
		if (!found)
			return false;
	}
	return true;
}

static rk_error *
judge_name(const rk_keyimport *import, const rk_keyimport_item *item)
{
	const rk_keep *keep = import->custody->keep;
	const rk_keep_key *known = rk_keep_key_by_name(keep, item->name);
	const rk_keep_key *same = rk_keep_key_by_pubkey(keep, item->pubkey);

	if (same && strcmp(same->name, item->name) != 0)
		return rk_fail(RK_E_EXISTS,
		    "use that name; or give it this one with 'rootkeep key set --name'",
		    "the keep knows this key already, as %s", RK_SHOW(same->name));
	if (known && known != same)
		return rk_fail(RK_E_EXISTS, "choose another name for this one",
		    "the keep knows another key as %s: its fingerprint begins with %.16s, this "
		    "one's with %.16s",
		    RK_SHOW(item->name), known->fingerprint,
		    rk_pubkey_fingerprint_hex(item->pubkey));
	return NULL;
}

static rk_error *
judge_item(const rk_keyimport *import, rk_keyimport_item *item)
{
	const rk_keep_key *known;
	rk_error *err = judge_name(import, item);

	for (size_t i = 0; !err && i < import->shelf_count; i++)
		err = judge_copy(import, item, i);
	if (err)
		return rk_wrap(
		    err, "cannot import %s as %s", RK_SHOW(item->file), RK_SHOW(item->name));
	known = rk_keep_key_by_pubkey(import->custody->keep, item->pubkey);
	if (known && is_noted(known, item))
		item->outcome = RK_KEYIMPORT_KNOWN;
	return NULL;
}

rk_error *
rk_keyimport_judge(rk_keyimport *import)
{
	for (size_t i = 0; i < import->count; i++) {
		rk_keyimport_item *item = &import->items[i];
		rk_error *err;

		if (item->outcome != RK_KEYIMPORT_WANTED)
			continue;
		err = judge_item(import, item);
		if (err && (import->wish->name || rk_error_code(err) == RK_E_NOMEM))
			return err;
		if (err)
			rk_keyimport_set_aside(item, RK_KEYIMPORT_FAILED, err);
	}
	return NULL;
}

rk_error *
rk_keyimport_shelves_look(rk_keyimport *import)
{
	rk_error *err = NULL;

	for (size_t i = 0; !err && i < import->shelf_count; i++)
		err = look(&import->shelves[i]);
	return err;
}

static rk_error *
open_shelf(rk_keyimport *import, const char *uri)
{
	struct rk_keyimport_shelf *shelf = &import->shelves[import->shelf_count];
	RK_AUTO(rk_token_abilities) abilities = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	rk_error *err = rk_hands_token(import->custody->hands, uri, &shelf->token);

	for (size_t i = 0; !err && i < import->shelf_count; i++)
		if (import->shelves[i].token == shelf->token)
			return rk_fail(RK_E_USAGE, "name each token once", "%s is named twice",
			    shelf->token->name);
	if (!err)
		err = shelf->token->ops->info(shelf->token, &info);
	if (!err)
		err = rk_keyplace_judge(&import->wish->place, info, shelf->token->name);
	if (!err)
		err = rk_factory_warn(import->custody->env, info, shelf->token->name);
	if (!err)
		err = shelf->token->ops->abilities(shelf->token, &abilities);
	if (err)
		return err;
	memcpy(shelf->signs, abilities->sign, sizeof(shelf->signs));
	import->shelf_count++;
	return NULL;
}

rk_error *
rk_keyimport_shelves_open(rk_keyimport *import)
{
	const struct rk_keyimport_wish *wish = import->wish;
	rk_error *err = NULL;

	import->shelves = calloc(wish->token_count + 1, sizeof(*import->shelves));
	if (!import->shelves)
		return rk_out_of_memory();
	for (size_t i = 0; !err && i < wish->token_count; i++)
		err = open_shelf(import, wish->tokens[i]);
	return err;
}
