#include "cli/cli.h"
#include "cli/hold.h"
#include "cli/keydesk.h"
#include "cli/keyview.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/keyuri.h"

#include <string.h>

static rk_error *
show_key(struct rk_run *run, const rk_keep_key *key)
{
	rk_keyview_lines(run->out, key, NULL);
	return rk_keyview_render(run, key);
}

/* key generate */

struct generate_args {
	const char *name, *token, *type, *id, *slot, *label, *holder, *touch, *pin_policy;
	bool wrappable;
};

/* From the PIN on until the key is noted, a Ctrl-C waits. */
static rk_error *
generate_now(struct rk_run *run, const struct rk_keydesk *desk, const struct rk_custody_wish *wish)
{
	const rk_keep_key *key = NULL;
	sigset_t before;
	rk_error *err = rk_custody_generate_login(&desk->custody, wish);

	if (err)
		return err;
	rk_hold_begin(&before);
	err = rk_custody_generate(&desk->custody, wish, &key);
	run->signal = rk_hold_end(&before);
	if (!err)
		err = show_key(run, key);
	return err ? err : rk_work_tell_head(run, desk->keep);
}

static rk_error *
generate(struct rk_run *run, const struct rk_custody_wish *wish)
{
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_CREATE, &desk);

	if (!err)
		err = rk_custody_generate_plan(&desk.custody, wish, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	return err ? err : generate_now(run, &desk, wish);
}

static rk_error *
generate_run(struct rk_run *run, const void *args)
{
	const struct generate_args *given = args;
	struct rk_custody_wish wish = {
	    .name = given->name,
	    .token = given->token,
	    .type = RK_KEY_ECDSA_P256,
	    .holder = given->holder,
	    .wrappable = given->wrappable,
	    .state_dir = run->state_dir,
	};
	const struct rk_keyplace_words words = {
	    given->id, given->slot, given->label, given->touch, given->pin_policy};
	rk_error *err = rk_keyplace_read(&words, &wish.place);

	if (err)
		return err;
	if (given->type && !rk_key_type_parse(given->type, &wish.type))
		return rk_fail(RK_E_USAGE, "see 'rootkeep help key generate'",
		    "%s is no type of key", RK_SHOW(given->type));
	return generate(run, &wish);
}

static const struct rk_argument generate_arguments[] = {
    RK_ARG(generate_args, name, "NAME", "what the key is called in the keep"),
    RK_ARG_END,
};

static const struct rk_option generate_options[] = {
    RK_OPT_STRING(generate_args, token, "token", "URI",
	"the token to make it on (token list prints the URIs)", RK_REQUIRED),
    RK_OPT_CHOICE(generate_args, type, "type",
	"ecdsa-p256|ecdsa-p384|ed25519|rsa2048|rsa3072|rsa4096",
	"what kind of key (default: ecdsa-p256)", 0),
    RK_OPT_STRING(generate_args, id, "id", "HEX", "its id on the token (default: random)", 0),
    RK_OPT_STRING(generate_args, slot, "slot", "9a|9c|9d|9e|82..95",
	"a YubiKey's PIV slot; 9c is for signing", 0),
    RK_OPT_STRING(generate_args, label, "label", "L", "its label there (default: NAME)", 0),
    RK_OPT_CHOICE(generate_args, touch, "touch", RK_KEYPLACE_TOUCH,
	"when a YubiKey is to be touched before it signs", 0),
    RK_OPT_CHOICE(generate_args, pin_policy, "pin-policy", RK_KEYPLACE_PIN_POLICY,
	"when a YubiKey wants its PIN before it signs", 0),
    RK_OPT_STRING(generate_args, holder, "holder", "H",
	"who holds the token, like 'Alice <alice@example.com>'", 0),
    RK_OPT_FLAG(generate_args, wrappable, "wrappable",
	"it may leave this token wrapped, until it has been cloned"),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_generate = {
    .name = "key generate",
    .summary = "make a key on a token, have it prove itself, and note it in the keep",
    .args_size = sizeof(struct generate_args),
    .arguments = generate_arguments,
    .options = generate_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP,
    .example = "rootkeep key generate root-alice --token 'pkcs11:token=alice' "
	       "--holder 'Alice <alice@example.com>'",
    .description =
	"The key signs a random challenge, which is verified in software, and its attributes are "
	"read back: one that does not sign, or could be read out, is destroyed again. A name, "
	"label, id or slot that is taken is refused.\n\n"
	"On a YubiKey the key goes into a slot, and who makes it needs the management key too: it "
	"is "
	"asked for as the SO PIN is (--so-pin-file), as hex digits.\n\n"
	"The first key makes an empty folder (hidden files do not count) a keep.",
    .run = generate_run,
};

/* key enrol */

struct enrol_args {
	const char *name, *what;
};

static rk_error *
enrol_now(struct rk_run *run, const struct rk_keydesk *desk, const struct enrol_args *enrol)
{
	const rk_keep_key *key = NULL;
	bool changed = false;
	rk_error *err = rk_custody_enrol(&desk->custody, enrol->name, enrol->what, &key, &changed);

	if (!err && !changed)
		rk_sayf(run->env, RK_SAY_INFO, "all of that was known already");
	if (!err)
		err = show_key(run, key);
	if (!err && rk_keyuri_is(enrol->what))
		err = rk_work_tell_head(run, desk->keep);
	return err;
}

static rk_error *
enrol_run(struct rk_run *run, const void *args)
{
	const struct enrol_args *enrol = args;
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_CREATE, &desk);

	if (!err)
		err = rk_custody_enrol_plan(&desk.custody, enrol->name, enrol->what, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	return err ? err : enrol_now(run, &desk, enrol);
}

static const struct rk_argument enrol_arguments[] = {
    RK_ARG(enrol_args, name, "NAME", "what the key is called in the keep"),
    RK_ARG(enrol_args, what, "URI|FILE",
	"the key on its token, as a PKCS#11 URI; or its public half: PEM, DER, a certificate"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_key_enrol = {
    .name = "key enrol",
    .summary = "know a key that is on a token already, or only its public half",
    .args_size = sizeof(struct enrol_args),
    .arguments = enrol_arguments,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP,
    .example = "rootkeep key enrol root-bob 'pkcs11:token=bob;object=root-bob'\n"
	       "rootkeep key enrol root-carol carol.pem",
    .description =
	"A key on a token proves itself first, as a new one does; one that could be read out of "
	"its token is a warning.\n\n"
	"For a NAME that the keep knows, with the same public key, it is one more token of it; "
	"another key under that name is refused.\n\n"
	"A certificate is kept beside its key, as a root certificate for the GUN in its common "
	"name. One that Notary's clients refuse is refused here: of an authority, expired, signed "
	"with SHA-1. One that the token has of the key comes with it, if its name has a '/'; "
	"another is told of.",
    .run = enrol_run,
};
