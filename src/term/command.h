/*
 * command.h - the command table: what is read from the command line, and everything told of it
 *
 * One `const struct rk_command` per command. From the tables come parsing, `help`, completion, the
 * man pages' synopses and the test that the documents name every command and option. A command
 * declares a struct for its arguments; the RK_OPT_… and RK_ARG_… macros fill the tables with
 * offsets into it, and do not compile where the field has another type than the parser stores.
 *
 * Ownership  tables are static. An rk_command_line owns the arguments, the globals and every string
 *            and list in them; the original argv must outlive it.
 * Errors     RK_E_USAGE (with the nearest name where one is near), RK_E_NOMEM.
 */
#ifndef RK_TERM_COMMAND_H
#define RK_TERM_COMMAND_H

#include "base/buf.h"

struct rk_run; /* term/run.h */
struct rk_globals; /* term/globals.h */

/* The types of the fields. An empty list has count 0. */
typedef struct rk_list {
	const char **items;
	size_t count;
} rk_list;

struct rk_days {
	const char *role;
	int64_t days;
};

typedef struct rk_days_list {
	struct rk_days *items;
	size_t count;
} rk_days_list;

enum rk_option_kind {
	RK_OPTION_END,
	RK_OPTION_STRING, /* const char *, NULL where not given */
	RK_OPTION_FLAG, /* bool */
	RK_OPTION_LIST, /* rk_list: comma-separated or repeated ("%2C" is no comma) */
	RK_OPTION_REPEAT, /* rk_list: repeated only, commas belong to the value */
	RK_OPTION_INT, /* int64_t */
	RK_OPTION_CHOICE, /* const char *, one of metavar's "a|b|c" */
	RK_OPTION_DAYS, /* rk_days_list: role=DAYS,… */
};

enum {
	RK_REQUIRED = 1 << 0,
};

struct rk_option {
	enum rk_option_kind kind;
	size_t offset;
	const char *name; /* without the dashes; one letter for what is only a letter (-C) */
	const char *metavar; /* "URI"; FILE, DIR and PATH in it make completion offer those */
	const char *help; /* a phrase without a final stop */
	unsigned flags;
	int64_t min, max, otherwise; /* INT: bounds, and the value where it is not given */
	char letter; /* 'C' for -C, or 0 */
};

/* A positional argument. Required ones come first; a list can only be the last. */
struct rk_argument {
	enum rk_option_kind kind; /* STRING, or REPEAT: all that are left */
	size_t offset;
	const char *name; /* "URI|FILE"; completion as by metavar */
	const char *help;
	unsigned flags;
};

/* What a command does to the world: main prepares for it, `help` tells it. */
enum {
	RK_READS = 1 << 0, /* reads the keep or files, changes nothing */
	RK_TOUCHES_TOKEN = 1 << 1, /* gets run->tokens */
	RK_WRITES_METADATA = 1 << 2, /* metadata, staged or published */
	RK_WRITES_KEEP = 1 << 3, /* keep.json, journal */
	RK_HANDLES_SECRET = 1 << 4, /* key bytes or shares in this process */
	RK_DESTROYS = 1 << 5, /* something that cannot be had back */
	RK_SIGNS = 1 << 6, /* signs what others will believe: main holds --now to its bounds */
	RK_HIDDEN = 1 << 7, /* works, but is not listed */
	RK_SPAWNS = 1 << 8, /* runs this program again: main leaves it the sockets children need */
};

struct rk_command {
	const char *name; /* "key generate" */
	const char *summary; /* a phrase without a final stop */
	size_t args_size; /* sizeof(struct …_args); 0 without arguments */
	const struct rk_argument *arguments; /* ends in RK_ARG_END; NULL: none */
	const struct rk_option *options; /* ends in RK_OPT_END; NULL: none */
	unsigned effects;
	const char *example; /* one or more lines, each a command as a person types it */
	const char *description; /* paragraphs, blank lines between; NULL: the summary says all */
	RK_CHECKED rk_error *(*run)(struct rk_run *run, const void *args);
};

/* offsetof, but only if the field has the type that the parser will store. */
#define RK_FIELD(tag, field, type) \
	_Generic(((struct tag *)0)->field, type : offsetof(struct tag, field))

/* `tag` is the struct's tag, `field` its member, `n` the name, `mv` the metavar, `h` the help. */
#define RK_OPT_STRING(tag, field, n, mv, h, fl)                                         \
	{                                                                               \
		.kind = RK_OPTION_STRING, .offset = RK_FIELD(tag, field, const char *), \
		.name = (n), .metavar = (mv), .help = (h), .flags = (fl)                \
	}
#define RK_OPT_FLAG(tag, field, n, h)                                                      \
	{                                                                                  \
		.kind = RK_OPTION_FLAG, .offset = RK_FIELD(tag, field, bool), .name = (n), \
		.help = (h)                                                                \
	}
#define RK_OPT_LIST(tag, field, n, mv, h, fl)                                                 \
	{                                                                                     \
		.kind = RK_OPTION_LIST, .offset = RK_FIELD(tag, field, rk_list), .name = (n), \
		.metavar = (mv), .help = (h), .flags = (fl)                                   \
	}
#define RK_OPT_REPEAT(tag, field, n, mv, h, fl)                                                 \
	{                                                                                       \
		.kind = RK_OPTION_REPEAT, .offset = RK_FIELD(tag, field, rk_list), .name = (n), \
		.metavar = (mv), .help = (h), .flags = (fl)                                     \
	}
/* `lo` to `hi`; `other` where it is not given. */
#define RK_OPT_INT(tag, field, n, mv, h, lo, hi, other)                                      \
	{                                                                                    \
		.kind = RK_OPTION_INT, .offset = RK_FIELD(tag, field, int64_t), .name = (n), \
		.metavar = (mv), .help = (h), .min = (lo), .max = (hi), .otherwise = (other) \
	}
/* `mv` lists the words: "never|always|cached". */
#define RK_OPT_CHOICE(tag, field, n, mv, h, fl)                                         \
	{                                                                               \
		.kind = RK_OPTION_CHOICE, .offset = RK_FIELD(tag, field, const char *), \
		.name = (n), .metavar = (mv), .help = (h), .flags = (fl)                \
	}
#define RK_OPT_DAYS(tag, field, n, mv, h, fl)                                                      \
	{                                                                                          \
		.kind = RK_OPTION_DAYS, .offset = RK_FIELD(tag, field, rk_days_list), .name = (n), \
		.metavar = (mv), .help = (h), .flags = (fl)                                        \
	}
#define RK_OPT_END           \
	{                    \
		.name = NULL \
	}

#define RK_ARG(tag, field, n, h)                                                        \
	{                                                                               \
		.kind = RK_OPTION_STRING, .offset = RK_FIELD(tag, field, const char *), \
		.name = (n), .help = (h), .flags = RK_REQUIRED                          \
	}
#define RK_ARG_OPTIONAL(tag, field, n, h)                                               \
	{                                                                               \
		.kind = RK_OPTION_STRING, .offset = RK_FIELD(tag, field, const char *), \
		.name = (n), .help = (h)                                                \
	}
/* `fl` RK_REQUIRED: at least one. */
#define RK_ARG_LIST(tag, field, n, h, fl)                                                       \
	{                                                                                       \
		.kind = RK_OPTION_REPEAT, .offset = RK_FIELD(tag, field, rk_list), .name = (n), \
		.help = (h), .flags = (fl)                                                      \
	}
#define RK_ARG_END           \
	{                    \
		.name = NULL \
	}

/* A program: its name, one phrase of what it is for, and its commands, ended by NULL. */
struct rk_program {
	const char *name;
	const char *summary;
	const char *version;
	const struct rk_command *const *commands;
};

typedef struct rk_command_line {
	const struct rk_command *command; /* NULL: only --help or --version was given */
	char *topic; /* the words that name a command or a group ("key"), or "" */
	void *args; /* the command's struct */
	struct rk_globals *globals;
	void **owned; /* command.c's */
	size_t owned_count;
} rk_command_line;

/*
 * Read the command line. Global options stand anywhere, the command's own after its name; "--"
 * ends options. With --help or --version nothing is required of the rest. RK_E_USAGE, RK_E_NOMEM.
 */
RK_CHECKED rk_error *rk_command_parse(
    const struct rk_program *program, int argc, char *const *argv, rk_command_line **ret_line);
void rk_command_line_free(rk_command_line *line);
RK_DEFINE_FREEP(rk_command_line)

/* The command whose name is exactly `name`; NULL. */
const struct rk_command *rk_command_find(const struct rk_program *program, const char *name);
/* Is `words` a command, or the first words of some ("key")? */
bool rk_command_begins(const struct rk_program *program, const char *words);
/* The option called `name` in a table that may be NULL; NULL. */
const struct rk_option *rk_command_option(const struct rk_option *options, const char *name);
/* "-" for an option that is only a letter, else "--". */
const char *rk_command_dashes(const struct rk_option *option);
/* The command or group nearest to what was typed, whole name; NULL where none is near. */
const struct rk_command *rk_command_nearest(const struct rk_program *program, const char *typed);
/* The number of single-letter edits between two words, a swap counting one; capped at 64 letters. */
size_t rk_command_distance(const char *a, const char *b);

#endif
