#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

size_t
rk_keep_repo_count(const rk_keep *keep)
{
	return keep->repos.count;
}

const rk_keep_repo *
rk_keep_repo_at(const rk_keep *keep, size_t index)
{
	return keep->repos.items[index];
}

const rk_keep_repo *
rk_keep_repo_by_name(const rk_keep *keep, const char *name)
{
	return rk_keep_list_get(&keep->repos, name);
}

static rk_error *
find_own(const rk_keep *keep, const char *name, rk_keep_repo **ret_repo)
{
	rk_keep_repo *repo = rk_keep_list_get(&keep->repos, name);

	if (!repo)
		return rk_fail(RK_E_NOT_FOUND,
		    keep->repos.count ? "see 'rootkeep repo list'"
				      : "make one with 'rootkeep init' or 'rootkeep adopt'",
		    "no repository is called %s here", RK_SHOW(name));
	*ret_repo = repo;
	return NULL;
}

rk_error *
rk_keep_repo_find(const rk_keep *keep, const char *name, const rk_keep_repo **ret_repo)
{
	rk_keep_repo *repo;
	rk_error *err = find_own(keep, name, &repo);

	if (!err)
		*ret_repo = repo;
	return err;
}

rk_error *
rk_keep_repo_own(rk_keep *keep, rk_keep_repo *repo)
{
	rk_error *err = rk_keep_list_insert(&keep->repos, repo);

	if (err)
		rk_keep_repo_free(repo);
	return err;
}

rk_error *
rk_keep_repo_add(
    rk_keep *keep, const char *name, const rk_dialect *dialect, const rk_keep_repo **ret_repo)
{
	RK_AUTO(rk_keep_repo) repo = calloc(1, sizeof(*repo));
	RK_AUTO(rk_str) component = NULL;
	rk_keep_repo *owned;
	rk_error *err;

	if (!repo)
		return rk_out_of_memory();
	if (rk_keep_repo_by_name(keep, name))
		return rk_fail(RK_E_EXISTS, "choose another name, or see 'rootkeep role show'",
		    "there is a repository called %s already", RK_SHOW(name));
	err = rk_keep_component(name, &component);
	if (!err)
		err = rk_strdup(name, &repo->name);
	if (!err)
		err = rk_strdup(dialect->name, &repo->dialect);
	if (err)
		return err;
	repo->rest = rk_node_new_object();
	if (!repo->rest)
		return rk_out_of_memory();
	owned = RK_TAKE(repo);
	err = rk_keep_repo_own(keep, owned);
	if (!err && ret_repo)
		*ret_repo = owned;
	return err;
}

rk_error *
rk_keep_repo_remove(rk_keep *keep, const char *name)
{
	rk_keep_repo *repo;
	rk_error *err;

	err = find_own(keep, name, &repo);
	if (err)
		return err;
	rk_keep_list_remove(&keep->repos, repo->name);
	rk_keep_repo_free(repo);
	return NULL;
}

const char *
rk_keep_repo_gun(const rk_keep_repo *repo)
{
	return repo->gun ? repo->gun : repo->name;
}

rk_error *
rk_keep_repo_set_gun(rk_keep *keep, const char *name, const char *gun)
{
	RK_AUTO(rk_str) copy = NULL;
	rk_keep_repo *repo = NULL;
	const rk_dialect *dialect = NULL;
	rk_error *err = find_own(keep, name, &repo);

	if (!err)
		err = rk_dialect_by_name(repo->dialect, &dialect);
	if (!err && dialect->repo_name_check)
		err = dialect->repo_name_check(gun);
	if (!err && strcmp(gun, repo->name) != 0)
		err = rk_strdup(gun, &copy);
	if (err)
		return err;
	free(repo->gun);
	repo->gun = RK_TAKE(copy);
	return NULL;
}

/* Where the role's days are, or would be. */
static bool
seek_expiry(const rk_keep_repo *repo, const char *role, size_t *ret_at)
{
	size_t at = 0;

	while (at < repo->expiry_count && strcmp(repo->expires_days[at].role, role) < 0)
		at++;
	*ret_at = at;
	return at < repo->expiry_count && strcmp(repo->expires_days[at].role, role) == 0;
}

bool
rk_keep_repo_expires(const rk_keep_repo *repo, const char *role, unsigned *ret_days)
{
	size_t at;

	if (!seek_expiry(repo, role, &at) &&
	    (rk_role_kind_of(role) != RK_ROLE_DELEGATED || !seek_expiry(repo, "targets", &at)))
		return false;
	*ret_days = repo->expires_days[at].days;
	return true;
}

static void
drop_expiry(rk_keep_repo *repo, size_t at)
{
	free(repo->expires_days[at].role);
	repo->expiry_count--;
	memmove(&repo->expires_days[at], &repo->expires_days[at + 1],
	    (repo->expiry_count - at) * sizeof(*repo->expires_days));
}

static rk_error *
insert_expiry(rk_keep_repo *repo, size_t at, const char *role, unsigned days)
{
	rk_keep_expiry *more;
	rk_error *err;
	char *copy;

	more = reallocarray(repo->expires_days, repo->expiry_count + 1, sizeof(*more));
	if (!more)
		return rk_out_of_memory();
	repo->expires_days = more;
	err = rk_strdup(role, &copy);
	if (err)
		return err;
	memmove(&more[at + 1], &more[at], (repo->expiry_count - at) * sizeof(*more));
	more[at] = (rk_keep_expiry){copy, days};
	repo->expiry_count++;
	return NULL;
}

rk_error *
rk_keep_repo_set_expires(rk_keep *keep, const char *name, const char *role, unsigned days)
{
	rk_keep_repo *repo;
	rk_error *err;
	size_t at;

	err = find_own(keep, name, &repo);
	if (err)
		return err;
	if (seek_expiry(repo, role, &at)) {
		if (days)
			repo->expires_days[at].days = days;
		else
			drop_expiry(repo, at);
		return NULL;
	}
	return days ? insert_expiry(repo, at, role, days) : NULL;
}

rk_error *
rk_keep_repo_set_anchor(
    rk_keep *keep, const char *name, int64_t version, const uint8_t sha256[static RK_SHA256_SIZE])
{
	rk_keep_repo *repo;
	rk_error *err;

	err = find_own(keep, name, &repo);
	if (err)
		return err;
	repo->anchored = true;
	repo->anchor_version = version;
	memcpy(repo->anchor_sha256, sha256, RK_SHA256_SIZE);
	return NULL;
}

static bool
is_same_payload(const rk_keep_outstanding *a, const rk_keep_outstanding *b)
{
	return a->version == b->version && strcmp(a->role, b->role) == 0 &&
	       memcmp(a->sha256, b->sha256, RK_SHA256_SIZE) == 0;
}

static rk_error *
join_fingerprints(rk_keep_outstanding *into, const rk_keep_outstanding *from)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < from->fingerprint_count && !err; i++) {
		bool is_known = false;

		for (size_t j = 0; j < into->fingerprint_count; j++)
			is_known =
			    is_known || strcmp(into->fingerprints[j], from->fingerprints[i]) == 0;
		if (!is_known)
			err = rk_keep_strings_add(
			    &into->fingerprints, &into->fingerprint_count, from->fingerprints[i]);
	}
	return err;
}

rk_error *
rk_keep_repo_add_outstanding(
    rk_keep *keep, const char *name, const rk_keep_outstanding *outstanding)
{
	rk_keep_outstanding *more;
	rk_keep_repo *repo;
	rk_error *err;

	err = find_own(keep, name, &repo);
	if (err)
		return err;
	for (size_t i = 0; i < repo->outstanding_count; i++) {
		if (is_same_payload(&repo->outstanding[i], outstanding))
			return join_fingerprints(&repo->outstanding[i], outstanding);
	}
	more = reallocarray(repo->outstanding, repo->outstanding_count + 1, sizeof(*more));
	if (!more)
		return rk_out_of_memory();
	repo->outstanding = more;
	more = &more[repo->outstanding_count];
	*more = (rk_keep_outstanding){.version = outstanding->version};
	memcpy(more->sha256, outstanding->sha256, RK_SHA256_SIZE);
	err = rk_strdup(outstanding->role, &more->role);
	if (err)
		return err;
	repo->outstanding_count++;
	return join_fingerprints(more, outstanding);
}

const rk_keep_outstanding *
rk_keep_repo_outstanding(const rk_keep_repo *repo, const char *role, int64_t version,
    const uint8_t sha256[static RK_SHA256_SIZE])
{
	for (size_t i = 0; i < repo->outstanding_count; i++) {
		const rk_keep_outstanding *one = &repo->outstanding[i];

		if (one->version == version && strcmp(one->role, role) == 0 &&
		    memcmp(one->sha256, sha256, RK_SHA256_SIZE) != 0)
			return one;
	}
	return NULL;
}

bool
rk_keep_repo_is_outstanding(const rk_keep_repo *repo, const char *role, int64_t version)
{
	for (size_t i = 0; i < repo->outstanding_count; i++) {
		if (repo->outstanding[i].version == version &&
		    strcmp(repo->outstanding[i].role, role) == 0)
			return true;
	}
	return false;
}

void
rk_keep_repo_free(rk_keep_repo *repo)
{
	if (!repo)
		return;
	for (size_t i = 0; i < repo->expiry_count; i++)
		free(repo->expires_days[i].role);
	free(repo->expires_days);
	for (size_t i = 0; i < repo->outstanding_count; i++) {
		free(repo->outstanding[i].role);
		rk_keep_strings_free(
		    repo->outstanding[i].fingerprints, repo->outstanding[i].fingerprint_count);
	}
	free(repo->outstanding);
	free(repo->name);
	free(repo->gun);
	free(repo->dialect);
	rk_node_free(repo->rest);
	free(repo);
}
