/*
 * adopt_private.h - an adoption under way, for the rooms of adopt
 */
#ifndef RK_FLOW_ADOPT_PRIVATE_H
#define RK_FLOW_ADOPT_PRIVATE_H

#include "flow/adopt.h"

struct rk_adopt {
	const struct rk_adopt_wish *wish;
	rk_keep *keep;
	rk_env *env;
	rk_adoption *adoption;
	const rk_dialect *dialect;
	rk_repo *repo; /* NULL: a new name */
	rk_store *store; /* of the keep */
	rk_dir *dir;
	rk_source *folder;
	rk_source *roots; /* in memory: those that were walked are those that are copied */
	rk_source *source; /* the roots, then the folder */
	rk_text *trusted;
	rk_client_state *since; /* what we have published */
	rk_client_state *state;
};

/* What is there, as a client takes it. Fills state. */
RK_CHECKED rk_error *rk_adopt_walk(struct rk_adopt *adopt);
/* The files that we do not have, and their effects. */
RK_CHECKED rk_error *rk_adopt_files(struct rk_adopt *adopt);
/* Whose keys, what no longer fits, and the plan. */
RK_CHECKED rk_error *rk_adopt_tell(struct rk_adopt *adopt);

#endif
