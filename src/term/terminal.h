/*
 * terminal.h - one question to the person at the terminal
 *
 * The answer is read with the echo off where it is a secret. The echo comes back after the answer,
 * after SIGINT, SIGTERM, SIGHUP, SIGQUIT and around a stop by Ctrl-Z; and after SIGKILL by a small
 * process that holds the terminal while the question stands and restores it when we are gone.
 *
 * Ownership  ret_answer belongs to the caller.
 * Errors     RK_E_NO_INPUT there is no terminal; RK_E_CANCELLED a signal or the end of input;
 *            RK_E_LIMIT an answer over RK_TERMINAL_MAX; RK_E_IO, RK_E_NOMEM.
 * Units      bytes.
 */
#ifndef RK_TERM_TERMINAL_H
#define RK_TERM_TERMINAL_H

#include "base/secret.h"

#define RK_TERMINAL_MAX 1024

struct rk_terminal_question {
	const char *path; /* of the terminal */
	const char *text; /* shown as it is: ours, or already shown */
	bool echo;
};

/* The line without its end; may be empty. `ret_signal` is set where a signal ended the question. */
RK_CHECKED rk_error *rk_terminal_ask(
    const struct rk_terminal_question *question, rk_secret **ret_answer, int *ret_signal);

/* A line from any descriptor, byte by byte, so that what follows stays there for others. "\n" and
 * "\r\n" end it. RK_E_CANCELLED at the end of input, or where a signal interrupts; RK_E_LIMIT,
 * RK_E_IO, RK_E_NOMEM. */
RK_CHECKED rk_error *rk_terminal_read_line(int fd, const char *name, rk_secret **ret_line);

#endif
