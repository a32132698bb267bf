#include "tuf/role.h"

#include "base/show.h"
#include "tuf/dialect.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[RK_ROLE_TOP_COUNT] = {
    [RK_ROLE_ROOT] = "root",
    [RK_ROLE_TIMESTAMP] = "timestamp",
    [RK_ROLE_SNAPSHOT] = "snapshot",
    [RK_ROLE_TARGETS] = "targets",
};

enum rk_role_kind
rk_role_kind_of(const char *name)
{
	for (enum rk_role_kind kind = RK_ROLE_ROOT; kind < RK_ROLE_TOP_COUNT; kind++)
		if (strcmp(kind_names[kind], name) == 0)
			return kind;
	return RK_ROLE_DELEGATED;
}

const char *
rk_role_kind_name(enum rk_role_kind kind)
{
	return kind < RK_ROLE_TOP_COUNT ? kind_names[kind] : NULL;
}

rk_error *
rk_role_check_name(const rk_dialect *dialect, const char *name)
{
	if (rk_role_kind_of(name) != RK_ROLE_DELEGATED)
		return NULL;
	if (strncmp(name, "targets/", 8) != 0)
		return rk_fail(RK_E_REFUSED,
		    "use root, targets, snapshot, timestamp, or targets/NAME for a delegation",
		    "%s is no role", RK_SHOW(name));
	return dialect->role_name_check(name + 8);
}

static void
free_list(char **list, size_t count)
{
	for (size_t i = 0; list && i < count; i++)
		free(list[i]);
	free(list);
}

void
rk_role_free(rk_role *role)
{
	if (!role)
		return;
	free(role->name);
	free_list(role->keyids, role->keyid_count);
	free_list(role->paths, role->path_count);
	free_list(role->prefixes, role->prefix_count);
	free(role);
}

static rk_error *
read_list(
    const rk_node *array, const char *what, const char *where, char ***ret_list, size_t *ret_count)
{
	size_t count = rk_node_count(array), i = 0;
	char **list = calloc(count + 1, sizeof(*list));
	if (!list)
		return rk_out_of_memory();
	for (rk_node *child = rk_node_child(array); child; child = rk_node_next(child)) {
		const char *text = rk_node_text(child);
		rk_error *err = text ? rk_strdup(text, &list[i])
				     : rk_fail(RK_E_MALFORMED, NULL,
					   "%s: an element of '%s' is not a string", where, what);
		if (err) {
			free_list(list, i);
			return err;
		}
		i++;
	}
	*ret_list = list;
	*ret_count = i;
	return NULL;
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A keyid twice would count one signature twice in careless clients. */
static rk_error *
check_unique(char *const *list, size_t count, const char *where)
{
	char **sorted = malloc((count + 1) * sizeof(*sorted));
	if (!sorted)
		return rk_out_of_memory();
	memcpy(sorted, list, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_texts);
	const char *twice = NULL;
	for (size_t i = 1; i < count && !twice; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			twice = sorted[i];
	free(sorted);
	if (twice)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "%s lists key id %s twice", where, RK_SHOW(twice));
	return NULL;
}

static rk_error *
read_keys(const rk_node *object, const char *where, rk_role *role)
{
	int64_t threshold;
	rk_node *keyids = rk_node_get(object, "keyids");
	rk_error *err;
	/* Notary writes null where the last key went; it stands for an empty list. */
	if (!keyids || rk_node_kind(keyids) != RK_JSON_NULL) {
		err = rk_node_want_array(object, "keyids", where, &keyids);
		if (err)
			return err;
	}
	err = read_list(keyids, "keyids", where, &role->keyids, &role->keyid_count);
	if (err)
		return err;
	err = check_unique(role->keyids, role->keyid_count, where);
	if (err)
		return err;
	err = rk_node_want_int(object, "threshold", where, &threshold);
	if (err)
		return err;
	if (threshold < 1 || threshold > UINT32_MAX)
		return rk_fail(RK_E_MALFORMED, NULL, "%s has a threshold of %lld", where,
		    (long long)threshold);
	role->threshold = (uint32_t)threshold;
	return NULL;
}

static rk_error *
read_paths(const rk_node *object, const char *where, rk_role *role)
{
	rk_node *paths = rk_node_get(object, "paths");
	rk_node *prefixes = rk_node_get(object, "path_hash_prefixes");
	rk_node *terminating = rk_node_get(object, "terminating");
	rk_error *err;
	/* As with keyids: null is what is left of an empty list. */
	if (paths && rk_node_kind(paths) == RK_JSON_NULL)
		paths = NULL;
	if (paths && prefixes)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "%s has both paths and path_hash_prefixes", where);
	if (paths) {
		err = rk_node_want_array(object, "paths", where, &paths);
		if (!err)
			err = read_list(paths, "paths", where, &role->paths, &role->path_count);
		if (err)
			return err;
	}
	if (prefixes) {
		err = rk_node_want_array(object, "path_hash_prefixes", where, &prefixes);
		if (!err)
			err = read_list(prefixes, "path_hash_prefixes", where, &role->prefixes,
			    &role->prefix_count);
		if (err)
			return err;
	}
	return terminating ? rk_node_want_bool(object, "terminating", where, &role->terminating)
			   : NULL;
}

rk_error *
rk_role_read(const rk_dialect *dialect, const rk_node *object, const char *name, const char *where,
    rk_role **ret_role)
{
	RK_AUTO(rk_role) role = calloc(1, sizeof(*role));
	(void)dialect;
	if (!role)
		return rk_out_of_memory();
	if (!object || rk_node_kind(object) != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, NULL, "%s is not an object", where);
	rk_error *err = rk_strdup(name, &role->name);
	if (err)
		return err;
	err = read_keys(object, where, role);
	if (err)
		return err;
	err = read_paths(object, where, role);
	if (err)
		return err;
	*ret_role = RK_TAKE(role);
	return NULL;
}

static rk_error *
copy_list(char *const *list, size_t count, char ***ret_list, size_t *ret_count)
{
	if (!list)
		return NULL;
	char **copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++) {
		rk_error *err = rk_strdup(list[i], &copy[i]);
		if (err) {
			free_list(copy, i);
			return err;
		}
	}
	*ret_list = copy;
	*ret_count = count;
	return NULL;
}

rk_error *
rk_role_copy(const rk_role *role, rk_role **ret_copy)
{
	RK_AUTO(rk_role) copy = calloc(1, sizeof(*copy));
	if (!copy)
		return rk_out_of_memory();
	rk_error *err = rk_strdup(role->name, &copy->name);
	if (!err)
		err = copy_list(role->keyids, role->keyid_count, &copy->keyids, &copy->keyid_count);
	if (!err)
		err = copy_list(role->paths, role->path_count, &copy->paths, &copy->path_count);
	if (!err)
		err = copy_list(
		    role->prefixes, role->prefix_count, &copy->prefixes, &copy->prefix_count);
	if (err)
		return err;
	copy->threshold = role->threshold;
	copy->terminating = role->terminating;
	*ret_copy = RK_TAKE(copy);
	return NULL;
}

bool
rk_role_has(const rk_role *role, const char *keyid)
{
	for (size_t i = 0; i < role->keyid_count; i++)
		if (strcmp(role->keyids[i], keyid) == 0)
			return true;
	return false;
}

bool
rk_role_same_keys(const rk_role *a, const rk_role *b)
{
	if (a->keyid_count != b->keyid_count || a->threshold != b->threshold)
		return false;
	for (size_t i = 0; i < a->keyid_count; i++)
		if (!rk_role_has(b, a->keyids[i]))
			return false;
	return true;
}

bool
rk_role_covers(const rk_dialect *dialect, const rk_role *role, const char *path)
{
	for (size_t i = 0; i < role->path_count; i++)
		if (dialect->path_covers(role->paths[i], path))
			return true;
	if (role->prefix_count > 0) {
		uint8_t digest[RK_SHA256_SIZE];
		char hex[2 * RK_SHA256_SIZE + 1];
		rk_sha256(path, strlen(path), digest);
		rk_hex(hex, digest, sizeof(digest));
		for (size_t i = 0; i < role->prefix_count; i++)
			if (strncmp(hex, role->prefixes[i], strlen(role->prefixes[i])) == 0)
				return true;
	}
	return false;
}
