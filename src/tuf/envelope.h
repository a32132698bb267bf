/*
 * envelope.h - a metadata file: its signed bytes kept exactly, and their signatures
 *
 * The file's text is scanned once; what is signed is found as a span of it and never rewritten by
 * reading. The payload (canonical bytes of `signed`) is digested in one pass and remembered. A
 * signature that is empty, damaged or by an unknown key is kept and told of, never fatal. A large
 * file from outside is copied once into a private file without a name, on a disk, and read from
 * there: nobody can change it meanwhile, and its pages leave memory behind each pass.
 *
 * Ownership  an envelope owns its text. Spans borrow it. rk_envelope_share counts owners; it is not
 *            for several threads.
 * Errors     RK_E_MALFORMED with file name, line and column; RK_E_LIMIT; RK_E_NOMEM; the sink's.
 * Standard   TUF 1.0, section 4.2 (file formats: general principles).
 */
#ifndef RK_TUF_ENVELOPE_H
#define RK_TUF_ENVELOPE_H

#include "tuf/dialect.h"

/* One entry of `signatures`. */
typedef struct rk_envelope_sig {
	char *keyid; /* foreign; "" where it has none */
	uint8_t *bytes; /* decoded, in the scheme's shape; NULL: empty or undecodable */
	size_t len;
	rk_json span; /* the entry's text */
	rk_json sig_span; /* the text of its `sig` value; len 0: it has none */
	bool empty; /* `sig` is "": a placeholder */
	bool undecodable;
	bool duplicate; /* an earlier entry has this keyid: many clients refuse the whole file */
	/* verify.c's: the key and scheme that it was verified with already. */
	rk_pubkey *verified_by;
	const rk_scheme *verified_as;
} rk_envelope_sig;

typedef struct rk_envelope rk_envelope;
struct rk_envelope {
	const rk_dialect *dialect;
	char *name; /* for messages; foreign */
	rk_text *text;
	rk_json signed_span;
	rk_json signatures_span;
	rk_envelope_sig *sigs;
	size_t sig_count;
	/* The header of `signed`. */
	enum rk_role_kind kind; /* by `_type`; TARGETS for delegated files too */
	int64_t version;
	int64_t expires;
	bool expires_portable;
	char *expires_text; /* foreign */
	/* Spans of members of `signed`; len 0 where absent. */
	rk_json type_span, version_span, expires_span, targets_span, delegations_span, meta_span;
	/* envelope.c's */
	rk_payload payload;
	rk_hashes file_hashes; /* those that were asked for */
	struct rk_scan_order largest; /* the order of an object of the text that is not sorted */
	bool targets_checked; /* targets.c's: rk_targets_check has passed */
	unsigned shared; /* how many others hold it */
};

/* Takes `text` over, also on failure. `dialect` NULL: detected. `name` is for messages. */
RK_CHECKED rk_error *rk_envelope_open(
    const rk_dialect *dialect, rk_text *text, const char *name, rk_envelope **ret_envelope);
/*
 * `text` is the file of `before` with other signatures in it, as rk_envelope_splice wrote it: what
 * stands outside of `signatures` is compared byte for byte, so that what is known of it holds (its
 * scan, its digests; bytes that an Ed25519 key wanted move over), and only the signatures are read.
 * RK_E_UNTRUSTED: the text says something else. Takes `text` over, also on failure.
 */
RK_CHECKED rk_error *
rk_envelope_open_spliced(rk_envelope *before, rk_text *text, rk_envelope **ret_envelope);
/* One more who holds it, and frees it in its time. */
rk_envelope *rk_envelope_share(rk_envelope *envelope);
/* rk_text_read_path (links followed, capped at the largest limit) and rk_envelope_open. */
RK_CHECKED rk_error *
rk_envelope_open_path(const rk_dialect *dialect, const char *path, rk_envelope **ret_envelope);
/* The most bytes of a file of this kind that we read. */
size_t rk_envelope_limit(enum rk_role_kind kind);
/*
 * The payload with at least these digests (a set of 1u << RK_HASH_…; SHA-256 always) and, where
 * `whole`, the bytes. Borrowed; grows on later calls, so pointers into it last until the next.
 */
RK_CHECKED rk_error *rk_envelope_payload(
    rk_envelope *envelope, unsigned hashes, bool whole, const rk_payload **ret_payload);
/* What a scheme needs of the payload. */
RK_CHECKED rk_error *rk_envelope_payload_for(
    rk_envelope *envelope, const rk_scheme *scheme, const rk_payload **ret_payload);
/* SHA-256 of the payload. */
RK_CHECKED rk_error *rk_envelope_sha256(rk_envelope *envelope, uint8_t out[static RK_SHA256_SIZE]);
/* Hashes of the file's own bytes, as snapshot and timestamp list them; taken once and remembered. */
RK_CHECKED rk_error *
rk_envelope_file_hashes(rk_envelope *envelope, unsigned set, rk_hashes *ret_hashes);
/* What such a hash is, where a pass over the same bytes has said it. */
void
rk_envelope_note_file_sha256(rk_envelope *envelope, const uint8_t sha256[static RK_SHA256_SIZE]);
/* The canonical bytes of `signed`, streamed (`digest --bytes`). */
RK_CHECKED rk_error *rk_envelope_write_payload(const rk_envelope *envelope, rk_sink sink);
/* `signed` as a tree: root, snapshot, timestamp; RK_E_LIMIT for what is too large for one. */
RK_CHECKED rk_error *rk_envelope_signed_node(const rk_envelope *envelope, rk_node **ret_signed);
/* Would every client take the same bytes for its payload? RK_E_REFUSED, by rk_dialect_check_value. */
RK_CHECKED rk_error *rk_envelope_portable(const rk_envelope *envelope);
/* The first entry with this id; NULL: none. */
const rk_envelope_sig *rk_envelope_sig_by_id(const rk_envelope *envelope, const char *keyid);

/* A signature to put in: replaces those of its id, else comes last. `sig` has the scheme's shape. */
struct rk_new_sig {
	const char *keyid;
	const rk_scheme *scheme;
	const void *sig;
	size_t len;
};
/*
 * The file with these signatures in it. Every byte outside the value of `signatures` stays; so do the
 * other entries and unknown members; new entries are written in the file's own style. Dropped: the
 * entries whose id is in `drop` (NULL or a NULL-ended list).
 */
RK_CHECKED rk_error *rk_envelope_splice(const rk_envelope *envelope, const struct rk_new_sig *sigs,
    size_t count, const char *const *drop, rk_sink sink);
/* A new file around `signed`, without signatures, in this style (NULL: the dialect's). What is
 * written passes rk_dialect_check_value, else RK_E_REFUSED. */
RK_CHECKED rk_error *rk_envelope_compose(const rk_dialect *dialect, const rk_node *signed_node,
    const rk_style *style, rk_text **ret_text);
/* How this file is written, or (with one reader) has to be: for the next version of it. */
rk_style rk_envelope_style(const rk_envelope *envelope);
void rk_envelope_free(rk_envelope *envelope);
RK_DEFINE_FREEP(rk_envelope)

#endif
