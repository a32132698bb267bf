#include "keep/check_private.h"

#include "base/show.h"

#include <string.h>

#define FILES_MAX 1000000

/* The key whose file this is; NULL: of none. */
static const rk_keep_key *
key_of(const rk_keep *keep, const char *name)
{
	RK_AUTO(rk_str) print = NULL;
	const char *slash = strchr(name, '/');
	rk_error *err;

	if (!slash || (strcmp(slash, "/slot.der") != 0 && strcmp(slash, "/f9.der") != 0))
		return NULL;
	err = rk_strndup(name, (size_t)(slash - name), &print);
	if (!err)
		return rk_keep_key_by_fingerprint(keep, print);
	rk_error_free(err);
	return NULL;
}

static rk_error *
judge(rk_check *check, const rk_dir *dir, const rk_keep *keep, const char *name)
{
	const rk_keep_key *key = key_of(keep, name);
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_str) leaf = NULL;
	RK_AUTO(rk_str) f9 = NULL;
	struct rk_check_place place = {
	    RK_CHECK_NOTE, NULL, "move it out of the keep, if nobody needs it here"};
	rk_error *err = rk_strdupf(&path, RK_KEEP_ATTESTATIONS "/%s", name);

	place.path = path;
	if (err)
		return err;
	if (!key)
		return rk_check_tell(check, &place, "it is the attestation of no key of the keep");
	err = rk_keep_attestation_paths(key, &leaf, &f9);
	if (err || (rk_file_exists(dir, leaf) && rk_file_exists(dir, f9)))
		return err;
	place.severity = RK_CHECK_WARNING;
	place.remedy = "restore it from a copy, or fetch it anew with 'rootkeep key attest'";
	return rk_check_tell(
	    check, &place, "half of the attestation of key %s is gone", RK_SHOW(key->name));
}

rk_error *
rk_check_attestations(rk_check *check, const rk_dir *dir, const rk_keep *keep)
{
	RK_AUTO(rk_names) there = NULL;
	rk_error *err = rk_dir_walk(dir, RK_KEEP_ATTESTATIONS, FILES_MAX, &there);

	/* That there is none is fine; what is not believed has been told already. */
	if (err && rk_error_code(err) != RK_E_NOMEM) {
		rk_error_free(err);
		return NULL;
	}
	for (size_t i = 0; !err && i < there->count; i++)
		err = judge(check, dir, keep, there->names[i]);
	return err;
}
