/*
 * killed.h - a piece of work whose process is killed before its Nth change of the disk
 *
 * The work runs in a child that is traced: every system call that can change a file or folder is
 * counted as it begins, and at the Nth the child is killed, so it never happens. The code under
 * test knows nothing of it.
 */
#ifndef RK_SUPPORT_KILLED_H
#define RK_SUPPORT_KILLED_H

#include <stdbool.h>

/* False: the work came to its end, having changed the disk less than `step` times. Its result must
 * be 0 then. `step` is from 1. */
bool rk_killed_at(unsigned step, int (*work)(void *context), void *context);

#endif
