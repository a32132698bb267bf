#include "flow/custody.h"

#include "flow/repo.h"

#include <stdlib.h>
#include <string.h>

/* One repository's walk. */
struct walk {
	rk_custody_roles *roles;
	rk_repo *repo;
	const char *name; /* the keep's */
	enum rk_view view;
	bool staged; /* something is: the views differ */
	char *bins; /* what the names of bins begin with; NULL: there are none */
};

static rk_error *
add(struct walk *walk, const rk_keep_key *key, const char *role)
{
	rk_custody_roles *roles = walk->roles;
	rk_custody_role *next;
	rk_error *err;

	/* Room for twice as many whenever the count is a power of two. */
	if ((roles->count & (roles->count - 1)) == 0) {
		size_t room = roles->count ? 2 * roles->count : 1;
		rk_custody_role *grown = realloc(roles->roles, room * sizeof(*grown));

		if (!grown)
			return rk_out_of_memory();
		roles->roles = grown;
	}
	next = &roles->roles[roles->count];
	*next = (rk_custody_role){.key = key,
	    .repo = walk->name,
	    .published = walk->view == RK_VIEW_PUBLISHED,
	    .next = walk->view == RK_VIEW_NEXT || !walk->staged};
	err = rk_strdup(role, &next->role);
	if (!err)
		roles->count++;
	return err;
}

static rk_error *
add_signers(struct walk *walk, const rk_role *role, const rk_keyring *keys)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < role->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(keys, role->keyids[i]);
		const rk_keep_key *known = key ? rk_repo_keep_key(walk->repo, key) : NULL;

		if (known)
			err = add(walk, known, role->name);
	}
	return err;
}

static rk_error *
walk_root(struct walk *walk)
{
	const rk_root *root = NULL;
	rk_error *err = rk_repo_root(walk->repo, walk->view, &root);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++)
		err = add_signers(walk, rk_root_role(root, (enum rk_role_kind)kind), root->keys);
	return err;
}

/* Roles are told by whoever delegates to them: one may be trusted before it has a file. */
static rk_error *
walk_delegator(struct walk *walk, const char *delegator)
{
	RK_AUTO(rk_delegations) delegations = NULL;
	rk_envelope *envelope = NULL;
	rk_error *err = rk_repo_envelope(walk->repo, walk->view, delegator, &envelope);

	if (!err && envelope)
		err = rk_delegations_read(envelope, &delegations);
	if (err || !delegations)
		return err;
	for (size_t i = 0; i < delegations->count && !err; i++)
		err = add_signers(walk, delegations->roles[i], delegations->keys);
	if (!err && delegations->succinct) {
		free(walk->bins);
		walk->bins = NULL;
		err = add_signers(walk, delegations->succinct->role, delegations->keys);
		if (!err)
			err = rk_strdupf(&walk->bins, "%s-", delegations->succinct->role->name);
	}
	return err;
}

/* Bins hold targets and delegate to nobody; there may be thousands of them. */
static bool
is_bin(const struct walk *walk, const char *role)
{
	return walk->bins && strncmp(role, walk->bins, strlen(walk->bins)) == 0;
}

static rk_error *
walk_view(struct walk *walk)
{
	RK_AUTO(rk_names) roles = NULL;
	rk_error *err = walk_root(walk);

	if (!err)
		err = rk_repo_roles(walk->repo, walk->view, &roles);
	for (size_t i = 0; !err && i < roles->count; i++)
		if (rk_role_kind_of(roles->names[i]) >= RK_ROLE_TARGETS &&
		    !is_bin(walk, roles->names[i]))
			err = walk_delegator(walk, roles->names[i]);
	return err;
}

static rk_error *
see_staged(struct walk *walk)
{
	RK_AUTO(rk_names) staged = NULL;
	rk_error *err = rk_repo_staged_roles(walk->repo, &staged);

	if (!err)
		walk->staged = staged->count > 0;
	return err;
}

static rk_error *
walk_repo(rk_keep *keep, rk_env *env, const char *name, rk_custody_roles *roles)
{
	RK_AUTO(rk_repo) repo = NULL;
	struct walk walk = {.roles = roles, .name = name, .view = RK_VIEW_PUBLISHED};
	rk_error *err = rk_repo_open(keep, env, name, &repo);

	walk.repo = repo;
	if (!err)
		err = see_staged(&walk);
	if (!err)
		err = walk_view(&walk);
	walk.view = RK_VIEW_NEXT;
	if (!err && walk.staged)
		err = walk_view(&walk);
	free(walk.bins);
	return err;
}

static int
compare(const void *a, const void *b)
{
	const rk_custody_role *left = a, *right = b;
	int order = strcmp(left->key->name, right->key->name);

	if (!order)
		order = strcmp(left->repo, right->repo);
	if (!order)
		order = (int)rk_role_kind_of(left->role) - (int)rk_role_kind_of(right->role);
	return order ? order : strcmp(left->role, right->role);
}

/* The two views' rows of one role become one. */
static void
merge(rk_custody_roles *roles)
{
	size_t kept = 0;

	for (size_t i = 0; i < roles->count; i++) {
		rk_custody_role *row = &roles->roles[i];

		if (kept > 0 && compare(&roles->roles[kept - 1], row) == 0) {
			roles->roles[kept - 1].published |= row->published;
			roles->roles[kept - 1].next |= row->next;
			free(row->role);
		} else {
			roles->roles[kept++] = *row;
		}
	}
	roles->count = kept;
}

rk_error *
rk_custody_roles_read(rk_keep *keep, rk_env *env, rk_custody_roles **ret_roles)
{
	RK_AUTO(rk_custody_roles) roles = calloc(1, sizeof(*roles));
	rk_error *err = roles ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < rk_keep_repo_count(keep); i++)
		err = walk_repo(keep, env, rk_keep_repo_at(keep, i)->name, roles);
	if (err)
		return err;
	if (roles->count > 0)
		qsort(roles->roles, roles->count, sizeof(*roles->roles), compare);
	merge(roles);
	*ret_roles = RK_TAKE(roles);
	return NULL;
}

const rk_custody_role *
rk_custody_roles_of(const rk_custody_roles *roles, const rk_keep_key *key, size_t *ret_count)
{
	size_t low = 0, high = roles->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(roles->roles[middle].key->name, key->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < roles->count && roles->roles[end].key == key; end++)
		continue;
	*ret_count = end - low;
	return roles->count > 0 ? &roles->roles[low] : NULL;
}

void
rk_custody_roles_free(rk_custody_roles *roles)
{
	if (!roles)
		return;
	for (size_t i = 0; i < roles->count; i++)
		free(roles->roles[i].role);
	free(roles->roles);
	free(roles);
}
