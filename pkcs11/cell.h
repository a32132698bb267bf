/*
 * cell.h - what a worker gives up before it loads a module
 *
 * In its own session (the terminal's ^C does not kill a module in the middle), without core dumps,
 * ptrace or new privileges, without the environment variables that make libraries load more code,
 * with no descriptor but the pipe and stderr, and (unless the network is allowed) unable to make
 * a socket that is not AF_UNIX. AF_UNIX still reaches daemons of this machine (pcscd, D-Bus): the
 * claim is "opens no network socket itself", no more.
 */
#ifndef RK_PKCS11_CELL_H
#define RK_PKCS11_CELL_H

#include "base/error.h"

/* Standard input and output become /dev/null; above stderr only `keep` stays open. */
RK_CHECKED rk_error *rk_cell_descriptors(int keep);
/* Own session, default signals, no dumps, no privileges, dead with its parent process. */
RK_CHECKED rk_error *rk_cell_process(void);
/* Drops the variables that load or trace code. */
void rk_cell_environment(void);
/* The filter, for every thread. RK_E_TOKEN with a remedy where the kernel has none. */
RK_CHECKED rk_error *rk_cell_calls(bool network);

#endif
