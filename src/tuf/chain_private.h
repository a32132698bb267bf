/*
 * chain_private.h - a walk in the making, for the rooms of chain
 */
#ifndef RK_TUF_CHAIN_PRIVATE_H
#define RK_TUF_CHAIN_PRIVATE_H

#include "tuf/chain.h"

/* A role's new place in the state; what it is given is taken over, also on failure. */
struct rk_chain_found {
	const char *name; /* copied */
	char *file;
	rk_envelope *envelope;
	rk_verdict *verdict;
};

struct rk_chain_walker {
	const struct rk_chain_request *request;
	rk_client_state *state;
	size_t cap; /* of state->roles */
	void *seen; /* struct rk_chain_seen, by tsearch */
	uint64_t asked; /* how many delegations were looked at */
};

/* A role that was found, for look-ups by its name. */
struct rk_chain_seen {
	const char *name;
	rk_envelope *envelope;
};

RK_CHECKED rk_error *rk_chain_note(struct rk_chain_walker *walker, enum rk_severity severity,
    const char *role, const char *fmt, ...) RK_PRINTF(4, 5);
/* A fatal finding, and the RK_E_UNTRUSTED that it is. */
RK_CHECKED rk_error *rk_chain_refuse(
    struct rk_chain_walker *walker, const char *role, const char *fmt, ...) RK_PRINTF(3, 4);
/* The same from an error, which is returned. */
RK_CHECKED rk_error *
rk_chain_refused(struct rk_chain_walker *walker, const char *role, rk_error *err);
/* Fetch and open; RK_E_NOT_FOUND as it is. `version` 0: the name has no number. */
RK_CHECKED rk_error *rk_chain_fetch(struct rk_chain_walker *walker, const char *role,
    int64_t version, char **ret_file, rk_envelope **ret_envelope);
/* The role's file that is open already; NULL: none is. */
const struct rk_chain_ready *
rk_chain_ready_of(const struct rk_chain_walker *walker, const char *role);
/* What was found under that name; NULL: nothing yet. */
const struct rk_chain_seen *
rk_chain_seen_of(const struct rk_chain_walker *walker, const char *name);
RK_CHECKED rk_error *rk_chain_add(struct rk_chain_walker *walker, struct rk_chain_found *found);
/* Expired is fatal, or a warning where the request ignores it. */
RK_CHECKED rk_error *rk_chain_judge_expiry(
    struct rk_chain_walker *walker, const char *role, const rk_envelope *envelope);
/* A date that not every client reads. */
RK_CHECKED rk_error *
rk_chain_tell_date(struct rk_chain_walker *walker, const char *role, const rk_envelope *envelope);
/* That, duplicate ids, and twins: told, never fatal. */
RK_CHECKED rk_error *rk_chain_tell_oddities(struct rk_chain_walker *walker, const char *role,
    const rk_envelope *envelope, const rk_verdict *verdict);
/* Keys that nobody here understands. */
RK_CHECKED rk_error *
rk_chain_tell_keys(struct rk_chain_walker *walker, const char *role, const rk_keyring *keys);
/* Are files numbered in the published folder? */
bool rk_chain_is_consistent(const struct rk_chain_walker *walker);

RK_CHECKED rk_error *rk_chain_walk_roots(struct rk_chain_walker *walker);
RK_CHECKED rk_error *rk_chain_walk_files(struct rk_chain_walker *walker);

#endif
