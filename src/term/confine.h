/*
 * confine.h - what this process takes from itself
 *
 * The process that shows, verifies, splits and keeps needs little: no sockets, no programs, no core dumps, no
 * new privileges, nobody's configuration of OpenSSL. It gives the rest up before it opens a file.
 *
 * Errors     RK_E_INTERNAL where the system refuses; RK_E_NOMEM.
 */
#ifndef RK_TERM_CONFINE_H
#define RK_TERM_CONFINE_H

#include "base/error.h"

/* First of all, what was inherited: descriptors 0 to 2 are open (others stay: a shell's <(…) is a
 * file to be named), SIGPIPE is ignored, and environment variables that change what libraries load
 * or do are gone. RK_E_INTERNAL. */
RK_CHECKED rk_error *rk_confine_inherited(void);
/* The secure heap, no dumps, no tracing by others, no new privileges, a umask that lets nobody
 * else write. RK_E_NOMEM, RK_E_INTERNAL. */
RK_CHECKED rk_error *rk_confine_memory(void);
/*
 * For every thread: no more sockets (whoever needs some was started before), no looking into other
 * processes, no calls of another architecture, no way around this filter. `spawns`: this program is
 * run again, with the filter that it inherits, so programs and AF_UNIX stay. Else they go too.
 * RK_E_INTERNAL, RK_E_NOMEM.
 */
RK_CHECKED rk_error *rk_confine_calls(bool spawns);

#endif
