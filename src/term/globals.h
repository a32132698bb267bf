/*
 * globals.h - the options that every command takes
 *
 * Ownership  an rk_globals belongs to its rk_command_line, and so do its strings.
 * Errors     RK_E_USAGE a value that is none; RK_E_REFUSED a time that may not be signed with.
 * Units      times in seconds since the epoch, as in base/datetime.h.
 */
#ifndef RK_TERM_GLOBALS_H
#define RK_TERM_GLOBALS_H

#include "term/command.h"

#define RK_CLOCK_TOLERANCE (25 * INT64_C(3600)) /* how far --now may be from the clock */

struct rk_globals {
	const char *keep_dir; /* -C, NULL: look upward from the current folder */
	rk_list modules; /* --module: names or paths */
	bool network_token;
	bool json;
	bool dry_run;
	bool yes;
	bool no_input;
	/* [WHOSE=]FILE each; "-" is stdin. */
	rk_list pin_files, new_pin_files, so_pin_files, passphrase_files, share_files;
	bool last_pin_try;
	rk_list erase; /* serials */
	rk_list exceptions; /* RULE=REASON */
	const char *confirm_clock; /* as typed, NULL: not given */
	int64_t confirmed_clock;
	const char *now; /* as typed, NULL: not given */
	int64_t believed_now;
	bool fixed_clock;
	bool quiet, verbose;
	const char *color; /* "auto", "always", "never" */
	bool version, help;
};

/* The table, ended by RK_OPT_END. */
extern const struct rk_option rk_globals_options[];

/* Turn the texts into times and judge what cannot be together. RK_E_USAGE. */
RK_CHECKED rk_error *rk_globals_settle(struct rk_globals *globals);
/*
 * May something be signed at the time these globals ask for, when the machine's clock says `clock`?
 * RK_E_REFUSED: --now is further than RK_CLOCK_TOLERANCE from it and --fixed-clock is not given.
 */
RK_CHECKED rk_error *rk_globals_signing_time(const struct rk_globals *globals, int64_t clock);
/* The REASON given for RULE by --except; NULL: none. */
const char *rk_globals_exception(const struct rk_globals *globals, const char *rule);
/* Is --json among the arguments? For errors met before the command line was understood. */
bool rk_globals_json_asked(int argc, char *const *argv);

#endif
