#include "flow/filesign.h"

#include "base/show.h"
#include "tuf/delegations.h"
#include "tuf/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A key on its way to being a signature. */
struct signer {
	const struct rk_filesign_key *key;
	rk_hand *hand;
	char *keyid;
	const rk_scheme *scheme;
	struct rk_filesign_signed made;
};

struct rk_filesign {
	struct rk_filesign_wish wish;
	rk_hands *hands;
	rk_envelope *envelope;
	rk_keyring *rings[3]; /* the file's, the root's, the delegator's; NULL: none */
	uint8_t sha256[RK_SHA256_SIZE];
	char *what;
	struct signer *signers;
	size_t done; /* how many have signed */
};

void
rk_filesign_free(rk_filesign *sign)
{
	if (!sign)
		return;
	for (size_t i = 0; sign->signers && i < sign->wish.key_count; i++)
		free(sign->signers[i].keyid);
	free(sign->signers);
	for (size_t i = 0; i < sizeof(sign->rings) / sizeof(sign->rings[0]); i++)
		rk_keyring_free(sign->rings[i]);
	rk_envelope_free(sign->envelope);
	rk_hands_free(sign->hands);
	free(sign->what);
	free(sign);
}

rk_error *
rk_filesign_ring(const rk_envelope *envelope, rk_keyring **ret_ring)
{
	RK_AUTO(rk_root) root = NULL;
	RK_AUTO(rk_delegations) delegations = NULL;
	rk_error *err = NULL;

	if (envelope->kind == RK_ROLE_ROOT) {
		err = rk_root_read(envelope, &root);
		if (!err)
			*ret_ring = RK_TAKE(root->keys);
	} else if (envelope->kind == RK_ROLE_TARGETS) {
		err = rk_delegations_read(envelope, &delegations);
		if (!err)
			*ret_ring = RK_TAKE(delegations->keys);
	}
	return err;
}

static rk_error *
read_ring(const char *path, enum rk_role_kind kind, rk_keyring **ret_ring)
{
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err = path ? rk_envelope_open_path(NULL, path, &envelope) : NULL;

	if (err || !path)
		return err;
	if (envelope->kind != kind)
		return rk_fail(RK_E_REFUSED, "name the file whose keys have ids",
		    "%s is no %s file", RK_SHOW(path), rk_role_kind_name(kind));
	return rk_filesign_ring(envelope, ret_ring);
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

static rk_error *
read_all(rk_filesign *sign)
{
	rk_error *err = rk_envelope_open_path(NULL, sign->wish.file, &sign->envelope);

	if (!err)
		err = rk_envelope_sha256(sign->envelope, sign->sha256);
	if (!err)
		err = rk_strdupf(&sign->what, "%s version %lld of %s",
		    rk_role_kind_name(sign->envelope->kind), (long long)sign->envelope->version,
		    RK_SHOW(sign->wish.file));
	if (!err)
		err = rk_filesign_ring(sign->envelope, &sign->rings[0]);
	if (!err)
		err = read_ring(sign->wish.root, RK_ROLE_ROOT, &sign->rings[1]);
	if (!err)
		err = read_ring(sign->wish.by, RK_ROLE_TARGETS, &sign->rings[2]);
	return err;
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

/* One public key under several ids: the typed one, or nobody knows which. */
static rk_error *
id_in_ring(const rk_filesign *sign, const rk_keyring *ring, const rk_pubkey *pubkey,
    const rk_tuf_key **ret_key)
{
	const char *typed = sign->wish.keyid;
	const rk_tuf_key *first = ring ? rk_keyring_by_pubkey(ring, pubkey, NULL) : NULL;
	const rk_tuf_key *key = first;

	while (key && typed && strcmp(key->keyid, typed) != 0)
		key = rk_keyring_by_pubkey(ring, pubkey, key);
	if (first && !key)
		return rk_fail(RK_E_REFUSED, "leave --keyid out",
		    "this key has the id %s there, and not %s", RK_SHOW(first->keyid),
		    RK_SHOW(typed));
	if (first && !typed && rk_keyring_by_pubkey(ring, pubkey, first))
		return rk_fail(RK_E_AMBIGUOUS, "say which one is meant: --keyid HEX",
		    "this key has more than one id there: %s is one", RK_SHOW(first->keyid));
	*ret_key = key;
	return NULL;
}

/* Nothing but the typed id is known of the key: the dialect says its scheme. */
static rk_error *
take_typed_id(const rk_filesign *sign, struct signer *signer, const rk_pubkey *pubkey)
{
	if (!sign->wish.keyid)
		return rk_fail(RK_E_REFUSED,
		    "name a file that has its id: --root FILE or --by FILE; or the id: --keyid HEX",
		    "%s does not name key %s", RK_SHOW(sign->wish.file),
		    RK_SHOW(signer->key->typed));
	signer->scheme = sign->envelope->dialect->scheme_for(pubkey);
	if (!signer->scheme)
		return rk_fail(RK_E_REFUSED, "sign with a key of another type",
		    "%s has no scheme for a key of type %s", sign->envelope->dialect->title,
		    rk_key_type_name(rk_pubkey_type(pubkey)));
	return rk_strdup(sign->wish.keyid, &signer->keyid);
}

static rk_error *
find_id(const rk_filesign *sign, struct signer *signer)
{
	const rk_pubkey *pubkey = rk_hand_pubkey(signer->hand);
	const rk_tuf_key *key = NULL;
	rk_error *err = NULL;

	if (!pubkey)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "enrol the key with its public half",
		    "%s does not show the public half of %s", rk_hand_token_name(signer->hand),
		    RK_SHOW(signer->key->typed));
	for (size_t i = 0; i < sizeof(sign->rings) / sizeof(sign->rings[0]) && !err && !key; i++)
		err = id_in_ring(sign, sign->rings[i], pubkey, &key);
	if (err)
		return err;
	if (!key)
		return take_typed_id(sign, signer, pubkey);
	if (!key->scheme)
		return rk_fail(RK_E_REFUSED, NULL, "key %s cannot be signed with: %s",
		    RK_SHOW(key->keyid), key->why);
	signer->scheme = key->scheme;
	return rk_strdup(key->keyid, &signer->keyid);
}

static rk_error *
refuse_twice(const rk_filesign *sign, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(sign->signers[i].keyid, sign->signers[count].keyid))
			return rk_fail(RK_E_REFUSED, "name each key once",
			    "two of the keys named would sign under the same id %s",
			    RK_SHOW(sign->signers[count].keyid));
	return NULL;
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
			err = find_id(sign, &sign->signers[i]);
		if (!err)
			err = refuse_twice(sign, i);
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
		    sign->envelope, sigs, sign->wish.key_count, NULL, rk_writer_sink(writer));
	if (!err)
		err = judge_same(sign, real);
	return err ? err : rk_writer_finish(writer);
}

static rk_error *
splice(const rk_filesign *sign, const struct rk_hand_job *jobs)
{
	struct rk_new_sig *sigs = calloc(sign->wish.key_count + 1, sizeof(*sigs));
	rk_error *err;

	if (!sigs)
		return rk_out_of_memory();
	for (size_t i = 0; i < sign->wish.key_count; i++)
		sigs[i] = (struct rk_new_sig){sign->signers[i].keyid, sign->signers[i].scheme,
		    jobs[i].signature.data, jobs[i].signature.len};
	err = replace(sign, sigs);
	free(sigs);
	return err;
}

static void
note_made(struct signer *signer, const rk_envelope *envelope)
{
	signer->made = (struct rk_filesign_signed){
	    .key = signer->key->known ? signer->key->known->name : "the key",
	    .fingerprint = rk_pubkey_fingerprint_hex(rk_hand_pubkey(signer->hand)),
	    .token = rk_hand_token_name(signer->hand),
	    .keyid = signer->keyid,
	    .replaced = rk_envelope_sig_by_id(envelope, signer->keyid) != NULL,
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
	for (size_t i = 0; i < count; i++)
		note_made(&sign->signers[i], sign->envelope);
	sign->done = count;
	return NULL;
}

size_t
rk_filesign_count(const rk_filesign *sign)
{
	return sign->done;
}

const struct rk_filesign_signed *
rk_filesign_at(const rk_filesign *sign, size_t index)
{
	return &sign->signers[index].made;
}
