#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 3650000
#define KEYS_MAX 1000

static const char default_text[] = "{"
				   "\"clients\":[],"
				   "\"min_threshold\":{\"root\":1},"
				   "\"one_holder_one_key\":false,"
				   "\"require_attestation\":[],"
				   "\"schemes\":[],"
				   "\"survive\":{},"
				   "\"two_person\":false,"
				   "\"warn_days\":{"
				   "\"certificate\":[365,210],"
				   "\"root\":[210],"
				   "\"snapshot\":[7],"
				   "\"targets\":[60],"
				   "\"timestamp\":[3]}"
				   "}";

/* What a member of the policy must be. */
enum shape { SHAPE_FLAG, SHAPE_TEXTS, SHAPE_ROLES, SHAPE_COUNTS, SHAPE_DAYS };

struct member {
	const char *name;
	enum shape shape;
	const char *wanted;
};

static const struct member members[] = {
    {"min_threshold", SHAPE_COUNTS, "an object of roles with numbers"},
    {"survive", SHAPE_COUNTS, "an object of roles with numbers"},
    {"require_attestation", SHAPE_ROLES, "a list of roles (root, targets, targets/NAME, …)"},
    {"schemes", SHAPE_TEXTS, "a list of signature schemes"},
    {"clients", SHAPE_TEXTS, "a list of clients"},
    {"one_holder_one_key", SHAPE_FLAG, "true or false"},
    {"two_person", SHAPE_FLAG, "true or false"},
    {"warn_days", SHAPE_DAYS, "an object of lists of days"},
};

rk_error *
rk_keep_policy_default(rk_node **ret_policy)
{
	return rk_node_parse(
	    default_text, sizeof(default_text) - 1, "the default policy", ret_policy);
}

static bool
are_texts(const rk_node *node)
{
	if (rk_node_kind(node) != RK_JSON_ARRAY)
		return false;
	for (const rk_node *item = rk_node_child(node); item; item = rk_node_next(item)) {
		if (!rk_node_text(item))
			return false;
	}
	return true;
}

/* A role that is not there would be a condition of nothing. */
static bool
is_role(const char *name)
{
	static const char *const roles[] = {"root", "targets", "snapshot", "timestamp"};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(name, roles[i]))
			return true;
	return !strncmp(name, "targets/", 8) && name[8];
}

static bool
are_roles(const rk_node *node)
{
	if (!are_texts(node))
		return false;
	for (const rk_node *item = rk_node_child(node); item; item = rk_node_next(item)) {
		if (!is_role(rk_node_text(item)))
			return false;
	}
	return true;
}

static bool
is_number(const rk_node *node, int64_t least, int64_t most)
{
	return rk_node_kind(node) == RK_JSON_INTEGER && rk_node_int(node) >= least &&
	       rk_node_int(node) <= most;
}

static bool
are_counts(const rk_node *node)
{
	if (rk_node_kind(node) != RK_JSON_OBJECT)
		return false;
	for (const rk_node *item = rk_node_child(node); item; item = rk_node_next(item)) {
		if (!is_number(item, 0, KEYS_MAX))
			return false;
	}
	return true;
}

static bool
is_day_list(const rk_node *node)
{
	if (rk_node_kind(node) != RK_JSON_ARRAY || rk_node_count(node) > RK_KEEP_WARN_MAX)
		return false;
	for (const rk_node *item = rk_node_child(node); item; item = rk_node_next(item)) {
		if (!is_number(item, 1, DAYS_MAX))
			return false;
	}
	return true;
}

static bool
are_day_lists(const rk_node *node)
{
	if (rk_node_kind(node) != RK_JSON_OBJECT)
		return false;
	for (const rk_node *item = rk_node_child(node); item; item = rk_node_next(item)) {
		if (!is_day_list(item))
			return false;
	}
	return true;
}

static bool
has_shape(const rk_node *node, enum shape shape)
{
	enum rk_json_kind kind = rk_node_kind(node);

	switch (shape) {
	case SHAPE_FLAG:
		return kind == RK_JSON_TRUE || kind == RK_JSON_FALSE;
	case SHAPE_TEXTS:
		return are_texts(node);
	case SHAPE_ROLES:
		return are_roles(node);
	case SHAPE_COUNTS:
		return are_counts(node);
	case SHAPE_DAYS:
		return are_day_lists(node);
	}
	return false;
}

rk_error *
rk_keep_policy_judge(const rk_node *policy, const char *where)
{
	if (rk_node_kind(policy) != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, "write it as docs/formats.md shows",
		    "the policy of %s is not an object", where);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const rk_node *node = rk_node_get(policy, members[i].name);

		if (node && !has_shape(node, members[i].shape))
			return rk_fail(RK_E_MALFORMED, "write it as docs/formats.md shows",
			    "%s of the policy of %s is not %s", members[i].name, where,
			    members[i].wanted);
	}
	return NULL;
}

static rk_error *
copy_into(rk_node *object, const rk_node *member)
{
	rk_node *copy = rk_node_copy(member);

	return copy ? rk_node_put(object, rk_node_name(member), copy) : rk_out_of_memory();
}

/* Each kind of expiry has its own default; every other member is replaced as a whole. */
static rk_error *
merge_member(rk_node *policy, const rk_node *member)
{
	rk_node *days = rk_node_get(policy, "warn_days");
	rk_error *err = NULL;

	if (strcmp(rk_node_name(member), "warn_days") != 0)
		return copy_into(policy, member);
	for (const rk_node *list = rk_node_child(member); list && !err; list = rk_node_next(list))
		err = copy_into(days, list);
	return err;
}

rk_error *
rk_keep_policy_merge(const rk_node *own, rk_node **ret_policy)
{
	RK_AUTO(rk_node) policy = NULL;
	rk_error *err;

	err = rk_keep_policy_default(&policy);
	for (const rk_node *member = rk_node_child(own); member && !err;
	     member = rk_node_next(member))
		err = merge_member(policy, member);
	if (!err)
		*ret_policy = RK_TAKE(policy);
	return err;
}

const rk_node *
rk_keep_policy(const rk_keep *keep)
{
	return keep->policy;
}

rk_error *
rk_keep_policy_set(rk_keep *keep, rk_node *policy)
{
	RK_AUTO(rk_node) own = policy;
	RK_AUTO(rk_node) merged = NULL;
	rk_error *err;

	err = rk_keep_policy_judge(own, RK_KEEP_FILE);
	if (!err)
		err = rk_keep_policy_merge(own, &merged);
	if (err)
		return err;
	rk_node_free(keep->own_policy);
	rk_node_free(keep->policy);
	keep->own_policy = RK_TAKE(own);
	keep->policy = RK_TAKE(merged);
	return NULL;
}

static int
more_first(const void *a, const void *b)
{
	unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;

	return left < right ? 1 : left > right ? -1 : 0;
}

size_t
rk_keep_warn_days(const rk_keep *keep, const char *kind, unsigned ret_days[static RK_KEEP_WARN_MAX])
{
	const rk_node *all = rk_node_get(keep->policy, "warn_days");
	const rk_node *list = rk_node_get(all, kind);
	size_t count = 0;

	if (!list && rk_role_kind_of(kind) == RK_ROLE_DELEGATED)
		list = rk_node_get(all, "targets");
	for (const rk_node *day = rk_node_child(list); day && count < RK_KEEP_WARN_MAX;
	     day = rk_node_next(day))
		ret_days[count++] = (unsigned)rk_node_int(day);
	if (count > 1)
		qsort(ret_days, count, sizeof(*ret_days), more_first);
	return count;
}

unsigned
rk_keep_warn_window(const rk_keep *keep, const char *kind)
{
	unsigned days[RK_KEEP_WARN_MAX];

	return rk_keep_warn_days(keep, kind, days) ? days[0] : 0;
}

unsigned
rk_keep_min_threshold(const rk_keep *keep, const char *role)
{
	const rk_node *least = rk_node_get(rk_node_get(keep->policy, "min_threshold"), role);

	return rk_node_int(least) > 1 ? (unsigned)rk_node_int(least) : 1;
}

bool
rk_keep_wants_attestation(const rk_keep *keep, const char *role)
{
	const rk_node *list = rk_node_get(keep->policy, "require_attestation");

	for (const rk_node *item = rk_node_child(list); item; item = rk_node_next(item))
		if (!strcmp(rk_node_text(item), role))
			return true;
	return false;
}

bool
rk_keep_wants_attestations(const rk_keep *keep)
{
	return rk_node_count(rk_node_get(keep->policy, "require_attestation")) > 0;
}
