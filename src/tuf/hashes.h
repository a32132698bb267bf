/*
 * hashes.h - the hashes of a file, as metadata lists them
 *
 * A fixed set of algorithms (SHA-224 to SHA-512); others are counted and left alone. How a hash is
 * spelled (hex or base64) is the dialect's business.
 *
 * Errors     RK_E_MALFORMED, RK_E_NOMEM.
 * Standard   TUF 1.0, section 4.4 (METAFILES) and 4.5 (TARGETS): HASHES.
 */
#ifndef RK_TUF_HASHES_H
#define RK_TUF_HASHES_H

#include "base/hashwords.h"
#include "world/signature.h"
#include "json/document.h"

struct rk_dialect;

#define RK_HASHES_MAX 64 /* bytes of the longest */

typedef struct rk_hashes {
	unsigned have; /* a set of 1u << RK_HASH_… */
	unsigned unknown; /* how many of other algorithms there were */
	uint8_t value[RK_HASH_SHA512 + 1][RK_HASHES_MAX];
} rk_hashes;

/* "sha256"; NULL for RK_HASH_NONE. */
const char *rk_hashes_name(enum rk_hash hash);
/* RK_HASH_NONE for an unknown name. */
enum rk_hash rk_hashes_by_name(const char *name);
size_t rk_hashes_size(enum rk_hash hash);
/* Of bytes, in one pass each; `set` is a set of 1u << RK_HASH_…. */
RK_CHECKED rk_error *
rk_hashes_of(const void *bytes, size_t len, unsigned set, rk_hashes *ret_hashes);
/* Of a text, whose pages are given back behind the pass. */
RK_CHECKED rk_error *rk_hashes_of_text(const rk_text *text, unsigned set, rk_hashes *ret_hashes);
void rk_hashes_set(rk_hashes *hashes, enum rk_hash hash, const uint8_t *value);
/* At least one algorithm in common, and all that are in common are equal. */
bool rk_hashes_match(const rk_hashes *a, const rk_hashes *b);
/* The same algorithms with the same values. */
bool rk_hashes_equal(const rk_hashes *a, const rk_hashes *b);
/* {"sha256": "…"} in the dialect's spelling; `where` is for messages (ours or shown). */
RK_CHECKED rk_error *rk_hashes_read(const struct rk_dialect *dialect, const rk_node *object,
    const char *where, rk_hashes *ret_hashes);
/* The same from a scanned span, without a tree. */
RK_CHECKED rk_error *rk_hashes_read_json(const struct rk_dialect *dialect, const rk_json *object,
    const char *where, rk_hashes *ret_hashes);
RK_CHECKED rk_error *
rk_hashes_node(const struct rk_dialect *dialect, const rk_hashes *hashes, rk_node **ret_object);

#endif
