/*
 * planview.h - a plan as the result of a dry run
 *
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_CLI_PLANVIEW_H
#define RK_CLI_PLANVIEW_H

#include "flow/plan.h"
#include "term/run.h"

/* The steps as lines, and as this run's JSON document. */
RK_CHECKED rk_error *rk_planview_render(struct rk_run *run, const rk_plan *plan);

#endif
