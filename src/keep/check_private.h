/*
 * check_private.h - what the rooms of check.h share: telling a finding, and the parts of the look
 *
 * Errors     RK_E_IO, RK_E_NOMEM: what is wrong with the keep is told, not returned.
 */
#ifndef RK_KEEP_CHECK_PRIVATE_H
#define RK_KEEP_CHECK_PRIVATE_H

#include "keep/check.h"

/* A finding; the sentence is ours or shown. `remedy` may be NULL. */
struct rk_check_place {
	enum rk_check_severity severity;
	const char *path;
	const char *remedy;
};
RK_CHECKED rk_error *rk_check_tell(
    rk_check *check, const struct rk_check_place *place, const char *fmt, ...) RK_PRINTF(3, 4);
/* The same from an error, which is taken over: its sentences and remedy. RK_E_NOMEM stays one. */
RK_CHECKED rk_error *rk_check_tell_error(
    rk_check *check, enum rk_check_severity severity, const char *path, rk_error *err);

/* Owners, modes, links, unfinished files, and what does not belong at the top. */
RK_CHECKED rk_error *rk_check_files(rk_check *check, const rk_dir *dir);
/* certificates/ against keep.json, and each of them against its key. */
RK_CHECKED rk_error *rk_check_certificates(rk_check *check, const rk_dir *dir, const rk_keep *keep);
/* attestations/ against keep.json; what is in them is for whoever reads them to judge. */
RK_CHECKED rk_error *rk_check_attestations(rk_check *check, const rk_dir *dir, const rk_keep *keep);
/* repos/ against keep.json, and the metadata in it. `keep` NULL: it could not be read. */
RK_CHECKED rk_error *rk_check_repos(rk_check *check, const rk_dir *dir, const rk_keep *keep);

#endif
