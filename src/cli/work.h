/*
 * work.h - what commands on a keep have in common: open it, show the plan, commit, tell the head
 *
 * Errors     as rk_keep_open, rk_plan_consent and rk_change_commit.
 */
#ifndef RK_CLI_WORK_H
#define RK_CLI_WORK_H

#include "flow/hands.h"
#include "flow/plan.h"
#include "keep/change.h"
#include "keep/memory.h"
#include "term/run.h"

enum rk_work_how { RK_WORK_READ, RK_WORK_WRITE, RK_WORK_CREATE };

/* The keep of this run: -C, or upward from the current folder. A dry run opens for reading, unless
 * it would create. */
RK_CHECKED rk_error *rk_work_keep(struct rk_run *run, enum rk_work_how how, rk_keep **ret_keep);
/*
 * With --dry-run: the plan is the result, `*ret_done` is false and nothing is written. Else the plan's
 * consent is asked, the change committed, and `*ret_done` true.
 */
RK_CHECKED rk_error *
rk_work_finish(struct rk_run *run, const rk_plan *plan, rk_change *change, bool *ret_done);
/* The journal's head as words, for the paper: after a run that used a token. */
RK_CHECKED rk_error *rk_work_tell_head(struct rk_run *run, const rk_keep *keep);
/* The same where one of the hands' tokens was used. */
RK_CHECKED rk_error *
rk_work_tell_head_used(struct rk_run *run, const rk_keep *keep, const rk_hands *hands);
/* Is it a file or folder, as the manual tells them from repositories? */
bool rk_work_is_path(const char *argument);
/* Every repository named, or all where `all`; RK_E_NOT_FOUND for one that is not there, RK_E_USAGE
 * for neither. Without names and with just one repository in the keep, that one. */
RK_CHECKED rk_error *
rk_work_repos(const rk_keep *keep, const rk_list *named, bool all, rk_names **ret_names);

#endif
