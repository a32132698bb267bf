#include "flow/custody_private.h"

#include "base/datetime.h"
#include "base/file.h"
#include "base/show.h"
#include "flow/certify.h"
#include "flow/keyuri.h"

#include <stdlib.h>
#include <string.h>

#define PUBLIC_MAX (1u << 20) /* bytes of a public key's or a certificate's file */

/* What is to be enrolled, once it has been looked at. */
struct finding {
	rk_pubkey *pubkey;
	const rk_hand *hand; /* NULL: only the public half */
	rk_certificate *certificate; /* it came in; NULL: in none */
	char *
	    file; /* where the certificate goes; NULL: it is in the keep already, or there is none */
};

static void
finding_clear(struct finding *finding)
{
	rk_pubkey_free(finding->pubkey);
	rk_certificate_free(finding->certificate);
	free(finding->file);
}

#define AUTO_FINDING(name) \
	__attribute__((cleanup(finding_clear))) struct finding name = {NULL, NULL, NULL, NULL}

/* Whatever GUN it is for, it has to be one that Notary's clients take. */
static rk_error *
read_certificate(rk_env *env, const rk_text *text, const char *path, struct finding *finding)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = rk_certificate_read(text->data, text->len, path, &certificate);

	if (!err)
		err = rk_certificate_judge(certificate, NULL, env->ops->now(env));
	if (!err && certificate->is_self_issued)
		err = rk_certificate_check_self_signed(certificate);
	if (rk_error_code(err) == RK_E_UNTRUSTED)
		err = rk_advise(err,
		    "take another certificate; or enrol the public key alone, which 'openssl x509 "
		    "-noout -pubkey -in FILE' prints");
	if (err)
		return err;
	finding->pubkey = rk_pubkey_ref(certificate->pubkey);
	finding->certificate = RK_TAKE(certificate);
	return NULL;
}

static rk_error *
read_public(rk_env *env, const char *path, struct finding *finding)
{
	RK_AUTO(rk_text) text = NULL;
	rk_error *err = rk_text_read_path(path, PUBLIC_MAX, &text);

	if (!err)
		err = rk_certificate_is(text->data, text->len)
			  ? read_certificate(env, text, path, finding)
			  : rk_pubkey_from_any(text->data, text->len, &finding->pubkey);
	return err ? rk_wrap(err, "cannot enrol the public half in %s", RK_SHOW(path)) : NULL;
}

/* A token may show the private half alone: then the keep has to know the public one already. */
static rk_error *
reach(const struct rk_custody *custody, const char *name, const char *uri, rk_hand **ret_hand)
{
	const rk_keep_key *known = rk_keep_key_by_name(custody->keep, name);
	struct rk_reach reach = {.name = name, .uris = &uri, .uri_count = 1};
	RK_AUTO(rk_str) purpose = NULL;
	rk_hand *hand = NULL;
	rk_error *err = rk_hands_reach(custody->hands, &reach, &hand);

	if (!err)
		err = rk_strdupf(&purpose, "enrol key %s", RK_SHOW_BARE(name));
	if (!err)
		err = rk_hand_ready(hand, purpose);
	if (!err && !rk_hand_pubkey(hand) && known) {
		reach.pubkey = known->pubkey;
		err = rk_hands_reach(custody->hands, &reach, &hand);
		if (!err)
			err = rk_hand_ready(hand, purpose);
	}
	if (!err)
		*ret_hand = hand;
	return err;
}

static rk_error *
judge_known(const rk_keep *keep, const char *name, const rk_pubkey *pubkey)
{
	const rk_keep_key *known = rk_keep_key_by_name(keep, name);
	const rk_keep_key *same = rk_keep_key_by_pubkey(keep, pubkey);

	if (known && !rk_pubkey_equal(known->pubkey, pubkey))
		return rk_fail(RK_E_EXISTS, "choose another name for this one",
		    "the keep knows another key as %s: its fingerprint begins with %.16s, this "
		    "one's with %.16s",
		    RK_SHOW(name), rk_pubkey_fingerprint_hex(known->pubkey),
		    rk_pubkey_fingerprint_hex(pubkey));
	if (same && same != known)
		return rk_fail(RK_E_EXISTS,
		    "use that name; or give it this one with 'rootkeep key set --name'",
		    "the keep knows this key already, as %s", RK_SHOW(same->name));
	return NULL;
}

static rk_error *
prove_on_token(
    const struct rk_custody *custody, const char *name, const char *uri, struct finding *finding)
{
	rk_hand *hand = NULL;
	rk_error *err = reach(custody, name, uri, &hand);

	if (!err && rk_hand_pubkey(hand))
		err = judge_known(custody->keep, name, rk_hand_pubkey(hand));
	if (!err)
		err = rk_hand_prove(custody->hands, hand, "key proof");
	if (!err)
		err = rk_custody_judge(custody->env, hand, RK_CUSTODY_FOREIGN);
	if (!err)
		err = rk_custody_find_certificate(custody, hand, &finding->certificate);
	if (err)
		return rk_wrap(err, "cannot enrol %s as %s", RK_SHOW(uri), RK_SHOW(name));
	finding->pubkey = rk_pubkey_ref(rk_hand_pubkey(hand));
	finding->hand = hand;
	return NULL;
}

static const char *
uri_of(const struct finding *finding)
{
	return finding->hand ? rk_hand_key(finding->hand)->uri : NULL;
}

static bool
has_token(const rk_keep_key *key, const char *uri)
{
	for (size_t i = 0; i < key->token_count; i++)
		if (!strcmp(key->tokens[i], uri))
			return true;
	return false;
}

/* Is it one of those that the keep has of the key? One that cannot be read is another. */
static rk_error *
is_kept(
    const rk_keep *keep, const rk_keep_key *key, const rk_certificate *certificate, bool *ret_kept)
{
	const rk_node *at = NULL;
	rk_keep_certificate noted;

	*ret_kept = false;
	while (!*ret_kept && rk_keep_certificate_next(key, &at, &noted)) {
		RK_AUTO(rk_certificate) kept = NULL;
		rk_error *err = rk_keep_certificate_read(keep, key, &noted, &kept);

		*ret_kept = !err && strcmp(kept->pem, certificate->pem) == 0;
		if (rk_error_code(err) == RK_E_NOMEM)
			return err;
		rk_error_free(err);
	}
	return NULL;
}

/* The certificate, where it is a new one. */
static rk_error *
add_certificate(rk_keep *keep, const char *name, struct finding *finding)
{
	const rk_keep_key *key = rk_keep_key_by_name(keep, name);
	bool kept = true;
	rk_error *err = NULL;

	if (finding->certificate)
		err = is_kept(keep, key, finding->certificate, &kept);
	if (!err && !kept)
		err = rk_certify_keep(keep, key, finding->certificate, &finding->file);
	return err;
}

/* In the memory of the keep; `*ret_changed` false: it was all there. */
static rk_error *
add(const struct rk_custody *custody, const char *name, struct finding *finding, bool *ret_changed)
{
	const rk_keep_key *known = rk_keep_key_by_name(custody->keep, name);
	const struct rk_keep_new_key added = {
	    .name = name,
	    .pubkey = finding->pubkey,
	    .origin = RK_KEEP_EXTERNAL,
	    .token = uri_of(finding),
	};
	bool fresh = !known || (added.token && !has_token(known, added.token));
	rk_error *err = NULL;

	if (!known)
		err = rk_keep_key_add(custody->keep, &added, NULL);
	else if (fresh)
		err = rk_keep_key_add_token(custody->keep, name, added.token);
	if (!err)
		err = add_certificate(custody->keep, name, finding);
	*ret_changed = fresh || finding->file;
	return err;
}

static rk_error *
commit(const struct rk_custody *custody, const char *name, const struct finding *finding)
{
	const rk_keep_key *key = rk_keep_key_by_name(custody->keep, name);
	struct rk_custody_record record = {
	    .holder = key->holder,
	    .fingerprint = key->fingerprint,
	    .note = uri_of(finding),
	    .path = finding->file,
	    .text = finding->file ? finding->certificate->pem : NULL,
	};
	RK_AUTO(rk_str) action = NULL;
	rk_error *err = rk_strdupf(&action, "key enrol %s", name);

	record.action = action;
	return err ? err : rk_custody_commit(custody, &record, NULL);
}

rk_error *
rk_custody_enrol(const struct rk_custody *custody, const char *name, const char *text,
    const rk_keep_key **ret_key, bool *ret_changed)
{
	AUTO_FINDING(finding);
	bool changed = false;
	rk_error *err = rk_keep_key_check_name(name);

	if (!err)
		err = rk_keyuri_is(text) ? prove_on_token(custody, name, text, &finding)
					 : read_public(custody->env, text, &finding);
	if (!err)
		err = judge_known(custody->keep, name, finding.pubkey);
	if (!err)
		err = add(custody, name, &finding, &changed);
	if (!err && changed)
		err = commit(custody, name, &finding);
	if (err)
		return err;
	*ret_key = rk_keep_key_by_name(custody->keep, name);
	*ret_changed = changed;
	return NULL;
}

static rk_error *
plan_token(const struct rk_custody *custody, const char *name, const char *uri, rk_plan *plan)
{
	const struct rk_reach reach = {.name = name, .uris = &uri, .uri_count = 1};
	rk_hand *hand = NULL;
	rk_error *err = rk_hands_reach(custody->hands, &reach, &hand);

	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_SIGN,
		    "have the key that %s means sign a random challenge on %s", RK_SHOW(uri),
		    rk_hand_token_name(hand));
	return err;
}

static rk_error *
plan_public(const struct rk_custody *custody, const char *name, const char *path, rk_plan *plan)
{
	AUTO_FINDING(finding);
	rk_error *err = read_public(custody->env, path, &finding);

	if (!err)
		err = judge_known(custody->keep, name, finding.pubkey);
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_READ,
		    "take the public half of an %s key from %s, fingerprint %.16s…",
		    rk_key_type_name(rk_pubkey_type(finding.pubkey)), RK_SHOW(path),
		    rk_pubkey_fingerprint_hex(finding.pubkey));
	if (!err && finding.certificate)
		err = rk_plan_add(plan, RK_EFFECT_STAGE,
		    "keep its certificate for %s, which is good until %s",
		    RK_SHOW(finding.certificate->name), RK_TIME(finding.certificate->not_after));
	return err;
}

rk_error *
rk_custody_enrol_plan(
    const struct rk_custody *custody, const char *name, const char *text, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_keep_key_check_name(name);

	if (!err)
		err = rk_plan_new(&plan, "enrol key %s", RK_SHOW(name));
	if (!err && rk_keep_is_new(custody->keep))
		err = rk_plan_add(
		    plan, RK_EFFECT_STAGE, "make %s a keep", RK_SHOW(rk_keep_path(custody->keep)));
	if (!err)
		err = rk_keyuri_is(text) ? plan_token(custody, name, text, plan)
					 : plan_public(custody, name, text, plan);
	if (!err)
		err = rk_plan_add(
		    plan, RK_EFFECT_STAGE, "note it in %s as %s", RK_KEEP_FILE, RK_SHOW(name));
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}
