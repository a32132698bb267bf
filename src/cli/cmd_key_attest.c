#include "cli/attestroots.h"
#include "cli/attestview.h"
#include "cli/cli.h"
#include "cli/keydesk.h"
#include "cli/keyids.h"
#include "cli/planview.h"
#include "cli/work.h"

#include "base/show.h"

#include <stdlib.h>

struct attest_args {
	const char *key, *ca;
	rk_list require;
};

/* All that one run judges by. */
struct bench {
	rk_attestation_pins *own, *given;
	rk_attestation_require *require;
	rk_names *unmet;
};

static void
bench_clear(struct bench *bench)
{
	rk_attestation_pins_free(bench->own);
	rk_attestation_pins_free(bench->given);
	rk_attestation_require_free(bench->require);
	rk_names_free(bench->unmet);
}
#define AUTO_BENCH(bench) \
	__attribute__((cleanup(bench_clear))) struct bench bench = {NULL, NULL, NULL, NULL}

static rk_error *
bench_open(const struct attest_args *attest, struct bench *bench)
{
	rk_error *err = rk_attestation_require_read(
	    attest->require.items, attest->require.count, &bench->require);

	if (!err)
		err = rk_attestroots_own(&bench->own);
	if (!err && attest->ca)
		err = rk_attestroots_given(attest->ca, &bench->given);
	if (!err)
		bench->unmet = calloc(1, sizeof(*bench->unmet));
	return err || bench->unmet ? err : rk_out_of_memory();
}

static rk_error *
put_unmet(const rk_names *unmet, rk_node *node)
{
	RK_AUTO(rk_node) array = rk_node_new_array();
	rk_error *err = array ? NULL : rk_out_of_memory();

	for (size_t i = 0; i < unmet->count && !err; i++)
		err = rk_node_append_text(array, unmet->names[i]);
	return err ? err : rk_node_put(node, "unmet", RK_TAKE(array));
}

static rk_error *
result_node(const rk_keep_key *key, const struct rk_attest_result *result,
    const struct bench *bench, rk_node **ret_node)
{
	RK_AUTO(rk_node) node = rk_node_new_object();
	rk_node *attestation = NULL;
	rk_error *err = node ? rk_node_put_text(node, "key", key->name) : rk_out_of_memory();

	if (!err)
		err = rk_node_put_text(node, "fingerprint", key->fingerprint);
	if (!err)
		err = rk_keyids_put(key, node);
	if (!err)
		err = rk_node_put(node, "token",
		    result->token ? rk_node_new_text(result->token) : rk_node_new_null());
	if (!err)
		err = rk_node_put_bool(node, "kept", result->kept);
	if (!err)
		err = rk_attestview_node(result->attestation, &attestation);
	if (!err)
		err = rk_node_put(node, "attestation", attestation);
	if (!err)
		err = rk_node_put_bool(node, "satisfied", bench->unmet->count == 0);
	if (!err)
		err = put_unmet(bench->unmet, node);
	if (!err)
		*ret_node = RK_TAKE(node);
	return err;
}

static rk_error *
render(struct rk_run *run, const rk_keep_key *key, const struct rk_attest_result *result,
    const struct bench *bench)
{
	rk_node *node = NULL;
	rk_error *err = result_node(key, result, bench, &node);

	if (err)
		return err;
	rk_render_json(run->out, node);
	rk_render_styled(run->out, RK_STRONG, "key %s was made on the device that swears so%s",
	    RK_SHOW(key->name), result->token ? "" : " (judged as the keep has it)");
	rk_attestview_lines(run, result->attestation);
	for (size_t i = 0; i < bench->unmet->count; i++)
		rk_render_styled(run->out, RK_BAD, "  not as required: %s", bench->unmet->names[i]);
	return NULL;
}

static rk_error *
attest_now(struct rk_run *run, const struct rk_keydesk *desk, const struct rk_attest_wish *wish,
    struct bench *bench)
{
	RK_AUTO_ATTEST_RESULT(result);
	rk_error *err = rk_attest(&desk->custody, wish, &result);

	if (!err)
		err =
		    rk_attestation_require_judge(bench->require, result.attestation, bench->unmet);
	if (!err)
		err = render(run, wish->key, &result, bench);
	if (!err && bench->unmet->count > 0)
		run->status = rk_code_exit(RK_E_FOUND);
	return err || !result.kept ? err : rk_work_tell_head(run, desk->keep);
}

static rk_error *
attest_run(struct rk_run *run, const void *args)
{
	const struct attest_args *attest = args;
	struct rk_attest_wish wish = {NULL, NULL, NULL};
	AUTO_BENCH(bench);
	RK_AUTO_KEYDESK(desk);
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = bench_open(attest, &bench);

	if (!err)
		err = rk_keydesk_open(run, RK_KEYDESK_WRITE, &desk);
	if (!err)
		err = rk_keydesk_key(&desk, attest->key, &wish.key);
	wish.own = bench.own;
	wish.pins = attest->ca ? bench.given : bench.own;
	if (!err && run->globals->dry_run) {
		err = rk_attest_plan(&desk.custody, &wish, &plan);
		return err ? err : rk_planview_render(run, plan);
	}
	return err ? err : attest_now(run, &desk, &wish, &bench);
}

static const struct rk_argument attest_arguments[] = {
    RK_ARG(attest_args, key, "KEY", "the key"),
    RK_ARG_END,
};

static const struct rk_option attest_options[] = {
    RK_OPT_STRING(attest_args, ca, "ca", "FILE",
	"believe these certificates for this run instead of Yubico's; satisfies no policy", 0),
    RK_OPT_LIST(attest_args, require, "require", "WORD",
	"exit with 3 unless it is so: " RK_ATTESTATION_REQUIRE_WORDS, 0),
    RK_OPT_END,
};

const struct rk_command rk_cmd_key_attest = {
    .name = "key attest",
    .summary = "have a YubiKey swear that it made a key, and verify what it says",
    .args_size = sizeof(struct attest_args),
    .arguments = attest_arguments,
    .options = attest_options,
    .effects = RK_TOUCHES_TOKEN | RK_WRITES_KEEP,
    .example = "rootkeep key attest root-alice\n"
	       "rootkeep key attest root-alice --require touch=always,'firmware>=5.7',no-advisory",
    .description =
	"The certificates that the token shows through ykcs11 are read (no PIN is needed), "
	"verified up to a pinned root, bound to the key by its public half, and kept in the keep. "
	"A verdict is not kept: 'key list', 'key show', 'status' and the keep's policy judge the "
	"chain anew. Where no token of the key is here, what the keep has is judged.\n\n"
	"A YubiKey swears only about keys that it made itself. Yubico's roots and intermediates "
	"are files in share/rootkeep/attestation; its README says which are there. Dates are not "
	"looked at.\n\n"
	"A touch or PIN policy is met by a stricter one too; of several serials any will do; FORM "
	"is usb-a-keychain, usb-a-nano, usb-c-keychain, usb-c-nano, usb-c-lightning, usb-a-bio or "
	"usb-c-bio; no-advisory means that no security advisory that is known here concerns the "
	"key (YSA-2017-01: RSA keys of firmware 4.2.6 to 4.3.4; YSA-2024-03: EC keys of firmware "
	"before 5.7). Exit status 3: it is not believed, or not as required.",
    .run = attest_run,
};
