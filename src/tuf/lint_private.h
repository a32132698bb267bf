/*
 * lint_private.h - what the rooms of lint share
 *
 * lint.c has the findings and the order in which a file is looked at; each other room has some rules
 * as a table, and one function that looks for them.
 *
 * Ownership  everything here is borrowed for the look at one file.
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_TUF_LINT_PRIVATE_H
#define RK_TUF_LINT_PRIVATE_H

#include "tuf/lint.h"

#define RK_LINT_PY (1u << RK_LINT_PYTHON_TUF)
#define RK_LINT_GO (1u << RK_LINT_GO_TUF)
#define RK_LINT_TO (1u << RK_LINT_TOUGH)
#define RK_LINT_JS (1u << RK_LINT_TUF_JS)
#define RK_LINT_NO (1u << RK_LINT_NOTARY)
#define RK_LINT_DO (1u << RK_LINT_DOCKER)
#define RK_LINT_TUF (RK_LINT_PY | RK_LINT_GO | RK_LINT_TO | RK_LINT_JS)
#define RK_LINT_DCT (RK_LINT_NO | RK_LINT_DO)
#define RK_LINT_TUF_COUNT 4 /* clients of TUF come first in the enum */

#define RK_LINT_KINDS 96 /* kinds of findings that are counted in one file */

struct rk_lint_at;

/* How often something was found in this file. */
struct rk_lint_tally {
	const rk_lint_rule *rule;
	unsigned errors, warnings;
	unsigned told;
	size_t last; /* index of the last finding of it */
};

/* How the files of a dialect are looked at. */
struct rk_lint_reading {
	const rk_dialect *dialect;
	unsigned clients; /* who read it */
	bool
	    plain; /* spec_version, ids and signatures in hex, times in whole seconds: as TUF 1.0 */
	rk_error *(*examine)(struct rk_lint_at *at);
};

/* A file that is looked at. Spans have len 0 where there is no such member. */
struct rk_lint_at {
	rk_lint *lint;
	const struct rk_lint_wish *wish;
	const rk_dialect *dialect;
	const struct rk_lint_reading *reading;
	const char *role; /* the house's */
	enum rk_role_kind kind; /* by `_type`; TARGETS for delegated files too */
	bool delegated;
	rk_json file, payload, signatures;
	rk_json type, spec_version, version, expires, consistent, keys, roles, targets, delegations,
	    meta;
	struct rk_lint_tally tallies[RK_LINT_KINDS];
	size_t tally_count;
};

/* A finding whose clients differ from the rule's. */
struct rk_lint_case {
	const rk_lint_rule *rule;
	unsigned errors, warnings;
	const char *place; /* in the text; NULL: the whole file */
};

/* `fmt` and its arguments: a sentence without a final stop, safe to print. */
RK_CHECKED rk_error *rk_lint_tell(struct rk_lint_at *at, const rk_lint_rule *rule,
    const char *place, const char *fmt, ...) RK_PRINTF(4, 5);
RK_CHECKED rk_error *rk_lint_tell_case(
    struct rk_lint_at *at, const struct rk_lint_case *one, const char *fmt, ...) RK_PRINTF(3, 4);

/* The rules of each room. */
struct rk_lint_table {
	const rk_lint_rule *rules;
	size_t count;
};
extern const struct rk_lint_table rk_lint_text_table, rk_lint_header_table, rk_lint_keys_table,
    rk_lint_roles_table, rk_lint_delegations_table, rk_lint_files_table, rk_lint_size_table,
    rk_lint_notary_table, rk_lint_docker_table;

/* text: numbers of a text that the strict scan refused (`err` is its, taken over). */
RK_CHECKED rk_error *rk_lint_text_refused(struct rk_lint_at *at, rk_error *err);
/* Whatever canonicalisers do not agree on. */
RK_CHECKED rk_error *rk_lint_text_canonical(struct rk_lint_at *at);
/* header: `_type`, `spec_version`, `version`, `expires`, and the list of signatures. */
RK_CHECKED rk_error *rk_lint_header(struct rk_lint_at *at);

/* keys: what becomes of a key in a client. */
enum rk_lint_fate {
	RK_LINT_FINE,
	RK_LINT_USELESS, /* its signatures never count */
	RK_LINT_POISON, /* a role that names it is never believed */
	RK_LINT_BRICK, /* the whole file is unreadable */
};

typedef struct rk_lint_key {
	rk_tuf_key *key;
	const rk_lint_rule *rule; /* NULL: fine for all */
	enum rk_lint_fate fates[RK_LINT_TUF_COUNT];
	const char *place;
	unsigned broken; /* clients for which a role fails by it */
	bool named; /* by a role */
} rk_lint_key;

typedef struct rk_lint_keys {
	rk_lint_key *keys; /* sorted by id */
	size_t count;
} rk_lint_keys;

/* Keys' types are judged where the dialect is `plain`. */
RK_CHECKED rk_error *
rk_lint_keys_read(struct rk_lint_at *at, const rk_json *object, rk_lint_keys *ret_keys);
/* NULL: none of that id. */
rk_lint_key *rk_lint_keys_find(const rk_lint_keys *keys, const char *keyid);
/* Tell of the keys, after every role was looked at. */
RK_CHECKED rk_error *rk_lint_keys_tell(struct rk_lint_at *at, const rk_lint_keys *keys);
void rk_lint_keys_clear(rk_lint_keys *keys);

/* roles: one of {"keyids", "threshold"}; `name` is safe to print. */
RK_CHECKED rk_error *rk_lint_role(
    struct rk_lint_at *at, const rk_lint_keys *keys, const rk_json *role, const char *name);
/* All of a root. */
RK_CHECKED rk_error *rk_lint_roles_root(struct rk_lint_at *at);
/* Each of `roles`, and that the four are there. */
RK_CHECKED rk_error *rk_lint_roles_judge(struct rk_lint_at *at, const rk_lint_keys *keys);
/* delegations: all of a targets file. */
RK_CHECKED rk_error *rk_lint_delegations(struct rk_lint_at *at);
/* files: what targets, snapshot and timestamp list. */
RK_CHECKED rk_error *rk_lint_files_targets(struct rk_lint_at *at);
RK_CHECKED rk_error *rk_lint_files_meta(struct rk_lint_at *at);
/* notary: all of a file of Notary's but its header and size. */
RK_CHECKED rk_error *rk_lint_notary(struct rk_lint_at *at);
/* docker: what a targets file lists and delegates, as docker's client sees it. */
RK_CHECKED rk_error *rk_lint_docker(struct rk_lint_at *at);
/* size: of the file. */
RK_CHECKED rk_error *rk_lint_size(struct rk_lint_at *at);
RK_CHECKED rk_error *rk_lint_size_chain(struct rk_lint_at *at, int64_t roots);

#endif
