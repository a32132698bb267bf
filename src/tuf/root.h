/*
 * root.h - the root of trust: who may sign what
 *
 * A root's `signed`, read into a C value and kept as a tree beside it, so that an edit changes what
 * it says and nothing else: unknown members survive. Keys are dropped from the file when the last
 * role that used them lets go; a certificate that was root's stays.
 *
 * Ownership  a root owns its tree, ring and roles; look-ups are borrowed and end with the next edit.
 * Errors     RK_E_MALFORMED; edits: RK_E_NOT_FOUND, RK_E_EXISTS, RK_E_REFUSED (a threshold above the
 *            number of distinct keys, zero; one public key under two ids), RK_E_NOMEM.
 * Standard   TUF 1.0, section 4.3 (root.json).
 */
#ifndef RK_TUF_ROOT_H
#define RK_TUF_ROOT_H

#include "tuf/envelope.h"

typedef struct rk_root {
	const rk_dialect *dialect;
	rk_node *signed_node; /* what rk_envelope_compose takes */
	int64_t version;
	int64_t expires;
	bool consistent_snapshot;
	rk_keyring *keys;
	rk_role *roles[RK_ROLE_TOP_COUNT];
} rk_root;

/* RK_E_MALFORMED: it is no root, lacks a role, a threshold is 0, a keyid stands twice. */
RK_CHECKED rk_error *rk_root_read(const rk_envelope *envelope, rk_root **ret_root);
/* Version 1, no keys, thresholds 1: not yet a valid root; see rk_root_check. */
RK_CHECKED rk_error *rk_root_new(
    const rk_dialect *dialect, int64_t expires, bool consistent_snapshot, rk_root **ret_root);
RK_CHECKED rk_error *rk_root_copy(const rk_root *root, rk_root **ret_copy);
/* NULL for RK_ROLE_DELEGATED. */
const rk_role *rk_root_role(const rk_root *root, enum rk_role_kind kind);

RK_CHECKED rk_error *rk_root_set_version(rk_root *root, int64_t version);
RK_CHECKED rk_error *rk_root_set_expires(rk_root *root, int64_t expires);
RK_CHECKED rk_error *rk_root_set_consistent(rk_root *root, bool consistent_snapshot);
RK_CHECKED rk_error *
rk_root_set_threshold(rk_root *root, enum rk_role_kind kind, uint32_t threshold);
/* RK_E_EXISTS: the role has this public key (under any id). A key object of the same id is kept; where
 * root knows this public key under another id, that is used, but for certificates and their like. */
RK_CHECKED rk_error *rk_root_add_key(rk_root *root, enum rk_role_kind kind, const rk_tuf_key *key);
/* Every id of this public key leaves the role. RK_E_NOT_FOUND. The threshold is not touched. */
RK_CHECKED rk_error *
rk_root_remove_key(rk_root *root, enum rk_role_kind kind, const rk_pubkey *pubkey);
/* The same for one id: a key that is not understood. */
RK_CHECKED rk_error *rk_root_remove_keyid(rk_root *root, enum rk_role_kind kind, const char *keyid);
/* Another object of a public key that the role has (a newer certificate): its id takes the old one's
 * place; where root's keys are certificates, the old object stays in the file. RK_E_NOT_FOUND: the role
 * does not have this public key. RK_E_EXISTS: this very id is there. */
RK_CHECKED rk_error *
rk_root_replace_key(rk_root *root, enum rk_role_kind kind, const rk_tuf_key *key);
/* Distinct public keys of the role that are understood. */
size_t rk_root_key_count(const rk_root *root, enum rk_role_kind kind);
/* Fit to be signed: every role can meet its threshold, by distinct public keys. RK_E_REFUSED. */
RK_CHECKED rk_error *rk_root_check(const rk_root *root);
/* rk_envelope_compose of it, after rk_root_check. */
RK_CHECKED rk_error *
rk_root_compose(const rk_root *root, const rk_style *style, rk_text **ret_text);
void rk_root_free(rk_root *root);
RK_DEFINE_FREEP(rk_root)

#endif
