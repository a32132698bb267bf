#include "flow/attest.h"

#include "base/show.h"
#include "flow/custody_private.h"

#include <stdlib.h>
#include <string.h>

/* What one token has shown. */
struct showing {
	rk_token_certificates *certificates;
	struct rk_attestation_der *ders;
	struct rk_attestation_found found;
};

static void
showing_clear(struct showing *showing)
{
	rk_token_certificates_free(showing->certificates);
	free(showing->ders);
	showing->certificates = NULL;
	showing->ders = NULL;
}
#define AUTO_SHOWING(showing) \
	__attribute__((cleanup(showing_clear))) struct showing showing = {NULL, NULL, {0, 0, false}}

void
rk_attest_result_clear(struct rk_attest_result *result)
{
	rk_attestation_free(result->attestation);
	rk_str_free(result->token);
	result->attestation = NULL;
	result->token = NULL;
}

static rk_error *
look_at(const rk_hand *hand, const rk_keep_key *key, struct showing *showing)
{
	rk_token *token = rk_hand_token(hand);
	rk_error *err = token->ops->certificates(token, &showing->certificates);
	size_t count = err ? 0 : showing->certificates->count;

	if (err)
		return err;
	showing->ders = calloc(count + 1, sizeof(*showing->ders));
	if (!showing->ders)
		return rk_out_of_memory();
	for (size_t i = 0; i < count; i++)
		showing->ders[i] =
		    (struct rk_attestation_der){showing->certificates->certificates[i].der,
			showing->certificates->certificates[i].der_len};
	return rk_attestation_find(showing->ders, count, key->pubkey, &showing->found);
}

static const char *
why_silent(const rk_keep_key *key, const struct showing *showing)
{
	if (key->origin == RK_KEEP_IMPORTED)
		return "the key was imported: it came from outside the device";
	if (key->origin == RK_KEEP_SPLIT)
		return "the key was split: it was not made on the device";
	if (showing->found.any)
		return "it swears about other keys, so this one was probably imported";
	return "it shows no attestation at all: only a YubiKey does, through Yubico's module "
	       "ykcs11, and of keys that it made itself";
}

static rk_error *
silent(const rk_keep_key *key, const rk_hand *hand, const struct showing *showing)
{
	rk_error *why = rk_fail(RK_E_UNTRUSTED, NULL, "%s", why_silent(key, showing));

	why = rk_wrap(
	    why, "%s swears nothing about key %s", rk_hand_token_name(hand), RK_SHOW(key->name));
	return rk_advise(why,
	    "make a key on a YubiKey itself: rootkeep key generate NAME --token URI --slot 9c");
}

/* An error of x509 tells a fact; what to do is known here. */
static rk_error *
advise(rk_error *err, const char *remedy)
{
	return rk_error_remedy(err) ? err : rk_advise(err, "%s", remedy);
}

static rk_error *
judge_showing(const struct rk_attest_wish *wish, const rk_hand *hand, const struct showing *showing,
    struct rk_attest_result *result)
{
	size_t count = showing->certificates->count;
	rk_error *err;

	if (showing->found.leaf == count)
		return silent(wish->key, hand, showing);
	if (showing->found.f9 == count)
		return rk_fail(RK_E_UNTRUSTED,
		    "the certificate in slot f9 was overwritten or is hidden: take another device",
		    "%s does not show the certificate that its attestation of key %s is issued by",
		    rk_hand_token_name(hand), RK_SHOW(wish->key->name));
	err = rk_attestation_verify(wish->pins, &showing->ders[showing->found.leaf],
	    &showing->ders[showing->found.f9], &result->attestation);
	if (err) {
		err = rk_wrap(err, "what %s swears about key %s is not believed",
		    rk_hand_token_name(hand), RK_SHOW(wish->key->name));
		return advise(err, "keep no key on this device that others are to trust, until it "
				   "is known why");
	}
	return rk_strdup(rk_hand_token_name(hand), &result->token);
}

static rk_error *
reach(const struct rk_custody *custody, const rk_keep_key *key, const char *uri, rk_hand **ret_hand)
{
	const struct rk_reach reach = {
	    .name = key->name, .pubkey = key->pubkey, .uris = &uri, .uri_count = 1};

	return rk_hands_reach(custody->hands, &reach, ret_hand);
}

static bool
is_absence(const rk_error *err)
{
	return rk_error_code(err) == RK_E_TOKEN_NONE || rk_error_code(err) == RK_E_TOKEN_GONE;
}

/* The first of its tokens that is here and swears; else the gravest reason why none does. */
static rk_error *
fetch(const struct rk_custody *custody, const struct rk_attest_wish *wish, struct showing *showing,
    struct rk_attest_result *result)
{
	const rk_keep_key *key = wish->key;
	RK_AUTO(rk_error) worst = NULL;

	if (key->token_count == 0)
		worst = rk_fail(RK_E_TOKEN_NONE, NULL,
		    "only the public half of key %s is known here", RK_SHOW(key->name));
	for (size_t i = 0; i < key->token_count; i++) {
		rk_hand *hand = NULL;
		rk_error *err = reach(custody, key, key->tokens[i], &hand);

		showing_clear(showing);
		if (!err)
			err = look_at(hand, key, showing);
		if (!err)
			err = judge_showing(wish, hand, showing, result);
		if (!err || rk_error_code(err) == RK_E_NOMEM)
			return err;
		if (worst && is_absence(err)) {
			rk_error_free(err);
			continue;
		}
		rk_error_free(worst);
		worst = err;
	}
	return RK_TAKE(worst);
}

rk_error *
rk_attest_kept(const rk_keep *keep, const rk_keep_key *key, const rk_attestation_pins *pins,
    rk_attestation **ret_attestation)
{
	RK_AUTO(rk_keep_attestation) kept = NULL;
	RK_AUTO(rk_attestation) attestation = NULL;
	struct rk_attestation_der leaf, f9;
	rk_error *err = rk_keep_attestation_read(keep, key, &kept);

	if (err)
		return err;
	if (!kept)
		return rk_fail(RK_E_NOT_FOUND, "fetch it: rootkeep key attest KEY",
		    "the keep has no attestation of key %s", RK_SHOW(key->name));
	leaf = (struct rk_attestation_der){(const uint8_t *)kept->leaf->data, kept->leaf->len};
	f9 = (struct rk_attestation_der){(const uint8_t *)kept->f9->data, kept->f9->len};
	err = rk_attestation_verify(pins, &leaf, &f9, &attestation);
	if (!err && !rk_pubkey_equal(attestation->pubkey, key->pubkey))
		err = rk_fail(RK_E_UNTRUSTED, "fetch it anew: rootkeep key attest KEY",
		    "it is about another key");
	if (err) {
		err = rk_wrap(err, "the attestation of key %s in the keep is not believed",
		    RK_SHOW(key->name));
		return advise(err, "fetch it anew: rootkeep key attest KEY");
	}
	*ret_attestation = RK_TAKE(attestation);
	return NULL;
}

/* Is what the keep has better than a chain that needs a root given for the run? */
static rk_error *
is_better_kept(const rk_keep *keep, const struct rk_attest_wish *wish, bool *ret_better)
{
	RK_AUTO(rk_attestation) kept = NULL;
	rk_error *err = rk_attestation_pins_are_given(wish->pins)
			    ? rk_attest_kept(keep, wish->key, wish->own, &kept)
			    : NULL;

	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	*ret_better = kept != NULL;
	return NULL;
}

static rk_error *
note_of(const rk_attestation *attestation, char **ret_note)
{
	RK_AUTO_BUF(note);
	rk_error *err;

	rk_buf_printf(&note, "slot %02x, firmware %u.%u.%u", attestation->slot,
	    attestation->firmware[0], attestation->firmware[1], attestation->firmware[2]);
	if (attestation->has_serial)
		rk_buf_printf(&note, ", serial %u", attestation->serial);
	rk_buf_printf(&note, ", under %s %.16s%s", RK_SHOW_BARE(attestation->root),
	    attestation->root_sha256, attestation->given ? ", a CA given for the run" : "");
	err = rk_buf_check(&note);
	return err ? err : rk_buf_take(&note, ret_note);
}

static rk_error *
keep_it(const struct rk_custody *custody, const struct rk_attest_wish *wish,
    const struct showing *showing, struct rk_attest_result *result)
{
	const struct rk_attestation_der *leaf = &showing->ders[showing->found.leaf];
	const struct rk_attestation_der *f9 = &showing->ders[showing->found.f9];
	struct rk_custody_record record = {
	    .holder = wish->key->holder, .fingerprint = wish->key->fingerprint};
	RK_AUTO(rk_str) action = NULL;
	RK_AUTO(rk_str) note = NULL;
	RK_AUTO(rk_str) leaf_path = NULL;
	RK_AUTO(rk_str) f9_path = NULL;
	rk_error *err = rk_strdupf(&action, "key attest %s", wish->key->name);

	if (!err)
		err = note_of(result->attestation, &note);
	if (!err)
		err = rk_keep_attestation_paths(wish->key, &leaf_path, &f9_path);
	record.action = action;
	record.note = note;
	record.files[0] = (struct rk_custody_bytes){leaf_path, leaf->bytes, leaf->len};
	record.files[1] = (struct rk_custody_bytes){f9_path, f9->bytes, f9->len};
	if (!err)
		err = rk_custody_commit(custody, &record, NULL);
	result->kept = err == NULL;
	return err;
}

static rk_error *
attest(const struct rk_custody *custody, const struct rk_attest_wish *wish,
    struct rk_attest_result *result)
{
	AUTO_SHOWING(showing);
	bool better = false;
	rk_error *err = fetch(custody, wish, &showing, result);

	if (is_absence(err)) {
		rk_error *none =
		    rk_attest_kept(custody->keep, wish->key, wish->pins, &result->attestation);

		if (rk_error_code(none) == RK_E_NOT_FOUND) {
			rk_error_free(none);
			return err;
		}
		rk_error_free(err);
		return none;
	}
	if (!err)
		err = is_better_kept(custody->keep, wish, &better);
	return err || better ? err : keep_it(custody, wish, &showing, result);
}

rk_error *
rk_attest(const struct rk_custody *custody, const struct rk_attest_wish *wish,
    struct rk_attest_result *ret_result)
{
	RK_AUTO_ATTEST_RESULT(result);
	rk_error *err = attest(custody, wish, &result);

	if (err)
		return err;
	*ret_result = result;
	result = (struct rk_attest_result){NULL, NULL, false};
	return NULL;
}

rk_error *
rk_attest_plan(
    const struct rk_custody *custody, const struct rk_attest_wish *wish, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "attest key %s", RK_SHOW(wish->key->name));
	size_t before = 0;

	for (size_t i = 0; i < wish->key->token_count && !err; i++) {
		rk_hand *hand = NULL;

		err = reach(custody, wish->key, wish->key->tokens[i], &hand);
		if (!err)
			err = rk_plan_add(plan, RK_EFFECT_READ, "read the certificates of %s",
			    rk_hand_token_name(hand));
		if (is_absence(err)) {
			rk_error_free(err);
			err = NULL;
		}
	}
	if (!err)
		before = plan->count;
	if (!err && before > 0)
		err = rk_plan_add(plan, RK_EFFECT_STAGE, "keep its chain in %s/%.16s…",
		    RK_KEEP_ATTESTATIONS, wish->key->fingerprint);
	if (!err && before == 0)
		err = rk_plan_add(plan, RK_EFFECT_READ, "judge the chain that the keep has");
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}
