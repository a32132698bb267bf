/*
 * order.h - the members of an unsorted object, in order
 *
 * Ownership  an rk_order owns its index (rk_order_clear) and borrows the text.
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_JSON_ORDER_H
#define RK_JSON_ORDER_H

#include "json/scan.h"

#define RK_ORDER_LINE 64 /* of a cache */
#define RK_ORDER_FETCH 384 /* about a target's bytes */
#define RK_ORDER_AHEAD 4

struct rk_order_member {
	const char *key; /* behind the opening quote */
	uint64_t
	    head; /* of the name, behind what all names begin with: most are told apart by it */
};

/* A zeroed one is empty. */
struct rk_order {
	struct rk_order_member *members;
	size_t count;
	size_t room;
	size_t shared; /* bytes that all names begin with */
};

/* One more; `key` is behind its opening quote. */
RK_CHECKED rk_error *rk_order_add(struct rk_order *order, const char *key);
/* All members of an object, or of the beginning of one. */
RK_CHECKED rk_error *rk_order_add_all(struct rk_order *order, const rk_json *object);
/* Members of equal names stay as they were added. */
RK_CHECKED rk_error *rk_order_sort(struct rk_order *order);
void rk_order_clear(struct rk_order *order);
/* The member itself; `object` is what the index was made of. */
void rk_order_get(const rk_json *object, const struct rk_order_member *member, rk_json *ret_key,
    rk_json *ret_value);
/* Members are here and there in the text: have this one brought to the processor. */
static inline void
rk_order_fetch(const struct rk_order_member *member)
{
	for (size_t i = 0; i < RK_ORDER_FETCH; i += RK_ORDER_LINE)
		__builtin_prefetch(member->key + i);
}

#endif
