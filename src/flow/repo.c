#include "flow/repo.h"

#include "base/show.h"
#include "flow/repo_private.h"

#include <stdlib.h>
#include <string.h>

rk_error *
rk_repo_open(rk_keep *keep, rk_env *env, const char *name, rk_repo **ret_repo)
{
	RK_AUTO(rk_repo) repo = calloc(1, sizeof(*repo));
	rk_error *err;

	if (!repo)
		return rk_out_of_memory();
	repo->keep = keep;
	repo->env = env;
	err = rk_keep_repo_find(keep, name, &repo->entry);
	if (!err)
		err = rk_dialect_by_name(repo->entry->dialect, &repo->dialect);
	if (!err)
		err = rk_store_open(keep, name, repo->dialect, &repo->store);
	if (!err)
		*ret_repo = RK_TAKE(repo);
	return err;
}

static void
view_clear(struct rk_repo_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		free(view->files[i].role);
		rk_envelope_free(view->files[i].envelope);
		rk_delegations_free(view->files[i].delegations);
	}
	free(view->files);
	rk_root_free(view->root);
}

void
rk_repo_free(rk_repo *repo)
{
	if (!repo)
		return;
	view_clear(&repo->published);
	view_clear(&repo->staged);
	for (size_t i = 0; i < repo->owned_count; i++) {
		rk_role_free(repo->owned[i].role);
		free(repo->owned[i].text);
	}
	free(repo->owned);
	rk_store_free(repo->store);
	free(repo);
}

rk_keep *
rk_repo_keep(const rk_repo *repo)
{
	return repo->keep;
}

rk_env *
rk_repo_env(const rk_repo *repo)
{
	return repo->env;
}

const char *
rk_repo_name(const rk_repo *repo)
{
	return repo->entry->name;
}

const char *
rk_repo_gun(const rk_repo *repo)
{
	return rk_keep_repo_gun(repo->entry);
}

const rk_dialect *
rk_repo_dialect(const rk_repo *repo)
{
	return repo->dialect;
}

const rk_keep_repo *
rk_repo_entry(const rk_repo *repo)
{
	return repo->entry;
}

rk_store *
rk_repo_store(const rk_repo *repo)
{
	return repo->store;
}

rk_error *
rk_repo_source(rk_repo *repo, rk_source **ret_source)
{
	return rk_store_source(repo->store, ret_source);
}

rk_error *
rk_repo_staged_roles(rk_repo *repo, rk_names **ret_roles)
{
	return rk_store_staged_roles(repo->store, ret_roles);
}

static bool
names_have(const rk_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->names[i], name))
			return true;
	return false;
}

/* Top-level roles as a client trusts them, then delegations by name. */
static int
compare_roles(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	int kinds = (int)rk_role_kind_of(left) - (int)rk_role_kind_of(right);

	return kinds ? kinds : strcmp(left, right);
}

rk_error *
rk_repo_roles(rk_repo *repo, enum rk_view view, rk_names **ret_roles)
{
	RK_AUTO(rk_names) roles = NULL;
	RK_AUTO(rk_names) staged = NULL;
	rk_error *err = rk_store_published_roles(repo->store, &roles);
	size_t published;

	if (!err && view == RK_VIEW_NEXT)
		err = rk_store_staged_roles(repo->store, &staged);
	if (err)
		return err;
	published = roles->count;
	for (size_t i = 0; staged && i < staged->count && !err; i++)
		if (published == 0 || !names_have(roles, staged->names[i]))
			err = rk_names_add(roles, staged->names[i]);
	if (err)
		return err;
	if (roles->count > published)
		qsort(roles->names, roles->count, sizeof(*roles->names), compare_roles);
	*ret_roles = RK_TAKE(roles);
	return NULL;
}

static rk_error *
file_of(rk_repo *repo, struct rk_repo_view *view, const char *role, struct rk_repo_file **ret_file)
{
	struct rk_repo_file file = {0}, *grown;
	rk_error *err;

	for (size_t i = 0; i < view->count; i++) {
		if (!strcmp(view->files[i].role, role)) {
			*ret_file = &view->files[i];
			return NULL;
		}
	}
	err = view == &repo->staged ? rk_store_open_staged(repo->store, role, &file.envelope)
				    : rk_store_open_published(repo->store, role, &file.envelope);
	if (!err)
		err = rk_strdup(role, &file.role);
	grown = err ? NULL : realloc(view->files, (view->count + 1) * sizeof(*grown));
	if (!grown) {
		rk_envelope_free(file.envelope);
		free(file.role);
		return err ? err : rk_out_of_memory();
	}
	view->files = grown;
	grown[view->count] = file;
	*ret_file = &grown[view->count++];
	return NULL;
}

/* The file that counts in the view. */
static rk_error *
file_in(rk_repo *repo, enum rk_view view, const char *role, struct rk_repo_file **ret_file)
{
	bool staged = view == RK_VIEW_NEXT && rk_store_is_staged(repo->store, role);

	return file_of(repo, staged ? &repo->staged : &repo->published, role, ret_file);
}

rk_error *
rk_repo_envelope(rk_repo *repo, enum rk_view view, const char *role, rk_envelope **ret_envelope)
{
	struct rk_repo_file *file = NULL;
	rk_error *err = file_in(repo, view, role, &file);

	if (!err)
		*ret_envelope = file->envelope;
	return err;
}

rk_error *
rk_repo_staged(rk_repo *repo, const char *role, rk_envelope **ret_envelope)
{
	struct rk_repo_file *file = NULL;
	rk_error *err = file_of(repo, &repo->staged, role, &file);

	if (!err)
		*ret_envelope = file->envelope;
	return err;
}

rk_error *
rk_repo_root(rk_repo *repo, enum rk_view view, const rk_root **ret_root)
{
	bool staged = view == RK_VIEW_NEXT && rk_store_is_staged(repo->store, "root");
	struct rk_repo_view *in = staged ? &repo->staged : &repo->published;
	rk_envelope *envelope = NULL;
	rk_error *err;

	if (in->root) {
		*ret_root = in->root;
		return NULL;
	}
	err = rk_repo_envelope(repo, view, "root", &envelope);
	if (err)
		return err;
	if (!envelope)
		return rk_fail(RK_E_NOT_FOUND, "sign its first root: rootkeep sign REPO",
		    "repository %s has no %sroot yet", RK_SHOW(repo->entry->name),
		    view == RK_VIEW_NEXT ? "" : "published ");
	err = rk_root_read(envelope, &in->root);
	if (!err)
		*ret_root = in->root;
	return err;
}

/* A role (taken over) and a phrase that live as long as the repo. */
static rk_error *
own(rk_repo *repo, rk_role *role, char *text)
{
	struct rk_repo_owned *grown =
	    realloc(repo->owned, (repo->owned_count + 1) * sizeof(*grown));

	if (!grown) {
		rk_role_free(role);
		free(text);
		return rk_out_of_memory();
	}
	repo->owned = grown;
	grown[repo->owned_count++] = (struct rk_repo_owned){role, text};
	return NULL;
}

static rk_error *
top_authority(
    rk_repo *repo, enum rk_view view, enum rk_role_kind kind, struct rk_authority *ret_authority)
{
	const rk_root *root = NULL;
	char *under = NULL;
	rk_error *err = rk_repo_root(repo, view, &root);

	if (!err)
		err = rk_strdupf(&under, "the keys of root %lld", (long long)root->version);
	if (!err)
		err = own(repo, NULL, under);
	if (!err)
		*ret_authority = (struct rk_authority){rk_root_role(root, kind), root->keys, under};
	return err;
}

static rk_error *
delegations_of(
    rk_repo *repo, enum rk_view view, const char *delegator, const rk_delegations **ret_delegations)
{
	struct rk_repo_file *file = NULL;
	rk_error *err = file_in(repo, view, delegator, &file);

	*ret_delegations = NULL;
	if (err || !file->envelope)
		return err;
	if (!file->delegations)
		err = rk_delegations_read(file->envelope, &file->delegations);
	if (!err)
		*ret_delegations = file->delegations;
	return err;
}

/* `*ret_authority` is filled and `*ret_found` true where this delegator names the role. */
static rk_error *
authority_by(rk_repo *repo, enum rk_view view, const char *delegator, const char *role,
    struct rk_authority *ret_authority, bool *ret_found)
{
	const rk_delegations *delegations = NULL;
	rk_role *copy = NULL;
	char *under = NULL;
	rk_error *err = delegations_of(repo, view, delegator, &delegations);

	if (err || !delegations)
		return err;
	err = rk_delegations_role(delegations, role, &copy);
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = rk_strdupf(&under, "the keys that %s delegates to", RK_SHOW_BARE(delegator));
	if (err) {
		rk_role_free(copy);
		return err;
	}
	err = own(repo, copy, under);
	if (err)
		return err;
	*ret_authority = (struct rk_authority){copy, delegations->keys, under};
	*ret_found = true;
	return NULL;
}

static rk_error *
delegated_authority(
    rk_repo *repo, enum rk_view view, const char *role, struct rk_authority *ret_authority)
{
	RK_AUTO(rk_names) roles = NULL;
	bool found = false;
	rk_error *err = rk_repo_roles(repo, view, &roles);

	for (size_t i = 0; !err && !found && i < roles->count; i++)
		if (rk_role_kind_of(roles->names[i]) >= RK_ROLE_TARGETS &&
		    strcmp(roles->names[i], role) != 0)
			err =
			    authority_by(repo, view, roles->names[i], role, ret_authority, &found);
	if (!err && !found)
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep role show REPO'",
		    "nobody in %s delegates to %s", RK_SHOW(repo->entry->name), RK_SHOW(role));
	return err;
}

rk_error *
rk_repo_authority(
    rk_repo *repo, enum rk_view view, const char *role, struct rk_authority *ret_authority)
{
	enum rk_role_kind kind = rk_role_kind_of(role);

	return kind == RK_ROLE_DELEGATED ? delegated_authority(repo, view, role, ret_authority)
					 : top_authority(repo, view, kind, ret_authority);
}

rk_error *
rk_repo_judges(rk_repo *repo, enum rk_view view, const char *role,
    struct rk_authority ret[static 2], size_t *ret_count)
{
	size_t count = 0;
	rk_error *err = NULL;

	if (rk_role_kind_of(role) == RK_ROLE_ROOT && view == RK_VIEW_NEXT &&
	    rk_store_is_staged(repo->store, "root") && rk_store_is_published(repo->store, "root"))
		err = rk_repo_authority(repo, RK_VIEW_PUBLISHED, role, &ret[count++]);
	if (!err)
		err = rk_repo_authority(repo, view, role, &ret[count++]);
	if (!err)
		*ret_count = count;
	return err;
}

rk_error *
rk_repo_is_held(rk_repo *repo, enum rk_view view, const char *role, bool *ret_held)
{
	struct rk_authority authority;
	rk_error *err = rk_repo_authority(repo, view, role, &authority);

	if (err)
		return err;
	*ret_held = false;
	for (size_t i = 0; i < authority.role->keyid_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(authority.keys, authority.role->keyids[i]);

		if (key && rk_repo_keep_key(repo, key))
			*ret_held = true;
	}
	return NULL;
}

rk_error *
rk_repo_next_version(rk_repo *repo, const char *role, int64_t *ret_version)
{
	int64_t version = 0;
	rk_error *err = rk_store_published_version(repo->store, role, &version);

	if (err)
		return err;
	version++;
	while (rk_role_kind_of(role) != RK_ROLE_ROOT &&
	       rk_keep_repo_is_outstanding(repo->entry, role, version))
		version++;
	if (version > RK_JSON_INT_MAX)
		return rk_fail(RK_E_REFUSED, "only 'recover kit' helps a role at the last version",
		    "%s of %s is at the highest version there is", RK_SHOW(role),
		    RK_SHOW(repo->entry->name));
	*ret_version = version;
	return NULL;
}

rk_error *
rk_repo_next_expiry(rk_repo *repo, const char *role, int64_t *ret_expires)
{
	unsigned days = 0;

	if (!rk_keep_repo_expires(repo->entry, role, &days))
		days = repo->dialect->expires_days[rk_role_kind_of(role)];
	*ret_expires = repo->env->ops->now(repo->env) + (int64_t)days * RK_DAY;
	return NULL;
}

rk_error *
rk_repo_not_frozen(rk_repo *repo, const char *role)
{
	rk_envelope *staged = NULL;
	rk_error *err = rk_repo_staged(repo, role, &staged);

	if (err || !staged || staged->sig_count == 0)
		return err;
	err = rk_fail(RK_E_REFUSED, NULL,
	    "%s %lld of %s carries %zu signature%s already: its bytes are final",
	    RK_SHOW_BARE(role), (long long)staged->version, RK_SHOW(repo->entry->name),
	    staged->sig_count, staged->sig_count == 1 ? "" : "s");
	return rk_advise(err,
	    "let the others sign it; or drop it with 'rootkeep reset %s --role %s', after which "
	    "the "
	    "signatures already made stay valid on what is dropped",
	    RK_SHOW_BARE(repo->entry->name), RK_SHOW_BARE(role));
}

const rk_keep_key *
rk_repo_keep_key(const rk_repo *repo, const rk_tuf_key *key)
{
	return key->pubkey ? rk_keep_key_by_pubkey(repo->keep, key->pubkey) : NULL;
}

const char *
rk_repo_key_name(rk_repo *repo, const rk_tuf_key *key)
{
	const rk_keep_key *known = rk_repo_keep_key(repo, key);
	char *text = NULL;
	rk_error *err;

	if (known)
		return known->name;
	err = rk_strdupf(&text, "%.12s", RK_SHOW_BARE(key->keyid));
	if (!err)
		err = own(repo, NULL, text);
	if (!err)
		return text;
	rk_error_free(err);
	return "(unnamed key)";
}
