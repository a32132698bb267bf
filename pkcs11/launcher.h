/*
 * launcher.h - a small process, forked before anything is open, that forks the workers
 *
 * A module must not inherit what the program has opened, read or decided since its start, and a
 * program that has used OpenSSL should not fork. So main's first deed is to fork the launcher: it
 * holds one socket, never loads a module, and forks a worker whenever it is asked. It is the
 * workers' parent, so it can kill one by its number without ever meeting a stranger: a dead
 * worker's number stays taken until the launcher has waited for it.
 *
 * Ownership  rk_launcher_free ends the launcher and every worker, and waits for them.
 * Errors     RK_E_TOKEN_GONE the launcher does not answer; RK_E_INTERNAL, RK_E_NOMEM.
 */
#ifndef RK_PKCS11_LAUNCHER_H
#define RK_PKCS11_LAUNCHER_H

#include "base/error.h"

#include <sys/types.h>

typedef struct rk_launcher rk_launcher;

RK_CHECKED rk_error *rk_launcher_fork(rk_launcher **ret_launcher);
/* A new worker: the parent's end of its pipe (non-blocking, close-on-exec) and its number. */
RK_CHECKED rk_error *
rk_launcher_start(rk_launcher *launcher, bool network, int *ret_fd, pid_t *ret_pid);
/* Kill a worker, if it still lives, and forget its number. */
void rk_launcher_kill(rk_launcher *launcher, pid_t pid);
void rk_launcher_free(rk_launcher *launcher);
RK_DEFINE_FREEP(rk_launcher)

#endif
