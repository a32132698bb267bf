/*
 * edit.h - staging: a role's keys, a role's targets, a new expiry, and dropping what is staged
 *
 * Every edit goes on from what is staged, else from what is published, into one change that is not
 * yet committed. A staged file that carries a signature is final: edits are refused until it is
 * reset. What follows from an edit (targets under new keys, snapshot, timestamp) is made by signing.
 *
 * Errors     RK_E_REFUSED a frozen file, a rule of the role; RK_E_NOT_FOUND; RK_E_EXISTS;
 *            RK_E_UNTRUSTED the published roots do not start at the anchor; RK_E_MALFORMED;
 *            RK_E_IO; RK_E_NOMEM.
 * Units      days; times in seconds since the epoch.
 */
#ifndef RK_FLOW_EDIT_H
#define RK_FLOW_EDIT_H

#include "flow/attest.h"
#include "flow/custody.h"
#include "flow/repo.h"

struct rk_edit_role {
	const char *role; /* one of the four */
	uint32_t threshold; /* 0: as it is */
	const char *const *add; /* keys as typed (flow/keyarg.h) */
	size_t add_count;
	const char *const *remove; /* likewise; a key id of the role will do */
	size_t remove_count;
	unsigned expires_days; /* 0: as it is */
	bool below_policy; /* excepted: a threshold below the policy's minimum */
	const struct rk_attest_terms *attestation; /* by which policy judges keys; NULL: by none */
	bool dry; /* only the plan: no token signs a certificate */
	const struct rk_custody *custody; /* for root's keys, where certificates are wanted */
};

/*
 * The root that says so, staged; the new expiry in keep.json. Where the dialect wants root's keys
 * certified, a missing certificate is made on the key's token, and adding a key that root has takes a
 * newer certificate of it in the place of the older.
 */
RK_CHECKED rk_error *
rk_edit_role(rk_repo *repo, const struct rk_edit_role *edit, rk_change *change, rk_plan *plan);

/* Put targets in and take them out, in one rewrite of the role's file. */
struct rk_edit_targets {
	const char *role; /* "targets", or a delegation */
	rk_target_edits *edits;
};
RK_CHECKED rk_error *rk_edit_targets(rk_repo *repo, const struct rk_edit_targets *edit,
    rk_change *change, struct rk_targets_changed *ret_changed);

/*
 * The role's next version with a new expiry and nothing else; but a root of certified keys takes, for
 * each, the certificate of the keep that lasts longest. Staged already and unsigned: its expiry
 * alone. `*ret_version` is the version that is staged.
 */
RK_CHECKED rk_error *
rk_edit_renew(rk_repo *repo, const char *role, rk_change *change, int64_t *ret_version);
/* Does the role expire within its widest warning (keep.json's policy), or did it? */
RK_CHECKED rk_error *rk_edit_is_due(rk_repo *repo, const char *role, bool *ret_due);

/* Drop the role's staged file. Signatures on it are recorded as outstanding in the keep (which the
 * change must save); `*ret_signatures` says how many. RK_E_NOT_FOUND: nothing is staged. */
RK_CHECKED rk_error *
rk_edit_reset(rk_repo *repo, const char *role, rk_change *change, size_t *ret_signatures);

/* One line of the journal: "ACTION NAME". */
struct rk_edit_note {
	const char *action;
	const char *note; /* NULL: none */
	struct {
		const char *rule, *reason; /* NULL: none */
	} exceptions[2];
	const rk_hands *hands; /* that may have made certificates; NULL: none */
};
RK_CHECKED rk_error *
rk_edit_journal(rk_repo *repo, const struct rk_edit_note *note, rk_change *change);

#endif
