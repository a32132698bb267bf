/*
 * targets_private.h - entries of `targets` in ascending order of their names
 *
 * A cursor walks them in the text where they are sorted, and through an index where they are not.
 *
 * Ownership  a cursor borrows the envelope, and its index too where the scan has kept one.
 */
#ifndef RK_TUF_TARGETS_PRIVATE_H
#define RK_TUF_TARGETS_PRIVATE_H

#include "tuf/targets.h"
#include "json/order.h"

struct rk_targets_cursor {
	const rk_json *object;
	rk_json_iter iter;
	struct rk_order own;
	const struct rk_order *order; /* of a text that is not sorted */
	bool indexed;
	size_t at;
	rk_json key, value;
	bool more; /* key and value are there */
};

/* `object` is the envelope's, or one that has nothing to do with it. */
RK_CHECKED rk_error *rk_targets_cursor_open(
    const rk_envelope *envelope, const rk_json *object, struct rk_targets_cursor *cursor);
void rk_targets_cursor_next(struct rk_targets_cursor *cursor);
void rk_targets_cursor_close(struct rk_targets_cursor *cursor);
/* The entry as a value. */
RK_CHECKED rk_error *rk_targets_read_entry(
    const rk_envelope *envelope, const rk_json *key, const rk_json *value, rk_target **ret_target);
/* What a client would choke on in one entry. Nothing is copied. */
RK_CHECKED rk_error *rk_targets_check_entry(const rk_envelope *envelope, const rk_json *entry);
/* The same of all: by a glance where that is enough. */
RK_CHECKED rk_error *rk_targets_check_entries(const rk_envelope *envelope, const rk_json *entries);
/* Length, hashes and custom alike? */
bool rk_targets_same(const rk_target *a, const rk_target *b);

#endif
