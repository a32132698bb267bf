#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/keydesk.h"
#include "cli/keyids.h"
#include "cli/keyview.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "base/show.h"
#include "flow/keyform.h"

/* key list */

static rk_error *
list_node(const rk_keep *keep, const rk_custody_roles *roles, const rk_attestation_pins *pins,
    rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? NULL : rk_out_of_memory();

	for (size_t i = 0; !err && i < rk_keep_key_count(keep); i++) {
		rk_node *key = NULL;

		err = rk_keyview_node(rk_keep_key_at(keep, i), roles, &key);
		if (!err)
			err = rk_node_append(array, key);
		if (!err)
			err = rk_keyids_put_certificates(NULL, rk_keep_key_at(keep, i), key);
		if (!err)
			err = rk_attestview_put(keep, rk_keep_key_at(keep, i), pins, key);
	}
	if (!err)
		err = rk_node_put(node, "keys", RK_TAKE(array));
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
list_run(struct rk_run *run, const void *args)
{
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_custody_roles) roles = NULL;
	RK_AUTO(rk_attestation_pins) pins = NULL;
	rk_node *node = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_READ, &desk);

	(void)args;
	if (!err)
		err = rk_custody_roles_read(desk.keep, run->env, &roles);
	if (!err)
		err = rk_attestview_pins(desk.keep, &pins);
	if (!err)
		err = list_node(desk.keep, roles, pins, &node);
	if (err)
		return err;
	rk_render_json(run->out, node);
	if (rk_keep_key_count(desk.keep) > 0)
		return rk_keyview_table(run->out, desk.keep, roles, pins);
	rk_sayf(run->env, RK_SAY_INFO, "the keep has no key yet");
	return NULL;
}

const struct rk_command rk_cmd_key_list = {
    .name = "key list",
    .summary = "every key of the keep",
    .effects = RK_READS,
    .example = "rootkeep key list\nrootkeep key list --json",
    .description =
	"Name, type, fingerprint, tokens, holder, the roles that trust it, its backup, and what a "
	"device swears about it, judged anew ('key attest'). No token is asked.",
    .run = list_run,
};

/* key show */

struct show_args {
	const char *key, *format;
};

static rk_error *
put_value(rk_node *node, const char *format, enum rk_keyform form, const rk_buf *value)
{
	RK_AUTO_BUF(text);
	rk_error *err = rk_node_put_text(node, "format", format);

	if (form == RK_KEYFORM_DER)
		rk_buf_base64(&text, value->data, value->len);
	else
		rk_buf_append(&text, value->data, value->len);
	if (!err)
		err = rk_buf_check(&text);
	return err ? err : rk_node_put_text(node, "value", rk_buf_str(&text));
}

static rk_error *
show_form(struct rk_run *run, const rk_keep *keep, const rk_keep_key *key, const char *format)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	enum rk_keyform form = RK_KEYFORM_PEM;
	RK_AUTO_BUF(value);
	rk_sink sink;
	rk_error *err = node ? NULL : rk_out_of_memory();

	if (!err && !rk_keyform_parse(format, &form))
		err = rk_fail(RK_E_USAGE, "take one of " RK_KEYFORM_NAMES, "there is no format %s",
		    RK_SHOW(format));
	if (!err)
		err = rk_keyform_write(keep, key, form, &value);
	if (!err)
		err = put_value(node, format, form, &value);
	if (!err)
		err = rk_node_put_text(node, "name", key->name);
	if (err)
		return err;
	if (rk_render_is_json(run->out)) {
		rk_render_json(run->out, RK_TAKE(node));
		return NULL;
	}
	sink = rk_render_sink(run->out);
	return sink.write(sink.context, value.data, value.len);
}

static rk_error *
show_all(struct rk_run *run, const struct rk_keydesk *desk, const rk_keep_key *key)
{
	RK_AUTO(rk_custody_roles) roles = NULL;
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO(rk_node) node = NULL;
	rk_error *err = rk_custody_roles_read(desk->keep, run->env, &roles);

	if (!err)
		err = rk_keyview_node(key, roles, &node);
	if (!err)
		err = rk_keyids_put(key, node);
	if (!err)
		err = rk_keyids_put_certificates(desk->keep, key, node);
	if (!err)
		err = rk_attestview_pins(desk->keep, &pins);
	if (!err)
		err = rk_attestview_put(desk->keep, key, pins, node);
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	rk_keyview_lines(run->out, key, roles);
	err = rk_attestview_line(run, desk->keep, key, pins);
	if (!err)
		err = rk_keyids_lines(run, desk->keep, key);
	rk_render_text(run->out, rk_pubkey_pem(key->pubkey));
	return err;
}

static rk_error *
show_run(struct rk_run *run, const void *args)
{
	const struct show_args *show = args;
	RK_AUTO_KEYDESK(desk);
	const rk_keep_key *key = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_READ, &desk);

	if (!err)
		err = rk_keydesk_key(&desk, show->key, &key);
	if (err)
		return err;
	return show->format ? show_form(run, desk.keep, key, show->format)
			    : show_all(run, &desk, key);
}

static const struct rk_argument show_arguments[] = {
    RK_ARG(show_args, key, "KEY", "the key"),
    RK_ARG_END,
};

static const struct rk_option show_options[] = {
    RK_OPT_CHOICE(show_args, format, "format", RK_KEYFORM_NAMES,
	"only its public half (or its address), in this form", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_show = {
    .name = "key show",
    .summary = "one key: what the keep knows of it, or its public half for another program",
    .args_size = sizeof(struct show_args),
    .arguments = show_arguments,
    .options = show_options,
    .effects = RK_READS,
    .example = "rootkeep key show root-alice\nrootkeep key show root-alice --format pem",
    .description =
	"Its fingerprint, its ids in TUF and Notary, and for each of its certificates the GUN, the "
	"id "
	"that root names it by, and how long it lasts. Notary's own key files, 'notary key list' "
	"and "
	"signers go by the notary id; root.json, 'docker trust inspect' and trust pinning by the "
	"certificate's.\n\n"
	"pem and der are the public key, which 'docker trust signer add' and 'notary delegation "
	"add' "
	"take too; tuf and notary are key objects as metadata has them (a certificate as PEM lies "
	"in "
	"the keep, where this command says, or comes from 'rootkeep key certify --out'); ssh a "
	"line of "
	"authorized_keys; uri a PKCS#11 URI for each token; hsm the URI that securesystemslib's "
	"HSMSigner takes, for keys on P-256 or P-384 whose id does not begin with a zero byte; "
	"qr the PEM as a picture of half blocks; pin the trust_pinning of a notary client's "
	"configuration, with every certificate of the key (clients that see no other root also "
	"want "
	"\"disable_tofu\": true beside \"certs\").",
    .run = show_run,
};

/* key test */

struct test_args {
	const char *key;
};

static rk_error *
test_render(struct rk_run *run, const rk_keep_key *key, const rk_hand *hand)
{
	const rk_token_info *info = rk_hand_token_info(hand);
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "name", key->name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "fingerprint", key->fingerprint);
	if (!err)
		err = rk_node_put_text(node, "token", info->uri);
	if (!err)
		err = rk_node_put_bool(node, "works", true);
	if (err)
		return err;
	rk_render_json(run->out, RK_TAKE(node));
	rk_render_line(run->out, "key %s works: %s signed a fresh challenge, and it verifies",
	    RK_SHOW(key->name), rk_hand_token_name(hand));
	return NULL;
}

static rk_error *
test_run(struct rk_run *run, const void *args)
{
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	const rk_keep_key *key = NULL;
	const rk_hand *hand = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_READ, &desk);

	if (!err)
		err = rk_keydesk_key(&desk, ((const struct test_args *)args)->key, &key);
	if (!err)
		err = rk_custody_test_plan(&desk.custody, key, &plan);
	if (!err && run->globals->dry_run)
		return rk_planview_render(run, plan);
	if (!err)
		err = rk_custody_test(&desk.custody, key, &hand);
	if (!err)
		err = test_render(run, key, hand);
	return err ? err : rk_work_tell_head(run, desk.keep);
}

static const struct rk_argument test_arguments[] = {
    RK_ARG(test_args, key, "KEY", "the key"),
    RK_ARG_END,
};

const struct rk_command rk_cmd_key_test = {
    .name = "key test",
    .summary = "have a key sign a fresh challenge: is it still usable?",
    .args_size = sizeof(struct test_args),
    .arguments = test_arguments,
    .effects = RK_TOUCHES_TOKEN,
    .example = "rootkeep key test root-alice",
    .description = "By the first of its tokens that is here. Nothing is changed.",
    .run = test_run,
};
