/*
 * attest.h - what a device swears about a key of the keep: fetched, judged, and asked for by policy
 *
 * The chain is fetched from the key's token, verified up to a pinned root, bound to the key by its
 * public half (and so to its ids in metadata), and kept in the keep as the device gave it. A verdict
 * is never kept: whoever wants one has the chain judged anew, by the roots that are pinned then.
 *
 * Ownership  everything given is borrowed; ret_* belong to the caller.
 * Errors     RK_E_UNTRUSTED no token of the key swears about it, or a chain that is not believed;
 *            RK_E_NOT_FOUND; RK_E_REFUSED by the keep's policy; those of rk_hands_reach, of
 *            x509/attestation.h and of rk_change_commit.
 */
#ifndef RK_FLOW_ATTEST_H
#define RK_FLOW_ATTEST_H

#include "flow/custody.h"
#include "flow/repo.h"
#include "x509/attestation_require.h"

/* The rule that --except names. */
#define RK_ATTEST_RULE "attestation"

struct rk_attest_wish {
	const rk_keep_key *key;
	const rk_attestation_pins *pins; /* what is believed in this run */
	const rk_attestation_pins *own; /* the program's, where `pins` are given; else the same */
};

struct rk_attest_result {
	rk_attestation *attestation;
	char *token; /* that swore, safe to print; NULL: judged as it lies in the keep */
	bool kept; /* what was fetched is in the keep now */
};
void rk_attest_result_clear(struct rk_attest_result *result);
#define RK_AUTO_ATTEST_RESULT(name)                                                       \
	__attribute__((cleanup(rk_attest_result_clear))) struct rk_attest_result name = { \
	    NULL, NULL, false}

/* Finds the key's tokens, logs nothing in. */
RK_CHECKED rk_error *rk_attest_plan(
    const struct rk_custody *custody, const struct rk_attest_wish *wish, rk_plan **ret_plan);
/*
 * From the first token that swears about the key; where none is here, by the chain that the keep has.
 * One that is verified by the program's own roots is not replaced by one that needs given ones.
 */
RK_CHECKED rk_error *rk_attest(const struct rk_custody *custody, const struct rk_attest_wish *wish,
    struct rk_attest_result *ret_result);
/* The chain that the keep has, judged now. RK_E_NOT_FOUND: it has none. */
RK_CHECKED rk_error *rk_attest_kept(const rk_keep *keep, const rk_keep_key *key,
    const rk_attestation_pins *pins, rk_attestation **ret_attestation);

/* Policy: require_attestation. */

/* With what a role's keys are judged. */
struct rk_attest_terms {
	const rk_attestation_pins
	    *pins; /* the program's own; NULL: none, and so nothing satisfies */
	const char *excepted; /* why keys without will do; NULL: they will not */
};

/* May this key hold the role? RK_E_REFUSED: the policy wants one that is attested. */
RK_CHECKED rk_error *rk_attest_demand(const rk_keep *keep, const struct rk_attest_terms *terms,
    const char *role, const rk_tuf_key *key);
/* The same for every key that the role has in this root. */
RK_CHECKED rk_error *rk_attest_demand_root(const rk_keep *keep, const struct rk_attest_terms *terms,
    const rk_root *root, enum rk_role_kind kind);
/*
 * Keys of the role, in the view, that lack what the policy wants, as people call them (safe to print);
 * none where it wants nothing. `known`: only those of the keep, for what others hold cannot be judged.
 */
RK_CHECKED rk_error *rk_attest_lacking(rk_repo *repo, enum rk_view view, const char *role,
    const rk_attestation_pins *pins, bool known, rk_names *lacking);
/*
 * May what is staged, and what is derived from it, be signed by the keep's keys? RK_E_REFUSED names
 * those that may not; where it is excepted, `*ret_excepted` says that it was needed.
 */
RK_CHECKED rk_error *rk_attest_demand_staged(
    rk_repo *repo, const struct rk_attest_terms *terms, const char *only_role, bool *ret_excepted);

#endif
