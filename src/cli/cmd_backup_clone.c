#include "cli/cli.h"
#include "cli/hold.h"
#include "cli/keydesk.h"
#include "cli/keyview.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "flow/clone.h"

struct clone_args {
	const char *key, *to;
	bool to_software;
};

/* From the PINs on until the copy is noted, a Ctrl-C waits. */
static rk_error *
clone_now(struct rk_run *run, const struct rk_keydesk *desk, const struct rk_clone_wish *wish)
{
	const rk_keep_key *key = NULL;
	bool changed = false;
	sigset_t before;
	rk_error *err = rk_clone_login(&desk->custody, wish);

	if (err)
		return err;
	rk_hold_begin(&before);
	err = rk_clone(&desk->custody, wish, &key, &changed);
	run->signal = rk_hold_end(&before);
	if (err)
		return err;
	if (!changed)
		rk_sayf(run->env, RK_SAY_INFO, "it was copied there already");
	rk_keyview_lines(run->out, key, NULL);
	err = rk_keyview_render(run, key);
	return err ? err : rk_work_tell_head(run, desk->keep);
}

static rk_error *
clone_run(struct rk_run *run, const void *args)
{
	const struct clone_args *given = args;
	struct rk_clone_wish wish = {.to = given->to, .to_software = given->to_software};
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_WRITE, &desk);

	if (!err)
		err = rk_keydesk_key(&desk, given->key, &wish.key);
	if (!err)
		err = rk_clone_plan(&desk.custody, &wish, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	return err ? err : clone_now(run, &desk, &wish);
}

static const struct rk_argument clone_arguments[] = {
    RK_ARG(clone_args, key, "KEY", "the key"),
    RK_ARG_END,
};

static const struct rk_option clone_options[] = {
    RK_OPT_STRING(clone_args, to, "to", "URI",
	"the token that gets the copy (token list prints the URIs)", RK_REQUIRED),
    RK_OPT_FLAG(clone_args, to_software, "to-software",
	"that token may be software, though the key is in a device"),
    RK_OPT_END,
};

const struct rk_command rk_cmd_backup_clone = {
    .name = "backup clone",
    .summary = "copy a key from its token to another one, wrapped all the way",
    .args_size = sizeof(struct clone_args),
    .arguments = clone_arguments,
    .options = clone_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP,
    .example = "rootkeep backup clone root-alice --to 'pkcs11:token=alice-spare'",
    .description =
	"The other token makes a key pair for the transport; the key's own token wraps the key for "
	"it, and the other one unwraps it: nobody outside of the two ever has it in the clear. The "
	"copy signs a random challenge, which is verified with the public key that the keep has, "
	"and its attributes are read back: one that could be read out is destroyed again. Then "
	"neither of the two may leave its token any more.\n\n"
	"The key must have been made with --wrappable, and is copied once. What a run that was cut "
	"off has left is found and finished by the same command.",
    .run = clone_run,
};
