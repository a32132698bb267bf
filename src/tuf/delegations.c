#include "tuf/delegations.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static void
free_succinct(rk_succinct *succinct)
{
	if (!succinct)
		return;
	rk_role_free(succinct->role);
	free(succinct->prefix);
	free(succinct);
}

void
rk_delegations_free(rk_delegations *delegations)
{
	if (!delegations)
		return;
	rk_keyring_free(delegations->keys);
	for (size_t i = 0; delegations->roles && i < delegations->count; i++)
		rk_role_free(delegations->roles[i]);
	free(delegations->roles);
	free_succinct(delegations->succinct);
	free(delegations);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static rk_error *
check_names(const rk_delegations *delegations, const char *where)
{
	const char **names = malloc((delegations->count + 1) * sizeof(*names));
	const char *twice = NULL;
	if (!names)
		return rk_out_of_memory();
	for (size_t i = 0; i < delegations->count; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): roles up to count are there */
		names[i] = delegations->roles[i]->name;
	qsort(names, delegations->count, sizeof(*names), compare_names);
	for (size_t i = 1; i < delegations->count && !twice; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			twice = names[i];
	free(names);
	return twice ? rk_fail(
			   RK_E_MALFORMED, NULL, "%s delegates twice to %s", where, RK_SHOW(twice))
		     : NULL;
}

static rk_error *
read_role(rk_delegations *delegations, const rk_node *object, const char *where)
{
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_str) place = NULL;
	const char *file_name;
	rk_error *err = rk_node_want_text(object, "name", where, &file_name);
	if (err)
		return err;
	if (!*file_name || rk_role_kind_of(file_name) != RK_ROLE_DELEGATED)
		return rk_fail(RK_E_MALFORMED, NULL, "%s delegates to a role named %s", where,
		    RK_SHOW(file_name));
	err = delegations->dialect->role_from_file(file_name, &name);
	if (!err)
		err = rk_strdupf(&place, "delegation %s of %s", RK_SHOW(file_name), where);
	if (!err)
		err = rk_role_read(delegations->dialect, object, name, place,
		    &delegations->roles[delegations->count]);
	delegations->count += !err;
	return err;
}

static rk_error *
read_roles(rk_delegations *delegations, const rk_node *object, const char *where)
{
	rk_node *roles;
	rk_error *err = rk_node_want_array(object, "roles", where, &roles);
	if (err)
		return err;
	delegations->roles = calloc(rk_node_count(roles) + 1, sizeof(rk_role *));
	if (!delegations->roles)
		return rk_out_of_memory();
	for (rk_node *child = rk_node_child(roles); !err && child; child = rk_node_next(child))
		err = read_role(delegations, child, where);
	return err ? err : check_names(delegations, where);
}

static rk_error *
read_succinct(rk_delegations *delegations, const rk_node *object, const char *where)
{
	rk_succinct *succinct = calloc(1, sizeof(*succinct));
	const char *prefix;
	int64_t bits;
	if (!succinct)
		return rk_out_of_memory();
	delegations->succinct = succinct;
	rk_error *err = rk_node_want_text(object, "name_prefix", where, &prefix);
	if (!err)
		err = rk_node_want_int(object, "bit_length", where, &bits);
	if (err)
		return err;
	if (bits < 1 || bits > 32)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "%s has a bit_length of %lld", where, (long long)bits);
	RK_AUTO(rk_str) name = NULL;
	succinct->bits = (unsigned)bits;
	err = rk_strdup(prefix, &succinct->prefix);
	if (!err)
		err = delegations->dialect->role_from_file(prefix, &name);
	return err ? err : rk_role_read(delegations->dialect, object, name, where, &succinct->role);
}

/* As Go reads it: null for what is empty. */
static bool
is_left_null(const rk_delegations *delegations, const rk_node *object, const char *member)
{
	const rk_node *node = rk_node_get(object, member);
	return delegations->dialect->one_reader && node && rk_node_kind(node) == RK_JSON_NULL;
}

static rk_error *
read_tree(rk_delegations *delegations, const rk_node *object, const char *where)
{
	rk_node *keys = NULL;
	const rk_node *succinct = rk_node_get(object, "succinct_roles");
	bool both = succinct && rk_node_get(object, "roles");
	rk_error *err = is_left_null(delegations, object, "keys")
			    ? NULL
			    : rk_node_want_object(object, "keys", where, &keys);
	if (!err && keys) {
		rk_keyring_free(delegations->keys);
		delegations->keys = NULL;
		err = rk_keyring_read(delegations->dialect, keys, where, &delegations->keys);
	}
	if (!err && both)
		err = rk_fail(RK_E_MALFORMED, NULL, "%s has both roles and succinct_roles", where);
	if (err || is_left_null(delegations, object, "roles"))
		return err;
	return succinct ? read_succinct(delegations, succinct, where)
			: read_roles(delegations, object, where);
}

rk_error *
rk_delegations_read(const rk_envelope *envelope, rk_delegations **ret_delegations)
{
	RK_AUTO(rk_delegations) delegations = calloc(1, sizeof(*delegations));
	if (!delegations)
		return rk_out_of_memory();
	delegations->dialect = envelope->dialect;
	rk_error *err = rk_keyring_new(&delegations->keys);
	if (err)
		return err;
	if (envelope->delegations_span.len > 0) {
		RK_AUTO(rk_node) object = NULL;
		RK_AUTO(rk_str) where = NULL;
		err = rk_strdupf(&where, "delegations of %s", RK_SHOW(envelope->name));
		if (!err)
			err =
			    rk_node_from_json(&envelope->delegations_span, envelope->name, &object);
		if (!err)
			err = read_tree(delegations, object, where);
		if (err)
			return err;
	}
	*ret_delegations = RK_TAKE(delegations);
	return NULL;
}

uint64_t
rk_delegations_total(const rk_delegations *delegations)
{
	return delegations->succinct ? UINT64_C(1) << delegations->succinct->bits
				     : delegations->count;
}

static rk_error *
bin_role(const rk_delegations *delegations, uint64_t bin, rk_role **ret_role)
{
	const rk_succinct *succinct = delegations->succinct;
	RK_AUTO(rk_role) role = NULL;
	RK_AUTO(rk_str) name = NULL;
	RK_AUTO(rk_str) house = NULL;
	int width = (int)(succinct->bits + 3) / 4;
	rk_error *err = rk_role_copy(succinct->role, &role);
	if (!err)
		err = rk_strdupf(
		    &name, "%s-%0*llx", succinct->prefix, width, (unsigned long long)bin);
	if (!err)
		err = delegations->dialect->role_from_file(name, &house);
	if (err)
		return err;
	free(role->name);
	role->name = RK_TAKE(house);
	*ret_role = RK_TAKE(role);
	return NULL;
}

rk_error *
rk_delegations_at(const rk_delegations *delegations, uint64_t index, rk_role **ret_role)
{
	if (index >= rk_delegations_total(delegations))
		return rk_fail(RK_E_NOT_FOUND, NULL, "there is no such delegation");
	if (delegations->succinct)
		return bin_role(delegations, index, ret_role);
	return rk_role_copy(delegations->roles[index], ret_role);
}

/* The number of the bin of that name; false: it is none. */
static bool
bin_of_name(const rk_delegations *delegations, const char *name, uint64_t *ret_bin)
{
	const rk_succinct *succinct = delegations->succinct;
	size_t len = strlen(succinct->role->name);
	size_t width = (succinct->bits + 3) / 4;
	if (strncmp(name, succinct->role->name, len) != 0 || name[len] != '-')
		return false;
	const char *digits = name + len + 1;
	if (strlen(digits) != width || strspn(digits, "0123456789abcdef") != width)
		return false;
	*ret_bin = strtoull(digits, NULL, 16);
	return *ret_bin < rk_delegations_total(delegations);
}

rk_error *
rk_delegations_role(const rk_delegations *delegations, const char *name, rk_role **ret_role)
{
	uint64_t bin;
	for (size_t i = 0; i < delegations->count; i++)
		if (strcmp(delegations->roles[i]->name, name) == 0)
			return rk_role_copy(delegations->roles[i], ret_role);
	if (delegations->succinct && bin_of_name(delegations, name, &bin))
		return bin_role(delegations, bin, ret_role);
	return rk_fail(RK_E_NOT_FOUND, NULL, "there is no delegation to %s", RK_SHOW(name));
}

/* The first bits of the path's SHA-256 say which bin is its own. */
static uint64_t
bin_of_path(unsigned bits, const char *path)
{
	uint8_t digest[RK_SHA256_SIZE];
	rk_sha256(path, strlen(path), digest);
	uint32_t head = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
			(uint32_t)digest[2] << 8 | digest[3];
	return head >> (32 - bits);
}

rk_error *
rk_delegations_for(const rk_delegations *delegations, const char *path,
    rk_error *(*each)(void *context, const rk_role *role), void *context)
{
	if (delegations->succinct) {
		RK_AUTO(rk_role) role = NULL;
		uint64_t bin = bin_of_path(delegations->succinct->bits, path);
		rk_error *err = bin_role(delegations, bin, &role);
		return err ? err : each(context, role);
	}
	for (size_t i = 0; i < delegations->count; i++) {
		const rk_role *role = delegations->roles[i];
		if (!rk_role_covers(delegations->dialect, role, path))
			continue;
		rk_error *err = each(context, role);
		if (err || role->terminating)
			return err;
	}
	return NULL;
}
