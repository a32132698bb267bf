#include "flow/create.h"

#include "base/show.h"
#include "flow/keyarg.h"
#include "keep/store.h"
#include "tuf/root.h"
#include "tuf/targets.h"

#include <string.h>

/* Whose keys a role has: its own, or those of the role that it falls back to. */
static enum rk_role_kind
keys_of(const struct rk_create *wanted, enum rk_role_kind kind)
{
	if (kind == RK_ROLE_TIMESTAMP && wanted->roles[kind].count == 0)
		kind = RK_ROLE_SNAPSHOT;
	if (kind == RK_ROLE_SNAPSHOT && wanted->roles[kind].count == 0)
		kind = RK_ROLE_TARGETS;
	return kind;
}

static bool
may_be_file(enum rk_role_kind kind)
{
	return kind == RK_ROLE_SNAPSHOT || kind == RK_ROLE_TIMESTAMP;
}

static rk_error *
add_role(rk_keep *keep, const struct rk_create *wanted, enum rk_role_kind kind, rk_root *root)
{
	enum rk_role_kind from = keys_of(wanted, kind);
	const struct rk_create_role *role = &wanted->roles[from];
	uint32_t threshold = from == kind && role->threshold ? role->threshold : 1;
	rk_error *err = NULL;

	for (size_t i = 0; i < role->count && !err; i++) {
		RK_AUTO(rk_tuf_key) key = NULL;

		err = rk_keyarg_tuf(keep, wanted->dialect, role->keys[i], may_be_file(from), &key);
		if (!err)
			err = rk_root_add_key(root, kind, key);
	}
	if (!err && threshold < rk_keep_min_threshold(keep, rk_role_kind_name(kind)) &&
	    !wanted->below_policy)
		return rk_fail(RK_E_REFUSED, "raise it, or give --except min-threshold=REASON",
		    "the keep's policy wants a threshold of at least %u for %s",
		    rk_keep_min_threshold(keep, rk_role_kind_name(kind)), rk_role_kind_name(kind));
	return err ? err : rk_root_set_threshold(root, kind, threshold);
}

static unsigned
days_of(const struct rk_create *wanted, enum rk_role_kind kind)
{
	for (size_t i = 0; i < wanted->expiry_count; i++)
		if (!strcmp(wanted->expires[i].role, rk_role_kind_name(kind)))
			return wanted->expires[i].days;
	return wanted->dialect->expires_days[kind];
}

static int64_t
expiry_of(const struct rk_create *wanted, rk_env *env, enum rk_role_kind kind)
{
	return env->ops->now(env) + (int64_t)days_of(wanted, kind) * RK_DAY;
}

/*
 * A second more for each repository of the keep: two made in one second under the same keys would
 * else have the same root, and so the same anchor.
 */
static int64_t
root_expiry(const rk_keep *keep, rk_env *env, const struct rk_create *wanted)
{
	return expiry_of(wanted, env, RK_ROLE_ROOT) + (int64_t)rk_keep_repo_count(keep) - 1;
}

static rk_error *
make_root(rk_keep *keep, rk_env *env, const struct rk_create *wanted, rk_text **ret_text)
{
	static const enum rk_role_kind kinds[] = {
	    RK_ROLE_ROOT, RK_ROLE_TARGETS, RK_ROLE_SNAPSHOT, RK_ROLE_TIMESTAMP};
	RK_AUTO(rk_root) root = NULL;
	rk_error *err = rk_root_new(wanted->dialect, root_expiry(keep, env, wanted),
	    wanted->dialect->consistent_default && !wanted->inconsistent, &root);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		err = add_role(keep, wanted, kinds[i], root);
	return err ? err : rk_root_compose(root, NULL, ret_text);
}

static rk_error *
register_repo(rk_keep *keep, const struct rk_create *wanted)
{
	rk_error *err = rk_keep_repo_add(keep, wanted->name, wanted->dialect, NULL);

	for (size_t i = 0; i < wanted->expiry_count && !err; i++) {
		err = rk_role_check_name(wanted->dialect, wanted->expires[i].role);
		if (!err)
			err = rk_keep_repo_set_expires(
			    keep, wanted->name, wanted->expires[i].role, wanted->expires[i].days);
	}
	return err;
}

static rk_error *
stage_files(rk_keep *keep, rk_env *env, const struct rk_create *wanted, rk_change *change)
{
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_text) root = NULL;
	RK_AUTO(rk_text) targets = NULL;
	rk_error *err = make_root(keep, env, wanted, &root);

	if (!err)
		err = rk_targets_blank(
		    wanted->dialect, expiry_of(wanted, env, RK_ROLE_TARGETS), &targets);
	if (!err)
		err = rk_store_open(keep, wanted->name, wanted->dialect, &store);
	if (!err)
		err = rk_store_stage(store, change, "root", root->data, root->len);
	if (!err)
		err = rk_store_stage(store, change, "targets", targets->data, targets->len);
	return err;
}

static rk_error *
write_journal(rk_env *env, const struct rk_create *wanted, rk_change *change)
{
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_str) action = NULL;
	rk_error *err = rk_strdupf(&action, "init %s", wanted->name);

	if (!err)
		err = rk_journal_entry_new(env, action, &entry);
	if (!err && wanted->below_policy)
		err = rk_journal_entry_except(entry, "min-threshold", wanted->below_policy);
	return err ? err : rk_change_journal(change, RK_TAKE(entry));
}

static rk_error *
make_plan(const rk_keep *keep, const struct rk_create *wanted, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "make repository %s (%s) in %s",
	    RK_SHOW_BARE(wanted->name), wanted->dialect->title, RK_SHOW(rk_keep_path(keep)));

	for (int kind = 0; kind < RK_ROLE_TOP_COUNT && !err; kind++) {
		const struct rk_create_role *role =
		    &wanted->roles[keys_of(wanted, (enum rk_role_kind)kind)];
		uint32_t threshold = wanted->roles[kind].threshold;

		err = rk_plan_add(plan, RK_EFFECT_STAGE, "%s: %u of %zu key%s",
		    rk_role_kind_name((enum rk_role_kind)kind), threshold ? threshold : 1,
		    role->count, role->count == 1 ? "" : "s");
	}
	if (!err)
		err = rk_plan_add(
		    plan, RK_EFFECT_STAGE, "stage root 1 and targets 1, for 'rootkeep sign'");
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

rk_error *
rk_create_repo(rk_keep *keep, rk_env *env, const struct rk_create *wanted, rk_plan **ret_plan,
    rk_change **ret_change)
{
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = register_repo(keep, wanted);

	if (!err)
		err = rk_change_new(keep, &change);
	if (!err)
		err = stage_files(keep, env, wanted, change);
	if (!err)
		err = write_journal(env, wanted, change);
	if (!err)
		err = make_plan(keep, wanted, &plan);
	if (err)
		return err;
	rk_change_save_keep(change);
	*ret_plan = RK_TAKE(plan);
	*ret_change = RK_TAKE(change);
	return NULL;
}
