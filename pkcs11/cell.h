/*
 * cell.h - what a worker gives up before it loads a module
 *
 * In its own session (the terminal's ^C does not kill a module in the middle), without core dumps,
 * ptrace or new privileges, without the environment variables that make libraries load more code,
 * without root's ways into other processes, with no descriptor but the pipe and a stderr that is no
 * terminal, unable to start a process or a program, and (unless the network is allowed) to make a
 * socket that is not AF_UNIX. AF_UNIX still reaches daemons of this machine (pcscd, D-Bus): the
 * claim is "opens no network socket itself", no more. A call of another architecture ends it.
 */
#ifndef RK_PKCS11_CELL_H
#define RK_PKCS11_CELL_H

#include "base/error.h"

/* Standard input and output become /dev/null, and so does a stderr that is a terminal: what a
 * module writes is foreign text. Above stderr only `keep` stays open. */
RK_CHECKED rk_error *rk_cell_descriptors(int keep);
/* Own session, default signals, no dumps, no new privileges, no capabilities over other processes. */
RK_CHECKED rk_error *rk_cell_process(void);
/* Drops the variables that load code, or have a module log what it does. */
void rk_cell_environment(void);
/* The filter, for every thread. RK_E_TOKEN with a remedy where the kernel has none. */
RK_CHECKED rk_error *rk_cell_calls(bool network);

#endif
