#include "keep/keep_private.h"

#include "base/show.h"

#include <string.h>

#define CANDIDATES_SHOWN 5

/* Keys that a prefix may mean. */
struct search {
	const rk_keep *keep;
	const char *prefix; /* lower-case hex */
	const rk_keep_key *found[CANDIDATES_SHOWN];
	size_t count;
};

static void
take(struct search *search, const rk_keep_key *key)
{
	if (search->count < CANDIDATES_SHOWN)
		search->found[search->count] = key;
	search->count++;
}

/* The ids that a dialect would give the key: found, or the key has none there. */
static rk_error *
match_dialect(
    const struct search *search, const rk_keep_key *key, const rk_dialect *dialect, bool *matches)
{
	RK_AUTO(rk_node) object = NULL;
	char id[RK_KEYID_HEX];
	rk_error *err;

	err = dialect->key_object(key->pubkey, &object);
	if (rk_error_code(err) == RK_E_REFUSED) {
		rk_error_free(err);
		return NULL;
	}
	if (!err)
		err = dialect->key_id(object, id);
	if (!err && strncmp(id, search->prefix, strlen(search->prefix)) == 0)
		*matches = true;
	return err;
}

/* One whose file is gone or damaged is for 'rootkeep check' to tell: here it has no id. */
static rk_error *
match_certificates(
    const struct search *search, const rk_keep_key *key, const rk_dialect *dialect, bool *matches)
{
	const rk_node *at = NULL;
	rk_keep_certificate one;

	while (
	    dialect->certificate_object && !*matches && rk_keep_certificate_next(key, &at, &one)) {
		char id[RK_KEYID_HEX] = "";
		rk_error *err = rk_keep_certificate_id(search->keep, key, &one, dialect, id);

		if (rk_error_code(err) == RK_E_NOMEM)
			return err;
		*matches = !err && strncmp(id, search->prefix, strlen(search->prefix)) == 0;
		rk_error_free(err);
	}
	return NULL;
}

#define DIALECTS_MAX 8

/* The dialects of the repositories here, TUF's always. */
static size_t
dialects_in_use(const rk_keep *keep, const rk_dialect *ret_dialects[static DIALECTS_MAX])
{
	size_t count = 0;

	ret_dialects[count++] = &rk_dialect_tuf;
	for (size_t i = 0; i < keep->repos.count && count < DIALECTS_MAX; i++) {
		const rk_keep_repo *repo = keep->repos.items[i];
		bool is_known = false;

		for (size_t j = 0; j < count; j++)
			is_known = is_known || strcmp(ret_dialects[j]->name, repo->dialect) == 0;
		if (!is_known) {
			/* A dialect that this program does not know has no ids to compare. */
			RK_AUTO(rk_error)
			err = rk_dialect_by_name(repo->dialect, &ret_dialects[count]);

			if (!err)
				count++;
		}
	}
	return count;
}

static rk_error *
match_ids(struct search *search)
{
	const rk_dialect *dialects[DIALECTS_MAX];
	size_t count = dialects_in_use(search->keep, dialects);
	rk_error *err = NULL;

	for (size_t i = 0; i < search->keep->keys.count && !err; i++) {
		const rk_keep_key *key = search->keep->keys.items[i];
		bool matches =
		    strncmp(key->fingerprint, search->prefix, strlen(search->prefix)) == 0;

		for (size_t j = 0; j < count && !matches && !err; j++)
			err = match_dialect(search, key, dialects[j], &matches);
		if (!matches && !err)
			err = match_certificates(search, key, &rk_dialect_notary, &matches);
		if (matches && !err)
			take(search, key);
	}
	return err;
}

static bool
is_prefix(const char *text, char lower[static RK_FINGERPRINT_HEX])
{
	size_t len = strlen(text);

	if (len < RK_KEEP_PREFIX_MIN || len >= RK_FINGERPRINT_HEX ||
	    strspn(text, "0123456789abcdefABCDEF") != len)
		return false;
	for (size_t i = 0; i <= len; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
	return true;
}

static rk_error *
decide(const struct search *search, const char *text)
{
	RK_AUTO_BUF(names);

	if (search->count == 1)
		return NULL;
	if (search->count == 0)
		return rk_fail(RK_E_NOT_FOUND, "see 'rootkeep key list'",
		    "no key's fingerprint or id begins with %s", RK_SHOW(text));
	for (size_t i = 0; i < search->count && i < CANDIDATES_SHOWN; i++)
		rk_buf_printf(&names, "%s%s (%.16s)", i > 0 ? ", " : "",
		    RK_SHOW_BARE(search->found[i]->name),
		    rk_pubkey_fingerprint_hex(search->found[i]->pubkey));
	return rk_fail(RK_E_AMBIGUOUS, "give more digits, or a name", "%s may mean %zu keys: %s%s",
	    RK_SHOW(text), search->count, rk_buf_str(&names),
	    search->count > CANDIDATES_SHOWN ? ", …" : "");
}

rk_error *
rk_keep_key_find(const rk_keep *keep, const char *text, const rk_keep_key **ret_key)
{
	struct search search = {.keep = keep};
	const rk_keep_key *named = rk_keep_key_by_name(keep, text);
	char prefix[RK_FINGERPRINT_HEX];
	rk_error *err;

	if (named) {
		*ret_key = named;
		return NULL;
	}
	if (!is_prefix(text, prefix))
		return rk_fail(RK_E_NOT_FOUND,
		    "see 'rootkeep key list'; a fingerprint needs at least 8 digits",
		    "no key is called %s here", RK_SHOW(text));
	search.prefix = prefix;
	err = match_ids(&search);
	if (!err)
		err = decide(&search, text);
	if (!err)
		*ret_key = search.found[0];
	return err;
}
