/*
 * check.h - the keep itself, judged for `rootkeep check`
 *
 * Reads what is there without believing it: keep.json, the journal's chain, a pending change, stray
 * files, owners, modes and links, repositories without a folder and folders without a repository,
 * metadata that is none. Changes nothing. Whether signatures suffice is not asked here.
 *
 * Ownership  a check owns its findings.
 * Errors     RK_E_NOT_FOUND no keep; RK_E_IO; RK_E_NOMEM. What is wrong with the keep is a finding.
 */
#ifndef RK_KEEP_CHECK_H
#define RK_KEEP_CHECK_H

#include "keep/keep.h"

enum rk_check_severity { RK_CHECK_NOTE, RK_CHECK_WARNING, RK_CHECK_WRONG };

typedef struct rk_check_finding {
	enum rk_check_severity severity;
	char *path; /* relative to the keep, foreign; "." for the keep */
	char *sentence; /* safe to print */
	char *remedy; /* safe to print; NULL: none */
} rk_check_finding;

typedef struct rk_check {
	char *path; /* the keep's, as it was opened */
	rk_check_finding *findings; /* in the order in which they were found */
	size_t count;
	size_t wrong; /* how many are more than a note */
	size_t files; /* looked at */
} rk_check;

/* "note", "warning", "wrong"; never NULL. */
const char *rk_check_severity_name(enum rk_check_severity severity);
/* `options->write` and `create` are not looked at. */
RK_CHECKED rk_error *rk_check_keep(const struct rk_keep_options *options, rk_check **ret_check);
void rk_check_free(rk_check *check);
RK_DEFINE_FREEP(rk_check)

#endif
