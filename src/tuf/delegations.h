/*
 * delegations.h - whom a targets file trusts with which paths
 *
 * Ownership  delegations own their ring and roles; look-ups are borrowed.
 * Errors     RK_E_MALFORMED (an unnamed role, a name twice, a top-level name, both or none of roles
 *            and succinct_roles), RK_E_LIMIT, RK_E_NOMEM.
 * Standard   TUF 1.0, section 4.5 (delegations); TAP 15 (succinct_roles).
 */
#ifndef RK_TUF_DELEGATIONS_H
#define RK_TUF_DELEGATIONS_H

#include "tuf/envelope.h"

/* TAP 15: 2^bits bins under one set of keys. */
typedef struct rk_succinct {
	rk_role *role; /* keyids and threshold; its name is the prefix, in the house's spelling */
	unsigned bits; /* 1 to 32 */
	char *prefix; /* as the file says it */
} rk_succinct;

typedef struct rk_delegations {
	const rk_dialect *dialect;
	rk_keyring *keys;
	rk_role **roles; /* in the order in which they are asked */
	size_t count;
	rk_succinct *succinct; /* NULL: none */
} rk_delegations;

/* An envelope without any gives an empty one. */
RK_CHECKED rk_error *
rk_delegations_read(const rk_envelope *envelope, rk_delegations **ret_delegations);
/* How many files it delegates to, bins included. */
uint64_t rk_delegations_total(const rk_delegations *delegations);
/* The role of that house name, a bin's included (a copy, the caller's). RK_E_NOT_FOUND. */
RK_CHECKED rk_error *
rk_delegations_role(const rk_delegations *delegations, const char *name, rk_role **ret_role);
/* The `index`th role, a bin's included (a copy, the caller's). RK_E_NOT_FOUND. */
RK_CHECKED rk_error *
rk_delegations_at(const rk_delegations *delegations, uint64_t index, rk_role **ret_role);
/* The roles that cover a target path, in order, to the first terminating one: `each` is called with
 * each; an error of its ends the walk and is returned. */
RK_CHECKED rk_error *rk_delegations_for(const rk_delegations *delegations, const char *path,
    rk_error *(*each)(void *context, const rk_role *role), void *context);
void rk_delegations_free(rk_delegations *delegations);
RK_DEFINE_FREEP(rk_delegations)

#endif
