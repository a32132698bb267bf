#include "tuf/key.h"

#include "base/show.h"
#include "tuf/dialect.h"
#include "world/certificate.h"

#include <stdlib.h>
#include <string.h>

void
rk_tuf_key_free(rk_tuf_key *key)
{
	if (!key)
		return;
	free(key->keyid);
	rk_node_free(key->object);
	free(key->keytype);
	free(key->scheme_name);
	rk_pubkey_free(key->pubkey);
	free(key->why);
	free(key);
}

/* Takes `object` over. `keyid` NULL: the computed one. */
static rk_error *
new_key(const rk_dialect *dialect, const char *keyid, rk_node *object, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_node) owned = object;
	RK_AUTO(rk_tuf_key) key = calloc(1, sizeof(*key));
	char computed[RK_KEYID_HEX];
	if (!key || !owned)
		return rk_out_of_memory();
	key->object = RK_TAKE(owned);
	rk_error *err = dialect->key_id(key->object, computed);
	if (err)
		return err;
	key->id_computed = !keyid || strcmp(keyid, computed) == 0;
	err = rk_strdup(keyid ? keyid : computed, &key->keyid);
	if (err)
		return err;
	err = dialect->key_parse(key);
	if (err)
		return err;
	*ret_key = RK_TAKE(key);
	return NULL;
}

rk_error *
rk_tuf_key_read(const rk_dialect *dialect, const char *keyid, const rk_node *object,
    const char *where, rk_tuf_key **ret_key)
{
	if (!object || rk_node_kind(object) != RK_JSON_OBJECT)
		return rk_fail(
		    RK_E_MALFORMED, NULL, "key %s of %s is not an object", RK_SHOW(keyid), where);
	rk_error *err = new_key(dialect, keyid, rk_node_copy(object), ret_key);
	return err ? rk_wrap(err, "cannot read key %s of %s", RK_SHOW(keyid), where) : NULL;
}

rk_error *
rk_tuf_key_make(const rk_dialect *dialect, const rk_pubkey *pubkey, rk_tuf_key **ret_key)
{
	rk_node *object = NULL;
	rk_error *err = dialect->key_object(pubkey, &object);
	if (err)
		return err;
	return new_key(dialect, NULL, object, ret_key);
}

rk_error *
rk_tuf_key_canonical_id(
    const rk_dialect *dialect, const rk_pubkey *pubkey, char out[static RK_KEYID_HEX])
{
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = dialect->key_object(pubkey, &object);
	return err ? err : dialect->key_id(object, out);
}

rk_error *
rk_tuf_key_copy(const rk_tuf_key *key, rk_tuf_key **ret_copy)
{
	RK_AUTO(rk_tuf_key) copy = calloc(1, sizeof(*copy));
	if (!copy)
		return rk_out_of_memory();
	copy->object = rk_node_copy(key->object);
	if (!copy->object)
		return rk_out_of_memory();
	rk_error *err = rk_strdup(key->keyid, &copy->keyid);
	if (!err)
		err = rk_strdup(key->keytype, &copy->keytype);
	if (!err)
		err = rk_strdup(key->scheme_name, &copy->scheme_name);
	if (!err && key->why)
		err = rk_strdup(key->why, &copy->why);
	if (err)
		return err;
	copy->pubkey = key->pubkey ? rk_pubkey_ref(key->pubkey) : NULL;
	copy->scheme = key->scheme;
	copy->id_computed = key->id_computed;
	*ret_copy = RK_TAKE(copy);
	return NULL;
}

static bool
looks_like_json(const rk_text *text)
{
	static const char blanks[] = {' ', '\t', '\r', '\n'};

	for (size_t i = 0; i < text->len; i++)
		if (!memchr(blanks, text->data[i], sizeof(blanks)))
			return text->data[i] == '{';
	return false;
}

static rk_error *
key_of_json(const rk_dialect *dialect, const rk_text *text, const char *name, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_node) object = NULL;
	RK_AUTO(rk_node) given = NULL;
	rk_error *err = rk_node_parse(text->data, text->len, name, &object);

	if (!err && dialect->key_given)
		err = dialect->key_given(object, &given);
	if (err)
		return err;
	return new_key(dialect, NULL, given ? RK_TAKE(given) : RK_TAKE(object), ret_key);
}

/* PEM or DER: a certificate, where the dialect has such keys, or else the public key in it. */
static rk_error *
key_of_other(const rk_dialect *dialect, const rk_text *text, const char *name, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_pubkey) pubkey = NULL;
	rk_node *object = NULL;
	rk_error *err = NULL;

	if (dialect->certificate_object)
		err = rk_certificate_read(text->data, text->len, name, &certificate);
	if (rk_error_code(err) == RK_E_MALFORMED) {
		rk_error_free(err);
		err = NULL;
	}
	if (!err && certificate)
		err = dialect->certificate_object(certificate, &object);
	if (!err && object)
		return new_key(dialect, NULL, object, ret_key);
	if (!err)
		err = rk_pubkey_from_any(text->data, text->len, &pubkey);
	return err ? err : rk_tuf_key_make(dialect, pubkey, ret_key);
}

rk_error *
rk_tuf_key_from_file(
    const rk_dialect *dialect, const rk_text *text, const char *name, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_tuf_key) key = NULL;
	rk_error *err;
	err = looks_like_json(text) ? key_of_json(dialect, text, name, &key)
				    : key_of_other(dialect, text, name, &key);
	if (err)
		return rk_wrap(err, "cannot read a public key from %s", RK_SHOW(name));
	if (!key->pubkey || !key->scheme)
		return rk_fail(RK_E_REFUSED,
		    "use a PEM public key, or a key object of a type that 'key generate' makes",
		    "the key in %s cannot be used: %s", RK_SHOW(name), key->why);
	*ret_key = RK_TAKE(key);
	return NULL;
}

rk_error *
rk_keyring_new(rk_keyring **ret_ring)
{
	rk_keyring *ring = calloc(1, sizeof(*ring));
	if (!ring)
		return rk_out_of_memory();
	ring->sorted = true;
	*ret_ring = ring;
	return NULL;
}

void
rk_keyring_free(rk_keyring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < ring->count; i++)
		rk_tuf_key_free(ring->keys[i]);
	free(ring->keys);
	free(ring);
}

rk_error *
rk_keyring_add(rk_keyring *ring, rk_tuf_key *key)
{
	RK_AUTO(rk_tuf_key) owned = key;
	if (rk_keyring_by_id(ring, key->keyid))
		return rk_fail(
		    RK_E_EXISTS, NULL, "key id %s is there already", RK_SHOW(key->keyid));
	if (ring->count == ring->cap) {
		size_t cap = ring->cap ? 2 * ring->cap : 8;
		rk_tuf_key **keys = reallocarray(ring->keys, cap, sizeof(*keys));
		if (!keys)
			return rk_out_of_memory();
		ring->keys = keys;
		ring->cap = cap;
	}
	if (ring->count > 0 && strcmp(ring->keys[ring->count - 1]->keyid, key->keyid) > 0)
		ring->sorted = false;
	ring->keys[ring->count++] = RK_TAKE(owned);
	return NULL;
}

rk_error *
rk_keyring_read(
    const rk_dialect *dialect, const rk_node *object, const char *where, rk_keyring **ret_ring)
{
	RK_AUTO(rk_keyring) ring = NULL;
	rk_error *err = rk_keyring_new(&ring);
	if (err)
		return err;
	if (!object || rk_node_kind(object) != RK_JSON_OBJECT)
		return rk_fail(RK_E_MALFORMED, NULL, "the keys of %s are not an object", where);
	for (rk_node *child = rk_node_child(object); child; child = rk_node_next(child)) {
		rk_tuf_key *key = NULL;
		err = rk_tuf_key_read(dialect, rk_node_name(child), child, where, &key);
		if (err)
			return err;
		err = rk_keyring_add(ring, key);
		if (err)
			return err;
	}
	*ret_ring = RK_TAKE(ring);
	return NULL;
}

static const rk_tuf_key *
search_sorted(const rk_keyring *ring, const char *keyid)
{
	size_t low = 0, high = ring->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(ring->keys[middle]->keyid, keyid);
		if (order == 0)
			return ring->keys[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const rk_tuf_key *
rk_keyring_by_id(const rk_keyring *ring, const char *keyid)
{
	if (ring->sorted)
		return search_sorted(ring, keyid);
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->keys[i]->keyid, keyid) == 0)
			return ring->keys[i];
	return NULL;
}

const rk_tuf_key *
rk_keyring_by_fingerprint(const rk_keyring *ring,
    const uint8_t fingerprint[static RK_FINGERPRINT_SIZE], const rk_tuf_key *after)
{
	bool started = !after;
	for (size_t i = 0; i < ring->count; i++) {
		const rk_tuf_key *key = ring->keys[i];
		if (started && key->pubkey &&
		    memcmp(rk_pubkey_fingerprint(key->pubkey), fingerprint, RK_FINGERPRINT_SIZE) ==
			0)
			return key;
		started = started || key == after;
	}
	return NULL;
}

const rk_tuf_key *
rk_keyring_by_pubkey(const rk_keyring *ring, const rk_pubkey *pubkey, const rk_tuf_key *after)
{
	return rk_keyring_by_fingerprint(ring, rk_pubkey_fingerprint(pubkey), after);
}
