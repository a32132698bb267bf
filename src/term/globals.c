#include "term/globals.h"

#include "base/datetime.h"
#include "base/show.h"

#include <string.h>

const struct rk_option rk_globals_options[] = {
    {.kind = RK_OPTION_STRING,
	.offset = RK_FIELD(rk_globals, keep_dir, const char *),
	.name = "C",
	.metavar = "DIR",
	.help = "the keep to work in, instead of the one found from the current folder upward",
	.letter = 'C'},
    RK_OPT_REPEAT(rk_globals, modules, "module", "NAME|PATH",
	"use this PKCS#11 module only; may be repeated", 0),
    RK_OPT_FLAG(rk_globals, network_token, "network-token",
	"let modules open network connections (a network HSM)"),
    RK_OPT_FLAG(rk_globals, json, "json", "the result as one JSON document on stdout"),
    RK_OPT_FLAG(rk_globals, dry_run, "dry-run", "show the plan, change nothing"),
    {.kind = RK_OPTION_FLAG,
	.offset = RK_FIELD(rk_globals, yes, bool),
	.name = "yes",
	.help = "answer yes to ordinary confirmations",
	.letter = 'y'},
    RK_OPT_FLAG(
	rk_globals, no_input, "no-input", "never prompt: what would be asked becomes an error"),
    RK_OPT_REPEAT(rk_globals, pin_files, "pin-file", "[WHOSE=]FILE",
	"the PIN is the file's first line; WHOSE is a token's serial or label, or *; - is stdin; "
	"may be repeated",
	0),
    RK_OPT_REPEAT(
	rk_globals, new_pin_files, "new-pin-file", "[WHOSE=]FILE", "the new PIN, likewise", 0),
    RK_OPT_REPEAT(rk_globals, so_pin_files, "so-pin-file", "[WHOSE=]FILE",
	"the security officer's PIN, or the PUK, likewise", 0),
    RK_OPT_REPEAT(rk_globals, passphrase_files, "passphrase-file", "[WHOSE=]FILE",
	"the passphrase of a key file, likewise; WHOSE is the role that Notary notes in it", 0),
    RK_OPT_REPEAT(
	rk_globals, share_files, "share-file", "FILE", "shares, one a line; may be repeated", 0),
    RK_OPT_FLAG(rk_globals, last_pin_try, "last-pin-try",
	"spend the last try of a PIN without being asked"),
    RK_OPT_REPEAT(rk_globals, erase, "erase", "SERIAL",
	"destroy what is on this token without the serial being asked back", 0),
    RK_OPT_STRING(rk_globals, confirm_clock, "confirm-clock", "TIME",
	"the time of day, as someone read it from another clock", 0),
    RK_OPT_REPEAT(rk_globals, exceptions, "except", "RULE=REASON",
	"go past this rule of the keep's policy; the reason is journaled; may be repeated", 0),
    RK_OPT_STRING(rk_globals, now, "now", "TIME",
	"the time to believe (RFC 3339); to sign, within 25 hours of the clock", 0),
    RK_OPT_FLAG(rk_globals, fixed_clock, "fixed-clock",
	"sign at any time that --now gives (tests, rehearsals)"),
    {.kind = RK_OPTION_FLAG,
	.offset = RK_FIELD(rk_globals, quiet, bool),
	.name = "quiet",
	.help = "say less: warnings and results only",
	.letter = 'q'},
    {.kind = RK_OPTION_FLAG,
	.offset = RK_FIELD(rk_globals, verbose, bool),
	.name = "verbose",
	.help = "say more",
	.letter = 'v'},
    RK_OPT_CHOICE(rk_globals, color, "color", "auto|always|never",
	"colour on stdout and stderr (default: auto; NO_COLOR is honoured)", 0),
    {.kind = RK_OPTION_FLAG,
	.offset = RK_FIELD(rk_globals, help, bool),
	.name = "help",
	.help = "what the command does, its options, and an example",
	.letter = 'h'},
    RK_OPT_FLAG(rk_globals, version, "version", "the version"),
    RK_OPT_END,
};

static rk_error *
parse_time(const char *option, const char *text, int64_t *ret_time)
{
	rk_error *err = rk_time_parse(text, strlen(text), ret_time);

	if (!err)
		return NULL;
	err = rk_recode(rk_wrap(err, "--%s %s is not a time", option, RK_SHOW(text)), RK_E_USAGE);
	return rk_advise(err, "write it as 2026-11-23T20:33:12Z");
}

static rk_error *
check_exceptions(const rk_list *exceptions)
{
	for (size_t i = 0; i < exceptions->count; i++) {
		const char *item = exceptions->items[i], *equals = strchr(item, '=');

		if (!equals || equals == item || equals[1] == 0)
			return rk_fail(RK_E_USAGE, "write --except RULE=REASON",
			    "--except %s has no rule or no reason", RK_SHOW(item));
	}
	return NULL;
}

rk_error *
rk_globals_settle(struct rk_globals *globals)
{
	rk_error *err = NULL;

	if (!globals->color)
		globals->color = "auto";
	if (globals->quiet && globals->verbose)
		return rk_fail(RK_E_USAGE, "give one of them", "-q and -v exclude each other");
	if (globals->fixed_clock && !globals->now)
		return rk_fail(
		    RK_E_USAGE, "add --now TIME", "--fixed-clock is given without --now");
	if (globals->now)
		err = parse_time("now", globals->now, &globals->believed_now);
	if (!err && globals->confirm_clock)
		err =
		    parse_time("confirm-clock", globals->confirm_clock, &globals->confirmed_clock);
	return err ? err : check_exceptions(&globals->exceptions);
}

rk_error *
rk_globals_signing_time(const struct rk_globals *globals, int64_t clock)
{
	int64_t now = globals->believed_now;

	if (!globals->now || globals->fixed_clock)
		return NULL;
	if (now >= clock - RK_CLOCK_TOLERANCE && now <= clock + RK_CLOCK_TOLERANCE)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "set the machine's clock right; for tests and rehearsals add --fixed-clock",
	    "--now %s is more than 25 hours from the clock's %s, too far to sign with",
	    RK_TIME(now), RK_TIME(clock));
}

const char *
rk_globals_exception(const struct rk_globals *globals, const char *rule)
{
	size_t len = strlen(rule);

	for (size_t i = 0; i < globals->exceptions.count; i++) {
		const char *item = globals->exceptions.items[i];

		if (!strncmp(item, rule, len) && item[len] == '=')
			return item + len + 1;
	}
	return NULL;
}

bool
rk_globals_json_asked(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}
