#include "cli/cli.h"
#include "cli/keydesk.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "base/datetime.h"
#include "base/file.h"
#include "base/show.h"
#include "flow/certify.h"
#include "x509/rootcert.h"

#include <string.h>

/* Notary's clients begin to warn then. */
#define NEAR_ITS_END (183 * RK_DAY)

struct certify_args {
	const char *key, *gun, *out;
	int64_t days;
	bool wildcard;
};

/* What came of it. */
struct made {
	const rk_keep_key *key;
	rk_certificate *certificate;
	char *file; /* in the keep */
	char keyid[RK_KEYID_HEX];
};

static void
made_clear(struct made *made)
{
	rk_certificate_free(made->certificate);
	rk_str_free(made->file);
}
#define AUTO_MADE(made) \
	__attribute__((cleanup(made_clear))) struct made made = {NULL, NULL, NULL, {'\0'}}

/* What root.json and trust pinning will name it by. */
static rk_error *
find_keyid(struct made *made)
{
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = rk_dialect_notary.certificate_object(made->certificate, &object);

	return err ? err : rk_dialect_notary.key_id(object, made->keyid);
}

static rk_error *
made_node(const struct made *made, const char *out, rk_node **ret_node)
{
	const rk_certificate *certificate = made->certificate;
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_error *err = node ? rk_node_put_text(node, "key", made->key->name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "fingerprint", made->key->fingerprint);
	if (!err)
		err = rk_node_put_text(node, "keyid", made->keyid);
	if (!err)
		err = rk_node_put_text(node, "gun", certificate->name);
	if (!err)
		err = rk_node_put_text(node, "algorithm", certificate->algorithm);
	if (!err)
		err = rk_node_put_text(node, "not_before", RK_TIME(certificate->not_before));
	if (!err)
		err = rk_node_put_text(node, "not_after", RK_TIME(certificate->not_after));
	if (!err)
		err = rk_node_put_text(node, "file", made->file);
	if (!err && out)
		err = rk_node_put_text(node, "out", out);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
render(struct rk_run *run, const struct made *made, const char *out)
{
	const rk_certificate *certificate = made->certificate;
	int64_t now = run->env->ops->now(run->env);
	char distance[32];
	rk_node *node = NULL;
	rk_error *err = made_node(made, out, &node);

	if (err)
		return err;
	rk_render_json(run->out, node);
	rk_render_styled(
	    run->out, RK_STRONG, "root certificate for %s", RK_SHOW(certificate->name));
	rk_render_line(run->out, "  of key      %s, signed with %s", RK_SHOW_BARE(made->key->name),
	    RK_SHOW_BARE(certificate->algorithm));
	rk_render_line(run->out, "  good until  %s (%s)", RK_TIME(certificate->not_after),
	    rk_time_distance(distance, now, certificate->not_after));
	rk_render_line(run->out, "  key id      %s", RK_SHOW_BARE(made->keyid));
	rk_render_line(run->out, "  kept in     %s", RK_SHOW_BARE(made->file));
	if (out)
		rk_render_line(run->out, "  copied to   %s", RK_SHOW_BARE(out));
	return NULL;
}

/* It is in the keep by now, whatever becomes of the copy. */
static rk_error *
copy_out(const struct made *made, const char *out)
{
	const char *pem = made->certificate->pem;
	rk_error *err = out ? rk_file_replace_path(out, pem, strlen(pem), 0644) : NULL;

	if (!err)
		return NULL;
	err = rk_wrap(err, "the certificate was made and kept, but not copied to %s", RK_SHOW(out));
	err = rk_advise(err, "copy it from the keep: %s", RK_SHOW_BARE(made->file));
	return rk_recode(err, RK_E_IO);
}

static rk_error *
certify_now(struct rk_run *run, const struct rk_keydesk *desk, const struct rk_certify_wish *wish,
    const char *out)
{
	AUTO_MADE(made);
	rk_error *err = rk_certify(&desk->custody, wish, &made.certificate, &made.file);

	made.key = wish->key;
	if (!err)
		err = find_keyid(&made);
	if (!err)
		err = copy_out(&made, out);
	if (!err)
		err = render(run, &made, out);
	return err ? err : rk_work_tell_head(run, desk->keep);
}

static void
warn_of_its_end(struct rk_run *run, const struct certify_args *certify)
{
	if (certify->days * RK_DAY < NEAR_ITS_END)
		rk_sayf(run->env, RK_SAY_WARNING,
		    "a certificate of %d days is near its end from the start for Notary's clients; "
		    "once it has expired the repository cannot be changed any more",
		    (int)certify->days);
}

static rk_error *
certify_run(struct rk_run *run, const void *args)
{
	const struct certify_args *certify = args;
	struct rk_certify_wish wish = {
	    .gun = certify->gun, .wildcard = certify->wildcard, .days = (unsigned)certify->days};
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keydesk_open(run, RK_KEYDESK_WRITE, &desk);

	if (!err)
		err = rk_keydesk_key(&desk, certify->key, &wish.key);
	if (!err)
		err = rk_certify_plan(&desk.custody, &wish, &plan);
	if (err)
		return err;
	warn_of_its_end(run, certify);
	if (run->globals->dry_run)
		return rk_planview_render(run, plan);
	err = rk_plan_consent(plan, run->env, RK_CONFIRM_ORDINARY, NULL);
	return err ? err : certify_now(run, &desk, &wish, certify->out);
}

static const struct rk_argument certify_arguments[] = {
    RK_ARG(certify_args, key, "KEY", "the key: ECDSA or RSA"),
    RK_ARG_END,
};

static const struct rk_option certify_options[] = {
    RK_OPT_STRING(certify_args, gun, "gun", "GUN",
	"the repository's name, as docker names the image without its tag", RK_REQUIRED),
    RK_OPT_FLAG(certify_args, wildcard, "wildcard",
	"for every GUN that begins as this one does up to its last '/'"),
    RK_OPT_INT(certify_args, days, "days", "N", "how long it is good (default: 3650)", 1, 36500,
	RK_ROOTCERT_DAYS),
    RK_OPT_STRING(certify_args, out, "out", "FILE", "copy it there too, as PEM", 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_certify = {
    .name = "key certify",
    .summary = "make the root certificate that Notary wants around a key",
    .args_size = sizeof(struct certify_args),
    .arguments = certify_arguments,
    .options = certify_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP,
    .example = "rootkeep key certify root-alice --gun registry.example.com/admin/demo\n"
	       "rootkeep key certify root-alice --gun registry.example.com/admin/demo --wildcard",
    .description =
	"The certificate is signed by the key itself on its token, verified, and kept in the keep; "
	"'init' and 'role set' find it there. It has an expiry of its own: once it has passed, "
	"nobody can change the repository any more, so it is long, and 'status' warns from far "
	"ahead.\n\n"
	"Whoever has the key in another keep takes it in with 'rootkeep key enrol NAME FILE'. The "
	"key "
	"id is what root.json, 'docker trust inspect' and a client's trust pinning name the "
	"certificate by.",
    .run = certify_run,
};
