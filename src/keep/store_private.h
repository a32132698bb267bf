/*
 * store_private.h - what the rooms of store.h share: the listing of the two folders
 *
 * Ownership  a store owns its entries.
 */
#ifndef RK_KEEP_STORE_PRIVATE_H
#define RK_KEEP_STORE_PRIVATE_H

#include "keep/store.h"

#define RK_STORE_METADATA "metadata"
#define RK_STORE_STAGED "staged"

/* One metadata file. */
struct rk_store_entry {
	char *role;
	int64_t version; /* of its name; 0: not numbered */
	char *file;
};

/* Sorted by role, then version. */
struct rk_store_entries {
	struct rk_store_entry *items;
	size_t count;
};

struct rk_store {
	rk_keep *keep;
	const rk_dialect *dialect;
	char *path; /* repos/<NAME> */
	rk_dir *metadata; /* NULL: not there */
	rk_dir *staged;
	struct rk_store_entries published;
	struct rk_store_entries next;
};

/* The entries of a role; NULL: none. */
const struct rk_store_entry *
rk_store_entries_of(const struct rk_store_entries *entries, const char *role, size_t *ret_count);
/* The role of a staged file's name: what looks like a number belongs to it. RK_E_MALFORMED. */
RK_CHECKED rk_error *
rk_store_parse_staged(const rk_dialect *dialect, const char *file, char **ret_role);
/* A role's place in the order of trust: delegations last. */
int rk_store_trust_rank(const char *role);

#endif
