/*
 * keep.h - the keep: keep.json, what metadata cannot say, and no secret
 *
 * Names and holders of keys, the tokens they are on, the anchor of each repository, signatures
 * that are outstanding for ever, and the policy. Roles, thresholds and versions are said by the
 * metadata alone and never repeated here. The file is read strictly; members that we do not know
 * are kept. A keep is edited in memory and saved by an rk_change (keep/change.h).
 *
 * Ownership  a keep owns all it gives: keys, repositories and nodes are borrowed, and stay where
 *            they are until they are removed or the keep is freed. Setters copy their strings.
 * Errors     RK_E_NOT_FOUND no keep, key or repository; RK_E_UNSAFE a folder, owner, mode or link
 *            that is not believed; RK_E_NEWER; RK_E_MALFORMED; RK_E_REFUSED by a rule of formats;
 *            RK_E_BUSY another rootkeep writes; RK_E_EXISTS; RK_E_AMBIGUOUS; RK_E_LIMIT; RK_E_IO;
 *            RK_E_NOMEM.
 * Units      days of 86,400 seconds; hex in lower case.
 */
#ifndef RK_KEEP_KEEP_H
#define RK_KEEP_KEEP_H

#include "base/hashwords.h"
#include "tuf/dialect.h"
#include "world/env.h"
#include "json/document.h"

#define RK_KEEP_VERSION 1
#define RK_KEEP_FILE "keep.json"
#define RK_KEEP_MAX (256u << 20) /* bytes of keep.json */
#define RK_KEEP_NAME_MAX 64 /* bytes of a key's name */
#define RK_KEEP_PREFIX_MIN 8 /* hex digits that may stand for a key */
#define RK_KEEP_WARN_MAX 8 /* warnings before an expiry */

typedef struct rk_keep rk_keep;

enum rk_keep_origin {
	RK_KEEP_GENERATED, /* on a token, by us */
	RK_KEEP_SPLIT, /* born in locked memory, in shares */
	RK_KEEP_IMPORTED,
	RK_KEEP_EXTERNAL, /* enrolled: made elsewhere, or only its public half is here */
	RK_KEEP_ORIGIN_COUNT
};

typedef struct rk_keep_key {
	char *name;
	rk_pubkey *pubkey;
	const char *fingerprint; /* 64 hex digits, the pubkey's own */
	char *holder; /* foreign; NULL: nobody named */
	enum rk_keep_origin origin;
	char **tokens; /* pkcs11: URIs, in the order in which they were added */
	size_t token_count;
	rk_node *rest; /* an object: certificates, backups, and members we do not know */
} rk_keep_key;

/* Signatures given out on a payload that was then dropped: valid for ever. */
typedef struct rk_keep_outstanding {
	char *role; /* the house's spelling */
	int64_t version;
	uint8_t sha256[RK_SHA256_SIZE]; /* of the signed bytes */
	char **fingerprints; /* who signed */
	size_t fingerprint_count;
} rk_keep_outstanding;

typedef struct rk_keep_expiry {
	char *role;
	unsigned days;
} rk_keep_expiry;

typedef struct rk_keep_repo {
	char *name; /* foreign */
	char *gun; /* what clients know it by, where that is another name; NULL: it is `name` */
	char *dialect; /* "tuf": rk_dialect_by_name */
	rk_keep_expiry *expires_days; /* sorted by role */
	size_t expiry_count;
	bool anchored;
	int64_t anchor_version;
	uint8_t anchor_sha256[RK_SHA256_SIZE]; /* of the signed bytes of the first root believed */
	rk_keep_outstanding *outstanding;
	size_t outstanding_count;
	rk_node *rest; /* an object: members we do not know */
} rk_keep_repo;

struct rk_keep_options {
	const char *dir; /* -C: this folder exactly; NULL: look upward */
	const char *from; /* where to begin looking; NULL: "." */
	bool write; /* hold the lock from before the first read until the keep is freed */
	/* An empty folder becomes a keep by its first commit; without `write` it is only looked at
	 * as the keep that it could become. */
	bool create;
	rk_env *env;
};

/*
 * Find and open. An interrupted change is finished first, and said through env. A reader finishes
 * one too, and waits for a writer that is just committing. RK_E_NOT_FOUND no keep here;
 * RK_E_REFUSED `create` in a folder that is not empty; RK_E_BUSY says who writes.
 */
RK_CHECKED rk_error *rk_keep_open(const struct rk_keep_options *options, rk_keep **ret_keep);
/* The folder of the keep that rk_keep_open would open, judged but not read. RK_E_NOT_FOUND. */
RK_CHECKED rk_error *rk_keep_find(const struct rk_keep_options *options, rk_dir **ret_dir);
void rk_keep_free(rk_keep *keep);
RK_DEFINE_FREEP(rk_keep)

const rk_dir *rk_keep_dir(const rk_keep *keep);
const char *rk_keep_path(const rk_keep *keep);
rk_env *rk_keep_env(const rk_keep *keep);
bool rk_keep_is_writable(const rk_keep *keep);
/* True until the first commit of a keep that `create` begins: nothing is on the disk yet. */
bool rk_keep_is_new(const rk_keep *keep);
/* The text of keep.json as it stands in memory. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_keep_text(const rk_keep *keep, rk_buf *out);
/* The other way, over a text alone: for `check`. */
RK_CHECKED rk_error *rk_keep_judge(const rk_text *text, rk_keep **ret_keep);

/* Keys, sorted by name. */

/* "generated" …; never NULL. */
const char *rk_keep_origin_name(enum rk_keep_origin origin);
size_t rk_keep_key_count(const rk_keep *keep);
const rk_keep_key *rk_keep_key_at(const rk_keep *keep, size_t index);
/* NULL: none. */
const rk_keep_key *rk_keep_key_by_name(const rk_keep *keep, const char *name);
const rk_keep_key *rk_keep_key_by_fingerprint(const rk_keep *keep, const char *hex);
const rk_keep_key *rk_keep_key_by_pubkey(const rk_keep *keep, const rk_pubkey *pubkey);
/*
 * What a person typed: an exact name, else at least 8 hex digits that begin a fingerprint, a key
 * id of any dialect in use here, or the id of a certificate of it. RK_E_NOT_FOUND; RK_E_AMBIGUOUS
 * lists the candidates.
 */
RK_CHECKED rk_error *
rk_keep_key_find(const rk_keep *keep, const char *text, const rk_keep_key **ret_key);
/* [A-Za-z0-9][A-Za-z0-9._-]{0,63}. RK_E_REFUSED. */
RK_CHECKED rk_error *rk_keep_key_check_name(const char *name);
/*
 * A URI that may be stored: `module-name` is its only query attribute, and slot-id alone identifies
 * nothing. RK_E_REFUSED.
 */
RK_CHECKED rk_error *rk_keep_uri_check(const char *uri);

struct rk_keep_new_key {
	const char *name;
	const rk_pubkey *pubkey;
	const char *holder; /* NULL: none */
	enum rk_keep_origin origin;
	const char *token; /* a URI; NULL: only the public half is known */
};
/* RK_E_EXISTS the name or the public key is known here; RK_E_REFUSED. `ret_key` may be NULL. */
RK_CHECKED rk_error *
rk_keep_key_add(rk_keep *keep, const struct rk_keep_new_key *added, const rk_keep_key **ret_key);
/* By name, all: RK_E_NOT_FOUND. */
RK_CHECKED rk_error *rk_keep_key_rename(rk_keep *keep, const char *name, const char *new_name);
RK_CHECKED rk_error *rk_keep_key_set_holder(rk_keep *keep, const char *name, const char *holder);
/* A key that is found to have come about in another way. */
RK_CHECKED rk_error *
rk_keep_key_set_origin(rk_keep *keep, const char *name, enum rk_keep_origin origin);
/* A URI that is there already is success. */
RK_CHECKED rk_error *rk_keep_key_add_token(rk_keep *keep, const char *name, const char *uri);
/* RK_E_NOT_FOUND also for a URI that is not there. */
RK_CHECKED rk_error *rk_keep_key_remove_token(rk_keep *keep, const char *name, const char *uri);
/* A member of the rest ("certificates", "backups"); `value` is taken over, also on failure; NULL
 * removes it. RK_E_REFUSED for a member that has a setter of its own. */
RK_CHECKED rk_error *
rk_keep_key_put(rk_keep *keep, const char *name, const char *member, rk_node *value);
RK_CHECKED rk_error *rk_keep_key_remove(rk_keep *keep, const char *name);

/* Certificates of a key, in the order in which they were added. */

typedef struct rk_keep_certificate {
	const char *gun; /* its common name: a GUN, or a beginning and a star; foreign */
	const char *file; /* "certificates/<fingerprint>/<n>.pem" */
	int64_t not_after;
} rk_keep_certificate;
/* The next one, its texts borrowed from the key; `*at` is NULL before the first. False: no more. */
bool rk_keep_certificate_next(
    const rk_keep_key *key, const rk_node **at, rk_keep_certificate *ret_certificate);
/* Copied. RK_E_NOT_FOUND no such key; RK_E_REFUSED a file that is not one of this key's. */
RK_CHECKED rk_error *
rk_keep_certificate_add(rk_keep *keep, const char *name, const rk_keep_certificate *certificate);
/* Where the next one goes: the first number after keep.json's that the folder does not have. */
RK_CHECKED rk_error *
rk_keep_certificate_path(const rk_keep *keep, const rk_keep_key *key, char **ret_path);
/* From its file. RK_E_NOT_FOUND it is gone; RK_E_MALFORMED also one around another key. */
RK_CHECKED rk_error *rk_keep_certificate_read(const rk_keep *keep, const rk_keep_key *key,
    const rk_keep_certificate *noted, struct rk_certificate **ret_certificate);
/* The id that it has as a key of this dialect (one with certificates). The same errors. */
RK_CHECKED rk_error *rk_keep_certificate_id(const rk_keep *keep, const rk_keep_key *key,
    const rk_keep_certificate *noted, const rk_dialect *dialect, char out[static RK_KEYID_HEX]);

/* What a device swore about a key: two certificates in DER, as the token gave them. Whoever reads
 * them judges them anew. */

#define RK_KEEP_ATTESTATIONS "attestations"
#define RK_KEEP_ATTESTATION_MAX (64u << 10) /* bytes of one */

typedef struct rk_keep_attestation {
	rk_text *leaf; /* of the slot that holds the key */
	rk_text *f9; /* of the device */
} rk_keep_attestation;

/* "attestations/<fingerprint>/slot.der" and "…/f9.der". */
RK_CHECKED rk_error *
rk_keep_attestation_paths(const rk_keep_key *key, char **ret_leaf, char **ret_f9);
/* `*ret_attestation` is NULL where there is none. RK_E_NOT_FOUND: half of it is gone. */
RK_CHECKED rk_error *rk_keep_attestation_read(
    const rk_keep *keep, const rk_keep_key *key, rk_keep_attestation **ret_attestation);
/* Has any key one? */
bool rk_keep_attestation_any(const rk_keep *keep);
void rk_keep_attestation_free(rk_keep_attestation *attestation);
RK_DEFINE_FREEP(rk_keep_attestation)

/* Repositories, sorted by name. */

size_t rk_keep_repo_count(const rk_keep *keep);
const rk_keep_repo *rk_keep_repo_at(const rk_keep *keep, size_t index);
/* NULL: none. */
const rk_keep_repo *rk_keep_repo_by_name(const rk_keep *keep, const char *name);
/* The same, or RK_E_NOT_FOUND with the nearest remedy. */
RK_CHECKED rk_error *
rk_keep_repo_find(const rk_keep *keep, const char *name, const rk_keep_repo **ret_repo);
/* RK_E_EXISTS; RK_E_REFUSED a name that no folder can have. `ret_repo` may be NULL. */
RK_CHECKED rk_error *rk_keep_repo_add(
    rk_keep *keep, const char *name, const rk_dialect *dialect, const rk_keep_repo **ret_repo);
RK_CHECKED rk_error *rk_keep_repo_remove(rk_keep *keep, const char *name);
/* The name that clients know the repository by: the certificates of its root are made for it. */
const char *rk_keep_repo_gun(const rk_keep_repo *repo);
/* RK_E_REFUSED a name that the dialect does not have. */
RK_CHECKED rk_error *rk_keep_repo_set_gun(rk_keep *keep, const char *name, const char *gun);
/* False: nothing is said of this role (a delegation falls back to "targets"). */
bool rk_keep_repo_expires(const rk_keep_repo *repo, const char *role, unsigned *ret_days);
/* 0 days: say nothing of it. */
RK_CHECKED rk_error *
rk_keep_repo_set_expires(rk_keep *keep, const char *name, const char *role, unsigned days);
RK_CHECKED rk_error *rk_keep_repo_set_anchor(
    rk_keep *keep, const char *name, int64_t version, const uint8_t sha256[static RK_SHA256_SIZE]);
/* Copied; the fingerprints join those on the same role, version and digest. */
RK_CHECKED rk_error *rk_keep_repo_add_outstanding(
    rk_keep *keep, const char *name, const rk_keep_outstanding *outstanding);
/* Is some *other* payload outstanding for this role and version? NULL: no. */
const rk_keep_outstanding *rk_keep_repo_outstanding(const rk_keep_repo *repo, const char *role,
    int64_t version, const uint8_t sha256[static RK_SHA256_SIZE]);
/* Is anything outstanding for this role and version? */
bool rk_keep_repo_is_outstanding(const rk_keep_repo *repo, const char *role, int64_t version);

/* Policy. */

/* As it holds: the default with what keep.json says over it; borrowed. */
const rk_node *rk_keep_policy(const rk_keep *keep);
/* Judged, and taken over, also on failure. RK_E_MALFORMED names the member. */
RK_CHECKED rk_error *rk_keep_policy_set(rk_keep *keep, rk_node *policy);
/* RK_E_NOMEM. */
RK_CHECKED rk_error *rk_keep_policy_default(rk_node **ret_policy);
/* Days before an expiry at which to warn, most first; their number. `kind` is "certificate" or a
 * role (a delegation falls back to "targets"). */
size_t rk_keep_warn_days(
    const rk_keep *keep, const char *kind, unsigned ret_days[static RK_KEEP_WARN_MAX]);
/* The widest of them, 0 where there is none: what `renew` takes for its window. */
unsigned rk_keep_warn_window(const rk_keep *keep, const char *kind);
/* At least 1. */
unsigned rk_keep_min_threshold(const rk_keep *keep, const char *role);
/* May only keys that a device has sworn about hold this role? */
bool rk_keep_wants_attestation(const rk_keep *keep, const char *role);
/* Of any role at all. */
bool rk_keep_wants_attestations(const rk_keep *keep);

/* Names as path components. */

/* Everything outside [a-z0-9._-], and a leading dot, as %XX. RK_E_REFUSED empty, not UTF-8, or
 * longer than a file name may be. */
RK_CHECKED rk_error *rk_keep_component(const char *name, char **ret_component);
/* Only what rk_keep_component gives comes back. RK_E_MALFORMED. */
RK_CHECKED rk_error *rk_keep_component_decode(const char *component, char **ret_name);
/* "repos/<NAME>" or, with `below`, "repos/<NAME>/<below>". */
RK_CHECKED rk_error *rk_keep_repo_path(const char *name, const char *below, char **ret_path);

#endif
