/*
 * inspectview.h - an inspection in docker's own words: its JSON, its tables, to the byte
 *
 * Errors     RK_E_NOMEM.
 * Standard   `docker trust inspect` and `docker trust inspect --pretty` of docker/cli 28. Where a name
 *            holds what would move a terminal, the table shows it escaped.
 */
#ifndef RK_CLI_INSPECTVIEW_H
#define RK_CLI_INSPECTVIEW_H

#include "flow/inspect.h"

/* An array with one object. `what` is the reference as it was typed. */
RK_CHECKED rk_error *rk_inspectview_json(const rk_inspect *inspect, const char *what, rk_buf *out);
RK_CHECKED rk_error *
rk_inspectview_pretty(const rk_inspect *inspect, const char *what, rk_buf *out);

#endif
