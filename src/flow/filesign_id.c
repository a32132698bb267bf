#include "flow/filesign_private.h"

#include "base/show.h"
#include "tuf/delegations.h"

#include <stdlib.h>
#include <string.h>

void
rk_filesign_ids_free(rk_filesign *sign)
{
	for (size_t i = 0; i < sign->filing_count; i++)
		free(sign->filings[i].keyid);
	free(sign->filings);
	for (size_t i = 0; i < RK_PLACE_COUNT; i++) {
		rk_keyring_free(sign->places[i].ring);
		rk_role_free(sign->places[i].root);
	}
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
read_place(const rk_envelope *envelope, struct rk_filesign_place *place)
{
	RK_AUTO(rk_root) root = NULL;
	rk_error *err;

	if (envelope->kind != RK_ROLE_ROOT)
		return rk_filesign_ring(envelope, &place->ring);
	err = rk_root_read(envelope, &root);
	if (!err)
		err = rk_role_copy(rk_root_role(root, RK_ROLE_ROOT), &place->root);
	if (!err)
		place->ring = RK_TAKE(root->keys);
	return err;
}

static rk_error *
read_file(const char *path, enum rk_role_kind kind, struct rk_filesign_place *place)
{
	RK_AUTO(rk_envelope) envelope = NULL;
	rk_error *err = path ? rk_envelope_open_path(NULL, path, &envelope) : NULL;

	if (err || !path)
		return err;
	if (envelope->kind != kind)
		return rk_fail(RK_E_REFUSED, "name the file whose keys have ids",
		    "%s is no %s file", RK_SHOW(path), rk_role_kind_name(kind));
	return read_place(envelope, place);
}

rk_error *
rk_filesign_places(rk_filesign *sign)
{
	rk_error *err = read_place(sign->envelope, &sign->places[RK_PLACE_FILE]);

	if (!err)
		err = read_file(sign->wish.root, RK_ROLE_ROOT, &sign->places[RK_PLACE_ROOT]);
	return err ? err : read_file(sign->wish.by, RK_ROLE_TARGETS, &sign->places[RK_PLACE_BY]);
}

/* Whoever says for whom a root is means that its keys are good there; else it is only told. */
static rk_error *
judge_keys(const rk_filesign *sign, const struct rk_filesign_place *place)
{
	const struct rk_filesign_wish *wish = &sign->wish;
	int64_t now = wish->env->ops->now(wish->env);

	for (size_t i = 0; i < place->root->keyid_count; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(place->ring, place->root->keyids[i]);
		RK_AUTO(rk_error) err = NULL;

		if (key)
			err = sign->envelope->dialect->root_key_check(key, wish->gun, now);
		if (rk_error_code(err) == RK_E_NOMEM)
			return RK_TAKE(err);
		if (err && wish->gun)
			return rk_recode(
			    rk_wrap(RK_TAKE(err), "clients of %s would not take a key of %s",
				RK_SHOW(wish->gun), sign->what),
			    RK_E_REFUSED);
		if (err)
			rk_sayf(wish->env, RK_SAY_WARNING, "clients would not take a key of %s: %s",
			    sign->what, rk_error_message(err));
	}
	return NULL;
}

rk_error *
rk_filesign_judge_keys(const rk_filesign *sign)
{
	const struct rk_filesign_place *place = &sign->places[RK_PLACE_FILE];

	if (!place->root || !sign->envelope->dialect->root_key_check)
		return NULL;
	return judge_keys(sign, place);
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

static rk_error *
add_filing(rk_filesign *sign, size_t signer, const char *keyid)
{
	struct rk_filesign_filing *grown;
	RK_AUTO(rk_str) copy = NULL;
	rk_error *err;

	for (size_t i = 0; i < sign->filing_count; i++) {
		if (strcmp(sign->filings[i].keyid, keyid) != 0)
			continue;
		if (sign->filings[i].signer == signer)
			return NULL;
		return rk_fail(RK_E_REFUSED, "name each key once",
		    "two of the keys named would sign under the same id %s", RK_SHOW(keyid));
	}
	err = rk_strdup(keyid, &copy);
	if (err)
		return err;
	grown = realloc(sign->filings, (sign->filing_count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	sign->filings = grown;
	grown[sign->filing_count++] =
	    (struct rk_filesign_filing){.signer = signer, .keyid = RK_TAKE(copy)};
	return NULL;
}

/* A known id; all of a signer's must want the same signature. */
static rk_error *
add_key(rk_filesign *sign, size_t at, const rk_tuf_key *key)
{
	struct rk_filesign_signer *signer = &sign->signers[at];

	if (!key->scheme)
		return rk_fail(RK_E_REFUSED, NULL, "key %s cannot be signed with: %s",
		    RK_SHOW(key->keyid), key->why);
	if (signer->scheme && signer->scheme != key->scheme)
		return rk_fail(RK_E_AMBIGUOUS, "say which one is meant: --keyid HEX",
		    "this key has several ids, and not the same scheme under each: %s is one",
		    RK_SHOW(key->keyid));
	signer->scheme = key->scheme;
	return add_filing(sign, at, key->keyid);
}

/* Every id by which that root's own role knows the key. */
static rk_error *
add_ids_of_root(rk_filesign *sign, size_t at, const struct rk_filesign_place *place)
{
	const rk_pubkey *pubkey = rk_hand_pubkey(sign->signers[at].hand);
	rk_error *err = NULL;

	for (size_t i = 0; place->root && i < place->root->keyid_count && !err; i++) {
		const rk_tuf_key *key = rk_keyring_by_id(place->ring, place->root->keyids[i]);

		if (key && key->pubkey && rk_pubkey_equal(key->pubkey, pubkey))
			err = add_key(sign, at, key);
	}
	return err;
}

/* Nothing but the typed id is known of the key: the dialect says its scheme. */
static rk_error *
take_typed_id(rk_filesign *sign, size_t at)
{
	struct rk_filesign_signer *signer = &sign->signers[at];
	const rk_pubkey *pubkey = rk_hand_pubkey(signer->hand);

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
	return add_filing(sign, at, sign->wish.keyid);
}

rk_error *
rk_filesign_file_under(rk_filesign *sign, size_t at)
{
	const rk_pubkey *pubkey = rk_hand_pubkey(sign->signers[at].hand);
	size_t before = sign->filing_count;
	const rk_tuf_key *key = NULL;
	rk_error *err = NULL;

	if (!pubkey)
		return rk_fail(RK_E_TOKEN_UNSUPPORTED, "enrol the key with its public half",
		    "%s does not show the public half of %s",
		    rk_hand_token_name(sign->signers[at].hand),
		    RK_SHOW(sign->signers[at].key->typed));
	/* A root is judged by the root before it and by itself: a key that each knows by another id,
	 * as one with a new certificate, signs under both. */
	if (sign->envelope->kind == RK_ROLE_ROOT && !sign->wish.keyid) {
		err = add_ids_of_root(sign, at, &sign->places[RK_PLACE_FILE]);
		if (!err)
			err = add_ids_of_root(sign, at, &sign->places[RK_PLACE_ROOT]);
		if (err || sign->filing_count > before)
			return err;
	}
	for (size_t i = 0; i < RK_PLACE_COUNT && !err && !key; i++)
		err = id_in_ring(sign, sign->places[i].ring, pubkey, &key);
	if (err)
		return err;
	return key ? add_key(sign, at, key) : take_typed_id(sign, at);
}
