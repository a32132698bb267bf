/*
 * attestview.h - what is sworn about keys, as lines, cells and JSON values
 *
 * Ownership  ret_* belong to the caller.
 * Errors     RK_E_NOMEM, and those of rk_attestroots_own. A chain that is not believed is shown as such.
 */
#ifndef RK_CLI_ATTESTVIEW_H
#define RK_CLI_ATTESTVIEW_H

#include "flow/attest.h"
#include "term/run.h"

/* The program's own roots where the keep has an attestation or its policy wants one, else NULL. */
RK_CHECKED rk_error *rk_attestview_pins(const rk_keep *keep, rk_attestation_pins **ret_pins);

/* {"slot", "firmware", …}. */
RK_CHECKED rk_error *rk_attestview_node(const rk_attestation *attestation, rk_node **ret_node);
/* The facts, a line each, and what is known against the key. */
void rk_attestview_lines(struct rk_run *run, const rk_attestation *attestation);

/* Of the chain that the keep has, judged now; `pins` NULL: there is none. */

/* "attestation": null, {"believed": false, "why"}, or {"believed": true, …}. */
RK_CHECKED rk_error *rk_attestview_put(
    const rk_keep *keep, const rk_keep_key *key, const rk_attestation_pins *pins, rk_node *node);
/* One line, or why it is not believed; nothing where there is none. */
RK_CHECKED rk_error *rk_attestview_line(struct rk_run *run, const rk_keep *keep,
    const rk_keep_key *key, const rk_attestation_pins *pins);
/* "5.7.1, serial 15938791", "not believed" or "no". */
RK_CHECKED rk_error *rk_attestview_append(
    const rk_keep *keep, const rk_keep_key *key, const rk_attestation_pins *pins, rk_buf *out);

/* What the keep's policy misses of one role: a sentence added, none where it misses nothing. */
RK_CHECKED rk_error *rk_attestview_policy(rk_repo *repo, enum rk_view view, const char *role,
    const rk_attestation_pins *pins, rk_names *sentences);

#endif
