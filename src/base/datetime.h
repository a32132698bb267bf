/*
 * datetime.h - RFC 3339 times and expiry arithmetic
 *
 * Units      a time is an int64_t: seconds since 1970-01-01T00:00:00Z, without leap seconds.
 *            Days have 86,400 seconds. Years 0001 to 9999.
 * Errors     RK_E_MALFORMED.
 */
#ifndef RK_BASE_DATETIME_H
#define RK_BASE_DATETIME_H

#include "base/error.h"

#define RK_TIME_SIZE 21 /* "2026-11-23T20:33:12Z" and the zero */
#define RK_DAY INT64_C(86400)

/* Any RFC 3339 time: fractions are cut off, offsets applied. */
RK_CHECKED rk_error *rk_time_parse(const char *text, size_t len, int64_t *ret_time);
/* True for exactly YYYY-MM-DDTHH:MM:SSZ, the only form that every TUF client takes. */
bool rk_time_is_portable(const char *text, size_t len);
/* YYYY-MM-DDTHH:MM:SSZ into `out`; returns `out`. */
const char *rk_time_format(char out[static RK_TIME_SIZE], int64_t time);
#define RK_TIME(time) rk_time_format((char[RK_TIME_SIZE]){0}, (time))
/* "in 12 days", "3 days ago", "in 5 hours": for people. Into `out`, 32 bytes. */
const char *rk_time_distance(char out[static 32], int64_t from, int64_t to);

#endif
