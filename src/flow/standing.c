#include "flow/standing.h"

#include <stdlib.h>
#include <string.h>

void
rk_standing_free(rk_standing *standing)
{
	if (!standing)
		return;
	for (size_t i = 0; i < standing->count; i++) {
		free(standing->roles[i].role);
		rk_names_free(standing->roles[i].have);
		rk_names_free(standing->roles[i].missing);
	}
	for (size_t i = 0; standing->certified && i < standing->certificates->count; i++)
		free(standing->certified[i]);
	free(standing->certified);
	rk_certwatch_free(standing->certificates);
	free(standing->roles);
	free(standing->repo);
	free(standing);
}

static struct rk_standing_file
file_of(const rk_repo *repo, const rk_envelope *envelope)
{
	rk_env *env = rk_repo_env(repo);

	if (!envelope)
		return (struct rk_standing_file){0, 0, false};
	return (struct rk_standing_file){
	    envelope->version, envelope->expires, envelope->expires <= env->ops->now(env)};
}

static rk_error *
add_key(rk_repo *repo, const struct rk_authority *judge, const char *keyid, rk_names *names)
{
	const rk_tuf_key *key = rk_keyring_by_id(judge->keys, keyid);

	return key ? rk_names_add(names, rk_repo_key_name(repo, key)) : NULL;
}

/* Under one judge; the one that wants most is told. */
static rk_error *
count_under(rk_repo *repo, rk_envelope *envelope, const struct rk_authority *judge,
    struct rk_standing_role *role)
{
	RK_AUTO(rk_verdict) verdict = NULL;
	RK_AUTO(rk_names) have = calloc(1, sizeof(*have));
	RK_AUTO(rk_names) missing = calloc(1, sizeof(*missing));
	rk_error *err = have && missing ? rk_verify(envelope, judge->role, judge->keys, &verdict)
					: rk_out_of_memory();

	if (err || (role->have && verdict->met))
		return err;
	for (size_t i = 0; i < verdict->count && !err; i++)
		if (verdict->sigs[i].judgement == RK_JUDGED_VALID)
			err = add_key(repo, judge, verdict->sigs[i].keyid, have);
	for (size_t i = 0; i < verdict->missing_count && !err; i++)
		err = add_key(repo, judge, verdict->missing[i], missing);
	if (err)
		return err;
	role->valid = verdict->valid;
	role->threshold = verdict->threshold;
	rk_names_free(role->have);
	rk_names_free(role->missing);
	role->have = RK_TAKE(have);
	role->missing = RK_TAKE(missing);
	return NULL;
}

static rk_error *
count_signatures(rk_repo *repo, rk_envelope *envelope, struct rk_standing_role *role)
{
	struct rk_authority judges[2];
	size_t count = 0;
	rk_error *err = rk_repo_judges(repo, RK_VIEW_NEXT, role->role, judges, &count);

	for (size_t i = 0; i < count && !err; i++)
		err = count_under(repo, envelope, &judges[i], role);
	return err;
}

static rk_error *
take_role(rk_repo *repo, const char *name, struct rk_standing_role *role)
{
	rk_envelope *published = NULL, *staged = NULL;
	rk_error *err = rk_strdup(name, &role->role);

	if (!err)
		err = rk_repo_envelope(repo, RK_VIEW_PUBLISHED, name, &published);
	if (!err)
		err = rk_repo_staged(repo, name, &staged);
	if (!err)
		err = rk_repo_is_held(repo, RK_VIEW_NEXT, name, &role->held);
	if (err)
		return err;
	role->published = file_of(repo, published);
	role->staged = file_of(repo, staged);
	return staged || published ? count_signatures(repo, staged ? staged : published, role)
				   : NULL;
}

static rk_error *
take_certificates(rk_repo *repo, rk_standing *standing)
{
	rk_env *env = rk_repo_env(repo);
	const rk_root *root = NULL;
	rk_error *err = rk_repo_root(repo, RK_VIEW_PUBLISHED, &root);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = rk_repo_root(repo, RK_VIEW_NEXT, &root);
	}
	if (!err)
		err = rk_certwatch_take(
		    root, rk_repo_keep(repo), env->ops->now(env), &standing->certificates);
	if (err)
		return err;
	standing->certified = calloc(standing->certificates->count + 1, sizeof(char *));
	if (!standing->certified)
		return rk_out_of_memory();
	for (size_t i = 0; i < standing->certificates->count && !err; i++) {
		const char *keyid = standing->certificates->items[i].keyid;

		err = rk_strdup(rk_repo_key_name(repo, rk_keyring_by_id(root->keys, keyid)),
		    &standing->certified[i]);
	}
	return err;
}

rk_error *
rk_standing_take(rk_repo *repo, rk_standing **ret_standing)
{
	RK_AUTO(rk_standing) standing = calloc(1, sizeof(*standing));
	RK_AUTO(rk_names) roles = NULL;
	RK_AUTO(rk_error) distrust = NULL;
	rk_error *err = standing ? rk_repo_roles(repo, RK_VIEW_NEXT, &roles) : rk_out_of_memory();

	if (!err)
		err = rk_strdup(rk_repo_name(repo), &standing->repo);
	if (err)
		return err;
	standing->roles = calloc(roles->count + 1, sizeof(*standing->roles));
	if (!standing->roles)
		return rk_out_of_memory();
	distrust = rk_repo_trust(repo);
	standing->trusted = distrust == NULL;
	standing->outstanding = rk_repo_entry(repo)->outstanding_count;
	for (size_t i = 0; i < roles->count && !err; i++)
		err = take_role(repo, roles->names[i], &standing->roles[standing->count++]);
	if (!err && roles->count > 0)
		err = take_certificates(repo, standing);
	if (!err)
		*ret_standing = RK_TAKE(standing);
	return err;
}

int64_t
rk_standing_first_expiry(const rk_standing *standing)
{
	const rk_certwatch *certificates = standing->certificates;
	int64_t first = 0;

	for (size_t i = 0; i < standing->count; i++) {
		const struct rk_standing_file *file = &standing->roles[i].published;

		if (file->version && (!first || file->expires < first))
			first = file->expires;
	}
	for (size_t i = 0; first && certificates && i < certificates->count; i++)
		if (certificates->items[i].not_after < first)
			first = certificates->items[i].not_after;
	return first;
}
