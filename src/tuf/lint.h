/*
 * lint.h - which clients would refuse a metadata file, or choke on it, and why
 *
 * Clients of one dialect differ in what they read, and in the bytes that they verify. Each way in
 * which a file can meet one of them badly is a rule, with the clients that then refuse the file (or
 * cannot read it, or never count its signatures) as errors, and those to which it is only slow,
 * different or doubtful as warnings. A file is looked at by itself; nothing is verified. Targets are
 * walked in the text, so a sorted file of millions costs constant memory.
 *
 * Ownership  a lint owns its findings and their strings; rules are static. A wish is borrowed for
 *            the call.
 * Errors     RK_E_NOT_FOUND no client of that name; RK_E_NOMEM. A file that cannot be read is a
 *            finding, not an error.
 * Units      lines and columns count from 1, columns in bytes.
 */
#ifndef RK_TUF_LINT_H
#define RK_TUF_LINT_H

#include "tuf/dialect.h"

enum rk_lint_client {
	RK_LINT_PYTHON_TUF,
	RK_LINT_GO_TUF,
	RK_LINT_TOUGH,
	RK_LINT_TUF_JS,
	RK_LINT_NOTARY,
	RK_LINT_DOCKER,
	RK_LINT_CLIENT_COUNT
};

/* Sets of clients are of 1u << RK_LINT_…. */
typedef struct rk_lint_rule {
	const char *id; /* "ecdsa-p384": never renamed */
	unsigned errors, warnings; /* whose; one file may meet fewer of them */
	const char *sentence; /* of the rule in general, without a final stop */
	const char *remedy; /* without a final stop */
} rk_lint_rule;

typedef struct rk_lint_finding {
	const rk_lint_rule *rule;
	unsigned errors, warnings;
	char *file; /* foreign */
	char *role; /* the house's; foreign */
	size_t line, column; /* 0: the whole file */
	char *sentence; /* safe to print */
	uint64_t more; /* places of the same kind in this file that are not listed */
} rk_lint_finding;

typedef struct rk_lint {
	rk_lint_finding *findings; /* in the order of the files, and of the rules' looking */
	size_t count;
	size_t cap; /* lint.c's */
	size_t files;
} rk_lint;

/* Is the length of the file listed by the one that names it? Limits depend on it. */
enum rk_lint_listed { RK_LINT_LENGTH_UNKNOWN, RK_LINT_LENGTH_LISTED, RK_LINT_LENGTH_UNLISTED };

struct rk_lint_wish {
	const rk_dialect *dialect; /* NULL: by what the file says, else TUF */
	rk_text *text;
	const char *name; /* of the file, foreign */
	const char *role; /* the house's; NULL: by what the file says */
	int64_t version; /* that the file's name says; 0: none */
	const char *repo; /* the repository's name, which certificates are for; NULL: not known */
	int64_t now;
	bool superseded; /* a newer version is there: what is wrong with it is only warned of */
	enum rk_lint_listed length;
};

RK_CHECKED rk_error *rk_lint_new(rk_lint **ret_lint);
/* Look at one file; what is found is added. */
RK_CHECKED rk_error *rk_lint_file(rk_lint *lint, const struct rk_lint_wish *wish);
/* That many roots follow each other, up to the file `name`. */
RK_CHECKED rk_error *
rk_lint_chain(rk_lint *lint, const rk_dialect *dialect, const char *name, int64_t roots);
/* Does any of these clients have an error? */
bool rk_lint_has_error(const rk_lint *lint, unsigned clients);
void rk_lint_free(rk_lint *lint);
RK_DEFINE_FREEP(rk_lint)

/* "python-tuf" …; never NULL. */
const char *rk_lint_client_name(enum rk_lint_client client);
/* RK_E_NOT_FOUND lists those there are. */
RK_CHECKED rk_error *rk_lint_client_by_name(const char *name, enum rk_lint_client *ret_client);
/* Those that read the dialect; a NULL dialect: all. */
unsigned rk_lint_clients_of(const rk_dialect *dialect);
/* All rules, in a stable order. */
size_t rk_lint_rule_count(void);
const rk_lint_rule *rk_lint_rule_at(size_t index);

#endif
