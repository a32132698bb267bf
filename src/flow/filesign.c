#include "flow/filesign_private.h"

#include "base/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void
rk_filesign_free(rk_filesign *sign)
{
	if (!sign)
		return;
	rk_filesign_ids_free(sign);
	free(sign->signers);
	rk_envelope_free(sign->envelope);
	rk_hands_free(sign->hands);
	free(sign->what);
	free(sign);
}

static rk_error *
reach_one(rk_filesign *sign, const struct rk_filesign_key *key, rk_hand **ret_hand)
{
	struct rk_reach reach = {.name = key->typed, .uris = &key->typed, .uri_count = 1};

	if (key->known) {
		reach.name = key->known->name;
		reach.pubkey = key->known->pubkey;
		reach.uris = (const char *const *)key->known->tokens;
		reach.uri_count = key->known->token_count;
	}
	return rk_hands_reach(sign->hands, &reach, ret_hand);
}

static rk_error *
reach_all(rk_filesign *sign)
{
	rk_error *err = rk_hands_new(sign->wish.env, sign->wish.tokens, &sign->hands);

	sign->signers = calloc(sign->wish.key_count + 1, sizeof(*sign->signers));
	if (!err && !sign->signers)
		err = rk_out_of_memory();
	for (size_t i = 0; i < sign->wish.key_count && !err; i++) {
		sign->signers[i].key = &sign->wish.keys[i];
		err = reach_one(sign, &sign->wish.keys[i], &sign->signers[i].hand);
	}
	return err;
}

/* A signature would only make sure that a server takes what no client can read then. */
static rk_error *
judge_exact(const rk_filesign *sign)
{
	const rk_dialect *dialect = sign->envelope->dialect;

	return rk_wrap(dialect->exact ? dialect->exact(sign->envelope) : NULL,
	    "no client could read what would be made of %s; nothing was written",
	    RK_SHOW(sign->wish.file));
}

static rk_error *
read_all(rk_filesign *sign)
{
	rk_error *err = rk_envelope_open_path(NULL, sign->wish.file, &sign->envelope);

	if (!err)
		err = rk_envelope_sha256(sign->envelope, sign->sha256);
	if (!err)
		err = judge_exact(sign);
	if (!err)
		err = rk_strdupf(&sign->what, "%s version %lld of %s",
		    rk_role_kind_name(sign->envelope->kind), (long long)sign->envelope->version,
		    RK_SHOW(sign->wish.file));
	return err ? err : rk_filesign_places(sign);
}

static rk_error *
check_typed_id(const char *keyid)
{
	if (keyid && (!*keyid || keyid[strspn(keyid, "0123456789abcdef")]))
		return rk_fail(RK_E_REFUSED, "give it as it stands in the root, in lower case",
		    "%s is no key id: it has more than hex digits", RK_SHOW(keyid));
	return NULL;
}

rk_error *
rk_filesign_new(const struct rk_filesign_wish *wish, rk_filesign **ret_sign)
{
	RK_AUTO(rk_filesign) sign = calloc(1, sizeof(*sign));
	rk_error *err;

	if (!sign)
		return rk_out_of_memory();
	sign->wish = *wish;
	err = check_typed_id(wish->keyid);
	if (!err)
		err = read_all(sign);
	if (!err)
		err = rk_filesign_judge_keys(sign);
	if (!err)
		err = reach_all(sign);
	if (!err)
		*ret_sign = RK_TAKE(sign);
	return err;
}

rk_envelope *
rk_filesign_envelope(const rk_filesign *sign)
{
	return sign->envelope;
}

const uint8_t *
rk_filesign_sha256(const rk_filesign *sign)
{
	return sign->sha256;
}

const char *
rk_filesign_what(const rk_filesign *sign)
{
	return sign->what;
}

rk_error *
rk_filesign_plan(const rk_filesign *sign, rk_plan **ret_plan)
{
	RK_AUTO(rk_plan) plan = NULL;
	rk_error *err = rk_plan_new(&plan, "sign %s", sign->what);

	for (size_t i = 0; i < sign->wish.key_count && !err; i++)
		err = rk_plan_add(plan, RK_EFFECT_SIGN, "sign it with %s on %s",
		    RK_SHOW_BARE(sign->wish.keys[i].typed),
		    rk_hand_token_name(sign->signers[i].hand));
	if (!err)
		err = rk_plan_add(plan, RK_EFFECT_PUBLISH,
		    "replace %s; nothing but its signatures changes", RK_SHOW(sign->wish.file));
	if (!err)
		*ret_plan = RK_TAKE(plan);
	return err;
}

static rk_error *
make_ready(rk_filesign *sign)
{
	char hex[2 * RK_SHA256_SIZE + 1];
	RK_AUTO(rk_str) purpose = NULL;
	rk_error *err;

	rk_hex(hex, sign->sha256, sizeof(sign->sha256));
	err = rk_strdupf(&purpose, "sign %s, sha256 %s", sign->what, hex);
	for (size_t i = 0; i < sign->wish.key_count && !err; i++) {
		err = rk_hand_ready(sign->signers[i].hand, purpose);
		if (!err)
			err = rk_filesign_file_under(sign, i);
	}
	return err;
}

/* All digests that the schemes want, taken together: what is lent must not move. */
static rk_error *
payload_of(rk_filesign *sign, const rk_payload **ret_payload)
{
	unsigned hashes = 0;
	bool whole = false;

	for (size_t i = 0; i < sign->wish.key_count; i++) {
		enum rk_hash hash = sign->signers[i].scheme->hash;

		hashes |= 1u << hash;
		whole = whole || hash == RK_HASH_NONE;
	}
	return rk_envelope_payload(sign->envelope, hashes, whole, ret_payload);
}

/* The file that is there must be the one that was read. */
static rk_error *
judge_same(const rk_filesign *sign, const char *path)
{
	bool same = false;
	rk_error *err = rk_text_is_file(sign->envelope->text, path, &same);

	if (err || same)
		return err;
	return rk_fail(RK_E_BUSY, "look at it, and sign again",
	    "%s was changed while it was being signed; it was left as it is now",
	    RK_SHOW(sign->wish.file));
}

/* Written aside, and given the name of what is still the file that was read. */
static rk_error *
replace(const rk_filesign *sign, const struct rk_new_sig *sigs)
{
	RK_AUTO(rk_str) real = realpath(sign->wish.file, NULL);
	RK_AUTO(rk_writer) writer = NULL;
	struct stat facts;
	rk_error *err;

	if (!real || stat(real, &facts) != 0)
		return rk_fail_errno(
		    RK_E_IO, errno, NULL, "cannot find %s again", RK_SHOW(sign->wish.file));
	err = rk_writer_open_path(real, facts.st_mode & 0777, &writer);
	if (!err)
		err = rk_envelope_splice(
		    sign->envelope, sigs, sign->filing_count, NULL, rk_writer_sink(writer));
	if (!err)
		err = judge_same(sign, real);
	return err ? err : rk_writer_finish(writer);
}

static rk_error *
splice(const rk_filesign *sign, const struct rk_hand_job *jobs)
{
	struct rk_new_sig *sigs = calloc(sign->filing_count + 1, sizeof(*sigs));
	rk_error *err;

	if (!sigs)
		return rk_out_of_memory();
	for (size_t i = 0; i < sign->filing_count; i++) {
		size_t signer = sign->filings[i].signer;

		sigs[i] = (struct rk_new_sig){sign->filings[i].keyid, sign->signers[signer].scheme,
		    jobs[signer].signature.data, jobs[signer].signature.len};
	}
	err = replace(sign, sigs);
	free(sigs);
	return err;
}

static void
note_made(const rk_filesign *sign, struct rk_filesign_filing *filing)
{
	const struct rk_filesign_signer *signer = &sign->signers[filing->signer];

	filing->made = (struct rk_filesign_signed){
	    .key = signer->key->known ? signer->key->known->name : "the key",
	    .fingerprint = rk_pubkey_fingerprint_hex(rk_hand_pubkey(signer->hand)),
	    .token = rk_hand_token_name(signer->hand),
	    .keyid = filing->keyid,
	    .replaced = rk_envelope_sig_by_id(sign->envelope, filing->keyid) != NULL,
	};
}

static rk_error *
sign_all(rk_filesign *sign, const rk_payload *payload, struct rk_hand_job *jobs)
{
	size_t count = sign->wish.key_count;
	rk_error *err;

	for (size_t i = 0; i < count; i++) {
		jobs[i].hand = sign->signers[i].hand;
		jobs[i].scheme = sign->signers[i].scheme;
		jobs[i].payload = payload;
	}
	err = rk_hands_sign(sign->hands, jobs, count);
	for (size_t i = 0; i < count; i++) {
		err = err ? rk_join(err, jobs[i].err) : jobs[i].err;
		jobs[i].err = NULL;
	}
	return err;
}

rk_error *
rk_filesign_run(rk_filesign *sign)
{
	size_t count = sign->wish.key_count;
	struct rk_hand_job *jobs = calloc(count + 1, sizeof(*jobs));
	const rk_payload *payload = NULL;
	rk_error *err = jobs ? make_ready(sign) : rk_out_of_memory();

	if (!err)
		err = payload_of(sign, &payload);
	if (!err)
		err = sign_all(sign, payload, jobs);
	if (!err)
		err = splice(sign, jobs);
	for (size_t i = 0; jobs && i < count; i++)
		rk_buf_clear(&jobs[i].signature);
	free(jobs);
	if (err)
		return err;
	for (size_t i = 0; i < sign->filing_count; i++)
		note_made(sign, &sign->filings[i]);
	sign->done = true;
	return NULL;
}

size_t
rk_filesign_count(const rk_filesign *sign)
{
	return sign->done ? sign->filing_count : 0;
}

const struct rk_filesign_signed *
rk_filesign_at(const rk_filesign *sign, size_t index)
{
	return &sign->filings[index].made;
}
