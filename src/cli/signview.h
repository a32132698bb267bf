/*
 * signview.h - what came of a signing, and the arguments that `sign` has for repositories and files
 *
 * Errors     RK_E_NOMEM; rk_cmd_sign_file: as flow/filesign.h.
 */
#ifndef RK_CLI_SIGNVIEW_H
#define RK_CLI_SIGNVIEW_H

#include "flow/signing.h"
#include "term/run.h"

struct rk_sign_args {
	rk_list repos;
	bool all;
	const char *role;
	rk_list keys;
	const char *root, *by, *keyid, *gun;
};

/* Lines and the document: per repository what was signed, published, and what waits for whom. */
RK_CHECKED rk_error *rk_signview_render(struct rk_run *run, const rk_signing *signing);
RK_CHECKED rk_error *rk_signview_plan(struct rk_run *run, const rk_plan *plan);
/* `sign FILE`. */
RK_CHECKED rk_error *rk_cmd_sign_file(struct rk_run *run, const struct rk_sign_args *sign);

#endif
