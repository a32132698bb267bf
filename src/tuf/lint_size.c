#include "tuf/lint_private.h"

#define MOST (RK_LINT_PY | RK_LINT_GO | RK_LINT_JS)

enum { FILE_SIZE, LISTED, ROOTS, RULES };

static const rk_lint_rule rules[RULES] = {
    [FILE_SIZE] = {"size-limit", RK_LINT_TUF | RK_LINT_DCT, 0,
	"the file is larger than a client reads",
	"use smaller signatures or fewer keys; for snapshot and targets, list their length"},
    [LISTED] = {"size-limit-unlisted", 0, RK_LINT_TUF,
	"the file is larger than a client reads where nothing lists its length",
	"list its length in the file above it, or make it smaller"},
    [ROOTS] = {"roots-many", 0, RK_LINT_TUF,
	"a client follows so many roots at most in one update: one that starts from the first "
	"needs "
	"several",
	"ship clients with a newer root"},
};
const struct rk_lint_table rk_lint_size_table = {rules, RULES};

/* What python-tuf, go-tuf and tuf-js read, and what tough does. */
static const struct limit {
	size_t most, tough;
	bool when_unlisted; /* only where its length is not listed */
} limits[RK_ROLE_TOP_COUNT] = {
    [RK_ROLE_ROOT] = {512000, 1u << 20, false},
    [RK_ROLE_TIMESTAMP] = {16384, 1u << 20, false},
    [RK_ROLE_SNAPSHOT] = {2000000, 1u << 20, true},
    [RK_ROLE_TARGETS] = {5000000, 10u << 20, true},
};

/* Others are read as far as the file above them says. */
static const size_t notary_limits[RK_ROLE_TOP_COUNT] = {
    [RK_ROLE_ROOT] = 100u << 20,
    [RK_ROLE_TIMESTAMP] = 1u << 20,
    [RK_ROLE_SNAPSHOT] = SIZE_MAX,
    [RK_ROLE_TARGETS] = SIZE_MAX,
};

static const struct {
	unsigned clients;
	int64_t roots;
} rotations[] = {{MOST, 256}, {RK_LINT_TO, 1024}};

static rk_error *
tell_size(struct rk_lint_at *at, size_t limit, unsigned clients)
{
	bool unlisted = limits[at->kind].when_unlisted;
	bool sure = !unlisted || at->wish->length == RK_LINT_LENGTH_UNLISTED;
	struct rk_lint_case one = {
	    &rules[sure ? FILE_SIZE : LISTED], sure ? clients : 0, sure ? 0 : clients, NULL};

	return rk_lint_tell_case(at, &one, "it has %zu bytes, and at most %zu are read%s",
	    at->wish->text->len, limit, unlisted ? " where its length is not listed" : "");
}

rk_error *
rk_lint_size(struct rk_lint_at *at)
{
	const struct limit *limit;
	size_t size = at->wish->text->len;
	rk_error *err = NULL;

	if (at->kind >= RK_ROLE_TOP_COUNT)
		return NULL;
	if (size > notary_limits[at->kind])
		err = rk_lint_tell_case(at,
		    &(struct rk_lint_case){&rules[FILE_SIZE], RK_LINT_DCT, 0, NULL},
		    "it has %zu bytes, and at most %zu are read", size, notary_limits[at->kind]);
	if (err)
		return err;
	limit = &limits[at->kind];
	if (limit->when_unlisted && at->wish->length == RK_LINT_LENGTH_LISTED)
		return NULL;
	if (size > limit->most)
		err = tell_size(at, limit->most, MOST);
	if (!err && size > limit->tough)
		err = tell_size(at, limit->tough, RK_LINT_TO);
	return err;
}

rk_error *
rk_lint_size_chain(struct rk_lint_at *at, int64_t roots)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < sizeof(rotations) / sizeof(rotations[0]) && !err; i++) {
		const struct rk_lint_case one = {&rules[ROOTS], 0, rotations[i].clients, NULL};

		if (roots > rotations[i].roots)
			err = rk_lint_tell_case(at, &one,
			    "%lld roots follow each other, and at most %lld are followed at once",
			    (long long)roots, (long long)rotations[i].roots);
	}
	return err;
}
