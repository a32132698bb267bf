/*
 * chain.h - what a client does: root N to N+1, then timestamp, snapshot, targets, delegations
 *
 * The whole workflow over a source, from a root that is believed. Every step is as a strict client
 * takes it; what a strict client would refuse is fatal here, and what it would only dislike is a
 * finding. Nothing is stored.
 *
 * Ownership  rk_client_state owns everything in it, the envelopes included.
 * Errors     RK_E_UNTRUSTED: the first fatal finding, naming role, version and reason;
 *            RK_E_MALFORMED a file that is none; RK_E_LIMIT; RK_E_NOMEM; the source's. The state is
 *            returned also on RK_E_UNTRUSTED, RK_E_MALFORMED and RK_E_NOT_FOUND, as far as it got.
 * Standard   TUF 1.0, section 5.3 to 5.6 (detailed client workflow).
 */
#ifndef RK_TUF_CHAIN_H
#define RK_TUF_CHAIN_H

#include "tuf/delegations.h"
#include "tuf/root.h"
#include "tuf/snapshot.h"
#include "tuf/source.h"
#include "tuf/targets.h"
#include "tuf/verify.h"

#define RK_CHAIN_ROOTS 4096 /* most root rotations followed in one run */
#define RK_CHAIN_DELEGATIONS 65536 /* most delegated files walked */

enum rk_severity { RK_FINDING_NOTE, RK_FINDING_WARNING, RK_FINDING_FATAL };

typedef struct rk_finding {
	enum rk_severity severity;
	char *role; /* the house's */
	char *sentence; /* safe to print */
} rk_finding;

/* One role as a client sees it. */
typedef struct rk_client_role {
	char *name; /* the house's */
	char *file; /* the name it was fetched by */
	rk_envelope *envelope;
	rk_verdict *verdict; /* under the final root, or its delegator */
	uint8_t sha256[RK_SHA256_SIZE]; /* of the signed bytes */
	bool expired;
} rk_client_role;

typedef struct rk_client_state {
	const rk_dialect *dialect;
	rk_root *root; /* the final one; NULL: not got that far */
	int64_t first_root; /* version that the walk started from */
	uint8_t first_sha256[RK_SHA256_SIZE]; /* of its signed bytes */
	bool authenticated; /* started from a trusted root or an anchor */
	bool complete; /* timestamp to targets were all there and believed */
	rk_snapshot *snapshot; /* NULL: not got that far, or not held */
	rk_snapshot *timestamp;
	rk_client_role
	    *roles; /* root, timestamp, snapshot, targets, delegations as walked; those found */
	size_t count;
	const rk_client_role **by_name; /* chain.c's; NULL: the walk has not ended */
	rk_finding *findings;
	size_t finding_count;
} rk_client_state;

/* A file that is open already: it is taken as the source's own under that name. */
struct rk_chain_ready {
	const char *role; /* the house's */
	const char *file;
	rk_envelope *envelope;
};

struct rk_chain_request {
	const rk_dialect *dialect;
	const char *name; /* that clients know the repository by (a GUN); NULL: it is not known, and
			     root's certificates may be for any */
	rk_source *source;
	/* Where trust starts: one of the two, or neither (not authenticated). */
	rk_text *trusted_root; /* a file; copied */
	int64_t anchor_version; /* with anchor_sha256: the source's own root of that version */
	const uint8_t *anchor_sha256; /* of its signed bytes; NULL: none */
	int64_t now;
	bool ignore_expiry; /* expiry is a warning: for staged and old states */
	bool roots_only; /* stop after the final root */
	/* As far as held: these may be missing (their keys are a server's). */
	bool timestamp_may_miss, snapshot_may_miss;
	bool delegations_may_miss; /* a delegation that nobody signed into yet */
	const rk_client_state *since; /* as a client that last saw this; NULL: a new one */
	const struct rk_chain_ready
	    *ready; /* by role, in strcmp's order; each envelope is shared */
	size_t ready_count;
};

/* See Errors: `*ret_state` may be set with an error. */
RK_CHECKED rk_error *
rk_chain_walk(const struct rk_chain_request *request, rk_client_state **ret_state);
/*
 * One step: is `next` the root that may follow `trusted`? Version exactly one more, both thresholds.
 * The same bytes as `trusted` are fine too. RK_E_UNTRUSTED.
 */
RK_CHECKED rk_error *
rk_chain_root_follows(const rk_root *trusted, rk_envelope *next_envelope, const rk_root *next);
/*
 * Is a root signed by enough of its own keys, of those that clients of `name` (NULL: not known) take at
 * `now` (0: at any time)? RK_E_UNTRUSTED says which certificate is none that they take.
 */
RK_CHECKED rk_error *
rk_chain_root_is_taken(rk_envelope *envelope, const rk_root *root, const char *name, int64_t now);
/* NULL: no such role found. */
const rk_client_role *rk_client_role_of(const rk_client_state *state, const char *role);
/*
 * The target as a client would find it: pre-order through delegations, terminating stops.
 * RK_E_NOT_FOUND. `ret_role` may be NULL.
 */
RK_CHECKED rk_error *rk_client_find_target(
    const rk_client_state *state, const char *name, rk_target **ret_target, const char **ret_role);
/* Has any of its files, as far as the walk got? NULL: no. */
bool rk_client_state_has_expired(const rk_client_state *state);
void rk_client_state_free(rk_client_state *state);
RK_DEFINE_FREEP(rk_client_state)

#endif
