#include "tuf/chain.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

/* Clients visit at most 32 roles for one target. */
#define VISITS_MAX 32

struct search {
	const rk_client_state *state;
	const char *target;
	const char *visited[VISITS_MAX];
	size_t visits;
	rk_target *found;
	const char *role;
	bool over; /* found, or nobody else may be asked */
};

static rk_error *visit(struct search *search, const rk_client_role *role);

static rk_error *
visit_delegation(void *context, const rk_role *role)
{
	struct search *search = context;
	const rk_client_role *next;
	rk_error *err;

	if (search->over)
		return NULL;
	next = rk_client_role_of(search->state, role->name);
	err = next ? visit(search, next) : NULL;
	/* Not only here: nobody further up is asked either. */
	search->over = search->over || role->terminating;
	return err;
}

static rk_error *
visit(struct search *search, const rk_client_role *role)
{
	RK_AUTO(rk_delegations) delegations = NULL;
	rk_error *err;

	for (size_t i = 0; i < search->visits; i++)
		if (search->visited[i] == role->name)
			return NULL;
	search->over = search->visits == VISITS_MAX;
	if (search->over || !role->verdict->met)
		return NULL;
	search->visited[search->visits++] = role->name;
	err = rk_targets_find(role->envelope, search->target, &search->found);
	if (!err) {
		search->role = role->name;
		search->over = true;
	}
	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	err = rk_delegations_read(role->envelope, &delegations);
	return err ? err
		   : rk_delegations_for(delegations, search->target, visit_delegation, search);
}

rk_error *
rk_client_find_target(
    const rk_client_state *state, const char *name, rk_target **ret_target, const char **ret_role)
{
	struct search search = {.state = state, .target = name};
	const rk_client_role *targets = rk_client_role_of(state, "targets");
	rk_error *err = targets ? visit(&search, targets) : NULL;

	if (err) {
		rk_target_free(search.found);
		return err;
	}
	if (!search.found)
		return rk_fail(RK_E_NOT_FOUND, NULL, "no role lists the target %s", RK_SHOW(name));
	*ret_target = search.found;
	if (ret_role)
		*ret_role = search.role;
	return NULL;
}
