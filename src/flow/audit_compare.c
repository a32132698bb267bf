#include "flow/audit_private.h"

#include "base/show.h"
#include "flow/keyuri.h"

#include <stdlib.h>
#include <string.h>

/* There is room for each key and each entry. */
static void
add_row(rk_audit_token *token, const rk_audit_key *row)
{
	token->rows[token->row_count++] = *row;
}

static void
add_words(rk_buf *out, bool is, const char *words)
{
	if (is)
		rk_buf_printf(out, "%s%s", out->len > 0 ? "; " : "", words);
}

/* What is not as it was when the key was taken into the keep. */
static void
tell_changes(const struct rk_audit_entry *entry, const rk_token_key *key, rk_buf *out)
{
	add_words(out, key->sensitive == RK_FACT_NO, "its private half can be read out");
	add_words(out, key->extractable == RK_FACT_YES, "it can leave the token");
	add_words(out, key->sign == RK_FACT_NO, "it may not sign");
	add_words(out, key->uri && !rk_keyuri_fits(entry->uri, key->uri),
	    "its label or id is another: the URI in the keep does not find it");
}

static rk_error *
take_words(rk_buf *words, char **ret_text)
{
	return words->len > 0 ? rk_buf_take(words, ret_text) : rk_buf_check(words);
}

static rk_error *
compare_known(const struct rk_audit_entry *entry, const rk_token_key *key, rk_audit_token *token)
{
	rk_audit_key row = {.known = entry->known, .uri = entry->uri, .key = key};
	RK_AUTO_BUF(words);
	rk_error *err;

	tell_changes(entry, key, &words);
	err = take_words(&words, &row.what);
	row.result = row.what ? RK_AUDIT_CHANGED : RK_AUDIT_OK;
	if (!err)
		add_row(token, &row);
	return err;
}

static rk_error *
compare_unknown(const rk_keep_key *known, const rk_token_key *key, rk_audit_token *token)
{
	rk_audit_key row = {.result = RK_AUDIT_UNKNOWN, .known = known, .key = key};
	const char *what = known ? "the keep knows this key, but not that it is here"
				 : "the keep does not know this key";
	rk_error *err;

	if (!key->handle) {
		row.result = RK_AUDIT_UNJUDGED;
		what = "a public half alone";
	} else if (!key->pubkey) {
		row.result = RK_AUDIT_UNJUDGED;
		what = "its public half does not show";
	}
	err = rk_strdup(what, &row.what);
	if (!err)
		add_row(token, &row);
	return err;
}

static int
by_fingerprint(const void *a, const void *b)
{
	const struct rk_audit_entry *left = a, *right = b;

	return strcmp(left->known->fingerprint, right->known->fingerprint);
}

static struct rk_audit_entry *
entry_of(struct rk_audit_entry *entries, size_t count, const rk_keep_key *known)
{
	const struct rk_audit_entry wanted = {.known = known};

	return count > 0 ? bsearch(&wanted, entries, count, sizeof(wanted), by_fingerprint) : NULL;
}

static rk_error *
compare_key(const rk_keep *keep, struct rk_audit_entry *entries, size_t count,
    const rk_token_key *key, rk_audit_token *token)
{
	const rk_keep_key *known = key->pubkey ? rk_keep_key_by_pubkey(keep, key->pubkey) : NULL;
	struct rk_audit_entry *entry =
	    known && key->handle ? entry_of(entries, count, known) : NULL;

	if (!entry)
		return compare_unknown(known, key, token);
	entry->found = true;
	return compare_known(entry, key, token);
}

/* Something may be in its place, or its public half is not to be seen. */
static rk_error *
compare_missing(const struct rk_audit_entry *entry, rk_audit_token *token)
{
	rk_audit_key row = {.result = RK_AUDIT_MISSING, .known = entry->known, .uri = entry->uri};
	const char *what = "it is not on the token";
	RK_AUTO(rk_token_key) other = NULL;
	rk_error *err = token->token->ops->find(token->token, entry->uri, &other);

	if (!err && other->pubkey && rk_pubkey_equal(other->pubkey, entry->known->pubkey))
		return NULL; /* by another URI it had its row */
	if (!err && other->pubkey) {
		row.result = RK_AUDIT_CHANGED;
		what = "another key is in its place";
	} else if (!err) {
		row.result = RK_AUDIT_UNJUDGED;
		what = "its public half does not show; 'rootkeep key test' tells whether it is it";
	}
	if (err && rk_error_code(err) != RK_E_KEY_NONE && rk_error_code(err) != RK_E_KEY_MANY)
		return err;
	rk_error_free(err);
	err = rk_strdup(what, &row.what);
	if (!err)
		add_row(token, &row);
	return err;
}

static int
compare_ids(const rk_token_key *left, const rk_token_key *right)
{
	if (left->id_len != right->id_len)
		return left->id_len < right->id_len ? -1 : 1;
	return left->id_len > 0 ? memcmp(left->id, right->id, left->id_len) : 0;
}

static int
by_id(const void *a, const void *b)
{
	const rk_token_key *const *left = a, *const *right = b;

	return compare_ids(*left, *right);
}

/* The private keys in the order of their ids. */
struct index {
	const rk_token_key **keys;
	size_t count;
};

static rk_error *
index_keys(const rk_token_keys *keys, struct index *index)
{
	index->keys = calloc(keys->count + 1, sizeof(rk_token_key *));
	if (!index->keys)
		return rk_out_of_memory();
	for (size_t i = 0; i < keys->count; i++)
		if (keys->keys[i].handle && keys->keys[i].id_len > 0)
			index->keys[index->count++] = &keys->keys[i];
	qsort(index->keys, index->count, sizeof(rk_token_key *), by_id);
	return NULL;
}

/* The private key that the token shows under a certificate's id. */
static const rk_token_key *
key_under(const struct index *index, const rk_token_certificate *certificate)
{
	const rk_token_key wanted = {.id = certificate->id, .id_len = certificate->id_len};
	const rk_token_key *probe = &wanted;
	const rk_token_key **found =
	    bsearch(&probe, index->keys, index->count, sizeof(rk_token_key *), by_id);

	return found ? *found : NULL;
}

/* One around another key hides the key beneath it from programs that look for certificates. */
static rk_error *
judge_certificate(const rk_keep *keep, const struct index *index, rk_audit_certificate *row)
{
	const rk_token_key *key = key_under(index, row->certificate);
	const rk_pubkey *pubkey = row->read ? row->read->pubkey : NULL;

	row->known = pubkey ? rk_keep_key_by_pubkey(keep, pubkey) : NULL;
	if (!row->read) {
		row->result = RK_AUDIT_UNJUDGED;
		return rk_strdup("it cannot be read", &row->what);
	}
	if (key && key->pubkey && pubkey && !rk_pubkey_equal(key->pubkey, pubkey)) {
		row->result = RK_AUDIT_CHANGED;
		return rk_strdup("it is around another key than the one under its id", &row->what);
	}
	if (row->known)
		return NULL;
	row->result = RK_AUDIT_UNJUDGED;
	return rk_strdup("of a key that the keep does not know", &row->what);
}

static rk_error *
compare_certificate(const rk_keep *keep, const struct index *index,
    const rk_token_certificate *certificate, rk_audit_token *token)
{
	rk_audit_certificate *row = &token->certificate_rows[token->certificate_count++];
	rk_error *err;

	row->certificate = certificate;
	err = rk_certificate_read(
	    certificate->der, certificate->der_len, certificate->label, &row->read);
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	rk_error_free(err);
	return judge_certificate(keep, index, row);
}

static rk_error *
compare_certificates(const rk_keep *keep, rk_audit_token *token)
{
	const rk_token_certificates *list = token->certificates;
	struct index index = {NULL, 0};
	rk_error *err = index_keys(token->keys, &index);

	token->certificate_rows = calloc(list->count + 1, sizeof(*token->certificate_rows));
	if (!err && !token->certificate_rows)
		err = rk_out_of_memory();
	for (size_t i = 0; i < list->count && !err; i++)
		err = compare_certificate(keep, &index, &list->certificates[i], token);
	free(index.keys);
	return err;
}

rk_error *
rk_audit_compare(
    const rk_keep *keep, struct rk_audit_entry *entries, size_t count, rk_audit_token *token)
{
	rk_error *err = NULL;

	token->rows = calloc(token->keys->count + count + 1, sizeof(*token->rows));
	if (!token->rows)
		return rk_out_of_memory();
	if (count > 0)
		qsort(entries, count, sizeof(*entries), by_fingerprint);
	for (size_t i = 0; i < token->keys->count && !err; i++)
		err = compare_key(keep, entries, count, &token->keys->keys[i], token);
	for (size_t i = 0; i < count && !err; i++)
		if (!entries[i].found)
			err = compare_missing(&entries[i], token);
	return err ? err : compare_certificates(keep, token);
}
