/*
 * snapshot.h - snapshot and timestamp: which version of which file is current
 *
 * Both are the same document: a list of files with their versions and, where given, lengths and
 * hashes. The tree is kept, so that unknown members survive an edit.
 *
 * Ownership  a snapshot owns its tree and entries; look-ups are borrowed and end with the next edit.
 * Errors     RK_E_MALFORMED, RK_E_NOT_FOUND, RK_E_NOMEM.
 * Standard   TUF 1.0, sections 4.4 (snapshot.json) and 4.6 (timestamp.json).
 */
#ifndef RK_TUF_SNAPSHOT_H
#define RK_TUF_SNAPSHOT_H

#include "tuf/envelope.h"

typedef struct rk_snapshot_entry {
	char *name; /* "targets.json": the dialect's */
	char *role; /* "targets": the house's */
	int64_t version; /* 0: the dialect has none */
	uint64_t length;
	bool has_length;
	rk_hashes hashes; /* .have 0: none */
	rk_node *node; /* its object in the tree; borrowed */
} rk_snapshot_entry;

typedef struct rk_snapshot {
	const rk_dialect *dialect;
	enum rk_role_kind kind; /* RK_ROLE_SNAPSHOT or RK_ROLE_TIMESTAMP */
	rk_node *signed_node;
	int64_t version;
	int64_t expires;
	rk_snapshot_entry *entries; /* sorted by name */
	size_t count;
	size_t cap; /* snapshot.c's */
} rk_snapshot;

RK_CHECKED rk_error *rk_snapshot_read(const rk_envelope *envelope, rk_snapshot **ret_snapshot);
/* Version 1 with nothing in it. */
RK_CHECKED rk_error *rk_snapshot_new(
    const rk_dialect *dialect, enum rk_role_kind kind, int64_t expires, rk_snapshot **ret_snapshot);
/* By the house's role name; NULL: not listed. */
const rk_snapshot_entry *rk_snapshot_entry_of(const rk_snapshot *snapshot, const char *role);
RK_CHECKED rk_error *rk_snapshot_set_version(rk_snapshot *snapshot, int64_t version);
RK_CHECKED rk_error *rk_snapshot_set_expires(rk_snapshot *snapshot, int64_t expires);
/* List this file as the current one of `role`: its version, length and the dialect's hashes. */
RK_CHECKED rk_error *rk_snapshot_list(rk_snapshot *snapshot, const char *role, rk_envelope *file);
/* The same from facts. `hashes` may be NULL, `length` 0 with it. */
RK_CHECKED rk_error *rk_snapshot_list_facts(rk_snapshot *snapshot, const char *role,
    int64_t version, uint64_t length, const rk_hashes *hashes);
/* RK_E_NOT_FOUND. */
RK_CHECKED rk_error *rk_snapshot_unlist(rk_snapshot *snapshot, const char *role);
/* Do both list the same files with the same facts? Version and expiry aside. */
bool rk_snapshot_same_files(const rk_snapshot *a, const rk_snapshot *b);
/* Is `file` the one that the entry means? NULL yes; RK_E_UNTRUSTED says what differs. */
RK_CHECKED rk_error *rk_snapshot_entry_check(const rk_snapshot_entry *entry, rk_envelope *file);
/* rk_envelope_compose of it. */
RK_CHECKED rk_error *
rk_snapshot_compose(const rk_snapshot *snapshot, const rk_style *style, rk_text **ret_text);
void rk_snapshot_free(rk_snapshot *snapshot);
RK_DEFINE_FREEP(rk_snapshot)

#endif
