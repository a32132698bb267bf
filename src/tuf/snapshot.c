#include "tuf/snapshot.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static void
clear_entry(rk_snapshot_entry *entry)
{
	free(entry->name);
	free(entry->role);
	*entry = (rk_snapshot_entry){0};
}

static void
free_entries(rk_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		clear_entry(&snapshot->entries[i]);
	free(snapshot->entries);
}

void
rk_snapshot_free(rk_snapshot *snapshot)
{
	if (!snapshot)
		return;
	free_entries(snapshot);
	rk_node_free(snapshot->signed_node);
	free(snapshot);
}

static rk_error *
read_facts(
    const rk_dialect *dialect, const rk_node *object, const char *where, rk_snapshot_entry *entry)
{
	rk_error *err = NULL;
	int64_t length = 0;
	if (rk_node_kind(object) != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, NULL, "%s is not an object", where);
	if (dialect->meta_version)
		err = rk_node_want_int(object, "version", where, &entry->version);
	if (!err && dialect->meta_version && entry->version < 1)
		err = rk_fail(RK_E_MALFORMED, NULL, "%s has a version less than 1", where);
	if (!err && rk_node_get(object, "length")) {
		err = rk_node_want_int(object, "length", where, &length);
		entry->has_length = true;
		entry->length = (uint64_t)length;
	}
	if (!err && length < 0)
		err = rk_fail(RK_E_MALFORMED, NULL, "%s has a negative length", where);
	const rk_node *hashes = rk_node_get(object, "hashes");
	if (!err && hashes)
		err = rk_hashes_read(dialect, hashes, where, &entry->hashes);
	return err;
}

static rk_error *
read_entry(const rk_dialect *dialect, rk_node *object, const char *file, rk_snapshot_entry *entry)
{
	RK_AUTO(rk_str) where = NULL;
	const char *name = rk_node_name(object);
	rk_error *err = rk_strdup(name, &entry->name);
	entry->node = object;
	if (!err)
		err = dialect->meta_role(name, &entry->role);
	if (!err)
		err = rk_strdupf(&where, "the entry %s of %s", RK_SHOW(name), file);
	return err ? err : read_facts(dialect, object, where, entry);
}

static int
compare_entries(const void *a, const void *b)
{
	return strcmp(((const rk_snapshot_entry *)a)->name, ((const rk_snapshot_entry *)b)->name);
}

/* `file` is safe to print. */
static rk_error *
read_entries(rk_snapshot *snapshot, const char *file)
{
	rk_node *meta;
	rk_error *err = rk_node_want_object(snapshot->signed_node, "meta", file, &meta);
	if (err)
		return err;
	snapshot->cap = rk_node_count(meta) + 1;
	snapshot->entries = calloc(snapshot->cap, sizeof(*snapshot->entries));
	if (!snapshot->entries)
		return rk_out_of_memory();
	for (rk_node *child = rk_node_child(meta); child; child = rk_node_next(child)) {
		err = read_entry(
		    snapshot->dialect, child, file, &snapshot->entries[snapshot->count++]);
		if (err)
			return err;
	}
	qsort(snapshot->entries, snapshot->count, sizeof(*snapshot->entries), compare_entries);
	return NULL;
}

/* Takes `signed_node` over. */
static rk_error *
parse(const rk_dialect *dialect, enum rk_role_kind kind, rk_node *signed_node, const char *file,
    rk_snapshot **ret_snapshot)
{
	RK_AUTO(rk_node) owned = signed_node;
	RK_AUTO(rk_snapshot) snapshot = calloc(1, sizeof(*snapshot));
	const char *expires;
	if (!snapshot || !owned)
		return rk_out_of_memory();
	snapshot->dialect = dialect;
	snapshot->kind = kind;
	snapshot->signed_node = RK_TAKE(owned);
	rk_error *err =
	    rk_node_want_int(snapshot->signed_node, "version", file, &snapshot->version);
	if (!err)
		err = rk_node_want_text(snapshot->signed_node, "expires", file, &expires);
	if (!err)
		err = dialect->expires_parse(expires, strlen(expires), &snapshot->expires, NULL);
	if (!err)
		err = read_entries(snapshot, file);
	if (err)
		return err;
	*ret_snapshot = RK_TAKE(snapshot);
	return NULL;
}

rk_error *
rk_snapshot_read(const rk_envelope *envelope, rk_snapshot **ret_snapshot)
{
	rk_node *signed_node = NULL;
	if (envelope->kind != RK_ROLE_SNAPSHOT && envelope->kind != RK_ROLE_TIMESTAMP)
		return rk_fail(RK_E_MALFORMED, NULL,
		    "%s is neither a snapshot nor a timestamp: it says that it is %s",
		    RK_SHOW(envelope->name), rk_role_kind_name(envelope->kind));
	rk_error *err = rk_envelope_signed_node(envelope, &signed_node);
	if (err)
		return err;
	return parse(
	    envelope->dialect, envelope->kind, signed_node, RK_SHOW(envelope->name), ret_snapshot);
}

rk_error *
rk_snapshot_new(
    const rk_dialect *dialect, enum rk_role_kind kind, int64_t expires, rk_snapshot **ret_snapshot)
{
	rk_node *signed_node = NULL;
	rk_error *err = dialect->blank(kind, expires, &signed_node);
	return err ? err : parse(dialect, kind, signed_node, rk_role_kind_name(kind), ret_snapshot);
}

/* Where an entry of that name is, or would be. */
static size_t
place_of(const rk_snapshot *snapshot, const char *name, bool *ret_found)
{
	size_t low = 0, high = snapshot->count;
	*ret_found = false;
	/* Lists are mostly made in order. */
	if (high > 0 && strcmp(snapshot->entries[high - 1].name, name) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(snapshot->entries[middle].name, name);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const rk_snapshot_entry *
rk_snapshot_entry_of(const rk_snapshot *snapshot, const char *role)
{
	RK_AUTO(rk_str) name = NULL;
	bool found = false;
	rk_error *err = snapshot->dialect->meta_name(role, &name);
	if (!err) {
		size_t at = place_of(snapshot, name, &found);
		return found ? &snapshot->entries[at] : NULL;
	}
	/* Without memory for the name, the slow way. */
	rk_error_free(err);
	for (size_t i = 0; i < snapshot->count; i++)
		if (strcmp(snapshot->entries[i].role, role) == 0)
			return &snapshot->entries[i];
	return NULL;
}

rk_error *
rk_snapshot_set_version(rk_snapshot *snapshot, int64_t version)
{
	rk_error *err = rk_node_put_int(snapshot->signed_node, "version", version);
	if (!err)
		snapshot->version = version;
	return err;
}

rk_error *
rk_snapshot_set_expires(rk_snapshot *snapshot, int64_t expires)
{
	char text[RK_TIME_SIZE];
	rk_error *err = rk_node_put_text(
	    snapshot->signed_node, "expires", snapshot->dialect->expires_text(text, expires));
	if (!err)
		snapshot->expires = expires;
	return err;
}

static rk_error *
put_facts(const rk_dialect *dialect, rk_node *object, int64_t version, uint64_t length,
    const rk_hashes *hashes)
{
	rk_node *list = NULL;
	rk_error *err = NULL;
	if (dialect->meta_version)
		err = rk_node_put_int(object, "version", version);
	rk_node_remove(object, "hashes");
	rk_node_remove(object, "length");
	if (err || !hashes)
		return err;
	err = rk_hashes_node(dialect, hashes, &list);
	if (!err)
		err = rk_node_put(object, "hashes", list);
	return err ? err : rk_node_put_int(object, "length", (int64_t)length);
}

static rk_error *
make_room(rk_snapshot *snapshot)
{
	if (snapshot->count < snapshot->cap)
		return NULL;
	size_t cap = 2 * snapshot->cap + 8;
	rk_snapshot_entry *entries = reallocarray(snapshot->entries, cap, sizeof(*entries));
	if (!entries)
		return rk_out_of_memory();
	snapshot->entries = entries;
	snapshot->cap = cap;
	return NULL;
}

/* A new entry at its place, nothing said of the file yet. */
static rk_error *
add_entry(rk_snapshot *snapshot, size_t at, const char *name, const char *role)
{
	rk_node *meta = rk_node_get(snapshot->signed_node, "meta");
	rk_node *object = rk_node_new_object();
	rk_snapshot_entry entry = {.node = object};
	rk_error *err = make_room(snapshot);
	if (!err)
		err = rk_strdup(name, &entry.name);
	if (!err)
		err = rk_strdup(role, &entry.role);
	if (err)
		rk_node_free(object);
	else
		err = rk_node_add(meta, name, object);
	if (err) {
		clear_entry(&entry);
		return err;
	}
	rk_snapshot_entry *place = &snapshot->entries[at];
	memmove(place + 1, place, (snapshot->count - at) * sizeof(*place));
	*place = entry;
	snapshot->count++;
	return NULL;
}

rk_error *
rk_snapshot_list_facts(rk_snapshot *snapshot, const char *role, int64_t version, uint64_t length,
    const rk_hashes *hashes)
{
	RK_AUTO(rk_str) name = NULL;
	bool found;
	rk_error *err = snapshot->dialect->meta_name(role, &name);
	if (err)
		return err;
	size_t at = place_of(snapshot, name, &found);
	if (!found)
		err = add_entry(snapshot, at, name, role);
	if (err)
		return err;
	rk_snapshot_entry *entry = &snapshot->entries[at];
	err = put_facts(snapshot->dialect, entry->node, version, length, hashes);
	if (err)
		return err;
	entry->version = snapshot->dialect->meta_version ? version : 0;
	entry->has_length = hashes != NULL;
	entry->length = hashes ? length : 0;
	entry->hashes = hashes ? *hashes : (rk_hashes){0};
	return NULL;
}

rk_error *
rk_snapshot_list(rk_snapshot *snapshot, const char *role, rk_envelope *file)
{
	rk_hashes hashes;
	rk_error *err = rk_envelope_file_hashes(file, snapshot->dialect->meta_hashes, &hashes);
	if (err)
		return err;
	return rk_snapshot_list_facts(snapshot, role, file->version, file->text->len, &hashes);
}

rk_error *
rk_snapshot_unlist(rk_snapshot *snapshot, const char *role)
{
	const rk_snapshot_entry *entry = rk_snapshot_entry_of(snapshot, role);
	if (!entry)
		return rk_fail(RK_E_NOT_FOUND, NULL, "%s does not list %s",
		    rk_role_kind_name(snapshot->kind), RK_SHOW(role));
	rk_snapshot_entry *place = &snapshot->entries[entry - snapshot->entries];
	rk_node_remove(rk_node_get(snapshot->signed_node, "meta"), place->name);
	clear_entry(place);
	snapshot->count--;
	memmove(place, place + 1,
	    (size_t)(&snapshot->entries[snapshot->count] - place) * sizeof(*place));
	return NULL;
}

static bool
same_facts(const rk_snapshot_entry *a, const rk_snapshot_entry *b)
{
	return strcmp(a->name, b->name) == 0 && a->version == b->version &&
	       a->has_length == b->has_length && a->length == b->length &&
	       rk_hashes_equal(&a->hashes, &b->hashes);
}

bool
rk_snapshot_same_files(const rk_snapshot *a, const rk_snapshot *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_facts(&a->entries[i], &b->entries[i]))
			return false;
	return true;
}

rk_error *
rk_snapshot_entry_check(const rk_snapshot_entry *entry, rk_envelope *file)
{
	rk_hashes hashes;
	if (entry->version > 0 && entry->version != file->version)
		return rk_fail(RK_E_UNTRUSTED, NULL, "%s is version %lld, but listed is %lld",
		    RK_SHOW(file->name), (long long)file->version, (long long)entry->version);
	if (entry->has_length && entry->length != file->text->len)
		return rk_fail(RK_E_UNTRUSTED, NULL, "%s has %zu bytes, but listed are %llu",
		    RK_SHOW(file->name), file->text->len, (unsigned long long)entry->length);
	if (entry->hashes.have == 0 && entry->hashes.unknown == 0)
		return NULL;
	if (entry->hashes.have == 0)
		return rk_fail(RK_E_UNTRUSTED, NULL,
		    "%s is listed with hashes of unknown kinds only", RK_SHOW(file->name));
	rk_error *err = rk_envelope_file_hashes(file, entry->hashes.have, &hashes);
	if (err)
		return err;
	if (!rk_hashes_match(&entry->hashes, &hashes))
		return rk_fail(RK_E_UNTRUSTED, NULL, "%s has another hash than the one listed",
		    RK_SHOW(file->name));
	return NULL;
}

rk_error *
rk_snapshot_compose(const rk_snapshot *snapshot, const rk_style *style, rk_text **ret_text)
{
	return rk_envelope_compose(snapshot->dialect, snapshot->signed_node, style, ret_text);
}
