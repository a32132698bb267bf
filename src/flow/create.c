#include "flow/create.h"

#include "base/hashwords.h"
#include "base/show.h"
#include "flow/keyarg.h"
#include "flow/repo.h"
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

/* What a new repository is made with. */
struct making {
	const struct rk_custody *custody;
	const struct rk_create *wanted;
	rk_change *change;
};

static rk_error *
key_for(const struct making *making, enum rk_role_kind kind, const char *text, bool file,
    rk_tuf_key **ret_key)
{
	const struct rk_create *wanted = making->wanted;
	const struct rk_keyarg_root root = {
	    making->custody, wanted->dialect, wanted->name, making->change};

	if (kind == RK_ROLE_ROOT)
		return rk_keyarg_root(&root, text, ret_key);
	return rk_keyarg_tuf(making->custody->keep, wanted->dialect, text, file, ret_key);
}

/* Whoever fetched a server's key read these words there: they must be the same here. */
static rk_error *
tell_foreign(const struct making *making, enum rk_role_kind kind, const rk_tuf_key *key)
{
	RK_AUTO_BUF(words);
	uint8_t id[RK_SHA256_SIZE];
	rk_error *err;

	if (!may_be_file(kind) || !key->pubkey || !key->id_computed ||
	    rk_keep_key_by_pubkey(making->custody->keep, key->pubkey))
		return NULL;
	err = rk_unhex(key->keyid, strlen(key->keyid), id, sizeof(id));
	if (!err) {
		rk_hashwords_append(&words, id, "  ");
		err = rk_buf_check(&words);
	}
	if (!err)
		rk_sayf(making->custody->env, RK_SAY_INFO,
		    "%s is signed elsewhere, by key %s; its words, to compare with those that were "
		    "read where it came from:\n%.*s",
		    rk_role_kind_name(kind), RK_SHOW_BARE(key->keyid), (int)words.len - 1,
		    rk_buf_str(&words));
	return err;
}

static rk_error *
judge_threshold(const struct making *making, enum rk_role_kind kind, uint32_t threshold)
{
	unsigned least = rk_keep_min_threshold(making->custody->keep, rk_role_kind_name(kind));

	if (threshold >= least || making->wanted->below_policy)
		return NULL;
	return rk_fail(RK_E_REFUSED, "raise it, or give --except min-threshold=REASON",
	    "the keep's policy wants a threshold of at least %u for %s", least,
	    rk_role_kind_name(kind));
}

static rk_error *
add_role(const struct making *making, enum rk_role_kind kind, rk_root *root)
{
	enum rk_role_kind from = keys_of(making->wanted, kind);
	const struct rk_create_role *role = &making->wanted->roles[from];
	uint32_t threshold = from == kind && role->threshold ? role->threshold : 1;
	rk_error *err = judge_threshold(making, kind, threshold);

	for (size_t i = 0; i < role->count && !err; i++) {
		RK_AUTO(rk_tuf_key) key = NULL;

		err = key_for(making, kind, role->keys[i], may_be_file(from), &key);
		if (!err)
			err = rk_attest_demand(making->custody->keep, making->wanted->attestation,
			    rk_role_kind_name(kind), key);
		if (!err)
			err = rk_root_add_key(root, kind, key);
		if (!err)
			err = tell_foreign(making, kind, key);
	}
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

static size_t
keys_in_common(const rk_root *a, const rk_root *b)
{
	const rk_role *role = rk_root_role(a, RK_ROLE_ROOT);
	size_t count = 0;

	for (size_t i = 0; i < role->keyid_count; i++)
		count += rk_role_has(rk_root_role(b, RK_ROLE_ROOT), role->keyids[i]);
	return count;
}

static rk_error *
is_interchangeable(const struct making *making, const char *name, const rk_root *root, bool *ret_is)
{
	RK_AUTO(rk_repo) repo = NULL;
	const rk_root *other = NULL;
	rk_error *err = rk_repo_open(making->custody->keep, making->custody->env, name, &repo);
	size_t common;

	if (!err)
		err = rk_repo_root(repo, RK_VIEW_NEXT, &other);
	/* What is damaged, or not there yet, is for `check` to tell. */
	if (err && rk_error_code(err) != RK_E_NOMEM) {
		rk_error_free(err);
		return NULL;
	}
	if (err)
		return err;
	common = keys_in_common(root, other);
	*ret_is = common >= rk_root_role(root, RK_ROLE_ROOT)->threshold ||
		  common >= rk_root_role(other, RK_ROLE_ROOT)->threshold;
	return NULL;
}

/* A root says nothing of whose it is: under one quorum, one repository's can be served as
 * another's. Certificates are for one name, and so need no warning. */
static rk_error *
tell_shared_root(const struct making *making, const rk_root *root)
{
	const struct rk_create *wanted = making->wanted;
	rk_error *err = NULL;
	bool is = false;

	if (wanted->shared_root || wanted->dialect->root_certificates)
		return NULL;
	for (size_t i = 0; !err && !is && i < rk_keep_repo_count(making->custody->keep); i++) {
		const rk_keep_repo *repo = rk_keep_repo_at(making->custody->keep, i);

		if (!strcmp(repo->name, wanted->name) ||
		    strcmp(repo->dialect, wanted->dialect->name) != 0)
			continue;
		err = is_interchangeable(making, repo->name, root, &is);
		if (!err && is)
			rk_sayf(making->custody->env, RK_SAY_WARNING,
			    "a quorum of these root keys may sign for %s too, so each could be "
			    "served as the other; give each its own, or say --shared-root",
			    RK_SHOW(repo->name));
	}
	return err;
}

static rk_error *
make_root(const struct making *making, rk_text **ret_text)
{
	const struct rk_create *wanted = making->wanted;
	static const enum rk_role_kind kinds[] = {
	    RK_ROLE_ROOT, RK_ROLE_TARGETS, RK_ROLE_SNAPSHOT, RK_ROLE_TIMESTAMP};
	RK_AUTO(rk_root) root = NULL;
	rk_error *err = rk_root_new(wanted->dialect,
	    root_expiry(making->custody->keep, making->custody->env, wanted),
	    wanted->dialect->consistent_default && !wanted->inconsistent, &root);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		err = add_role(making, kinds[i], root);
	if (!err)
		err = tell_shared_root(making, root);
	return err ? err : rk_root_compose(root, NULL, ret_text);
}

static rk_error *
register_repo(rk_keep *keep, const struct rk_create *wanted)
{
	rk_error *err = wanted->dialect->repo_name_check
			    ? wanted->dialect->repo_name_check(wanted->name)
			    : NULL;

	if (!err)
		err = rk_keep_repo_add(keep, wanted->name, wanted->dialect, NULL);

	for (size_t i = 0; i < wanted->expiry_count && !err; i++) {
		err = rk_role_check_name(wanted->dialect, wanted->expires[i].role);
		if (!err)
			err = rk_keep_repo_set_expires(
			    keep, wanted->name, wanted->expires[i].role, wanted->expires[i].days);
	}
	return err;
}

static rk_error *
stage_files(const struct making *making)
{
	rk_keep *keep = making->custody->keep;
	const struct rk_create *wanted = making->wanted;
	RK_AUTO(rk_store) store = NULL;
	RK_AUTO(rk_text) root = NULL;
	RK_AUTO(rk_text) targets = NULL;
	rk_error *err = make_root(making, &root);

	if (!err)
		err = rk_targets_blank(wanted->dialect,
		    expiry_of(wanted, making->custody->env, RK_ROLE_TARGETS), &targets);
	if (!err)
		err = rk_store_open(keep, wanted->name, wanted->dialect, &store);
	if (!err)
		err = rk_store_stage(store, making->change, "root", root->data, root->len);
	if (!err)
		err = rk_store_stage(store, making->change, "targets", targets->data, targets->len);
	return err;
}

static rk_error *
write_journal(const struct rk_custody *custody, const struct rk_create *wanted, rk_change *change)
{
	RK_AUTO(rk_journal_entry) entry = NULL;
	RK_AUTO(rk_str) action = NULL;
	RK_AUTO(rk_node) tokens = NULL;
	rk_error *err = rk_strdupf(&action, "init %s", wanted->name);

	if (!err)
		err = rk_journal_entry_new(custody->env, action, &entry);
	/* Those that made certificates. */
	if (!err && custody->hands)
		err = rk_hands_used(custody->hands, &tokens);
	if (!err && rk_node_count(tokens) > 0)
		err = rk_journal_entry_tokens(entry, RK_TAKE(tokens));
	if (!err && wanted->below_policy)
		err = rk_journal_entry_except(entry, "min-threshold", wanted->below_policy);
	if (!err && wanted->attestation && wanted->attestation->excepted &&
	    rk_keep_wants_attestations(custody->keep))
		err = rk_journal_entry_except(entry, RK_ATTEST_RULE, wanted->attestation->excepted);
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

/* Who signs snapshot and timestamp must be said where a server mostly does. */
static rk_error *
judge_servers(const struct rk_create *wanted)
{
	static const enum rk_role_kind kinds[] = {RK_ROLE_TIMESTAMP, RK_ROLE_SNAPSHOT};
	rk_error *err;

	for (size_t i = 0; wanted->dialect->server_roles && i < 2; i++) {
		const char *role = rk_role_kind_name(kinds[i]);

		if (wanted->roles[kinds[i]].count > 0)
			continue;
		err = rk_fail(RK_E_USAGE, NULL, "whose key signs the %s of %s was not said", role,
		    RK_SHOW(wanted->name));
		return rk_advise(err,
		    "give --%s FILE with the server's key, fetched by 'rootkeep-remote key URL %s "
		    "--role %s --out FILE'; or --%s KEY for one of yours",
		    role, RK_SHOW_BARE(wanted->name), role, role);
	}
	return NULL;
}

/* Steps for certificates that have to be made first; `*ret_any`: there are some. */
static rk_error *
plan_certificates(
    const struct rk_custody *custody, const struct rk_create *wanted, rk_plan *plan, bool *ret_any)
{
	const struct rk_create_role *root = &wanted->roles[RK_ROLE_ROOT];
	size_t before = plan->count;
	rk_error *err = NULL;

	for (size_t i = 0; wanted->dialect->root_certificates && i < root->count && !err; i++) {
		struct rk_certify_wish wish = {.gun = wanted->name};

		err = rk_keyarg_known(custody->keep, root->keys[i], &wish.key);
		if (!err)
			err = rk_certify_want_plan(custody, &wish, plan);
	}
	*ret_any = plan->count > before;
	return err;
}

rk_error *
rk_create_repo(const struct rk_custody *custody, const struct rk_create *wanted, rk_plan **ret_plan,
    rk_change **ret_change)
{
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	struct making making = {custody, wanted, NULL};
	bool certificates = false;
	rk_error *err = judge_servers(wanted);

	if (!err)
		err = register_repo(custody->keep, wanted);
	if (!err)
		err = make_plan(custody->keep, wanted, &plan);
	if (!err)
		err = plan_certificates(custody, wanted, plan, &certificates);
	if (!err && !(wanted->dry && certificates)) {
		err = rk_change_new(custody->keep, &change);
		making.change = change;
		if (!err)
			err = stage_files(&making);
		if (!err)
			err = write_journal(custody, wanted, change);
		if (!err)
			rk_change_save_keep(change);
	}
	if (err)
		return err;
	*ret_plan = RK_TAKE(plan);
	*ret_change = RK_TAKE(change);
	return NULL;
}
