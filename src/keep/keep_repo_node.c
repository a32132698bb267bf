#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 3650000

static const char *const own_members[] = {
    "dialect", "gun", "expires_days", "anchor", "outstanding"};

static rk_error *
read_expiries(const rk_node *object, const char *where, rk_keep_repo *repo)
{
	rk_node *days;
	size_t count;
	rk_error *err;

	if (!rk_node_get(object, "expires_days"))
		return NULL;
	err = rk_node_want_object(object, "expires_days", where, &days);
	if (err)
		return err;
	count = rk_node_count(days);
	repo->expires_days = calloc(count + 1, sizeof(*repo->expires_days));
	if (!repo->expires_days)
		return rk_out_of_memory();
	for (const rk_node *day = rk_node_child(days); day && !err; day = rk_node_next(day)) {
		rk_keep_expiry *expiry = &repo->expires_days[repo->expiry_count];
		int64_t number = rk_node_int(day);

		if (number < 1 || number > DAYS_MAX)
			return rk_fail(RK_E_MALFORMED, "write a number of days",
			    "%s: expires_days of %s is not between 1 and %d", where,
			    RK_SHOW(rk_node_name(day)), DAYS_MAX);
		expiry->days = (unsigned)number;
		err = rk_strdup(rk_node_name(day), &expiry->role);
		if (!err)
			repo->expiry_count++;
	}
	return err;
}

static int
compare_expiries(const void *a, const void *b)
{
	return strcmp(((const rk_keep_expiry *)a)->role, ((const rk_keep_expiry *)b)->role);
}

static rk_error *
read_version(const rk_node *object, const char *where, int64_t *ret_version)
{
	int64_t version;
	rk_error *err = rk_node_want_int(object, "version", where, &version);

	if (!err && version < 1)
		err = rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "%s: a version is not above 0", where);
	if (!err)
		*ret_version = version;
	return err;
}

static rk_error *
read_digest(const rk_node *object, const char *where, uint8_t out[static RK_SHA256_SIZE])
{
	const char *hex;
	rk_error *err = rk_node_want_text(object, "sha256", where, &hex);

	return err ? err : rk_keep_digest_read(hex, where, out);
}

static rk_error *
read_anchor(const rk_node *object, const char *where, rk_keep_repo *repo)
{
	rk_node *anchor;
	rk_error *err;

	if (!rk_node_get(object, "anchor"))
		return NULL;
	err = rk_node_want_object(object, "anchor", where, &anchor);
	if (!err)
		err = read_version(anchor, where, &repo->anchor_version);
	if (!err)
		err = read_digest(anchor, where, repo->anchor_sha256);
	if (!err)
		repo->anchored = true;
	return err;
}

static rk_error *
read_outstanding(const rk_node *object, const char *where, rk_keep_outstanding *one)
{
	uint8_t print[RK_SHA256_SIZE];
	const char *role;
	rk_node *prints;
	rk_error *err;

	err = rk_node_want_text(object, "role", where, &role);
	if (!err)
		err = read_version(object, where, &one->version);
	if (!err)
		err = read_digest(object, where, one->sha256);
	if (!err)
		err = rk_node_want_array(object, "fingerprints", where, &prints);
	if (!err)
		err = rk_keep_strings_read(
		    prints, where, &one->fingerprints, &one->fingerprint_count);
	for (size_t i = 0; i < one->fingerprint_count && !err; i++)
		err = rk_keep_digest_read(one->fingerprints[i], where, print);
	return err ? err : rk_strdup(role, &one->role);
}

static rk_error *
read_all_outstanding(const rk_node *object, const char *where, rk_keep_repo *repo)
{
	rk_node *list;
	rk_error *err;

	if (!rk_node_get(object, "outstanding"))
		return NULL;
	err = rk_node_want_array(object, "outstanding", where, &list);
	if (err)
		return err;
	repo->outstanding = calloc(rk_node_count(list) + 1, sizeof(*repo->outstanding));
	if (!repo->outstanding)
		return rk_out_of_memory();
	for (const rk_node *one = rk_node_child(list); one && !err; one = rk_node_next(one))
		err = read_outstanding(one, where, &repo->outstanding[repo->outstanding_count++]);
	return err;
}

static rk_error *
read_members(const rk_node *object, const char *where, rk_keep_repo *repo)
{
	const char *dialect, *gun;
	rk_error *err;

	if (rk_node_kind(object) != RK_JSON_OBJECT)
		return rk_fail(
		    RK_E_MALFORMED, "restore it from a copy", "%s is not an object", where);
	err = rk_node_want_text(object, "dialect", where, &dialect);
	if (!err)
		err = rk_strdup(dialect, &repo->dialect);
	if (!err && rk_node_get(object, "gun")) {
		err = rk_node_want_text(object, "gun", where, &gun);
		if (!err)
			err = rk_strdup(gun, &repo->gun);
	}
	if (!err)
		err = read_expiries(object, where, repo);
	if (!err)
		err = read_anchor(object, where, repo);
	if (!err)
		err = read_all_outstanding(object, where, repo);
	if (!err && repo->expiry_count > 1)
		qsort(repo->expires_days, repo->expiry_count, sizeof(*repo->expires_days),
		    compare_expiries);
	return err;
}

rk_error *
rk_keep_repo_read(const char *name, rk_node *object, const char *where, rk_keep_repo **ret_repo)
{
	RK_AUTO(rk_keep_repo) repo = calloc(1, sizeof(*repo));
	RK_AUTO(rk_str) component = NULL;
	rk_error *err;

	if (!repo) {
		rk_node_free(object);
		return rk_out_of_memory();
	}
	repo->rest = object;
	err = rk_keep_component(name, &component);
	if (rk_error_code(err) == RK_E_REFUSED)
		err = rk_recode(err, RK_E_MALFORMED);
	if (!err)
		err = rk_strdup(name, &repo->name);
	if (!err)
		err = read_members(object, where, repo);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(own_members) / sizeof(own_members[0]); i++)
		rk_node_remove(object, own_members[i]);
	*ret_repo = RK_TAKE(repo);
	return NULL;
}

static rk_error *
put_digest(rk_node *object, const uint8_t sha256[static RK_SHA256_SIZE])
{
	char hex[2 * RK_SHA256_SIZE + 1];

	rk_hex(hex, sha256, RK_SHA256_SIZE);
	return rk_node_put_text(object, "sha256", hex);
}

static rk_error *
outstanding_node(const rk_keep_outstanding *one, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	RK_AUTO(rk_node) prints = NULL;
	rk_error *err;

	if (!object)
		return rk_out_of_memory();
	err = rk_node_put_text(object, "role", one->role);
	if (!err)
		err = rk_node_put_int(object, "version", one->version);
	if (!err)
		err = put_digest(object, one->sha256);
	if (!err)
		err = rk_keep_strings_node(one->fingerprints, one->fingerprint_count, &prints);
	if (!err)
		err = rk_node_put(object, "fingerprints", RK_TAKE(prints));
	if (!err)
		*ret_object = RK_TAKE(object);
	return err;
}

static rk_error *
put_outstanding(const rk_keep_repo *repo, rk_node *object)
{
	RK_AUTO(rk_node) list = rk_node_new_array();
	rk_error *err = NULL;

	if (!list)
		return rk_out_of_memory();
	for (size_t i = 0; i < repo->outstanding_count && !err; i++) {
		rk_node *one = NULL;

		err = outstanding_node(&repo->outstanding[i], &one);
		if (!err)
			err = rk_node_append(list, one);
	}
	return err ? err : rk_node_put(object, "outstanding", RK_TAKE(list));
}

static rk_error *
put_anchor(const rk_keep_repo *repo, rk_node *object)
{
	RK_AUTO(rk_node) anchor = rk_node_new_object();
	rk_error *err;

	if (!anchor)
		return rk_out_of_memory();
	err = rk_node_put_int(anchor, "version", repo->anchor_version);
	if (!err)
		err = put_digest(anchor, repo->anchor_sha256);
	return err ? err : rk_node_put(object, "anchor", RK_TAKE(anchor));
}

static rk_error *
put_expiries(const rk_keep_repo *repo, rk_node *object)
{
	RK_AUTO(rk_node) days = rk_node_new_object();
	rk_error *err = NULL;

	if (!days)
		return rk_out_of_memory();
	for (size_t i = 0; i < repo->expiry_count && !err; i++)
		err = rk_node_put_int(
		    days, repo->expires_days[i].role, (int64_t)repo->expires_days[i].days);
	return err ? err : rk_node_put(object, "expires_days", RK_TAKE(days));
}

rk_error *
rk_keep_repo_node(const rk_keep_repo *repo, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_copy(repo->rest);
	rk_error *err;

	if (!object)
		return rk_out_of_memory();
	err = rk_node_put_text(object, "dialect", repo->dialect);
	if (!err && repo->gun)
		err = rk_node_put_text(object, "gun", repo->gun);
	if (!err)
		err = put_expiries(repo, object);
	if (!err && repo->anchored)
		err = put_anchor(repo, object);
	if (!err && repo->outstanding_count)
		err = put_outstanding(repo, object);
	if (!err)
		*ret_object = RK_TAKE(object);
	return err;
}
