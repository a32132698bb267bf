/*
 * standing.h - how a repository stands: versions, expiry, who has signed what is staged
 *
 * Ownership  a standing owns its strings and lists; it outlives the repo that it was taken from.
 * Errors     as flow/repo.h.
 * Units      times in seconds since the epoch.
 */
#ifndef RK_FLOW_STANDING_H
#define RK_FLOW_STANDING_H

#include "flow/certwatch.h"
#include "flow/repo.h"

/* One file of a role; version 0: there is none. */
struct rk_standing_file {
	int64_t version;
	int64_t expires;
	bool expired;
};

struct rk_standing_role {
	char *role;
	bool held; /* one of the keep's keys may sign it */
	struct rk_standing_file published;
	struct rk_standing_file staged;
	/* Of the staged file, under the judge that wants most; of the published one where nothing is
	 * staged. */
	uint32_t valid, threshold;
	rk_names *have; /* keys' names, safe to print */
	rk_names *missing; /* likewise */
};

typedef struct rk_standing {
	char *repo;
	struct rk_standing_role *roles; /* as a client trusts them */
	size_t count;
	size_t outstanding;
	bool trusted; /* the published roots lead from the anchor */
	rk_certwatch *certificates; /* of the published root, else of the staged one */
	char **certified; /* whose they are: keys' names, safe to print */
} rk_standing;

RK_CHECKED rk_error *rk_standing_take(rk_repo *repo, rk_standing **ret_standing);
/* The earliest expiry of what is published, certificates included; 0: nothing is. */
int64_t rk_standing_first_expiry(const rk_standing *standing);
void rk_standing_free(rk_standing *standing);
RK_DEFINE_FREEP(rk_standing)

#endif
