/*
 * dialect.h - what differs between TUF 1.0 and its relatives, as one const object each
 *
 * Everything that one dialect spells, names, counts or encodes differently from another stands
 * here, as a datum or a function; nobody else asks which dialect it is. Roles are in the house's
 * spelling (role.h) everywhere but in `role_to_file`'s result.
 *
 * Ownership  dialects are static. ret_* belong to the caller (char * by free()).
 * Errors     RK_E_NOT_FOUND no such dialect; RK_E_MALFORMED; RK_E_REFUSED what the dialect cannot
 *            say; RK_E_NOMEM.
 * Standard   TUF 1.0, section 4 (file formats) and 3.1, 6.2 (file names); Notary 0.7's metadata,
 *            docs/formats.md.
 */
#ifndef RK_TUF_DIALECT_H
#define RK_TUF_DIALECT_H

#include "base/datetime.h"
#include "tuf/hashes.h"
#include "tuf/key.h"
#include "tuf/role.h"
#include "json/write.h"

typedef struct rk_dialect rk_dialect;
struct rk_certificate; /* world/certificate.h */
struct rk_envelope; /* tuf/envelope.h */

struct rk_dialect {
	const char *name; /* "tuf": as typed and as keep.json says it */
	const char *title; /* "TUF 1.0" */
	const char *type_name[RK_ROLE_KIND_COUNT]; /* `_type` */
	unsigned expires_days[RK_ROLE_KIND_COUNT]; /* defaults */
	unsigned target_hashes; /* sets of 1u << RK_HASH_…: of target files */
	unsigned meta_hashes; /* of metadata files, in snapshot and timestamp */
	const rk_style *style; /* of new files; `signed` comes first, `signatures` last */
	bool meta_version; /* `meta` entries hold a version (and it must be the file's) */
	bool meta_root; /* the snapshot lists root too */
	bool consistent_default; /* consistent_snapshot of a new repository */
	bool root_plain; /* the newest root stands under its plain name too */
	bool root_certificates; /* root's keys are X.509 certificates for the repository's name */
	bool
	    server_roles; /* snapshot and timestamp are mostly a server's: they have no default keys */
	bool nested_roles; /* a role delegates to names one level below its own only */
	bool
	    soft_delegations; /* clients go on without a delegation that has no file, has expired, or
				  does not have enough signatures */
	bool one_reader; /* one implementation reads it: no need to be portable among several, but
			    every byte must be as that one writes it (`exact`) */

	/* Names. `role` is the house's. */

	/* "alice" for "targets/alice": as delegations and messages of other tools have it. */
	RK_CHECKED rk_error *(*role_to_file)(const char *role, char **ret_name);
	RK_CHECKED rk_error *(*role_from_file)(const char *name, char **ret_role);
	/* NULL: a name that a repository of this dialect can have. A NULL pointer: any name. */
	RK_CHECKED rk_error *(*repo_name_check)(const char *name);
	/* NULL: a name that this dialect can delegate to (the part after "targets/"). */
	RK_CHECKED rk_error *(*role_name_check)(const char *name);
	/* In the published folder: "3.root.json", "targets.json", "7.alice.json". root is always
	 * numbered. A name may have folders in it ("targets/alice.json"). */
	RK_CHECKED rk_error *(*published_name)(
	    const char *role, int64_t version, bool consistent_snapshot, char **ret_name);
	/* The unnumbered file name: "root.json", "a%2Fb.json": staged files, and the end of numbered ones. */
	RK_CHECKED rk_error *(*plain_name)(const char *role, char **ret_name);
	/* The other way: "7.alice.json" is version 7 of "targets/alice"; version 0: not numbered.
	 * RK_E_MALFORMED: no metadata file's name. */
	RK_CHECKED
	rk_error *(*parse_name)(const char *file_name, char **ret_role, int64_t *ret_version);
	/* In `meta`: "alice.json" for "targets/alice". */
	RK_CHECKED rk_error *(*meta_name)(const char *role, char **ret_name);
	RK_CHECKED rk_error *(*meta_role)(const char *meta_name, char **ret_role);

	/* Keys and signatures. */

	/* Fill keytype, scheme_name, pubkey, scheme, why of a key whose object is set. */
	RK_CHECKED rk_error *(*key_parse)(rk_tuf_key *key);
	/* The object for a public key. RK_E_REFUSED: none. */
	RK_CHECKED rk_error *(*key_object)(const rk_pubkey *pubkey, rk_node **ret_object);
	/* The object for a certificate (all of its PEM text). A NULL pointer: there is none. */
	RK_CHECKED rk_error *(*certificate_object)(
	    const struct rk_certificate *certificate, rk_node **ret_object);
	/* The certificate that a key's object holds; `*ret_certificate` is NULL where it holds none. A
	 * NULL pointer: none does. */
	RK_CHECKED rk_error *(*certificate_of)(
	    const rk_tuf_key *key, struct rk_certificate **ret_certificate);
	/* NULL: clients of `name` (NULL: not known) take this key for root at that time (0: at any).
	 * RK_E_UNTRUSTED says why not. A NULL pointer: they take every key that root names. */
	RK_CHECKED
	rk_error *(*root_key_check)(const rk_tuf_key *key, const char *name, int64_t now);
	/* The object that stands for one as a person or a server gives it. RK_E_REFUSED: it has a private
	 * half. A NULL pointer: it is kept as it stands. */
	RK_CHECKED rk_error *(*key_given)(const rk_node *object, rk_node **ret_object);
	/* The id that the standard computes over the object. */
	RK_CHECKED rk_error *(*key_id)(const rk_node *object, char out[static RK_KEYID_HEX]);
	/* What new keys of this kind sign with; NULL: nothing in this dialect. */
	const rk_scheme *(*scheme_for)(const rk_pubkey *pubkey);
	/* The scheme of one entry of `signatures` by this key; NULL: none that fits the key. A NULL
	 * pointer: the key's own. */
	const rk_scheme *(*signature_scheme)(const rk_tuf_key *key, const rk_json *entry);
	/* `sig` has the scheme's own shape (rk_hands_sign gives that): the entry of `signatures`. */
	RK_CHECKED rk_error *(*signature_object)(const char *keyid, const rk_scheme *scheme,
	    const void *sig, size_t sig_len, rk_node **ret_object);
	/* The text that goes between the quotes of `sig`. */
	RK_CHECKED rk_error *(*signature_text)(const void *sig, size_t sig_len, rk_buf *out);
	RK_CHECKED rk_error *(*signature_bytes)(const char *text, size_t len, rk_buf *out);

	/* Hashes and times. */

	RK_CHECKED rk_error *(*hash_text)(const uint8_t *hash, size_t len, rk_buf *out);
	RK_CHECKED
	rk_error *(*hash_bytes)(const char *text, size_t text_len, uint8_t *out, size_t len);
	/* What we write: portable. */
	const char *(*expires_text)(char out[static RK_TIME_SIZE], int64_t time);
	/* What we read: lenient. `ret_portable` may be NULL. */
	RK_CHECKED rk_error *(*expires_parse)(
	    const char *text, size_t len, int64_t *ret_time, bool *ret_portable);

	/* Documents. */

	/* A `signed` of this kind: version 1, `expires`, nothing in it yet. */
	RK_CHECKED
	rk_error *(*blank)(enum rk_role_kind kind, int64_t expires, rk_node **ret_signed);
	/* NULL: read and written again by the dialect's one reader, every byte of the file is the same.
	 * RK_E_REFUSED says what is not, and where. A NULL pointer: there is no such reader. */
	RK_CHECKED rk_error *(*exact)(const struct rk_envelope *file);
	/* Does one of a delegation's `paths` patterns cover a target path? */
	bool (*path_covers)(const char *pattern, const char *path);
};

extern const rk_dialect rk_dialect_tuf;
extern const rk_dialect rk_dialect_notary;

/* "tuf", "notary". RK_E_NOT_FOUND lists those there are. */
RK_CHECKED rk_error *rk_dialect_by_name(const char *name, const rk_dialect **ret_dialect);
/* By what the scanned file itself says (`_type`). RK_E_MALFORMED: no metadata of any that we know. */
RK_CHECKED rk_error *
rk_dialect_detect(const rk_json *file, const char *name, const rk_dialect **ret_dialect);
/* The same by that member's value alone; len 0: it has none. */
RK_CHECKED rk_error *
rk_dialect_by_type(const rk_json *type, const char *name, const rk_dialect **ret_dialect);
/*
 * May this (scanned) value, this string, stand in new metadata? NULL: yes. RK_E_REFUSED: it is not
 * portable (json/canonical.h); with one reader, it has a control character. `start` is where the text
 * begins, `name` and `what` are for messages.
 */
RK_CHECKED rk_error *rk_dialect_check_value(
    const rk_dialect *dialect, const rk_json *value, const char *start, const char *name);
RK_CHECKED rk_error *rk_dialect_check_string(
    const rk_dialect *dialect, const char *text, bool member_name, const char *what);

#endif
