/*
 * order.h - the members of an unsorted object, in order
 *
 * Ownership  the index is the caller's to free().
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

/* Members of equal names stay in the text's order. `ret_members` is NULL where there are none. */
RK_CHECKED rk_error *
rk_order_make(const rk_json *object, struct rk_order_member **ret_members, size_t *ret_count);
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
