#include "tuf/verify.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static const char *const judgement_names[] = {
    [RK_JUDGED_VALID] = "valid",
    [RK_JUDGED_NOT_IN_ROLE] = "not in role",
    [RK_JUDGED_NO_KEY] = "no key",
    [RK_JUDGED_WRONG] = "wrong",
    [RK_JUDGED_EMPTY] = "empty",
    [RK_JUDGED_UNDECODABLE] = "undecodable",
    [RK_JUDGED_UNKNOWN_KEY] = "unknown key type",
    [RK_JUDGED_DUPLICATE_ID] = "duplicate id",
    [RK_JUDGED_SAME_KEY] = "same key again",
};

const char *
rk_judgement_name(enum rk_judgement judgement)
{
	return judgement_names[judgement];
}

void
rk_verdict_free(rk_verdict *verdict)
{
	if (!verdict)
		return;
	free(verdict->role);
	for (size_t i = 0; verdict->sigs && i < verdict->count; i++) {
		free(verdict->sigs[i].keyid);
		free(verdict->sigs[i].why);
	}
	free(verdict->sigs);
	for (size_t i = 0; i < verdict->missing_count; i++)
		free(verdict->missing[i]);
	free(verdict->missing);
	for (size_t i = 0; i < verdict->twin_count; i++)
		free(verdict->twins[i]);
	free(verdict->twins);
	free(verdict);
}

/* What this signature is made with; NULL: with nothing that fits the key. */
static const rk_scheme *
scheme_of(const rk_dialect *dialect, const rk_tuf_key *key, const rk_envelope_sig *sig)
{
	if (!key->scheme || !dialect->signature_scheme)
		return key->scheme;
	return dialect->signature_scheme(key, &sig->span);
}

/* The payload once, with all that the keys of the matching signatures want. */
static rk_error *
prepare_payload(rk_envelope *envelope, const rk_role *role, const rk_keyring *keys,
    const rk_payload **ret_payload)
{
	unsigned hashes = 0;
	bool whole = false;
	for (size_t i = 0; i < envelope->sig_count; i++) {
		const rk_envelope_sig *sig = &envelope->sigs[i];
		const rk_tuf_key *key = rk_keyring_by_id(keys, sig->keyid);
		const rk_scheme *scheme = key ? scheme_of(envelope->dialect, key, sig) : NULL;
		if (!scheme || !sig->bytes || !rk_role_has(role, sig->keyid))
			continue;
		hashes |= 1u << scheme->hash;
		whole = whole || scheme->hash == RK_HASH_NONE;
	}
	return rk_envelope_payload(envelope, hashes, whole, ret_payload);
}

/* What can be said without looking at the bytes; RK_JUDGED_VALID: they must be looked at. */
static enum rk_judgement
judge_form(const rk_envelope_sig *sig, const rk_tuf_key *key, bool in_role)
{
	if (!in_role)
		return RK_JUDGED_NOT_IN_ROLE;
	if (sig->duplicate)
		return RK_JUDGED_DUPLICATE_ID;
	if (!key)
		return RK_JUDGED_NO_KEY;
	if (sig->empty)
		return RK_JUDGED_EMPTY;
	if (sig->undecodable)
		return RK_JUDGED_UNDECODABLE;
	if (!key->pubkey || !key->scheme)
		return RK_JUDGED_UNKNOWN_KEY;
	return RK_JUDGED_VALID;
}

/* A file is judged by several roots, and at several steps: once is enough for the same key. */
static bool
is_verified(const rk_envelope_sig *sig, const rk_pubkey *pubkey, const rk_scheme *scheme)
{
	return sig->verified_by && sig->verified_as == scheme &&
	       rk_pubkey_equal(sig->verified_by, pubkey);
}

/* Only memory and our own defects are errors; a signature that cannot be one is wrong. */
static rk_error *
judge_bytes(const rk_envelope *envelope, const rk_tuf_key *key, rk_envelope_sig *sig,
    rk_verdict_sig *judged)
{
	const rk_scheme *scheme = scheme_of(envelope->dialect, key, sig);
	if (!scheme) {
		judged->judgement = RK_JUDGED_UNKNOWN_KEY;
		return rk_strdup("its method is none for such a key", &judged->why);
	}
	if (is_verified(sig, key->pubkey, scheme))
		return NULL;
	rk_error *err =
	    rk_pubkey_verify(key->pubkey, scheme, &envelope->payload, sig->bytes, sig->len);
	if (!err) {
		rk_pubkey_free(sig->verified_by);
		sig->verified_by = rk_pubkey_ref(key->pubkey);
		sig->verified_as = scheme;
		return NULL;
	}
	enum rk_code code = rk_error_code(err);
	if (code == RK_E_NOMEM || code == RK_E_INTERNAL)
		return err;
	judged->judgement = RK_JUDGED_WRONG;
	rk_error *told = rk_strdup(rk_error_message(err), &judged->why);
	rk_error_free(err);
	return told;
}

static bool
has_counted(const rk_verdict *verdict, size_t before, const char *fingerprint)
{
	for (size_t i = 0; i < before; i++)
		if (verdict->sigs[i].judgement == RK_JUDGED_VALID &&
		    strcmp(verdict->sigs[i].fingerprint, fingerprint) == 0)
			return true;
	return false;
}

static rk_error *
judge_one(rk_verdict *verdict, size_t at, const rk_envelope *envelope, const rk_role *role,
    const rk_keyring *keys)
{
	rk_envelope_sig *sig = &envelope->sigs[at];
	rk_verdict_sig *judged = &verdict->sigs[at];
	const rk_tuf_key *key = rk_keyring_by_id(keys, sig->keyid);
	rk_error *err = rk_strdup(sig->keyid, &judged->keyid);
	if (err)
		return err;
	if (key && key->pubkey)
		strcpy(judged->fingerprint, rk_pubkey_fingerprint_hex(key->pubkey));
	judged->judgement = judge_form(sig, key, rk_role_has(role, sig->keyid));
	if (judged->judgement == RK_JUDGED_UNKNOWN_KEY && key && key->why)
		return rk_strdup(key->why, &judged->why);
	if (judged->judgement != RK_JUDGED_VALID || !key)
		return NULL;
	err = judge_bytes(envelope, key, sig, judged);
	if (err || judged->judgement != RK_JUDGED_VALID)
		return err;
	if (has_counted(verdict, at, judged->fingerprint))
		judged->judgement = RK_JUDGED_SAME_KEY;
	else
		verdict->valid++;
	return NULL;
}

static bool
has_signed(const rk_verdict *verdict, const char *keyid, const rk_tuf_key *key)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const rk_verdict_sig *sig = &verdict->sigs[i];
		if (sig->judgement != RK_JUDGED_VALID)
			continue;
		if (strcmp(sig->keyid, keyid) == 0)
			return true;
		if (key && key->pubkey &&
		    strcmp(sig->fingerprint, rk_pubkey_fingerprint_hex(key->pubkey)) == 0)
			return true;
	}
	return false;
}

/* Is the `at`th id of the role a second name for a key that has an id before it? */
static bool
is_twin(const rk_role *role, const rk_keyring *keys, size_t at)
{
	const rk_tuf_key *key = rk_keyring_by_id(keys, role->keyids[at]);
	if (!key || !key->pubkey)
		return false;
	for (size_t i = 0; i < at; i++) {
		const rk_tuf_key *before = rk_keyring_by_id(keys, role->keyids[i]);
		if (before && before->pubkey && rk_pubkey_equal(before->pubkey, key->pubkey))
			return true;
	}
	return false;
}

static rk_error *
list_absent(rk_verdict *verdict, const rk_role *role, const rk_keyring *keys)
{
	verdict->missing = calloc(role->keyid_count + 1, sizeof(char *));
	verdict->twins = calloc(role->keyid_count + 1, sizeof(char *));
	if (!verdict->missing || !verdict->twins)
		return rk_out_of_memory();
	for (size_t i = 0; i < role->keyid_count; i++) {
		const char *keyid = role->keyids[i];
		const rk_tuf_key *key = rk_keyring_by_id(keys, keyid);
		rk_error *err;
		if (is_twin(role, keys, i)) {
			err = rk_strdup(keyid, &verdict->twins[verdict->twin_count]);
			verdict->twin_count += !err;
		} else if (!has_signed(verdict, keyid, key)) {
			err = rk_strdup(keyid, &verdict->missing[verdict->missing_count]);
			verdict->missing_count += !err;
		} else {
			continue;
		}
		if (err)
			return err;
	}
	return NULL;
}

rk_error *
rk_verify(
    rk_envelope *envelope, const rk_role *role, const rk_keyring *keys, rk_verdict **ret_verdict)
{
	RK_AUTO(rk_verdict) verdict = calloc(1, sizeof(*verdict));
	const rk_payload *payload;
	if (!verdict)
		return rk_out_of_memory();
	verdict->sigs = calloc(envelope->sig_count + 1, sizeof(*verdict->sigs));
	if (!verdict->sigs)
		return rk_out_of_memory();
	verdict->threshold = role->threshold;
	rk_error *err = rk_strdup(role->name, &verdict->role);
	if (!err)
		err = prepare_payload(envelope, role, keys, &payload);
	if (err)
		return err;
	verdict->count = envelope->sig_count;
	for (size_t i = 0; i < envelope->sig_count; i++) {
		err = judge_one(verdict, i, envelope, role, keys);
		if (err)
			return err;
	}
	verdict->met = role->threshold > 0 && verdict->valid >= role->threshold;
	err = list_absent(verdict, role, keys);
	if (err)
		return err;
	*ret_verdict = RK_TAKE(verdict);
	return NULL;
}

rk_error *
rk_verdict_error(const rk_verdict *verdict, const rk_envelope *envelope, const char *under)
{
	RK_AUTO_BUF(who);
	if (verdict->met)
		return NULL;
	for (size_t i = 0; i < verdict->count && i < 16; i++) {
		const rk_verdict_sig *sig = &verdict->sigs[i];
		rk_buf_printf(&who, "%s%s %s", i ? ", " : "",
		    RK_SHOW_LEN(sig->keyid, strnlen(sig->keyid, 12)),
		    rk_judgement_name(sig->judgement));
	}
	if (verdict->count > 16)
		rk_buf_printf(&who, " and %zu more", verdict->count - 16);
	return rk_fail(RK_E_UNTRUSTED, NULL, "%s version %lld has %u of %u signatures%s%s (%s)",
	    RK_SHOW_BARE(verdict->role), (long long)envelope->version, verdict->valid,
	    verdict->threshold, under ? " under " : "", under ? under : "",
	    verdict->count ? rk_buf_str(&who) : "nobody signed");
}

rk_error *
rk_verify_role(
    rk_envelope *envelope, const rk_role *role, const rk_keyring *keys, const char *under)
{
	RK_AUTO(rk_verdict) verdict = NULL;
	rk_error *err = rk_verify(envelope, role, keys, &verdict);
	return err ? err : rk_verdict_error(verdict, envelope, under);
}

rk_error *
rk_verify_one(rk_envelope *envelope, const rk_tuf_key *key, const void *sig, size_t sig_len)
{
	const rk_payload *payload;
	if (!key->pubkey || !key->scheme)
		return rk_fail(RK_E_REFUSED, NULL, "key %s cannot verify anything: %s",
		    RK_SHOW(key->keyid), key->why ? key->why : "it is not known");
	rk_error *err = rk_envelope_payload_for(envelope, key->scheme, &payload);
	return err ? err : rk_pubkey_verify(key->pubkey, key->scheme, payload, sig, sig_len);
}

static rk_error *
signature_node(const rk_verdict_sig *sig, rk_node *array)
{
	rk_node *object = rk_node_new_object();
	rk_error *err = rk_node_append(array, object);
	if (!err)
		err = rk_node_put_text(object, "keyid", sig->keyid);
	if (!err && sig->fingerprint[0])
		err = rk_node_put_text(object, "fingerprint", sig->fingerprint);
	if (!err && sig->why)
		err = rk_node_put_text(object, "why", sig->why);
	return err ? err : rk_node_put_text(object, "judgement", rk_judgement_name(sig->judgement));
}

static rk_error *
verdict_lists(const rk_verdict *verdict, rk_node *object)
{
	rk_node *sigs = rk_node_new_array();
	rk_error *err = rk_node_put(object, "signatures", sigs);
	for (size_t i = 0; !err && i < verdict->count; i++)
		err = signature_node(&verdict->sigs[i], sigs);
	if (err)
		return err;
	rk_node *missing = rk_node_new_array();
	err = rk_node_put(object, "missing", missing);
	for (size_t i = 0; !err && i < verdict->missing_count; i++)
		err = rk_node_append_text(missing, verdict->missing[i]);
	return err;
}

rk_error *
rk_verdict_node(const rk_verdict *verdict, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_new_object();
	if (!object)
		return rk_out_of_memory();
	rk_error *err = rk_node_put_text(object, "role", verdict->role);
	if (!err)
		err = rk_node_put_int(object, "threshold", verdict->threshold);
	if (!err)
		err = rk_node_put_int(object, "valid", verdict->valid);
	if (!err)
		err = rk_node_put_bool(object, "met", verdict->met);
	if (!err)
		err = verdict_lists(verdict, object);
	if (err)
		return err;
	*ret_object = RK_TAKE(object);
	return NULL;
}
