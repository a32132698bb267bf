/*
 * lintrun.h - lint over a repository, a folder or a file, and before a root is signed
 *
 * Of a repository both what is published and what is staged is looked at; of roots every one, since
 * clients walk them all; of other roles the newest file, and of delegations those that the snapshot
 * lists. The keep's policy names the clients that matter; without it all of the dialect do.
 *
 * Ownership  a wish is borrowed for the call.
 * Errors     RK_E_NOT_FOUND no such file, or nothing to look at; RK_E_MALFORMED a policy that names
 *            a client that lint does not know; RK_E_REFUSED by the gate; RK_E_LIMIT; RK_E_IO;
 *            RK_E_NOMEM.
 */
#ifndef RK_FLOW_LINTRUN_H
#define RK_FLOW_LINTRUN_H

#include "flow/repo.h"
#include "tuf/lint.h"

struct rk_lintrun_wish {
	rk_env *env;
	rk_repo *repo; /* what it has published and staged; or NULL */
	const char *path; /* else a folder or a file */
	const char
	    *gun; /* the name that certificates are for; NULL: the repository's, or not known */
};

/* Every file that clients would read. */
RK_CHECKED rk_error *rk_lintrun_take(const struct rk_lintrun_wish *wish, rk_lint **ret_lint);
/* The clients that the policy names; 0: none. */
RK_CHECKED rk_error *rk_lintrun_policy(const rk_keep *keep, unsigned *ret_clients);
/*
 * May this root be signed? Not if a client that the policy names would refuse it; where the policy
 * names none of the dialect, not if all of its clients would. RK_E_REFUSED names client, rule and remedy.
 */
RK_CHECKED rk_error *rk_lintrun_gate(rk_repo *repo, const rk_envelope *root);

#endif
