#include "keep/keep_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const char *const origin_names[RK_KEEP_ORIGIN_COUNT] = {
    [RK_KEEP_GENERATED] = "generated",
    [RK_KEEP_SPLIT] = "split",
    [RK_KEEP_IMPORTED] = "imported",
    [RK_KEEP_EXTERNAL] = "external",
};

/* Members that have a field of their own: never in a key's rest. */
static const char *const own_members[] = {"fingerprint", "public", "holder", "origin", "tokens"};

const char *
rk_keep_origin_name(enum rk_keep_origin origin)
{
	return (unsigned)origin < RK_KEEP_ORIGIN_COUNT ? origin_names[origin] : "unknown";
}

size_t
rk_keep_key_count(const rk_keep *keep)
{
	return keep->keys.count;
}

const rk_keep_key *
rk_keep_key_at(const rk_keep *keep, size_t index)
{
	return keep->keys.items[index];
}

const rk_keep_key *
rk_keep_key_by_name(const rk_keep *keep, const char *name)
{
	return rk_keep_list_get(&keep->keys, name);
}

const rk_keep_key *
rk_keep_key_by_fingerprint(const rk_keep *keep, const char *hex)
{
	return rk_keep_list_get(&keep->prints, hex);
}

const rk_keep_key *
rk_keep_key_by_pubkey(const rk_keep *keep, const rk_pubkey *pubkey)
{
	return rk_keep_key_by_fingerprint(keep, rk_pubkey_fingerprint_hex(pubkey));
}

rk_error *
rk_keep_key_check_name(const char *name)
{
	size_t len = strlen(name);

	if (len > 0 && len <= RK_KEEP_NAME_MAX && strchr(ALNUM, name[0]) &&
	    strspn(name, ALNUM "._-") == len)
		return NULL;
	return rk_fail(RK_E_REFUSED,
	    "use up to 64 letters, digits, '.', '_' and '-', a letter or digit first",
	    "%s cannot be the name of a key", RK_SHOW(name));
}

static rk_error *
read_public(const rk_node *object, const char *where, rk_keep_key *key)
{
	const char *pem, *fingerprint;
	rk_error *err;

	err = rk_node_want_text(object, "public", where, &pem);
	if (!err)
		err = rk_node_want_text(object, "fingerprint", where, &fingerprint);
	if (!err)
		err = rk_pubkey_from_any(pem, strlen(pem), &key->pubkey);
	if (err)
		return rk_wrap(err, "%s has no public key that can be read", where);
	key->fingerprint = rk_pubkey_fingerprint_hex(key->pubkey);
	if (strcmp(key->fingerprint, fingerprint) == 0)
		return NULL;
	return rk_fail(RK_E_MALFORMED, "restore keep.json from a copy, and see who changed it",
	    "%s: its fingerprint is not that of its public key", where);
}

static rk_error *
read_origin(const rk_node *object, const char *where, rk_keep_key *key)
{
	const char *name;
	rk_error *err;

	err = rk_node_want_text(object, "origin", where, &name);
	if (err)
		return err;
	for (unsigned i = 0; i < RK_KEEP_ORIGIN_COUNT; i++) {
		if (strcmp(origin_names[i], name) == 0) {
			key->origin = (enum rk_keep_origin)i;
			return NULL;
		}
	}
	return rk_fail(RK_E_MALFORMED, "write generated, split, imported or external",
	    "%s: origin %s is none", where, RK_SHOW(name));
}

static rk_error *
read_tokens(const rk_node *object, const char *where, rk_keep_key *key)
{
	rk_node *tokens;
	rk_error *err;

	if (!rk_node_get(object, "tokens"))
		return NULL;
	err = rk_node_want_array(object, "tokens", where, &tokens);
	if (!err)
		err = rk_keep_strings_read(tokens, where, &key->tokens, &key->token_count);
	for (size_t i = 0; i < key->token_count && !err; i++)
		err = rk_keep_uri_check(key->tokens[i]);
	return err ? rk_wrap(err, "%s: its tokens are not believed", where) : NULL;
}

static rk_error *
read_holder(const rk_node *object, const char *where, rk_keep_key *key)
{
	const char *holder;
	rk_error *err;

	if (!rk_node_get(object, "holder"))
		return NULL;
	err = rk_node_want_text(object, "holder", where, &holder);
	return err ? err : rk_strdup(holder, &key->holder);
}

rk_error *
rk_keep_key_read(const char *name, rk_node *object, const char *where, rk_keep_key **ret_key)
{
	RK_AUTO(rk_keep_key) key = calloc(1, sizeof(*key));
	rk_error *err;

	if (!key) {
		rk_node_free(object);
		return rk_out_of_memory();
	}
	key->rest = object;
	if (rk_node_kind(object) != RK_JSON_OBJECT)
		return rk_fail(
		    RK_E_MALFORMED, "restore it from a copy", "%s is not an object", where);
	err = rk_keep_key_check_name(name);
	if (err)
		err = rk_recode(err, RK_E_MALFORMED);
	if (!err)
		err = rk_strdup(name, &key->name);
	if (!err)
		err = read_public(object, where, key);
	if (!err)
		err = read_origin(object, where, key);
	if (!err)
		err = read_holder(object, where, key);
	if (!err)
		err = read_tokens(object, where, key);
	if (!err)
		err = rk_keep_certificates_judge(key, where);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(own_members) / sizeof(own_members[0]); i++)
		rk_node_remove(object, own_members[i]);
	*ret_key = RK_TAKE(key);
	return NULL;
}

rk_error *
rk_keep_key_node(const rk_keep_key *key, rk_node **ret_object)
{
	RK_AUTO(rk_node) object = rk_node_copy(key->rest);
	RK_AUTO(rk_node) tokens = NULL;
	rk_error *err;

	if (!object)
		return rk_out_of_memory();
	err = rk_node_put_text(object, "fingerprint", key->fingerprint);
	if (!err)
		err = rk_node_put_text(object, "public", rk_pubkey_pem(key->pubkey));
	if (!err && key->holder)
		err = rk_node_put_text(object, "holder", key->holder);
	if (!err)
		err = rk_node_put_text(object, "origin", rk_keep_origin_name(key->origin));
	if (!err)
		err = rk_keep_strings_node(key->tokens, key->token_count, &tokens);
	if (!err)
		err = rk_node_put(object, "tokens", RK_TAKE(tokens));
	if (!err)
		*ret_object = RK_TAKE(object);
	return err;
}

rk_error *
rk_keep_key_own(rk_keep *keep, rk_keep_key *key)
{
	rk_error *err;

	err = rk_keep_list_insert(&keep->keys, key);
	if (!err) {
		err = rk_keep_list_insert(&keep->prints, key);
		if (err)
			rk_keep_list_remove(&keep->keys, key->name);
	}
	if (err)
		rk_keep_key_free(key);
	return err;
}

static rk_error *
find_own(rk_keep *keep, const char *name, rk_keep_key **ret_key)
{
	rk_keep_key *key = rk_keep_list_get(&keep->keys, name);

	if (!key)
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep key list'",
		    "no key is called %s here", RK_SHOW(name));
	*ret_key = key;
	return NULL;
}

static rk_error *
refuse_known(const rk_keep *keep, const char *name, const rk_pubkey *pubkey)
{
	const rk_keep_key *same = pubkey ? rk_keep_key_by_pubkey(keep, pubkey) : NULL;

	if (rk_keep_key_by_name(keep, name))
		return rk_fail(RK_E_EXISTS, "choose another name", "a key is called %s already",
		    RK_SHOW(name));
	if (same)
		return rk_fail(RK_E_EXISTS,
		    "enrol that name again to add a token, or rename it with 'rootkeep key set'",
		    "this public key is known here as %s", RK_SHOW(same->name));
	return NULL;
}

rk_error *
rk_keep_key_add(rk_keep *keep, const struct rk_keep_new_key *added, const rk_keep_key **ret_key)
{
	RK_AUTO(rk_keep_key) key = calloc(1, sizeof(*key));
	rk_keep_key *owned;
	rk_error *err;

	if (!key)
		return rk_out_of_memory();
	err = rk_keep_key_check_name(added->name);
	if (!err)
		err = refuse_known(keep, added->name, added->pubkey);
	if (!err && added->token)
		err = rk_keep_uri_check(added->token);
	if (!err)
		err = rk_strdup(added->name, &key->name);
	if (!err && added->holder)
		err = rk_strdup(added->holder, &key->holder);
	if (!err && added->token)
		err = rk_keep_strings_add(&key->tokens, &key->token_count, added->token);
	if (err)
		return err;
	key->rest = rk_node_new_object();
	if (!key->rest)
		return rk_out_of_memory();
	key->origin = added->origin;
	key->pubkey = rk_pubkey_ref(added->pubkey);
	key->fingerprint = rk_pubkey_fingerprint_hex(key->pubkey);
	owned = RK_TAKE(key);
	err = rk_keep_key_own(keep, owned);
	if (!err && ret_key)
		*ret_key = owned;
	return err;
}

rk_error *
rk_keep_key_rename(rk_keep *keep, const char *name, const char *new_name)
{
	RK_AUTO(rk_str) copy = NULL;
	rk_keep_key *key;
	char *old;
	rk_error *err;

	err = find_own(keep, name, &key);
	if (err || strcmp(key->name, new_name) == 0)
		return err;
	err = rk_keep_key_check_name(new_name);
	if (!err)
		err = refuse_known(keep, new_name, NULL);
	if (!err)
		err = rk_strdup(new_name, &copy);
	if (err)
		return err;
	rk_keep_list_remove(&keep->keys, key->name);
	old = key->name;
	key->name = RK_TAKE(copy);
	err = rk_keep_list_insert(&keep->keys, key);
	free(old);
	return err;
}

rk_error *
rk_keep_key_set_holder(rk_keep *keep, const char *name, const char *holder)
{
	RK_AUTO(rk_str) copy = NULL;
	rk_keep_key *key;
	rk_error *err;

	err = find_own(keep, name, &key);
	if (!err && holder && !rk_utf8_valid(holder, strlen(holder)))
		err = rk_fail(RK_E_REFUSED, "write it in UTF-8", "%s is not text", RK_SHOW(holder));
	if (!err && holder)
		err = rk_strdup(holder, &copy);
	if (err)
		return err;
	free(key->holder);
	key->holder = RK_TAKE(copy);
	return NULL;
}

static bool
find_token(const rk_keep_key *key, const char *uri, size_t *ret_at)
{
	for (size_t i = 0; i < key->token_count; i++) {
		if (strcmp(key->tokens[i], uri) == 0) {
			*ret_at = i;
			return true;
		}
	}
	return false;
}

rk_error *
rk_keep_key_set_origin(rk_keep *keep, const char *name, enum rk_keep_origin origin)
{
	rk_keep_key *key;
	rk_error *err = find_own(keep, name, &key);

	if (!err)
		key->origin = origin;
	return err;
}

rk_error *
rk_keep_key_add_token(rk_keep *keep, const char *name, const char *uri)
{
	rk_keep_key *key;
	rk_error *err;
	size_t at;

	err = find_own(keep, name, &key);
	if (!err)
		err = rk_keep_uri_check(uri);
	if (err || find_token(key, uri, &at))
		return err;
	return rk_keep_strings_add(&key->tokens, &key->token_count, uri);
}

rk_error *
rk_keep_key_remove_token(rk_keep *keep, const char *name, const char *uri)
{
	rk_keep_key *key;
	rk_error *err;
	size_t at;

	err = find_own(keep, name, &key);
	if (err)
		return err;
	if (!find_token(key, uri, &at))
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep key show'", "%s is on no token %s",
		    RK_SHOW(name), RK_SHOW(uri));
	free(key->tokens[at]);
	key->token_count--;
	memmove(
	    &key->tokens[at], &key->tokens[at + 1], (key->token_count - at) * sizeof(*key->tokens));
	return NULL;
}

rk_error *
rk_keep_key_put(rk_keep *keep, const char *name, const char *member, rk_node *value)
{
	RK_AUTO(rk_node) own = value;
	rk_keep_key *key;
	rk_error *err;

	err = find_own(keep, name, &key);
	for (size_t i = 0; i < sizeof(own_members) / sizeof(own_members[0]) && !err; i++) {
		if (strcmp(member, own_members[i]) == 0)
			err = rk_fail(
			    RK_E_REFUSED, NULL, "%s of a key is not set this way", RK_SHOW(member));
	}
	if (err)
		return err;
	if (own)
		return rk_node_put(key->rest, member, RK_TAKE(own));
	rk_node_remove(key->rest, member);
	return NULL;
}

rk_error *
rk_keep_key_remove(rk_keep *keep, const char *name)
{
	rk_keep_key *key;
	rk_error *err;

	err = find_own(keep, name, &key);
	if (err)
		return err;
	rk_keep_list_remove(&keep->keys, key->name);
	rk_keep_list_remove(&keep->prints, key->fingerprint);
	rk_keep_key_free(key);
	return NULL;
}

void
rk_keep_key_free(rk_keep_key *key)
{
	if (!key)
		return;
	free(key->name);
	free(key->holder);
	rk_keep_strings_free(key->tokens, key->token_count);
	rk_node_free(key->rest);
	rk_pubkey_free(key->pubkey);
	free(key);
}
