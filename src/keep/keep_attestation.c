#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>

rk_error *
rk_keep_attestation_paths(const rk_keep_key *key, char **ret_leaf, char **ret_f9)
{
	RK_AUTO(rk_str) leaf = NULL;
	RK_AUTO(rk_str) f9 = NULL;
	rk_error *err = rk_strdupf(&leaf, RK_KEEP_ATTESTATIONS "/%s/slot.der", key->fingerprint);

	if (!err)
		err = rk_strdupf(&f9, RK_KEEP_ATTESTATIONS "/%s/f9.der", key->fingerprint);
	if (err)
		return err;
	*ret_leaf = RK_TAKE(leaf);
	*ret_f9 = RK_TAKE(f9);
	return NULL;
}

static rk_error *
read_both(const rk_keep *keep, const char *leaf, const char *f9, rk_keep_attestation *attestation)
{
	rk_error *err = rk_text_read(keep->dir, leaf, RK_KEEP_ATTESTATION_MAX, &attestation->leaf);

	return err ? err : rk_text_read(keep->dir, f9, RK_KEEP_ATTESTATION_MAX, &attestation->f9);
}

rk_error *
rk_keep_attestation_read(
    const rk_keep *keep, const rk_keep_key *key, rk_keep_attestation **ret_attestation)
{
	RK_AUTO(rk_keep_attestation) attestation = NULL;
	RK_AUTO(rk_str) leaf = NULL;
	RK_AUTO(rk_str) f9 = NULL;
	rk_error *err = rk_keep_attestation_paths(key, &leaf, &f9);

	*ret_attestation = NULL;
	if (err || !keep->dir ||
	    (!rk_file_exists(keep->dir, leaf) && !rk_file_exists(keep->dir, f9)))
		return err;
	attestation = calloc(1, sizeof(*attestation));
	if (!attestation)
		return rk_out_of_memory();
	err = read_both(keep, leaf, f9, attestation);
	if (err)
		return rk_advise(err,
		    "restore it from a copy, or fetch it anew: rootkeep key attest %s",
		    RK_SHOW_BARE(key->name));
	*ret_attestation = RK_TAKE(attestation);
	return NULL;
}

bool
rk_keep_attestation_any(const rk_keep *keep)
{
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_error) err = NULL;

	if (!keep->dir)
		return false;
	/* One that is not believed is told by whoever reads it. */
	err = rk_dir_open_at(keep->dir, RK_KEEP_ATTESTATIONS, &dir);
	return rk_error_code(err) != RK_E_NOT_FOUND;
}

void
rk_keep_attestation_free(rk_keep_attestation *attestation)
{
	if (!attestation)
		return;
	rk_text_free(attestation->leaf);
	rk_text_free(attestation->f9);
	free(attestation);
}
