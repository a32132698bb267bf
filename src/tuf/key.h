/*
 * key.h - a key as metadata holds it, and a ring of them
 *
 * A key object is kept as it stands, unknown members and all, since its id is taken over all of
 * it. One whose type or scheme we do not know, or whose value is damaged, is kept too: it has no
 * pubkey, says why, and signatures by it never count.
 *
 * Ownership  a key owns what it holds; a ring owns its keys.
 * Errors     RK_E_MALFORMED (not even a key object), RK_E_NOMEM.
 * Standard   TUF 1.0, section 4.2 (KEY, KEYID) and 4.3.
 */
#ifndef RK_TUF_KEY_H
#define RK_TUF_KEY_H

#include "world/pubkey.h"
#include "json/document.h"

#define RK_KEYID_HEX 65 /* 64 digits and the zero: an id that we compute */

struct rk_dialect;

typedef struct rk_tuf_key {
	char *keyid; /* as the file says, foreign; for a new key the computed one */
	rk_node *object; /* as it stands */
	char *keytype; /* foreign; never NULL */
	char *scheme_name; /* foreign; "" where the dialect has none */
	rk_pubkey *pubkey; /* NULL: not understood */
	const rk_scheme *scheme; /* NULL: not understood */
	char *why; /* why pubkey or scheme is NULL: a sentence, safe to print; else NULL */
	bool id_computed; /* the id is the one that the standard computes */
} rk_tuf_key;

/* From a key object of metadata (copied). */
RK_CHECKED rk_error *rk_tuf_key_read(const struct rk_dialect *dialect, const char *keyid,
    const rk_node *object, const char *where, rk_tuf_key **ret_key);
/* A new key object for this public key, with its computed id. RK_E_REFUSED: the dialect has no
 * scheme for it. */
RK_CHECKED rk_error *
rk_tuf_key_make(const struct rk_dialect *dialect, const rk_pubkey *pubkey, rk_tuf_key **ret_key);
/*
 * A person's FILE: a TUF key object, a server's JSON, PEM or DER (rk_pubkey_from_any; a certificate stays
 * one where the dialect has them). The object's own members (its scheme, say) are kept, as far as the
 * dialect has them. RK_E_MALFORMED; RK_E_REFUSED a key that is not understood, or has a private half.
 */
RK_CHECKED rk_error *rk_tuf_key_from_file(
    const struct rk_dialect *dialect, const rk_text *text, const char *name, rk_tuf_key **ret_key);
/* The id of the public key's plain object: the one that a key has which also stands there as a
 * certificate. RK_E_REFUSED. */
RK_CHECKED rk_error *rk_tuf_key_canonical_id(
    const struct rk_dialect *dialect, const rk_pubkey *pubkey, char out[static RK_KEYID_HEX]);
RK_CHECKED rk_error *rk_tuf_key_copy(const rk_tuf_key *key, rk_tuf_key **ret_copy);
void rk_tuf_key_free(rk_tuf_key *key);
RK_DEFINE_FREEP(rk_tuf_key)

/* A root's or a delegator's keys, in the file's order. */
typedef struct rk_keyring {
	rk_tuf_key **keys;
	size_t count;
	size_t cap; /* key.c's */
	bool sorted; /* key.c's: by id */
} rk_keyring;

/* From {"KEYID": {…}, …}. */
RK_CHECKED rk_error *rk_keyring_read(const struct rk_dialect *dialect, const rk_node *object,
    const char *where, rk_keyring **ret_ring);
RK_CHECKED rk_error *rk_keyring_new(rk_keyring **ret_ring);
/* Takes `key` over, also on failure. RK_E_EXISTS: an id twice. */
RK_CHECKED rk_error *rk_keyring_add(rk_keyring *ring, rk_tuf_key *key);
/* NULL: no such id. Borrowed. */
const rk_tuf_key *rk_keyring_by_id(const rk_keyring *ring, const char *keyid);
/* The next key after `after` (NULL: the first) with this public key: one key may stand under
 * several ids. NULL at the end. */
const rk_tuf_key *
rk_keyring_by_pubkey(const rk_keyring *ring, const rk_pubkey *pubkey, const rk_tuf_key *after);
/* The same by its 32 byte fingerprint. */
const rk_tuf_key *rk_keyring_by_fingerprint(const rk_keyring *ring,
    const uint8_t fingerprint[static RK_FINGERPRINT_SIZE], const rk_tuf_key *after);
void rk_keyring_free(rk_keyring *ring);
RK_DEFINE_FREEP(rk_keyring)

#endif
