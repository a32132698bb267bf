#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static const char *
key_text(const void *item)
{
	return ((const rk_keep_key *)item)->name;
}

static const char *
print_text(const void *item)
{
	return ((const rk_keep_key *)item)->fingerprint;
}

static const char *
repo_text(const void *item)
{
	return ((const rk_keep_repo *)item)->name;
}

rk_error *
rk_keep_blank(rk_keep **ret_keep)
{
	RK_AUTO(rk_keep) keep = calloc(1, sizeof(*keep));
	rk_error *err;

	if (!keep)
		return rk_out_of_memory();
	keep->keys.text_of = key_text;
	keep->prints.text_of = print_text;
	keep->repos.text_of = repo_text;
	keep->rest = rk_node_new_object();
	if (!keep->rest)
		return rk_out_of_memory();
	err = rk_keep_policy_default(&keep->policy);
	if (!err)
		err = rk_keep_policy_default(&keep->own_policy);
	if (!err)
		*ret_keep = RK_TAKE(keep);
	return err;
}

/* One entry into the lists, in the file's order. */
typedef rk_error *(*take_entry)(
    rk_keep *keep, const char *name, rk_node *object, const char *where);

static rk_error *
take_key(rk_keep *keep, const char *name, rk_node *object, const char *where)
{
	rk_keep_key *key;
	rk_error *err;

	err = rk_keep_key_read(name, object, where, &key);
	if (err)
		return err;
	err = rk_keep_list_append(&keep->keys, key);
	if (err) {
		rk_keep_key_free(key);
		return err;
	}
	return rk_keep_list_append(&keep->prints, key);
}

static rk_error *
take_repo(rk_keep *keep, const char *name, rk_node *object, const char *where)
{
	rk_keep_repo *repo;
	rk_error *err;

	err = rk_keep_repo_read(name, object, where, &repo);
	if (err)
		return err;
	err = rk_keep_list_append(&keep->repos, repo);
	if (err)
		rk_keep_repo_free(repo);
	return err;
}

/* Entry by entry: no tree of a whole keep is ever made. */
static rk_error *
read_entries(
    rk_keep *keep, const rk_json *object, const char *kind, const char *file, take_entry take)
{
	rk_json_iter iter = rk_json_each(object);
	rk_json key, value;
	rk_error *err = NULL;

	if (object->kind != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "the %s entries of %s are not an object", kind, file);
	while (!err && rk_json_next(&iter, &key, &value)) {
		RK_AUTO(rk_str) name = NULL;
		RK_AUTO(rk_str) where = NULL;
		rk_node *node;

		err = rk_json_strdup(&key, &name);
		if (!err)
			err = rk_strdupf(&where, "%s %s in %s", kind, RK_SHOW(name), file);
		if (!err)
			err = rk_node_from_json(&value, where, &node);
		if (!err)
			err = take(keep, name, node, where);
	}
	return err;
}

static rk_error *
read_version(const rk_json *top, const char *where)
{
	rk_json member;
	int64_t version;
	rk_error *err;

	if (top->kind != RK_JSON_OBJECT || !rk_json_get(top, "rootkeep", &member))
		return rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "%s is not the file of a keep", where);
	err = rk_json_int(&member, &version);
	if (err)
		return rk_wrap(err, "%s does not say which version it has", where);
	if (version > RK_KEEP_VERSION)
		return rk_fail(RK_E_NEWER, "use a newer rootkeep",
		    "%s has version %lld, and this rootkeep knows %d", where, (long long)version,
		    RK_KEEP_VERSION);
	if (version < RK_KEEP_VERSION)
		return rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "%s has version %lld, which never was", where, (long long)version);
	return NULL;
}

static rk_error *
read_policy(rk_keep *keep, const rk_json *value, const char *where)
{
	rk_node *policy;
	rk_error *err;

	err = rk_node_from_json(value, where, &policy);
	return err ? err : rk_keep_policy_set(keep, policy);
}

static rk_error *
read_member(rk_keep *keep, const rk_json *key, const rk_json *value, const char *where)
{
	RK_AUTO(rk_str) name = NULL;
	rk_node *node;
	rk_error *err;

	if (rk_json_is(key, "rootkeep"))
		return NULL;
	if (rk_json_is(key, "keys"))
		return read_entries(keep, value, "key", where, take_key);
	if (rk_json_is(key, "repositories"))
		return read_entries(keep, value, "repository", where, take_repo);
	if (rk_json_is(key, "policy"))
		return read_policy(keep, value, where);
	err = rk_json_strdup(key, &name);
	if (!err)
		err = rk_node_from_json(value, where, &node);
	return err ? err : rk_node_put(keep->rest, name, node);
}

static rk_error *
sort(rk_keep *keep, const char *where)
{
	const char *twice = "";

	if (!rk_keep_list_sort(&keep->prints, &twice))
		return rk_fail(RK_E_MALFORMED, "restore it from a copy",
		    "%s has the key of fingerprint %s under two names", where, RK_SHOW(twice));
	/* Names are the members of an object, which the scan has found to be unique. */
	if (!rk_keep_list_sort(&keep->keys, &twice) || !rk_keep_list_sort(&keep->repos, &twice))
		return rk_fail(RK_E_MALFORMED, "restore it from a copy", "%s has %s twice", where,
		    RK_SHOW(twice));
	return NULL;
}

rk_error *
rk_keep_read(rk_keep *keep, const rk_text *text, const char *where)
{
	rk_json top, key, value;
	rk_json_iter iter;
	rk_error *err;

	err = rk_scan(text, RK_KEEP_FILE, &top);
	if (!err)
		err = read_version(&top, where);
	if (err)
		return err;
	iter = rk_json_each(&top);
	while (!err && rk_json_next(&iter, &key, &value))
		err = read_member(keep, &key, &value, where);
	return err ? err : sort(keep, where);
}

rk_error *
rk_keep_judge(const rk_text *text, rk_keep **ret_keep)
{
	RK_AUTO(rk_keep) keep = NULL;
	rk_error *err;

	err = rk_keep_blank(&keep);
	if (!err)
		err = rk_keep_read(keep, text, RK_KEEP_FILE);
	if (!err)
		*ret_keep = RK_TAKE(keep);
	return err;
}
