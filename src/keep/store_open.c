#include "keep/store_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static rk_error *
open_file(const rk_store *store, const rk_dir *dir, const struct rk_store_entry *entry,
    rk_envelope **ret_envelope)
{
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_text) text = NULL;
	size_t limit = rk_envelope_limit(rk_role_kind_of(entry->role));
	rk_error *err;

	err = rk_strdupf(&name, "%s/%s/%s", store->path,
	    dir == store->staged ? RK_STORE_STAGED : RK_STORE_METADATA, entry->file);
	if (!err)
		err = rk_text_read(dir, entry->file, limit, &text);
	if (err)
		return err;
	return rk_envelope_open(store->dialect, RK_TAKE(text), name, ret_envelope);
}

rk_error *
rk_store_open_staged(const rk_store *store, const char *role, rk_envelope **ret_envelope)
{
	size_t count;
	const struct rk_store_entry *entry = rk_store_entries_of(&store->next, role, &count);

	if (entry)
		return open_file(store, store->staged, entry, ret_envelope);
	*ret_envelope = NULL;
	return NULL;
}

/*
 * The highest number, or the file without one where that is newer: a repository may have taken up
 * or given up consistent snapshots. A root's plain file only repeats its numbered one.
 */
static rk_error *
find_current(const rk_store *store, const char *role, const struct rk_store_entry **ret_entry,
    rk_envelope **ret_plain)
{
	size_t count;
	const struct rk_store_entry *first = rk_store_entries_of(&store->published, role, &count);
	RK_AUTO(rk_envelope) plain = NULL;
	rk_error *err;

	*ret_entry = first ? &first[count - 1] : NULL;
	if (!first || count < 2 || first->version != 0 || rk_role_kind_of(role) == RK_ROLE_ROOT)
		return NULL;
	err = open_file(store, store->metadata, first, &plain);
	if (err)
		return err;
	if (plain->version >= first[count - 1].version) {
		*ret_entry = first;
		*ret_plain = RK_TAKE(plain);
	}
	return NULL;
}

rk_error *
rk_store_open_published(const rk_store *store, const char *role, rk_envelope **ret_envelope)
{
	RK_AUTO(rk_envelope) plain = NULL;
	const struct rk_store_entry *entry;
	rk_error *err;

	err = find_current(store, role, &entry, &plain);
	if (err)
		return err;
	if (entry && !plain)
		return open_file(store, store->metadata, entry, ret_envelope);
	*ret_envelope = RK_TAKE(plain);
	return NULL;
}

rk_error *
rk_store_open_version(
    const rk_store *store, const char *role, int64_t version, rk_envelope **ret_envelope)
{
	size_t count;
	const struct rk_store_entry *entries = rk_store_entries_of(&store->published, role, &count);

	for (size_t i = 0; i < count; i++) {
		if (entries[i].version == version && version > 0)
			return open_file(store, store->metadata, &entries[i], ret_envelope);
	}
	*ret_envelope = NULL;
	return NULL;
}

rk_error *
rk_store_published_file(const rk_store *store, const char *role, char **ret_file)
{
	RK_AUTO(rk_envelope) plain = NULL;
	const struct rk_store_entry *entry;
	rk_error *err;

	err = find_current(store, role, &entry, &plain);
	if (err)
		return err;
	if (entry)
		return rk_strdup(entry->file, ret_file);
	*ret_file = NULL;
	return NULL;
}

rk_error *
rk_store_published_version(const rk_store *store, const char *role, int64_t *ret_version)
{
	RK_AUTO(rk_envelope) plain = NULL;
	const struct rk_store_entry *entry;
	rk_error *err;

	err = find_current(store, role, &entry, &plain);
	if (!err && entry && entry->version == 0 && !plain)
		err = open_file(store, store->metadata, entry, &plain);
	if (!err)
		*ret_version = plain ? plain->version : entry ? entry->version : 0;
	return err;
}
