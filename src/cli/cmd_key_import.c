#include "cli/cli.h"
#include "cli/hold.h"
#include "cli/keydesk.h"
#include "cli/keyview.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/keyimport.h"

struct import_args {
	const char *name, *file, *all, *id, *slot, *label, *touch, *pin_policy, *holder;
	rk_list tokens;
};

static const char *const outcomes[] = {
    [RK_KEYIMPORT_WANTED] = "failed",
    [RK_KEYIMPORT_DONE] = "imported",
    [RK_KEYIMPORT_NOTED] = "noted",
    [RK_KEYIMPORT_KNOWN] = "known",
    [RK_KEYIMPORT_SKIPPED] = "skipped",
    [RK_KEYIMPORT_FAILED] = "failed",
};

/* The innermost cause tells a person what is wrong with a file. */
static const char *
because(const rk_keyimport_item *item)
{
	const rk_error *why = item->why;

	while (why && rk_error_cause(why))
		why = rk_error_cause(why);
	return why ? rk_error_message(why) : NULL;
}

static rk_error *
put_text(rk_node *node, const char *member, const char *text)
{
	return text ? rk_node_put_text(node, member, text) : NULL;
}

static rk_error *
put_tokens(const rk_keep *keep, const rk_keyimport_item *item, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	const rk_keep_key *key = item->pubkey ? rk_keep_key_by_pubkey(keep, item->pubkey) : NULL;
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && key && i < key->token_count; i++)
		err = rk_node_append_text(array, key->tokens[i]);
	return err ? err : rk_node_put(node, "tokens", RK_TAKE(array));
}

static rk_error *
item_node(const rk_keep *keep, const rk_keyimport_item *item, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "file", item->file) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "outcome", outcomes[item->outcome]);
	if (!err)
		err = put_text(node, "name", item->name);
	if (!err && item->pubkey)
		err = put_text(node, "type", rk_key_type_name(rk_pubkey_type(item->pubkey)));
	if (!err && item->pubkey)
		err = put_text(node, "fingerprint", rk_pubkey_fingerprint_hex(item->pubkey));
	if (!err)
		err = put_text(node, "role", item->role);
	if (!err)
		err = put_text(node, "gun", item->gun);
	if (!err)
		err = put_text(node, "because", because(item));
	if (!err)
		err = put_tokens(keep, item, node);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
render_json(struct rk_run *run, const rk_keep *keep, const rk_keyimport *import)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < rk_keyimport_count(import); i++)
		err = item_node(keep, rk_keyimport_at(import, i), array);
	if (!err)
		err = rk_node_put(node, "keys", RK_TAKE(array));
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

static void
render_item(struct rk_run *run, const rk_keyimport_item *item)
{
	const char *why = because(item);

	if (why)
		rk_render_line(
		    run->out, "%-8s  %s: %s", outcomes[item->outcome], RK_SHOW(item->file), why);
	else
		rk_render_line(run->out, "%-8s  %s as %s", outcomes[item->outcome],
		    RK_SHOW(item->file), RK_SHOW_BARE(item->name));
}

/* A token's key is as safe as its worst copy. */
static void
tell_copies(struct rk_run *run, const rk_keyimport *import)
{
	size_t count = rk_keyimport_tally(import, RK_KEYIMPORT_DONE) +
		       rk_keyimport_tally(import, RK_KEYIMPORT_NOTED);

	if (count == 1 && rk_keyimport_count(import) == 1)
		rk_sayf(run->env, RK_SAY_WARNING,
		    "%s still holds the key: lock it away as a backup, or destroy it",
		    RK_SHOW(rk_keyimport_at(import, 0)->file));
	else if (count > 0)
		rk_sayf(run->env, RK_SAY_WARNING,
		    "%zu file%s still hold%s what was imported: lock them away as backups, or "
		    "destroy them",
		    count, count == 1 ? "" : "s", count == 1 ? "s" : "");
}

static rk_error *
render(struct rk_run *run, const rk_keep *keep, const rk_keyimport *import, bool single)
{
	rk_error *err = render_json(run, keep, import);

	if (err)
		return err;
	if (single) {
		const rk_keyimport_item *item = rk_keyimport_at(import, 0);

		if (item->outcome == RK_KEYIMPORT_KNOWN)
			rk_sayf(run->env, RK_SAY_INFO, "all of that was known already");
		rk_keyview_lines(run->out, rk_keep_key_by_name(keep, item->name), NULL);
	} else {
		for (size_t i = 0; i < rk_keyimport_count(import); i++)
			render_item(run, rk_keyimport_at(import, i));
	}
	tell_copies(run, import);
	if (rk_keyimport_tally(import, RK_KEYIMPORT_FAILED) > 0)
		run->status = rk_code_exit(RK_E_UNFINISHED);
	return NULL;
}

/* From the PINs on until the keys are noted, a Ctrl-C waits for the end of a key. */
static rk_error *
import_now(struct rk_run *run, const struct rk_keydesk *desk, rk_keyimport *import)
{
	sigset_t before;
	rk_error *err = rk_keyimport_login(import);

	if (err)
		return err;
	rk_hold_begin(&before);
	err = rk_keyimport_run(import, rk_hold_asked);
	run->signal = rk_hold_end(&before);
	return err ? err : rk_work_tell_head_used(run, desk->keep, desk->hands);
}

/* A folder without a key is a mistake, most likely. */
static rk_error *
none_found(const rk_keyimport *import, const char *dir)
{
	if (rk_keyimport_tally(import, RK_KEYIMPORT_SKIPPED) < rk_keyimport_count(import))
		return NULL;
	return rk_fail(RK_E_NOT_FOUND,
	    "name the folder of the private keys, like ~/.docker/trust/private",
	    "there is no private key in %s, among %zu files", RK_SHOW(dir),
	    rk_keyimport_count(import));
}

static rk_error *
import_keys(struct rk_run *run, const struct rk_keyimport_wish *wish)
{
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_keyimport) import = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_CREATE, &desk);

	if (!err)
		err = rk_keyimport_open(&desk.custody, wish, &import);
	if (!err && !wish->name)
		err = none_found(import, wish->path);
	if (!err)
		err = rk_keyimport_plan(import, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	if (!err)
		err = import_now(run, &desk, import);
	return err ? err : render(run, desk.keep, import, wish->name != NULL);
}

static rk_error *
judge_words(const struct import_args *given)
{
	bool placed = given->id || given->slot || given->label;

	if (given->all && (given->name || placed))
		return rk_fail(RK_E_USAGE,
		    "import keys one by one to choose their names and places",
		    "with --all each key is named by its role and id");
	if (!given->all && !given->file)
		return rk_fail(RK_E_USAGE, "see 'rootkeep help key import'",
		    "a NAME and a FILE are wanted, or --all DIR");
	return NULL;
}

static rk_error *
import_run(struct rk_run *run, const void *args)
{
	const struct import_args *given = args;
	const struct rk_keyplace_words words = {
	    given->id, given->slot, given->label, given->touch, given->pin_policy};
	struct rk_keyimport_wish wish = {
	    .name = given->all ? NULL : given->name,
	    .path = given->all ? given->all : given->file,
	    .tokens = given->tokens.items,
	    .token_count = given->tokens.count,
	    .holder = given->holder,
	};
	rk_error *err = judge_words(given);

	if (!err)
		err = rk_keyplace_read(&words, &wish.place);
	return err ? err : import_keys(run, &wish);
}

static const struct rk_argument import_arguments[] = {
    RK_ARG_OPTIONAL(import_args, name, "NAME", "what the key is called in the keep"),
    RK_ARG_OPTIONAL(import_args, file, "FILE", "its private key, PEM or DER"),
    RK_ARG_END,
};

static const struct rk_option import_options[] = {
    RK_OPT_LIST(import_args, tokens, "token", "URI",
	"the token to copy it to; repeated: the same key to each of them", RK_REQUIRED),
    RK_OPT_STRING(import_args, all, "all", "DIR",
	"every key of a folder, like ~/.docker/trust/private or ~/.notary/private", 0),
    RK_OPT_STRING(import_args, id, "id", "HEX", "its id on the tokens (default: random)", 0),
    RK_OPT_STRING(import_args, slot, "slot", "9a|9c|9d|9e|82..95",
	"a YubiKey's PIV slot; 9c is for signing", 0),
    RK_OPT_STRING(import_args, label, "label", "L", "its label there (default: NAME)", 0),
    RK_OPT_CHOICE(import_args, touch, "touch", RK_KEYPLACE_TOUCH,
	"when a YubiKey is to be touched before it signs", 0),
    RK_OPT_CHOICE(import_args, pin_policy, "pin-policy", RK_KEYPLACE_PIN_POLICY,
	"when a YubiKey wants its PIN before it signs", 0),
    RK_OPT_STRING(import_args, holder, "holder", "H",
	"who holds the tokens, like 'Alice <alice@example.com>'", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_import = {
    .name = "key import",
    .summary = "copy a private key from a file to a token, or to several",
    .args_size = sizeof(struct import_args),
    .arguments = import_arguments,
    .options = import_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP | RK_HANDLES_SECRET,
    .example = "rootkeep key import targets targets.pem --token 'pkcs11:token=release'\n"
	       "rootkeep key import root old-root.key --token 'pkcs11:token=alice' --token "
	       "'pkcs11:token=spare'\n"
	       "rootkeep key import --all ~/.docker/trust/private --token 'pkcs11:token=release' "
	       "--passphrase-file root=root.pass --passphrase-file targets=targets.pass",
    .description =
	"PKCS#8, PKCS#1 and SEC1, PEM or DER, sealed by a passphrase or not, and the key files of "
	"notary and docker. The passphrase is asked for, or comes from --passphrase-file, where "
	"WHOSE is the key's role as Notary's files tell it.\n\n"
	"The key signs a random challenge on each token, verified under the public key in the "
	"file, and its attributes are read back. Where one token fails, the copies of this run are "
	"destroyed again on the others. A label or id that is taken is refused; a key that is on "
	"the token already is proved and noted, not written again, so that a run that was cut off "
	"is finished by repeating it.\n\n"
	"With --all each key is called by its role and the first digits of the id that Notary "
	"has for it. What holds no private key is listed and left; exit status 5 says that a key "
	"could not be imported.\n\n"
	"The file stays as it is, and whoever has it has the key: keys that are made on a token "
	"('rootkeep key generate') have no such copy. The keep tells imported ones apart.",
    .run = import_run,
};
