/*
 * role.h - a role: whose keys, how many of them, and for what
 *
 * The house spells roles one way in every dialect: "root", "targets", "snapshot", "timestamp", and
 * "targets/NAME" for a delegation, whatever NAME is. How the file spells it is the dialect's.
 *
 * Ownership  a role owns all its strings.
 * Errors     RK_E_MALFORMED, RK_E_REFUSED, RK_E_NOMEM.
 * Standard   TUF 1.0, sections 4.3 (ROLE), 4.5 (delegations), TAP 15 (succinct roles).
 */
#ifndef RK_TUF_ROLE_H
#define RK_TUF_ROLE_H

#include "json/document.h"

struct rk_dialect;

/* The order is that in which a client trusts them. */
enum rk_role_kind {
	RK_ROLE_ROOT,
	RK_ROLE_TIMESTAMP,
	RK_ROLE_SNAPSHOT,
	RK_ROLE_TARGETS,
	RK_ROLE_TOP_COUNT,
	RK_ROLE_DELEGATED = RK_ROLE_TOP_COUNT,
	RK_ROLE_KIND_COUNT
};

typedef struct rk_role {
	char *name; /* the house's spelling */
	char **keyids; /* unique; duplicates in the file are RK_E_MALFORMED */
	size_t keyid_count;
	uint32_t threshold; /* >= 1 */
	/* Delegations only; at most one of the two lists is there. */
	char **paths;
	size_t path_count;
	char **prefixes; /* path_hash_prefixes, lower-case hex */
	size_t prefix_count;
	bool terminating;
} rk_role;

/* RK_ROLE_DELEGATED for anything that is not one of the four. */
enum rk_role_kind rk_role_kind_of(const char *name);
/* "root" …; NULL for RK_ROLE_DELEGATED. */
const char *rk_role_kind_name(enum rk_role_kind kind);
/* A house name that a person typed: one of the four, or "targets/" and what the dialect takes.
 * RK_E_REFUSED says what is wrong with it. */
RK_CHECKED rk_error *rk_role_check_name(const struct rk_dialect *dialect, const char *name);

/* From {"keyids": [], "threshold": n, …}. `name` is the house's; `where` for messages. */
RK_CHECKED rk_error *rk_role_read(const struct rk_dialect *dialect, const rk_node *object,
    const char *name, const char *where, rk_role **ret_role);
RK_CHECKED rk_error *rk_role_copy(const rk_role *role, rk_role **ret_copy);
bool rk_role_has(const rk_role *role, const char *keyid);
/* Same keys (in any order) and threshold. */
bool rk_role_same_keys(const rk_role *a, const rk_role *b);
/* Does this delegation cover a target path? By its paths or hash prefixes, as the dialect reads
 * them. */
bool rk_role_covers(const struct rk_dialect *dialect, const rk_role *role, const char *path);
void rk_role_free(rk_role *role);
RK_DEFINE_FREEP(rk_role)

#endif
