/*
 * keyview.h - keys of the keep as rows, lines and JSON values
 *
 * Ownership  ret_* belong to the caller.
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_CLI_KEYVIEW_H
#define RK_CLI_KEYVIEW_H

#include "flow/attest.h"
#include "flow/custody.h"
#include "term/run.h"

/* {"name", "type", "fingerprint", …}; `roles` NULL: nothing is said of who trusts it. */
RK_CHECKED rk_error *
rk_keyview_node(const rk_keep_key *key, const rk_custody_roles *roles, rk_node **ret_node);
/* {"key": …} as this run's result. */
RK_CHECKED rk_error *rk_keyview_render(struct rk_run *run, const rk_keep_key *key);
/* The facts of one key, a line each, in text mode. */
void rk_keyview_lines(rk_render *out, const rk_keep_key *key, const rk_custody_roles *roles);
/* Every key of the keep; with `pins` also what is sworn about each. */
RK_CHECKED rk_error *rk_keyview_table(rk_render *out, const rk_keep *keep,
    const rk_custody_roles *roles, const rk_attestation_pins *pins);

#endif
