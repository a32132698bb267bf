#include "keep/store_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static void
entries_clear(struct rk_store_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		free(entries->items[i].role);
		free(entries->items[i].file);
	}
	free(entries->items);
	*entries = (struct rk_store_entries){0};
}

void
rk_store_free(rk_store *store)
{
	if (!store)
		return;
	entries_clear(&store->published);
	entries_clear(&store->next);
	rk_dir_free(store->metadata);
	rk_dir_free(store->staged);
	free(store->path);
	free(store);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct rk_store_entry *left = a, *right = b;
	int order = strcmp(left->role, right->role);

	if (order != 0)
		return order;
	return left->version < right->version ? -1 : left->version > right->version ? 1 : 0;
}

rk_error *
rk_store_parse_staged(const rk_dialect *dialect, const char *file, char **ret_role)
{
	RK_AUTO(rk_str) role = NULL;
	int64_t version = 0;
	rk_error *err;

	err = dialect->parse_name(file, &role, &version);
	if (!err && version > 0) {
		free(RK_TAKE(role));
		err = dialect->meta_role(file, &role);
	}
	if (!err)
		*ret_role = RK_TAKE(role);
	return err;
}

/* Files that are no metadata are left alone here: `check` tells of them. */
static rk_error *
take_file(
    const rk_dialect *dialect, const char *file, bool is_staged, struct rk_store_entries *entries)
{
	RK_AUTO(rk_str) role = NULL;
	struct rk_store_entry *entry = &entries->items[entries->count];
	int64_t version = 0;
	rk_error *err;

	err = is_staged ? rk_store_parse_staged(dialect, file, &role)
			: dialect->parse_name(file, &role, &version);
	if (rk_error_code(err) == RK_E_MALFORMED || rk_error_code(err) == RK_E_REFUSED) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = rk_strdup(file, &entry->file);
	if (err)
		return err;
	entry->role = RK_TAKE(role);
	entry->version = version;
	entries->count++;
	return NULL;
}

static rk_error *
list(const rk_dir *dir, const rk_dialect *dialect, bool is_staged, struct rk_store_entries *entries)
{
	RK_AUTO(rk_names) files = NULL;
	rk_error *err;

	if (!dir)
		return NULL;
	err = rk_dir_walk(dir, NULL, RK_STORE_FILES, &files);
	if (err)
		return err;
	entries->items = calloc(files->count + 1, sizeof(*entries->items));
	if (!entries->items)
		return rk_out_of_memory();
	for (size_t i = 0; i < files->count && !err; i++)
		err = take_file(dialect, files->names[i], is_staged, entries);
	if (!err && entries->count > 1)
		qsort(entries->items, entries->count, sizeof(*entries->items), compare_entries);
	return err;
}

static rk_error *
open_folder(const rk_store *store, const char *name, rk_dir **ret_dir)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err;

	err = rk_strdupf(&path, "%s/%s", store->path, name);
	if (!err)
		err = rk_dir_open_at(rk_keep_dir(store->keep), path, ret_dir);
	if (rk_error_code(err) != RK_E_NOT_FOUND)
		return err;
	rk_error_free(err);
	return NULL;
}

rk_error *
rk_store_open(rk_keep *keep, const char *name, const rk_dialect *dialect, rk_store **ret_store)
{
	RK_AUTO(rk_store) store = calloc(1, sizeof(*store));
	rk_error *err;

	if (!store)
		return rk_out_of_memory();
	store->keep = keep;
	store->dialect = dialect;
	err = rk_keep_repo_path(name, NULL, &store->path);
	if (!err)
		err = open_folder(store, RK_STORE_METADATA, &store->metadata);
	if (!err)
		err = open_folder(store, RK_STORE_STAGED, &store->staged);
	if (!err)
		err = list(store->metadata, dialect, false, &store->published);
	if (!err)
		err = list(store->staged, dialect, true, &store->next);
	if (!err)
		*ret_store = RK_TAKE(store);
	return err;
}

const rk_dialect *
rk_store_dialect(const rk_store *store)
{
	return store->dialect;
}

const rk_dir *
rk_store_metadata(const rk_store *store)
{
	return store->metadata;
}

const rk_dir *
rk_store_staged(const rk_store *store)
{
	return store->staged;
}

rk_error *
rk_store_source(const rk_store *store, rk_source **ret_source)
{
	return store->metadata ? rk_source_folder(store->metadata, ret_source)
			       : rk_source_memory(ret_source);
}

const struct rk_store_entry *
rk_store_entries_of(const struct rk_store_entries *entries, const char *role, size_t *ret_count)
{
	size_t low = 0, high = entries->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(entries->items[middle].role, role) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < entries->count && strcmp(entries->items[end].role, role) == 0;)
		end++;
	*ret_count = end - low;
	return end > low ? &entries->items[low] : NULL;
}

int
rk_store_trust_rank(const char *role)
{
	return (int)rk_role_kind_of(role);
}

static int
compare_trust(const void *a, const void *b)
{
	const char *left = *(char *const *)a, *right = *(char *const *)b;
	int order = rk_store_trust_rank(left) - rk_store_trust_rank(right);

	return order ? order : strcmp(left, right);
}

static rk_error *
list_roles(const struct rk_store_entries *entries, rk_names **ret_roles)
{
	RK_AUTO(rk_names) roles = calloc(1, sizeof(*roles));
	rk_error *err = NULL;

	if (!roles)
		return rk_out_of_memory();
	for (size_t i = 0; i < entries->count && !err; i++) {
		if (i == 0 || strcmp(entries->items[i - 1].role, entries->items[i].role) != 0)
			err = rk_names_add(roles, entries->items[i].role);
	}
	if (err)
		return err;
	if (roles->count > 1)
		qsort(roles->names, roles->count, sizeof(*roles->names), compare_trust);
	*ret_roles = RK_TAKE(roles);
	return NULL;
}

rk_error *
rk_store_staged_roles(const rk_store *store, rk_names **ret_roles)
{
	return list_roles(&store->next, ret_roles);
}

rk_error *
rk_store_published_roles(const rk_store *store, rk_names **ret_roles)
{
	return list_roles(&store->published, ret_roles);
}

bool
rk_store_is_staged(const rk_store *store, const char *role)
{
	size_t count;

	return rk_store_entries_of(&store->next, role, &count) != NULL;
}

bool
rk_store_is_published(const rk_store *store, const char *role)
{
	size_t count;

	return rk_store_entries_of(&store->published, role, &count) != NULL;
}
