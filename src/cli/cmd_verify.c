#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/verifyview.h"
#include "cli/work.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct verify_args {
	const char *what;
	const char *root, *gun, *by, *role, *targets, *since;
};

static bool
is_folder(const char *path)
{
	struct stat facts;

	return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/* What is published, held against the keep's policy. */
static rk_error *
judge_policy(rk_repo *repo, rk_judge *judge)
{
	static const enum rk_role_kind kinds[] = {
	    RK_ROLE_ROOT, RK_ROLE_TARGETS, RK_ROLE_SNAPSHOT, RK_ROLE_TIMESTAMP};
	RK_AUTO(rk_attestation_pins) pins = NULL;
	rk_error *err = rk_attestview_pins(rk_repo_keep(repo), &pins);

	judge->amiss = calloc(1, sizeof(*judge->amiss));
	if (!err && !judge->amiss)
		err = rk_out_of_memory();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		err = rk_attestview_policy(
		    repo, RK_VIEW_PUBLISHED, rk_role_kind_name(kinds[i]), pins, judge->amiss);
	return err;
}

/* Both the result, as far as it came, and why it is not believed. */
static rk_error *
tell(struct rk_run *run, const struct rk_judge_wish *wish, const char *what)
{
	RK_AUTO(rk_judge) judge = NULL;
	rk_error *err = rk_judge_take(wish, &judge), *shown = NULL;

	if (!err && wish->repo)
		err = judge_policy(wish->repo, judge);
	if (judge)
		shown = rk_verifyview_render(run, judge, what, err == NULL);
	if (!err && !shown && judge && judge->start == RK_JUDGE_UNAUTHENTICATED)
		run->status = rk_code_exit(RK_E_UNTRUSTED);
	return err ? rk_join(err, shown) : shown;
}

static rk_error *
verify_folder(struct rk_run *run, const struct verify_args *verify)
{
	const struct rk_judge_wish wish = {
	    .env = run->env,
	    .folder = verify->what,
	    .root = verify->root,
	    .gun = verify->gun,
	    .targets = verify->targets,
	    .since = verify->since,
	};

	return tell(run, &wish, verify->what);
}

static rk_error *
verify_repo(struct rk_run *run, const struct verify_args *verify)
{
	const rk_list named = {(const char **)(uintptr_t)&verify->what, verify->what ? 1 : 0};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_names) names = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	struct rk_judge_wish wish = {
	    .env = run->env,
	    .root = verify->root,
	    .targets = verify->targets,
	    .since = verify->since,
	};
	rk_error *err = rk_work_keep(run, RK_WORK_READ, &keep);

	if (!err)
		err = rk_work_repos(keep, &named, false, &names);
	if (!err)
		err = rk_repo_open(keep, run->env, names->names[0], &repo);
	if (rk_error_code(err) == RK_E_NOT_FOUND && verify->what && is_folder(verify->what))
		err = rk_advise(
		    err, "for the folder of that name, write ./%s", RK_SHOW_BARE(verify->what));
	if (err)
		return err;
	wish.repo = repo;
	return tell(run, &wish, names->names[0]);
}

static rk_error *
verify_file(struct rk_run *run, const struct verify_args *verify)
{
	const struct rk_judge_file_wish wish = {
	    .env = run->env,
	    .file = verify->what,
	    .root = verify->root,
	    .by = verify->by,
	    .gun = verify->gun,
	    .role = verify->role,
	};
	RK_AUTO(rk_judge_file) judge = NULL;
	rk_error *err, *shown = NULL;

	if (!verify->root && !verify->by)
		return rk_fail(RK_E_USAGE,
		    "give --root TRUSTED.json, or --by DELEGATOR.json --role NAME",
		    "whose signatures %s needs was not said", RK_SHOW(verify->what));
	if (verify->targets || verify->since)
		return rk_fail(RK_E_USAGE, "name the folder that the file is in",
		    "--targets and --since are for a whole repository");
	err = rk_judge_file_take(&wish, &judge);
	if (judge)
		shown = rk_verifyview_render_file(run, judge, verify->what, err == NULL);
	return err ? rk_join(err, shown) : shown;
}

static rk_error *
verify_run(struct rk_run *run, const void *args)
{
	const struct verify_args *verify = args;
	bool path = verify->what && rk_work_is_path(verify->what);

	if (!verify->by != !verify->role)
		return rk_fail(RK_E_USAGE, "give both: --by DELEGATOR.json --role NAME",
		    "--by and --role say together whom a file is judged by");
	if (path && !is_folder(verify->what))
		return verify_file(run, verify);
	if (verify->by)
		return rk_fail(RK_E_USAGE, "name the FILE.json of the delegation",
		    "--by and --role are for a single file");
	return path ? verify_folder(run, verify) : verify_repo(run, verify);
}

static const struct rk_argument verify_arguments[] = {
    RK_ARG_OPTIONAL(verify_args, what, "REPO|DIR|FILE",
	"a repository of the keep, a folder of metadata, or one metadata file"),
    RK_ARG_END,
};

static const struct rk_option verify_options[] = {
    RK_OPT_STRING(verify_args, root, "root", "FILE",
	"the root that is trusted to begin with (default: the repository's anchor)", 0),
    RK_OPT_STRING(verify_args, gun, "gun", "GUN",
	"in the notary dialect, for a folder or file: the name that root's certificates must have",
	0),
    RK_OPT_STRING(
	verify_args, by, "by", "FILE", "for a file: the targets file that delegates to it", 0),
    RK_OPT_STRING(verify_args, role, "role", "NAME", "with --by: the delegation", 0),
    RK_OPT_STRING(verify_args, targets, "targets", "DIR",
	"also check the target files that are found in this folder", 0),
    RK_OPT_STRING(verify_args, since, "since", "DIR",
	"as a client that last saw the metadata in this folder", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_verify = {
    .name = "verify",
    .summary = "what a client would believe, from a trusted root to the targets",
    .args_size = sizeof(struct verify_args),
    .arguments = verify_arguments,
    .options = verify_options,
    .effects = RK_READS,
    .example = "rootkeep verify demo --targets /srv/files\n"
	       "rootkeep verify ./mirror --root 1.root.json --since ./yesterday\n"
	       "rootkeep verify ./pulled --root root.json --gun registry.example.com/demo\n"
	       "rootkeep verify 4.root.json --root 3.root.json\n"
	       "rootkeep verify alice.json --by targets.json --role alice",
    .description =
	"The client's whole workflow: each root under the keys of the one before, then timestamp, "
	"snapshot, targets and delegations, their hashes, versions and expiry. Exit status 3: a "
	"client would refuse it, a target file is wrong, or nothing authenticates it.\n\n"
	"A root FILE must be the version after the trusted one, signed by enough keys of both, or "
	"the trusted one itself. Any other FILE is judged by the trusted root's keys for its role, "
	"or by those that a delegator names.",
    .run = verify_run,
};
