#include "flow/keyimport_private.h"

#include "base/show.h"

#include <stdlib.h>

rk_error *
rk_keyimport_add(rk_keyimport *import, const char *file, rk_keyimport_item **ret_item)
{
	rk_keyimport_item *item;
	struct rk_keyimport_state *state;
	rk_error *err;

	if (import->count == import->cap) {
		size_t room = import->cap ? 2 * import->cap : 8;
		rk_keyimport_item *grown = realloc(import->items, room * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		import->items = grown;
		import->cap = room;
	}
	item = &import->items[import->count];
	*item = (rk_keyimport_item){.outcome = RK_KEYIMPORT_WANTED};
	item->state = state = calloc(1, sizeof(*state));
	if (!state)
		return rk_out_of_memory();
	import->count++;
	state->copies = calloc(import->shelf_count + 1, sizeof(*state->copies));
	if (!state->copies)
		return rk_out_of_memory();
	state->copy_count = import->shelf_count;
	err = rk_strdup(file, &item->file);
	if (!err)
		*ret_item = item;
	return err;
}

void
rk_keyimport_set_aside(rk_keyimport_item *item, enum rk_keyimport_outcome outcome, rk_error *err)
{
	item->outcome = outcome;
	rk_error_free(item->why);
	item->why = err;
}

static void
state_free(struct rk_keyimport_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->copy_count; i++)
		free(state->copies[i].uri);
	free(state->copies);
	rk_keyfile_free(state->file);
	free(state);
}

void
rk_keyimport_free(rk_keyimport *import)
{
	if (!import)
		return;
	for (size_t i = 0; i < import->count; i++) {
		rk_keyimport_item *item = &import->items[i];

		free(item->file);
		free(item->name);
		rk_pubkey_free(item->pubkey);
		free(item->role);
		free(item->gun);
		rk_error_free(item->why);
		state_free(item->state);
	}
	free(import->items);
	for (size_t i = 0; i < import->shelf_count; i++)
		rk_keyimport_shelf_clear(&import->shelves[i]);
	free(import->shelves);
	for (size_t i = 0; i < import->passphrase_count; i++)
		rk_secret_free(import->passphrases[i]);
	free(import);
}

rk_error *
rk_keyimport_open(const struct rk_custody *custody, const struct rk_keyimport_wish *wish,
    rk_keyimport **ret_import)
{
	RK_AUTO(rk_keyimport) import = calloc(1, sizeof(*import));
	rk_error *err = import ? NULL : rk_out_of_memory();

	if (err)
		return err;
	import->custody = custody;
	import->wish = wish;
	err = rk_keyimport_shelves_open(import);
	if (!err)
		err = rk_keyimport_read(import);
	if (!err)
		err = rk_keyimport_shelves_look(import);
	if (!err)
		err = rk_keyimport_judge(import);
	if (!err)
		*ret_import = RK_TAKE(import);
	return err;
}

size_t
rk_keyimport_count(const rk_keyimport *import)
{
	return import->count;
}

const rk_keyimport_item *
rk_keyimport_at(const rk_keyimport *import, size_t index)
{
	return &import->items[index];
}

size_t
rk_keyimport_tally(const rk_keyimport *import, enum rk_keyimport_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < import->count; i++)
		count += import->items[i].outcome == outcome;
	return count;
}

rk_error *
rk_keyimport_login(rk_keyimport *import)
{
	RK_AUTO(rk_str) purpose = NULL;
	size_t wanted = rk_keyimport_tally(import, RK_KEYIMPORT_WANTED);
	rk_hands *hands = import->custody->hands;
	rk_error *err;

	if (wanted == 0)
		return NULL;
	err = import->wish->name
		  ? rk_strdupf(&purpose, "import key %s", RK_SHOW_BARE(import->wish->name))
		  : rk_strdupf(&purpose, "import %zu key%s", wanted, wanted == 1 ? "" : "s");
	for (size_t i = 0; !err && i < import->shelf_count; i++) {
		err = rk_hands_login(hands, import->shelves[i].token, purpose);
		if (!err)
			err = rk_hands_login_maker(hands, import->shelves[i].token, purpose);
	}
	if (!err)
		err = rk_keyimport_shelves_look(import);
	return err ? err : rk_keyimport_judge(import);
}

/* The plan. */

static rk_error *
plan_read(const rk_keyimport_item *item, rk_plan *plan)
{
	RK_AUTO_BUF(whose);

	if (item->role)
		rk_buf_printf(&whose, " for the role %s", RK_SHOW(item->role));
	if (item->gun)
		rk_buf_printf(&whose, " of %s", RK_SHOW(item->gun));
	return rk_plan_add(plan, RK_EFFECT_READ, "take the %s key in %s%s, fingerprint %.16s…",
	    rk_key_type_name(rk_pubkey_type(item->pubkey)), RK_SHOW(item->file), rk_buf_str(&whose),
	    rk_pubkey_fingerprint_hex(item->pubkey));
}

static rk_error *
plan_copy(const rk_keyimport *import, const rk_keyimport_item *item, size_t index, rk_plan *plan)
{
	const rk_token *token = import->shelves[index].token;
	RK_AUTO_BUF(place);

	if (item->state->copies[index].uri)
		return rk_plan_add(plan, RK_EFFECT_SIGN,
		    "have it prove itself on %s, where it is already", token->name);
	rk_keyplace_tell(&import->wish->place, &place);
	return rk_plan_add(plan, RK_EFFECT_TOKEN,
	    "copy it to %s, labelled %s, %s, never to leave it; have it prove itself, and read its "
	    "attributes back",
	    token->name, RK_SHOW(item->state->label), rk_buf_str(&place));
}

static rk_error *
plan_item(const rk_keyimport *import, const rk_keyimport_item *item, rk_plan *plan)
{
	const char *holder = import->wish->holder;
	rk_error *err = plan_read(item, plan);

	for (size_t i = 0; !err && i < import->shelf_count; i++)
		err = plan_copy(import, item, i, plan);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "note it in %s as %s, imported%s%s",
		    RK_KEEP_FILE, RK_SHOW(item->name), holder ? ", held by " : "",
		    holder ? RK_SHOW(holder) : "");
	return err;
}

static rk_error *
plan_other(const rk_keyimport_item *item, rk_plan *plan)
{
	const rk_error *why = item->why;

	if (item->outcome == RK_KEYIMPORT_KNOWN)
		return rk_plan_add(plan, RK_EFFECT_READ,
		    "step over %s: the keep knows it as %s, on each of these tokens",
		    RK_SHOW(item->file), RK_SHOW(item->name));
	while (rk_error_cause(why))
		why = rk_error_cause(why);
	return rk_plan_add(
	    plan, RK_EFFECT_READ, "leave %s: %s", RK_SHOW(item->file), rk_error_message(why));
}

rk_error *
rk_keyimport_plan(const rk_keyimport *import, rk_plan **ret_plan)
{
	const char *name = import->wish->name;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err =
	    name ? rk_plan_new(&plan, "import key %s", RK_SHOW(name))
		 : rk_plan_new(&plan, "import the keys in %s", RK_SHOW(import->wish->path));

	if (!err && rk_keep_is_new(import->custody->keep))
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "make %s a keep",
		    RK_SHOW(rk_keep_path(import->custody->keep)));
	for (size_t i = 0; !err && i < import->count; i++)
		err = import->items[i].outcome == RK_KEYIMPORT_WANTED
			  ? plan_item(import, &import->items[i], plan)
			  : plan_other(&import->items[i], plan);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}
