/*
 * prompt.h - the outside world as it is: the clock, the kernel's entropy, files, the terminal
 *
 * The rk_env that the shipped program runs on. A PIN comes, in this order, from a --pin-file that
 * names its token, from one for every token, from one that names none where the plan uses exactly
 * one token, from the URI's pin-source, from the terminal with its echo off. The echo comes back
 * after an answer, after a signal and, by a small process that waits for it, after SIGKILL.
 *
 * Ownership  an rk_prompt borrows the globals for its life.
 * Errors     RK_E_NO_INPUT names the option to give; RK_E_CANCELLED no, end of input or a signal;
 *            RK_E_UNSAFE a PIN file that others can read; RK_E_REFUSED a pin-source that is a
 *            command; RK_E_PIN_NEEDED a PIN file without a PIN; RK_E_NOT_FOUND, RK_E_IO the file;
 *            RK_E_NOMEM.
 */
#ifndef RK_TERM_PROMPT_H
#define RK_TERM_PROMPT_H

#include "term/globals.h"
#include "world/env.h"

typedef struct rk_prompt rk_prompt;

struct rk_prompt_options {
	const struct rk_globals *globals;
	int in_fd; /* what "-" reads */
	int err_fd; /* talk */
	const char *tty; /* "/dev/tty" */
};

RK_CHECKED rk_error *rk_prompt_new(const struct rk_prompt_options *options, rk_prompt **ret_prompt);
/* The env; borrowed. */
rk_env *rk_prompt_env(rk_prompt *prompt);
/* What the machine's clock said when the prompt was made. */
int64_t rk_prompt_clock(const rk_prompt *prompt);
/* The signal that stopped a prompt, or 0: main ends by it once everything is cleaned up. */
int rk_prompt_signal(const rk_prompt *prompt);
void rk_prompt_free(rk_prompt *prompt);
RK_DEFINE_FREEP(rk_prompt)

/*
 * Kinds of rk_pin_request and the option that answers each:
 * "PIN" --pin-file; "SO PIN", "management key", "PUK" --so-pin-file, and "new SO PIN" of a token that
 * is made; "new PIN", "next SO PIN", "next management key" --new-pin-file;
 * "passphrase", "new passphrase" --passphrase-file; "share" --share-file (a share a line, the next
 * line each time).
 */

#endif
