#include "flow/keyarg.h"

#include "base/show.h"
#include "flow/factory.h"
#include "flow/keyuri.h"

#include <string.h>

#define KEY_FILE_MAX (64u << 10)

static bool
is_at(const rk_keep_key *key, const char *uri)
{
	for (size_t i = 0; i < key->token_count; i++)
		if (rk_keyuri_fits(uri, key->tokens[i]))
			return true;
	return false;
}

static rk_error *
key_by_uri(const rk_keep *keep, const char *uri, const rk_keep_key **ret_key)
{
	const rk_keep_key *found = NULL, *also = NULL;

	for (size_t i = 0; i < rk_keep_key_count(keep) && !also; i++) {
		const rk_keep_key *key = rk_keep_key_at(keep, i);

		if (!is_at(key, uri))
			continue;
		also = found;
		found = key;
	}
	if (!found)
		return rk_fail(RK_E_NOT_FOUND, "enrol it: rootkeep key enrol NAME URI",
		    "the keep has no key at %s", RK_SHOW(uri));
	if (also)
		return rk_fail(RK_E_AMBIGUOUS, "name the key, or give its id too",
		    "%s fits keys %s and %s", RK_SHOW(uri), RK_SHOW(also->name),
		    RK_SHOW(found->name));
	*ret_key = found;
	return NULL;
}

rk_error *
rk_keyarg_known(const rk_keep *keep, const char *text, const rk_keep_key **ret_key)
{
	const rk_keep_key *key = rk_keep_key_by_name(keep, text);

	if (!key && rk_keyuri_is(text))
		return key_by_uri(keep, text, ret_key);
	if (!key)
		return rk_keep_key_find(keep, text, ret_key);
	*ret_key = key;
	return NULL;
}

static bool
looks_like_file(const char *text)
{
	size_t len = strlen(text);

	return strchr(text, '/') || (len > 5 && !strcmp(text + len - 5, ".json")) ||
	       (len > 4 && !strcmp(text + len - 4, ".pem")) ||
	       (len > 4 && !strcmp(text + len - 4, ".der")) ||
	       (len > 4 && !strcmp(text + len - 4, ".crt"));
}

static rk_error *
key_of_file(const rk_dialect *dialect, const char *path, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_text) text = NULL;
	rk_error *err = rk_text_read_path(path, KEY_FILE_MAX, &text);

	return err ? err : rk_tuf_key_from_file(dialect, text, path, ret_key);
}

rk_error *
rk_keyarg_tuf(const rk_keep *keep, const rk_dialect *dialect, const char *text, bool file,
    rk_tuf_key **ret_key)
{
	const rk_keep_key *key = NULL;
	rk_error *err;

	if (file && !rk_keep_key_by_name(keep, text) && looks_like_file(text) &&
	    !rk_keyuri_is(text))
		return key_of_file(dialect, text, ret_key);
	err = rk_keyarg_known(keep, text, &key);
	return err ? err : rk_tuf_key_make(dialect, key->pubkey, ret_key);
}

rk_error *
rk_keyarg_certificate(
    const rk_dialect *dialect, const rk_certificate *certificate, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_node) object = NULL;
	char keyid[RK_KEYID_HEX];
	rk_error *err = dialect->certificate_object(certificate, &object);

	if (!err)
		err = dialect->key_id(object, keyid);
	return err ? err : rk_tuf_key_read(dialect, keyid, object, "a new root", ret_key);
}

rk_error *
rk_keyarg_root(const struct rk_keyarg_root *how, const char *text, rk_tuf_key **ret_key)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	struct rk_certify_wish wish = {.gun = how->gun};
	rk_error *err = rk_keyarg_known(how->custody->keep, text, &wish.key);

	if (!err)
		err = rk_factory_judge_key(how->custody, wish.key);
	if (!err && !how->dialect->root_certificates)
		return rk_tuf_key_make(how->dialect, wish.key->pubkey, ret_key);
	if (!err && how->change)
		err = rk_certify_want(how->custody, &wish, how->change, &certificate);
	else if (!err)
		err = rk_certify_find(how->custody->keep, wish.key, how->gun, &certificate);
	return err ? err : rk_keyarg_certificate(how->dialect, certificate, ret_key);
}
