/*
 * create.h - a new repository: its first root and its first targets, staged
 *
 * Errors     RK_E_EXISTS the keep has one of that name; RK_E_REFUSED a threshold above the number of
 *            distinct keys, below the policy's minimum, a key that the dialect cannot hold, a name that
 *            it does not have; RK_E_USAGE a role without keys; RK_E_NOT_FOUND a key; those of
 *            rk_certify_want; RK_E_IO; RK_E_NOMEM.
 * Units      days.
 * Standard   TUF 1.0, sections 4.3 and 4.5.
 */
#ifndef RK_FLOW_CREATE_H
#define RK_FLOW_CREATE_H

#include "flow/attest.h"
#include "keep/change.h"

/* Keys as a person typed them (flow/keyarg.h). */
struct rk_create_role {
	const char *const *keys;
	size_t count;
	uint32_t threshold; /* 0: 1 */
};

struct rk_create_expiry {
	const char *role;
	unsigned days;
};

struct rk_create {
	const char *name;
	bool dry; /* only the plan: no token signs a certificate */
	const rk_dialect *dialect;
	/* In the order of enum rk_role_kind. No keys for timestamp: the snapshot's; none for
	 * snapshot: those of targets; but not where the dialect has `server_roles`. */
	struct rk_create_role roles[RK_ROLE_TOP_COUNT];
	const struct rk_create_expiry *expires;
	size_t expiry_count;
	bool inconsistent; /* no consistent snapshots */
	const char
	    *below_policy; /* why a threshold may be below the policy's minimum; NULL: it may not */
	bool shared_root; /* the root keys may be another repository's */
	const struct rk_attest_terms *attestation; /* by which policy judges keys; NULL: by none */
};

/*
 * What would be made, and by which change; nothing is committed. The keep is edited in memory. Where
 * the dialect wants root's keys certified and the keep lacks a certificate, the key's token makes it.
 * `*ret_change` is NULL where `dry` and that would be so.
 */
RK_CHECKED rk_error *rk_create_repo(const struct rk_custody *custody,
    const struct rk_create *wanted, rk_plan **ret_plan, rk_change **ret_change);

#endif
