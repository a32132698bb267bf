/*
 * adopt.h - take over a repository that was made elsewhere, or what was published newer there
 *
 * A new name is verified as a client that trusts one root, which becomes its anchor. A name that is
 * in the keep is pulled: what is there must be what a client takes who has our published state, so
 * that nothing goes back in version and no root is another one. What was read and verified is what
 * is copied. Roles whose keys the keep does not have may be missing.
 *
 * Ownership  an adoption owns its change, its plan and its strings.
 * Errors     RK_E_UNTRUSTED a client would refuse it; RK_E_REFUSED no root to trust, another dialect;
 *            RK_E_EXISTS a root that is another one than ours of that version; RK_E_NOT_FOUND;
 *            RK_E_MALFORMED; RK_E_IO; RK_E_NOMEM.
 * Standard   TUF 1.0, sections 5.3 to 5.6.
 */
#ifndef RK_FLOW_ADOPT_H
#define RK_FLOW_ADOPT_H

#include "flow/plan.h"
#include "flow/repo.h"

struct rk_adopt_wish {
	const char *name;
	const char *folder; /* its metadata, or with a folder `metadata` in it */
	const char *root; /* a file that is trusted; NULL: only for a name that is in the keep */
	const char *gun; /* what clients know it by; NULL: the name */
};

/* One file that is taken over. */
struct rk_adopt_file {
	char *role; /* the house's */
	int64_t version;
	char *file; /* in metadata/ */
};

/* Whose keys a top-level role has. */
struct rk_adopt_role {
	rk_names *known; /* keys of the keep */
	size_t unknown; /* keys that are not */
};

/* What is staged and can no longer follow what is published. */
struct rk_adopt_unfit {
	char *role;
	int64_t staged, published; /* versions */
};

typedef struct rk_adoption {
	const rk_dialect *dialect;
	bool pulled; /* the name was there before */
	int64_t anchor_version;
	uint8_t anchor_sha256[RK_SHA256_SIZE];
	struct rk_adopt_file *files;
	size_t file_count;
	struct rk_adopt_role roles[RK_ROLE_TOP_COUNT];
	struct rk_adopt_unfit *unfit;
	size_t unfit_count;
	bool missing[RK_ROLE_TOP_COUNT]; /* not there, and not held */
	rk_plan *plan;
	rk_change *change; /* not yet committed; empty where there is nothing newer */
} rk_adoption;

/* The keep is edited in memory. */
RK_CHECKED rk_error *rk_adopt_repo(
    rk_keep *keep, rk_env *env, const struct rk_adopt_wish *wish, rk_adoption **ret_adoption);
void rk_adoption_free(rk_adoption *adoption);
RK_DEFINE_FREEP(rk_adoption)

#endif
