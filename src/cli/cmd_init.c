#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/create.h"

#include <stdlib.h>
#include <string.h>

struct init_args {
	const char *name;
	const char *dialect;
	rk_list root, targets, snapshot, timestamp;
	int64_t root_threshold, targets_threshold;
	rk_days_list expires;
	bool not_consistent;
	bool shared_root;
};

static struct rk_create_role
role_of(const rk_list *keys, int64_t threshold)
{
	return (struct rk_create_role){keys->items, keys->count, (uint32_t)threshold};
}

static rk_error *
expiries(const rk_days_list *days, struct rk_create_expiry **ret_expiries)
{
	struct rk_create_expiry *list = calloc(days->count + 1, sizeof(*list));

	if (!list)
		return rk_out_of_memory();
	for (size_t i = 0; i < days->count; i++)
		list[i] =
		    (struct rk_create_expiry){days->items[i].role, (unsigned)days->items[i].days};
	*ret_expiries = list;
	return NULL;
}

static rk_error *
init_node(const struct init_args *init, const rk_keep *keep, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err =
	    node ? rk_node_put_text(node, "repository", init->name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "dialect", init->dialect);
	if (!err)
		err = rk_node_put_text(node, "keep", rk_keep_path(keep));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
create(struct rk_run *run, const struct init_args *init, const struct rk_create *asked)
{
	struct rk_create wanted = *asked;
	struct rk_attest_terms terms = {NULL, rk_globals_exception(run->globals, RK_ATTEST_RULE)};
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	RK_AUTO(rk_change) change = NULL;
	RK_AUTO(rk_hands) hands = NULL;
	rk_node *node = NULL;
	bool done = false;
	rk_error *err = rk_work_keep(run, RK_WORK_CREATE, &keep);

	if (!err)
		err = rk_hands_new(run->env, run->tokens, &hands);
	if (!err)
		err = rk_attestview_pins(keep, &pins);
	terms.pins = pins;
	wanted.attestation = &terms;
	if (!err)
		err = rk_create_repo(&(struct rk_custody){run->env, keep, hands, run->clock},
		    &wanted, &plan, &change);
	if (!err)
		err = rk_work_finish(run, plan, change, &done);
	if (!err && done)
		err = init_node(init, keep, &node);
	if (err || !done)
		return err;
	rk_render_json(run->out, node);
	rk_render_line(run->out, "repository %s is staged; sign it: rootkeep sign %s",
	    RK_SHOW(init->name), RK_SHOW_BARE(init->name));
	return rk_work_tell_head_used(run, keep, hands);
}

static rk_error *
init_run(struct rk_run *run, const void *args)
{
	const struct init_args *init = args;
	struct rk_create wanted = {
	    .name = init->name,
	    .dry = run->globals->dry_run,
	    .roles =
		{
		    [RK_ROLE_ROOT] = role_of(&init->root, init->root_threshold),
		    [RK_ROLE_TARGETS] = role_of(&init->targets, init->targets_threshold),
		    [RK_ROLE_SNAPSHOT] = role_of(&init->snapshot, 0),
		    [RK_ROLE_TIMESTAMP] = role_of(&init->timestamp, 0),
		},
	    .expiry_count = init->expires.count,
	    .inconsistent = init->not_consistent,
	    .below_policy = rk_globals_exception(run->globals, "min-threshold"),
	    .shared_root = init->shared_root,
	};
	struct rk_create_expiry *days = NULL;
	rk_error *err = rk_dialect_by_name(init->dialect, &wanted.dialect);

	if (!err)
		err = expiries(&init->expires, &days);
	wanted.expires = days;
	if (!err)
		err = create(run, init, &wanted);
	free(days);
	return err;
}

static const struct rk_argument init_arguments[] = {
    RK_ARG(init_args, name, "NAME", "the repository's name"),
    RK_ARG_END,
};

static const struct rk_option init_options[] = {
    RK_OPT_CHOICE(
	init_args, dialect, "dialect", "tuf|notary", "which metadata it speaks", RK_REQUIRED),
    RK_OPT_LIST(init_args, root, "root", "KEY", "keys of the root role", RK_REQUIRED),
    RK_OPT_INT(init_args, root_threshold, "root-threshold", "N", "how many of them must sign (1)",
	1, 1024, 1),
    RK_OPT_LIST(init_args, targets, "targets", "KEY", "keys of the targets role", RK_REQUIRED),
    RK_OPT_INT(init_args, targets_threshold, "targets-threshold", "N",
	"how many of them must sign (1)", 1, 1024, 1),
    RK_OPT_LIST(init_args, snapshot, "snapshot", "KEY|FILE",
	"keys of the snapshot role; a file is a server's public key (default in tuf: the targets "
	"keys)",
	0),
    RK_OPT_LIST(init_args, timestamp, "timestamp", "KEY|FILE",
	"keys of the timestamp role, likewise (default in tuf: the snapshot keys)", 0),
    RK_OPT_DAYS(init_args, expires, "expires", "ROLE=DAYS",
	"how long new versions of a role are good (tuf: root and targets 365, snapshot 30, "
	"timestamp 7; notary: root 3650, targets and snapshot 1095, timestamp 14)",
	0),
    RK_OPT_FLAG(init_args, not_consistent, "not-consistent",
	"publish without version numbers in file names"),
    RK_OPT_FLAG(
	init_args, shared_root, "shared-root", "its root keys may be those of another repository"),
    RK_OPT_END,
};

const struct rk_command rk_cmd_init = {
    .name = "init",
    .summary = "a new repository: stages its first root and targets",
    .args_size = sizeof(struct init_args),
    .arguments = init_arguments,
    .options = init_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_METADATA | RK_WRITES_KEEP,
    .example = "rootkeep init demo --dialect tuf --root root-alice,root-bob --root-threshold 2 "
	       "--targets release\n"
	       "rootkeep init registry.example.com/demo --dialect notary --root root-alice "
	       "--targets release --snapshot snapshot.json --timestamp timestamp.json",
    .description =
	"No metadata is signed yet, and no token is needed; but in the notary dialect root's keys "
	"stand as certificates for the repository's name (its GUN): one that the keep does not "
	"have is made, where the key's token is at hand. In an empty folder it begins a keep.\n\n"
	"In the notary dialect a server mostly signs snapshot and timestamp: give its public keys, "
	"as fetched, or keys of yours. A server's key is told as 32 words over its key id, to "
	"compare with where it came from.\n\n"
	"Two repositories that a quorum of the same root keys may sign could be served for each "
	"other: that is warned of, unless --shared-root says that it is meant. Certificates tell "
	"notary's clients which is which.",
    .run = init_run,
};
