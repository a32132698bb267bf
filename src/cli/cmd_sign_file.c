#include "cli/filekey.h"
#include "cli/signview.h"

#include "base/datetime.h"
#include "base/show.h"

static rk_error *
judge_args(const struct rk_sign_args *sign)
{
	if (sign->repos.count > 1)
		return rk_fail(RK_E_USAGE, "sign one FILE after the other",
		    "a FILE is signed alone, and %zu arguments were given", sign->repos.count);
	if (sign->all || sign->role)
		return rk_fail(RK_E_USAGE, "leave them out, or name repositories",
		    "--all and --role are for the repositories of a keep");
	if (sign->keys.count == 0)
		return rk_fail(RK_E_USAGE, "give --key pkcs11:... or a key of the keep",
		    "which key is to sign %s was not said", RK_SHOW(sign->repos.items[0]));
	return NULL;
}

/* What is about to be signed, before anybody types a PIN. */
static rk_error *
say_what(struct rk_run *run, const rk_filesign *sign)
{
	rk_envelope *envelope = rk_filesign_envelope(sign);
	int64_t now = run->env->ops->now(run->env);
	char distance[32];
	RK_AUTO_BUF(text);
	RK_AUTO(rk_error)
	doubt = envelope->dialect->one_reader ? NULL : rk_envelope_portable(envelope);
	rk_error *err;

	rk_buf_printf(&text, "%s, expires %s (%s), sha256 ", rk_filesign_what(sign),
	    RK_TIME(envelope->expires), rk_time_distance(distance, now, envelope->expires));
	rk_buf_hex(&text, rk_filesign_sha256(sign), RK_SHA256_SIZE);
	rk_buf_text(&text, "\n");
	rk_hashwords_append(&text, rk_filesign_sha256(sign), "  ");
	err = rk_buf_check(&text);
	if (err)
		return err;
	if (text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	rk_sayf(run->env, RK_SAY_INFO, "%s", rk_buf_str(&text));
	if (envelope->expires <= now)
		rk_sayf(run->env, RK_SAY_WARNING, "it has expired: clients will refuse it");
	if (doubt)
		rk_sayf(run->env, RK_SAY_WARNING,
		    "not every client will take the same bytes for what is signed: %s",
		    rk_error_message(doubt));
	return NULL;
}

static rk_error *
signed_node(const struct rk_filesign_signed *made, rk_node *array)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "keyid", made->keyid) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "fingerprint", made->fingerprint);
	if (!err)
		err = rk_node_put_text(node, "token", made->token);
	if (!err)
		err = rk_node_put_bool(node, "replaced", made->replaced);
	return err ? err : rk_node_append(array, RK_TAKE(node));
}

static rk_error *
render(struct rk_run *run, const char *file, const rk_filesign *sign)
{
	const rk_envelope *envelope = rk_filesign_envelope(sign);
	char hex[2 * RK_SHA256_SIZE + 1];
	RK_AUTO(rk_node) node = rk_node_new_object();
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = node && array ? rk_node_put_text(node, "file", file) : rk_out_of_memory();

	rk_hex(hex, rk_filesign_sha256(sign), RK_SHA256_SIZE);
	for (size_t i = 0; i < rk_filesign_count(sign) && !err; i++) {
		const struct rk_filesign_signed *made = rk_filesign_at(sign, i);

		err = signed_node(made, array);
		rk_render_line(run->out, "signed %s with %s on %s, as key id %s%s",
		    rk_filesign_what(sign), made->key, made->token, RK_SHOW_BARE(made->keyid),
		    made->replaced ? ", in place of the signature that was there" : "");
	}
	if (!err)
		err = rk_node_put_text(node, "type", rk_role_kind_name(envelope->kind));
	if (!err)
		err = rk_node_put_int(node, "version", envelope->version);
	if (!err)
		err = rk_node_put_text(node, "sha256", hex);
	if (!err)
		err = rk_node_put(node, "signed", RK_TAKE(array));
	if (!err)
		rk_render_json(run->out, RK_TAKE(node));
	return err;
}

rk_error *
rk_cmd_sign_file(struct rk_run *run, const struct rk_sign_args *args)
{
	const char *file = args->repos.items[0];
	RK_AUTO(rk_filekeys) keys = NULL;
	RK_AUTO(rk_filesign) sign = NULL;
	RK_AUTO(rk_plan) plan = NULL;
	struct rk_filesign_wish wish = {
	    .env = run->env,
	    .tokens = run->tokens,
	    .file = file,
	    .root = args->root,
	    .by = args->by,
	    .keyid = args->keyid,
	    .gun = args->gun,
	};
	rk_error *err = judge_args(args);

	if (!err)
		err = rk_filekeys_read(run, &args->keys, &keys);
	if (err)
		return err;
	wish.keys = keys->keys;
	wish.key_count = keys->count;
	err = rk_filesign_new(&wish, &sign);
	if (!err)
		err = rk_filesign_plan(sign, &plan);
	if (!err)
		err = say_what(run, sign);
	if (!err && run->globals->dry_run)
		return rk_signview_plan(run, plan);
	if (!err)
		err = rk_filesign_run(sign);
	return err ? err : render(run, file, sign);
}
