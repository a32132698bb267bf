#include "cli/cli.h"
#include "cli/inspectview.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/judge.h"

#include <string.h>

struct inspect_args {
	const char *what;
	const char *root, *gun;
	bool pretty;
};

/* What was typed, as it is understood. */
struct subject {
	const char *what; /* all of it */
	char *repo; /* NULL: `what` is a folder */
	const char *tag; /* in `what`; NULL: all */
};

/* A tag begins after the last ':' that follows the last '/'. */
static rk_error *
split(struct subject *subject)
{
	const char *slash = strrchr(subject->what, '/');
	const char *colon = strrchr(slash ? slash : subject->what, ':');

	if (rk_work_is_path(subject->what))
		return NULL;
	if (!colon)
		return rk_strdup(subject->what, &subject->repo);
	subject->tag = colon + 1;
	return rk_strndup(subject->what, (size_t)(colon - subject->what), &subject->repo);
}

/* docker takes what it sees first for the truth, and so must we where nothing says otherwise. */
static void
tell_start(struct rk_run *run, const rk_judge *judge, const struct subject *subject)
{
	if (judge->start == RK_JUDGE_UNAUTHENTICATED)
		rk_sayf(run->env, RK_SAY_WARNING,
		    "%s is consistent, not authenticated: give a root that you trust, --root FILE",
		    RK_SHOW(subject->what));
	if (judge->missing[RK_ROLE_TIMESTAMP] || judge->missing[RK_ROLE_SNAPSHOT])
		rk_sayf(run->env, RK_SAY_INFO,
		    "as far as held: what the server signs is not here, and may say otherwise");
}

static rk_error *
show(struct rk_run *run, const rk_inspect *inspect, const char *what, bool pretty)
{
	rk_sink sink = rk_render_sink(run->out);
	RK_AUTO_BUF(out);
	rk_error *err = pretty && !run->globals->json ? rk_inspectview_pretty(inspect, what, &out)
						      : rk_inspectview_json(inspect, what, &out);

	return err ? err : sink.write(sink.context, out.data, out.len);
}

static rk_error *
inspect_wish(struct rk_run *run, const struct rk_judge_wish *wish, const struct inspect_args *args,
    const struct subject *subject)
{
	RK_AUTO(rk_judge) judge = NULL;
	RK_AUTO(rk_inspect) inspect = NULL;
	rk_error *err = rk_judge_take(wish, &judge);

	if (!err)
		err = rk_inspect_take(judge->state, subject->tag, &inspect);
	if (err)
		return err;
	tell_start(run, judge, subject);
	return show(run, inspect, subject->what, args->pretty);
}

static rk_error *
inspect_repo(struct rk_run *run, const struct inspect_args *args, const struct subject *subject)
{
	struct rk_judge_wish wish = {.env = run->env, .root = args->root};
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_repo) repo = NULL;
	const rk_keep_repo *entry = NULL;
	rk_error *err = rk_work_keep(run, RK_WORK_READ, &keep);

	if (!err)
		err = rk_keep_repo_find(keep, subject->repo, &entry);
	if (!err)
		err = rk_repo_open(keep, run->env, entry->name, &repo);
	wish.repo = repo;
	return err ? err : inspect_wish(run, &wish, args, subject);
}

static rk_error *
inspect_folder(struct rk_run *run, const struct inspect_args *args, const struct subject *subject)
{
	const struct rk_judge_wish wish = {
	    .env = run->env,
	    .folder = subject->what,
	    .root = args->root,
	    .gun = args->gun,
	    .as_held = true,
	};

	return inspect_wish(run, &wish, args, subject);
}

/* As docker fails: an empty list, that sentence, and status 1 where there is nothing to show. */
static rk_error *
fail_like_docker(struct rk_run *run, const struct inspect_args *args, rk_error *err)
{
	if (!args->pretty)
		rk_render_text(run->out, "[]\n");
	if (rk_error_code(err) == RK_E_NOT_FOUND)
		err = rk_recode(err, RK_E_NO_DATA);
	return rk_wrap(err, "no signatures or cannot access %s", RK_SHOW_BARE(args->what));
}

static rk_error *
inspect_run(struct rk_run *run, const void *arguments)
{
	const struct inspect_args *args = arguments;
	struct subject subject = {.what = args->what};
	RK_AUTO(rk_str) repo = NULL;
	rk_error *err = split(&subject);

	repo = subject.repo;
	if (!err && repo && args->gun)
		return rk_fail(RK_E_USAGE, "leave it out",
		    "--gun is for a folder: the keep knows the name of %s", RK_SHOW(repo));
	if (!err)
		err =
		    repo ? inspect_repo(run, args, &subject) : inspect_folder(run, args, &subject);
	return err ? fail_like_docker(run, args, err) : NULL;
}

static const struct rk_argument inspect_arguments[] = {
    RK_ARG(inspect_args, what, "REPO[:TAG]|DIR",
	"a repository of the keep, or one tag of it; or a folder of metadata"),
    RK_ARG_END,
};

static const struct rk_option inspect_options[] = {
    RK_OPT_FLAG(inspect_args, pretty, "pretty", "tables for people, in place of JSON"),
    RK_OPT_STRING(inspect_args, root, "root", "FILE",
	"the root that is trusted to begin with (default: the repository's anchor)", 0),
    RK_OPT_STRING(inspect_args, gun, "gun", "GUN",
	"for a folder: the name that root's certificates must have", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_inspect = {
    .name = "inspect",
    .summary = "what docker trust inspect prints, from the folder, without a server",
    .args_size = sizeof(struct inspect_args),
    .arguments = inspect_arguments,
    .options = inspect_options,
    .effects = RK_READS,
    .example = "rootkeep inspect registry.example.com/demo\n"
	       "rootkeep inspect --pretty registry.example.com/demo:1.0\n"
	       "rootkeep inspect ./pulled --root root.json --gun registry.example.com/demo",
    .description =
	"What is published is verified first, as a client would, and as far as it is held. Then it "
	"prints docker's own JSON, or with --pretty its tables: the tags that targets/releases or "
	"targets list, with the signers that list the same digest; each signer's keys by their "
	"canonical ids; the administrative keys by those that root names, which are a "
	"certificate's for root. Where targets/releases and targets list different digests for "
	"one tag both are shown, and docker pull takes that of targets/releases.\n\n"
	"On failure it prints an empty list, as docker does. Exit status 1: there is nothing to "
	"show; 3: a client would refuse it. Repositories in the tuf dialect are refused: docker "
	"does not read them.",
    .run = inspect_run,
};
