/*
 * verifyview.h - what came of verifying a repository, a folder or a file
 *
 * Lines and the document. What a client would refuse is an error besides.
 *
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_CLI_VERIFYVIEW_H
#define RK_CLI_VERIFYVIEW_H

#include "flow/judge.h"
#include "term/run.h"

/* `what` names the repository or folder as it was typed; `believed` says whether a client takes it. */
RK_CHECKED rk_error *
rk_verifyview_render(struct rk_run *run, const rk_judge *judge, const char *what, bool believed);
RK_CHECKED rk_error *rk_verifyview_render_file(
    struct rk_run *run, const rk_judge_file *judge, const char *file, bool believed);

#endif
