#include "base/show.h"
#include "flow/judge_private.h"

#include <string.h>

#define TOLD 8 /* how many wrong files an error lists */

struct hunt {
	rk_judge *judge;
	rk_env *env;
	const rk_dir *dir;
	uint64_t done, total;
	rk_error *wrong; /* the first of them, joined */
};

static bool
hashes_fit(const rk_target *target, const rk_payload *payload)
{
	for (int hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512; hash++) {
		size_t len = 0;
		const uint8_t *digest = rk_payload_digest(payload, (enum rk_hash)hash, &len);

		if (!(target->hashes.have & (1u << hash)))
			continue;
		if (!digest || memcmp(digest, target->hashes.value[hash], len) != 0)
			return false;
	}
	return target->hashes.have != 0;
}

/* RK_E_FOUND: it is another file than the target says. */
static rk_error *
check_bytes(struct hunt *hunt, const rk_target *target, const char *path)
{
	RK_AUTO(rk_payload_pass) pass = NULL;
	rk_payload payload = {0};
	uint64_t len = 0;
	bool fits;
	rk_error *err = rk_payload_begin(target->hashes.have, false, &pass);

	if (!err)
		err = rk_file_feed(hunt->dir, path, target->length, rk_payload_sink(pass), &len);
	if (rk_error_code(err) == RK_E_LIMIT)
		return rk_recode(err, RK_E_FOUND);
	if (!err)
		err = rk_payload_finish(pass, &payload);
	if (err)
		return err;
	fits = hashes_fit(target, &payload);
	rk_payload_clear(&payload);
	if (len != target->length)
		return rk_fail(RK_E_FOUND, NULL, "%s has %llu bytes instead of %llu", RK_SHOW(path),
		    (unsigned long long)len, (unsigned long long)target->length);
	return fits ? NULL
		    : rk_fail(RK_E_FOUND, NULL, "%s has other hashes than the metadata says",
			  RK_SHOW(path));
}

/* A file that is there is judged; `*seen` says that one was. */
static rk_error *
check_path(struct hunt *hunt, const rk_target *target, const char *path, bool *seen)
{
	rk_error *err = check_bytes(hunt, target, path);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	*seen = true;
	if (!err || rk_error_code(err) != RK_E_FOUND)
		return err;
	if (hunt->judge->target_wrong++ < TOLD)
		hunt->wrong = hunt->wrong ? rk_join(hunt->wrong, err) : err;
	else
		rk_error_free(err);
	return NULL;
}

/* "a/HASH.b" for "a/b". */
static rk_error *
hashed_path(const rk_target *target, enum rk_hash hash, char **ret_path)
{
	const char *slash = strrchr(target->name, '/');
	const char *name = slash ? slash + 1 : target->name;
	char hex[2 * RK_HASHES_MAX + 1];

	rk_hex(hex, target->hashes.value[hash], rk_hashes_size(hash));
	return rk_strdupf(
	    ret_path, "%.*s%s.%s", (int)(name - target->name), target->name, hex, name);
}

static rk_error *
check_target(struct hunt *hunt, const rk_target *target)
{
	uint64_t wrong = hunt->judge->target_wrong;
	bool seen = false;
	rk_error *err = rk_target_check_name(hunt->judge->state->dialect, target->name);

	/* What no file can be called lies below no folder. */
	if (rk_error_code(err) == RK_E_REFUSED) {
		rk_error_free(err);
		hunt->judge->target_missing++;
		return NULL;
	}
	if (!err)
		err = check_path(hunt, target, target->name, &seen);
	for (int hash = RK_HASH_SHA224; hash <= RK_HASH_SHA512 && !err; hash++) {
		RK_AUTO(rk_str) path = NULL;

		if (!(target->hashes.have & (1u << hash)))
			continue;
		err = hashed_path(target, (enum rk_hash)hash, &path);
		if (!err)
			err = check_path(hunt, target, path, &seen);
	}
	if (!err && !seen)
		hunt->judge->target_missing++;
	else if (!err && wrong == hunt->judge->target_wrong)
		hunt->judge->target_good++;
	return err;
}

static bool
lists_targets(const rk_client_role *role)
{
	return rk_role_kind_of(role->name) >= RK_ROLE_TARGETS;
}

static rk_error *
check_role(struct hunt *hunt, const rk_client_role *role)
{
	rk_targets_iter iter = rk_targets_each(role->envelope);

	for (;;) {
		RK_AUTO(rk_target) target = NULL;
		rk_error *err = rk_targets_next(&iter, &target);

		if (err || !target)
			return err;
		err = check_target(hunt, target);
		if (err)
			return err;
		hunt->env->ops->progress(
		    hunt->env, "checking target files", ++hunt->done, hunt->total);
	}
}

static rk_error *
tell_wrong(const rk_judge *judge, rk_error *wrong, const char *folder)
{
	rk_error *err;

	if (judge->target_wrong == 1)
		err = rk_wrap(
		    wrong, "a target file in %s is not what the metadata says", RK_SHOW(folder));
	else
		err = rk_wrap(wrong, "%llu target files in %s are not what the metadata says",
		    (unsigned long long)judge->target_wrong, RK_SHOW(folder));
	return rk_advise(err, "publish the files again that were signed, or sign those that are "
			      "meant: rootkeep target add");
}

rk_error *
rk_judge_targets(rk_judge *judge, rk_env *env, const char *folder)
{
	struct hunt hunt = {.judge = judge, .env = env};
	RK_AUTO(rk_dir) dir = NULL;
	const rk_client_state *state = judge->state;
	rk_error *err = rk_dir_open(folder, RK_DIR_ANY, &dir);

	hunt.dir = dir;
	for (size_t i = 0; i < state->count && !err; i++)
		if (lists_targets(&state->roles[i]))
			hunt.total += rk_targets_count(state->roles[i].envelope);
	for (size_t i = 0; i < state->count && !err; i++)
		if (lists_targets(&state->roles[i]))
			err = check_role(&hunt, &state->roles[i]);
	judge->targets_checked = err == NULL;
	if (err)
		return rk_join(err, hunt.wrong);
	return hunt.wrong ? tell_wrong(judge, hunt.wrong, folder) : NULL;
}
