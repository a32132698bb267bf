/*
 * repo_private.h - how repo.c keeps what it has read
 */
#ifndef RK_FLOW_REPO_PRIVATE_H
#define RK_FLOW_REPO_PRIVATE_H

#include "flow/repo.h"
#include "keep/store.h"

struct rk_repo_file {
	char *role;
	rk_envelope *envelope; /* NULL: there is no such file */
	rk_delegations *delegations; /* NULL: not asked yet */
};

/* Files of one folder, as far as they were asked for. */
struct rk_repo_view {
	struct rk_repo_file *files;
	size_t count;
	rk_root *root; /* NULL: not asked yet */
};

/* What was handed out as borrowed and is nowhere else. */
struct rk_repo_owned {
	rk_role *role;
	char *text;
};

struct rk_repo {
	rk_keep *keep;
	rk_env *env;
	const rk_keep_repo *entry;
	const rk_dialect *dialect;
	rk_store *store;
	struct rk_repo_view published, staged;
	struct rk_repo_owned *owned;
	size_t owned_count;
};

#endif
