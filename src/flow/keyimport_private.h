/*
 * keyimport_private.h - what the rooms of keyimport share
 *
 * keyimport.c holds the list and the plan, keyimport_read.c reads files and asks for passphrases,
 * keyimport_shelf.c knows what is on the tokens, keyimport_put.c writes keys there.
 */
#ifndef RK_FLOW_KEYIMPORT_PRIVATE_H
#define RK_FLOW_KEYIMPORT_PRIVATE_H

#include "flow/custody_private.h"
#include "flow/keyimport.h"

#define RK_KEYIMPORT_PASSPHRASES 8 /* that are remembered in a run */

/* A token with what it shows, in order, so that each key is found by halving. */
struct rk_keyimport_shelf {
	rk_token *token; /* the hands' */
	rk_token_keys *keys;
	const rk_token_key **by_print, **by_label;
	size_t print_count, label_count;
	bool signs[RK_KEY_GENERATED_COUNT];
};

/* One key on one token. */
struct rk_keyimport_copy {
	rk_hand *hand; /* NULL: nothing was done there */
	char *uri; /* of one that was there before; NULL: there was none */
	bool made; /* in this run: to be destroyed again where it cannot be kept */
};

struct rk_keyimport_state {
	rk_keyfile *file; /* NULL: to be read again */
	const rk_secret *passphrase; /* that opens it; the import's */
	const char *label; /* on the tokens; borrowed */
	struct rk_keyimport_copy *copies; /* one for each token */
	size_t copy_count;
};

struct rk_keyimport {
	const struct rk_custody *custody;
	const struct rk_keyimport_wish *wish;
	struct rk_keyimport_shelf *shelves;
	size_t shelf_count;
	rk_keyimport_item *items;
	size_t count, cap;
	rk_secret *passphrases[RK_KEYIMPORT_PASSPHRASES];
	size_t passphrase_count;
	size_t exposed; /* files that others can read */
};

/* A new item at the end, borrowed until the next one. */
RK_CHECKED rk_error *
rk_keyimport_add(rk_keyimport *import, const char *file, rk_keyimport_item **ret_item);
/* `err` is taken over. */
void
rk_keyimport_set_aside(rk_keyimport_item *item, enum rk_keyimport_outcome outcome, rk_error *err);

/* The file or the folder of the wish, as items. */
RK_CHECKED rk_error *rk_keyimport_read(rk_keyimport *import);
/* The private half, which must still be the item's. */
RK_CHECKED rk_error *rk_keyimport_read_again(rk_keyimport *import, rk_keyimport_item *item);

/* The tokens of the wish, opened. */
RK_CHECKED rk_error *rk_keyimport_shelves_open(rk_keyimport *import);
/* What they show now. */
RK_CHECKED rk_error *rk_keyimport_shelves_look(rk_keyimport *import);
void rk_keyimport_shelf_clear(struct rk_keyimport_shelf *shelf);
/* Every wanted item against the shelves: known, there already, or in the way of another. */
RK_CHECKED rk_error *rk_keyimport_judge(rk_keyimport *import);

#endif
