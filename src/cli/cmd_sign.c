#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/signview.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/keyarg.h"
#include "flow/signing.h"

#include <stdlib.h>
#include <string.h>

static rk_error *
find_keys(const rk_keep *keep, const rk_list *named, const rk_keep_key ***ret_keys)
{
	const rk_keep_key **keys = calloc(named->count + 1, sizeof(const rk_keep_key *));
	rk_error *err = keys ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < named->count && !err; i++)
		err = rk_keyarg_known(keep, named->items[i], &keys[i]);
	if (err)
		free(keys);
	else
		*ret_keys = keys;
	return err;
}

/* With --all, and for those that depend on what is there, nothing staged is nothing to do. */
static rk_error *
add_repos(rk_signing *signing, const rk_names *names, bool lenient)
{
	rk_error *err = NULL;

	for (size_t i = 0; i < names->count && !err; i++) {
		err = rk_signing_add(signing, names->names[i]);
		if (lenient && rk_error_code(err) == RK_E_NOT_FOUND) {
			rk_error_free(err);
			err = NULL;
		}
	}
	return err;
}

/* Only where the policy asks for it, since each repository is opened for it. */
static rk_error *
judge_attestations(struct rk_run *run, rk_keep *keep, const rk_names *names, const char *role,
    struct rk_signing_options *options)
{
	struct rk_attest_terms terms = {NULL, rk_globals_exception(run->globals, RK_ATTEST_RULE)};
	RK_AUTO(rk_attestation_pins) pins = NULL;
	bool excepted = false;
	rk_error *err = NULL;

	if (!rk_keep_wants_attestations(keep))
		return NULL;
	err = rk_attestview_pins(keep, &pins);
	terms.pins = pins;
	for (size_t i = 0; !err && i < names->count; i++) {
		RK_AUTO(rk_repo) repo = NULL;

		err = rk_repo_open(keep, run->env, names->names[i], &repo);
		if (!err)
			err = rk_attest_demand_staged(repo, &terms, role, &excepted);
	}
	if (excepted)
		options->unattested = terms.excepted;
	return err;
}

static rk_error *
sign_now(struct rk_run *run, rk_keep *keep, rk_signing *signing)
{
	enum rk_code verdict;
	rk_error *err = rk_signing_run(signing);

	if (!err)
		err = rk_signview_render(run, signing);
	if (!err && rk_signing_used_token(signing))
		err = rk_work_tell_head(run, keep);
	verdict = rk_signing_verdict(signing);
	if (!err)
		run->status = rk_code_exit(verdict);
	return err;
}

static rk_error *
sign_repos(struct rk_run *run, const struct rk_sign_args *sign, rk_keep *keep,
    struct rk_signing_options *options)
{
	RK_AUTO(rk_signing) signing = NULL;
	RK_AUTO(rk_names) names = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_work_repos(keep, &sign->repos, sign->all, &names);

	if (!err)
		err = judge_attestations(run, keep, names, sign->role, options);
	if (!err)
		err = rk_signing_new(options, &signing);
	if (!err)
		err = add_repos(signing, names, sign->all);
	if (!err)
		err = rk_signing_plan(signing, &plan);
	if (!err && run->globals->dry_run)
		return rk_signview_plan(run, plan);
	if (!err && run->globals->verbose)
		rk_plan_say(plan, run->env);
	return err ? err : sign_now(run, keep, signing);
}

static rk_error *
sign_keep(struct rk_run *run, const struct rk_sign_args *sign)
{
	RK_AUTO(rk_keep) keep = NULL;
	RK_AUTO(rk_memory) memory = NULL;
	const rk_keep_key **keys = NULL;
	struct rk_signing_options options = {
	    .env = run->env,
	    .tokens = run->tokens,
	    .only_role = sign->role,
	    .only_key_count = sign->keys.count,
	    .second_payload = rk_globals_exception(run->globals, "second-payload"),
	    .despite_lint = rk_globals_exception(run->globals, "lint"),
	    .clock = run->clock,
	};
	rk_error *err;

	if (sign->root || sign->by || sign->keyid || sign->gun)
		return rk_fail(RK_E_USAGE, "leave them out, or name a FILE.json",
		    "--root, --by, --keyid and --gun are for signing a file without a keep");
	err = rk_work_keep(run, RK_WORK_WRITE, &keep);
	if (!err)
		err = rk_memory_open(run->state_dir, &memory);
	if (!err)
		err = find_keys(keep, &sign->keys, &keys);
	options.keep = keep;
	options.memory = memory;
	options.only_keys = keys;
	if (!err)
		err = sign_repos(run, sign, keep, &options);
	free(keys);
	return err;
}

static rk_error *
sign_run(struct rk_run *run, const void *args)
{
	const struct rk_sign_args *sign = args;

	if (sign->repos.count > 0 && rk_work_is_path(sign->repos.items[0]))
		return rk_cmd_sign_file(run, sign);
	return sign_keep(run, sign);
}

static const struct rk_argument sign_arguments[] = {
    RK_ARG_LIST(rk_sign_args, repos, "REPO|FILE", "repositories, or one metadata file", 0),
    RK_ARG_END,
};

static const struct rk_option sign_options[] = {
    RK_OPT_FLAG(rk_sign_args, all, "all", "every repository of the keep"),
    RK_OPT_STRING(rk_sign_args, role, "role", "ROLE", "this role alone", 0),
    RK_OPT_LIST(rk_sign_args, keys, "key", "KEY",
	"with this key alone; for a file, a pkcs11: URI or a key of the keep", 0),
    RK_OPT_STRING(
	rk_sign_args, root, "root", "FILE", "for a file: the root that says the key's id", 0),
    RK_OPT_STRING(
	rk_sign_args, by, "by", "FILE", "for a file: the delegator that says the key's id", 0),
    RK_OPT_STRING(rk_sign_args, keyid, "keyid", "HEX", "for a file: the key's id", 0),
    RK_OPT_STRING(rk_sign_args, gun, "gun", "GUN",
	"for a root in the notary dialect: refuse keys that are not certified for this name", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_sign = {
    .name = "sign",
    .summary = "sign what is staged with every key that is at hand, and publish what is complete",
    .args_size = sizeof(struct rk_sign_args),
    .arguments = sign_arguments,
    .options = sign_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_METADATA | RK_WRITES_KEEP | RK_SIGNS,
    .example = "rootkeep sign demo\n"
	       "rootkeep sign demo --pin-file alice=alice.pin --pin-file bob=bob.pin\n"
	       "rootkeep sign 3.root.json --key 'pkcs11:token=alice;object=root-alice'",
    .description =
	"A key is at hand when its token is present and its PIN is given, askable or not needed. "
	"All that are at hand sign, also beyond the threshold; the others are listed. Exit status "
	"5: more signatures are needed; 4: nothing could be signed, and a token lacked its PIN.\n\n"
	"A FILE needs no keep: that key's signature is put in, or replaced, and nothing else of "
	"the file changes. The key's id is that of the same public key in the file, else in --root "
	"or --by, else --keyid.",
    .run = sign_run,
};
