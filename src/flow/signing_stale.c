#include "flow/signing_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

/*
 * Where another server signs snapshot or timestamp, what was pulled of them lists the files as they
 * were. Once other files are published they are nobody's any more: the server makes the next ones,
 * and `adopt` brings them.
 */

/* the folder without them */

struct rest {
	rk_source base;
	rk_source *folder;
	const struct rk_signing_repo *run;
};

static rk_error *
judge_gone(const struct rest *rest, const char *name, bool *ret_gone)
{
	RK_AUTO(rk_str) role = NULL;
	int64_t version;
	rk_error *err = rk_repo_dialect(rest->run->repo)->parse_name(name, &role, &version);

	if (!err)
		*ret_gone = rest->run->gone[rk_role_kind_of(role)];
	return err;
}

static rk_error *
rest_fetch(rk_source *self, const char *name, size_t max, rk_text **ret_text)
{
	const struct rest *rest = (const struct rest *)self;
	bool gone = false;
	rk_error *err = judge_gone(rest, name, &gone);

	if (err)
		return err;
	if (gone)
		return rk_fail(RK_E_NOT_FOUND, NULL, "there is no file %s", RK_SHOW(name));
	return rest->folder->fetch(rest->folder, name, max, ret_text);
}

static rk_error *
rest_range(rk_source *self, const char *name, int64_t *ret_first, int64_t *ret_last)
{
	const struct rest *rest = (const struct rest *)self;
	bool gone = false;
	rk_error *err = judge_gone(rest, name, &gone);

	if (err)
		return err;
	*ret_first = *ret_last = 0;
	return gone ? NULL : rest->folder->range(rest->folder, name, ret_first, ret_last);
}

static void
rest_free(rk_source *self)
{
	free(self);
}

rk_error *
rk_signing_rest(const struct rk_signing_repo *run, rk_source *folder, rk_source **ret_source)
{
	struct rest *rest = calloc(1, sizeof(*rest));

	if (!rest)
		return rk_out_of_memory();
	rest->base = (rk_source){rest_fetch, folder->range ? rest_range : NULL, rest_free};
	rest->folder = folder;
	rest->run = run;
	*ret_source = &rest->base;
	return NULL;
}

/* which they are */

static bool
publishes(const struct rk_signing_repo *run, enum rk_role_kind kind)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->docs[i].publish && run->docs[i].kind == kind)
			return true;
	return false;
}

static rk_error *
judge_role(struct rk_signing_repo *run, enum rk_role_kind kind, bool new_root, bool listed_changes)
{
	const char *role = rk_role_kind_name(kind);
	bool held = true, holds = true;
	rk_error *err = NULL;

	if (!rk_store_is_published(rk_repo_store(run->repo), role))
		return NULL;
	err = rk_signing_is_held(run, role, new_root, &held);
	if (!err && !held && !listed_changes)
		err = rk_signing_published_holds(run, role, new_root, &holds);
	if (!err)
		run->gone[kind] = !held && (listed_changes || !holds);
	return err;
}

rk_error *
rk_signing_find_gone(struct rk_signing_repo *run, bool new_root)
{
	bool changes = publishes(run, RK_ROLE_TARGETS) || publishes(run, RK_ROLE_DELEGATED) ||
		       (publishes(run, RK_ROLE_ROOT) && rk_repo_dialect(run->repo)->meta_root);
	rk_error *err = judge_role(run, RK_ROLE_SNAPSHOT, new_root, changes);

	changes = publishes(run, RK_ROLE_SNAPSHOT) || run->gone[RK_ROLE_SNAPSHOT];
	return err ? err : judge_role(run, RK_ROLE_TIMESTAMP, new_root, changes);
}

rk_error *
rk_signing_remove_gone(struct rk_signing_repo *run)
{
	static const enum rk_role_kind kinds[] = {RK_ROLE_TIMESTAMP, RK_ROLE_SNAPSHOT};
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++) {
		const char *role = rk_role_kind_name(kinds[i]);

		if (!run->gone[kinds[i]])
			continue;
		err =
		    rk_store_remove_published(rk_repo_store(run->repo), run->signing->change, role);
		if (!err)
			rk_sayf(run->signing->options.env, RK_SAY_INFO,
			    "%s: the %s that another server signed lists what was there before; it "
			    "is "
			    "taken out, and `rootkeep adopt` brings the next one",
			    RK_SHOW_BARE(rk_repo_name(run->repo)), role);
	}
	return err;
}
