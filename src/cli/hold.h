/*
 * hold.h - signals held back while something must not be left half done
 *
 * A scratch key on a token, a plan between two of its steps: a Ctrl-C waits until the step is
 * complete, and then ends the program as it would have at once.
 *
 * Errors     none.
 */
#ifndef RK_CLI_HOLD_H
#define RK_CLI_HOLD_H

#include <signal.h>
#include <stdbool.h>

/* Hold SIGINT, SIGTERM, SIGHUP and SIGQUIT. Not around a prompt, which wants them. */
void rk_hold_begin(sigset_t *ret_before);
/* Has one of them come? */
bool rk_hold_asked(void);
/* As before; the signal that came, for rk_run's `signal`, or 0. */
int rk_hold_end(const sigset_t *before);

#endif
