/*
 * order.h - the members of an unsorted object, in order
 *
 * Ownership  the index is the caller's to free().
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_JSON_ORDER_H
#define RK_JSON_ORDER_H

#include "json/scan.h"

struct rk_order_member {
	const char *key; /* behind the opening quote */
	uint64_t
	    head; /* of the name, behind what all names begin with: most are told apart by it */
};

/* `count` is how many members there are. Those of equal names stay in the text's order. */
RK_CHECKED rk_error *
rk_order_make(const rk_json *object, size_t count, struct rk_order_member **ret_members);
/* The member itself; `object` is what the index was made of. */
void rk_order_get(const rk_json *object, const struct rk_order_member *member, rk_json *ret_key,
    rk_json *ret_value);

#endif
