#include "cli/cli.h"
#include "cli/hold.h"
#include "cli/keydesk.h"
#include "cli/keyview.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "base/show.h"

/* key forget */

struct forget_args {
	const char *name, *uri;
};

static rk_error *
forget_plan(const rk_keep_key *key, const char *stored, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "forget a token of key %s", RK_SHOW(key->name));

	if (!err)
		err = rk_plan_add(
		    plan, RK_EFFECT_STAGE, "take %s out of %s", RK_SHOW(stored), RK_KEEP_FILE);
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

static rk_error *
forget_run(struct rk_run *run, const void *args)
{
	const struct forget_args *forget = args;
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	const char *stored = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_WRITE, &desk);

	if (!err)
		err = rk_keydesk_key(&desk, forget->name, &key);
	if (!err)
		err = rk_custody_token_of(key, forget->uri, &stored);
	if (!err)
		err = forget_plan(key, stored, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	if (!err)
		err = rk_custody_forget(&desk.custody, key, stored);
	if (err)
		return err;
	if (key->token_count == 0)
		rk_sayf(
		    run->env, RK_SAY_WARNING, "key %s is on no token any more", RK_SHOW(key->name));
	rk_keyview_lines(run->out, key, NULL);
	return rk_keyview_render(run, key);
}

static const struct rk_argument forget_arguments[] = {
    RK_ARG(forget_args, name, "NAME", "the key"),
    RK_ARG(forget_args, uri, "URI", "its token: as key show lists it, or enough of that"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_key_forget = {
    .name = "key forget",
    .summary = "a token of a key is gone",
    .args_size = sizeof(struct forget_args),
    .arguments = forget_arguments,
    .effects = RK_WRITES_KEEP,
    .example = "rootkeep key forget root-bob 'pkcs11:serial=15938791'",
    .description = "Nothing is destroyed: the keep no longer looks for the key there.",
    .run = forget_run,
};

/* key set */

struct set_args {
	const char *key, *name, *holder;
};

static rk_error *
set_plan(const rk_keep_key *key, const struct set_args *set, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "change what is said of key %s", RK_SHOW(key->name));

	if (!err && set->name)
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "call it %s", RK_SHOW(set->name));
	if (!err && set->holder)
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "note that %s holds it",
		    *set->holder ? RK_SHOW(set->holder) : "nobody named");
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

static rk_error *
set_run(struct rk_run *run, const void *args)
{
	const struct set_args *set = args;
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	rk_error *err;

	if (!set->name && !set->holder)
		return rk_fail(RK_E_USAGE, "give --name or --holder, or both",
		    "nothing is said that should change");
	err = rk_keydesk_open(run, RK_KEYDESK_WRITE, &desk);
	if (!err)
		err = rk_keydesk_key(&desk, set->key, &key);
	if (!err)
		err = set_plan(key, set, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	if (!err)
		err = rk_custody_set(&desk.custody, key, set->name, set->holder, &key);
	if (err)
		return err;
	rk_keyview_lines(run->out, key, NULL);
	return rk_keyview_render(run, key);
}

static const struct rk_argument set_arguments[] = {
    RK_ARG(set_args, key, "KEY", "the key"),
    RK_ARG_END,
};

static const struct rk_option set_options[] = {
    RK_OPT_STRING(set_args, name, "name", "N", "what it is called from now on", 0),
    RK_OPT_STRING(set_args, holder, "holder", "H", "who holds it; '' for nobody named", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_set = {
    .name = "key set",
    .summary = "another name or holder for a key",
    .args_size = sizeof(struct set_args),
    .arguments = set_arguments,
    .options = set_options,
    .effects = RK_WRITES_KEEP,
    .example = "rootkeep key set k1 --name root-alice --holder 'Alice <alice@example.com>'",
    .description = "The label that the key has on its token stays.",
    .run = set_run,
};

/* key delete */

struct delete_args {
	const char *key, *token;
};

/* Which copy is meant; NULL where there is none. */
static rk_error *
choose(const rk_keep_key *key, const char *uri, const char **ret_stored)
{
	if (uri)
		return rk_custody_token_of(key, uri, ret_stored);
	if (key->token_count > 1)
		return rk_fail(RK_E_AMBIGUOUS, "name one of them with --token URI",
		    "key %s is on %zu tokens", RK_SHOW(key->name), key->token_count);
	*ret_stored = key->token_count == 1 ? key->tokens[0] : NULL;
	return NULL;
}

static rk_error *
delete_render(struct rk_run *run, const char *name, bool on_token, bool gone)
{
	const char *outcome = !on_token ? "no longer in the keep"
			      : gone	? "destroyed, and no longer in the keep"
					: "destroyed there; the keep still knows it";

	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "deleted", name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_bool(node, "known", !gone);
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	rk_render_line(run->out, "key %s is %s", RK_SHOW(name), outcome);
	return NULL;
}

static rk_error *
delete_now(
    struct rk_run *run, const struct rk_keydesk *desk, const rk_keep_key *key, const char *stored)
{
	RK_AUTO(rk_str) name = NULL;
	bool on_token = stored != NULL, gone = false;
	sigset_t before;
	rk_error *err = rk_strdup(key->name, &name);

	if (!err)
		err = rk_custody_delete_login(&desk->custody, key, stored);
	if (err)
		return err;
	rk_hold_begin(&before);
	err = rk_custody_delete(&desk->custody, key, stored, &gone);
	run->signal = rk_hold_end(&before);
	if (!err)
		err = delete_render(run, name, on_token, gone);
	if (!err && on_token)
		err = rk_work_tell_head(run, desk->keep);
	return err;
}

static rk_error *
delete_run(struct rk_run *run, const void *args)
{
	const struct delete_args *given = args;
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	const char *stored = NULL, *expect = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_WRITE, &desk);

	if (!err)
		err = rk_keydesk_key(&desk, given->key, &key);
	if (!err)
		err = choose(key, given->token, &stored);
	if (!err)
		err = rk_custody_delete_plan(&desk.custody, key, stored, &plan, &expect);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, expect);
	return err ? err : delete_now(run, &desk, key, stored);
}

static const struct rk_argument delete_arguments[] = {
    RK_ARG(delete_args, key, "KEY", "the key"),
    RK_ARG_END,
};

static const struct rk_option delete_options[] = {
    RK_OPT_STRING(delete_args, token, "token", "URI",
	"on which token, where it is on several: as key show lists it, or enough of that", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_delete = {
    .name = "key delete",
    .summary = "destroy a key on its token",
    .args_size = sizeof(struct delete_args),
    .arguments = delete_arguments,
    .options = delete_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP | RK_DESTROYS,
    .example = "rootkeep key delete old-targets\n"
	       "rootkeep key delete old-targets --token 'pkcs11:serial=1a2b' --erase=1a2b",
    .description =
	"Wants the token's serial typed back, or --erase=SERIAL. Refused while a role of any "
	"repository of the keep, published or staged, trusts the key. With its last token the "
	"keep forgets the key, unless it has a backup. A key of which only the public half is "
	"known is only forgotten.",
    .run = delete_run,
};
