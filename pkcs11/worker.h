/*
 * worker.h - the other end of the pipe: one process, one module
 *
 * Forked by the launcher. It confines itself, loads the module that its first request names, and
 * answers requests in order until the pipe closes; then it finalizes the module and ends. It is
 * given PINs and what is to be signed, never a share, a split key or the keep.
 */
#ifndef RK_PKCS11_WORKER_H
#define RK_PKCS11_WORKER_H

#include "base/error.h"

/* Serves `fd` until it closes; the status to exit with. Never returns to a caller's other work. */
int rk_worker_run(int fd, bool network);

#endif
