/*
 * audit_private.h - what the walk over tokens and the comparison of one token share
 *
 * Errors     RK_E_NOMEM, and the token's.
 */
#ifndef RK_FLOW_AUDIT_PRIVATE_H
#define RK_FLOW_AUDIT_PRIVATE_H

#include "flow/audit.h"

/* That the keep has `known` on a token, by this URI. */
struct rk_audit_entry {
	const rk_keep_key *known;
	const char *uri;
	bool found;
};

/* The rows of a token that was listed. Its entries are sorted by the key's fingerprint. */
RK_CHECKED rk_error *rk_audit_compare(
    const rk_keep *keep, struct rk_audit_entry *entries, size_t count, rk_audit_token *token);

#endif
