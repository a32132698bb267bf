/*
 * memory.h - what this person's machine has seen and signed, whatever a keep says
 *
 * In $XDG_STATE_HOME/rootkeep/anchors, one small file for each anchor (the digest of the signed
 * bytes of the first root believed): the name last seen for it and each (role, version, digest)
 * that keys at this machine signed. A keep that is put back to an older state, or was swapped,
 * cannot make a second payload for a version that was signed before.
 *
 * Ownership  a memory owns its folder; records it gives belong to the caller.
 * Errors     RK_E_REFUSED a second payload; RK_E_NOT_FOUND; RK_E_UNSAFE a folder or file that
 *            others can write; RK_E_NEWER; RK_E_MALFORMED; RK_E_BUSY; RK_E_IO; RK_E_NOMEM.
 */
#ifndef RK_KEEP_MEMORY_H
#define RK_KEEP_MEMORY_H

#include "base/file.h"
#include "base/hashwords.h"
#include "world/env.h"

typedef struct rk_memory rk_memory;

/* One payload that was signed. */
typedef struct rk_memory_payload {
	char *role; /* the house's spelling */
	int64_t version;
	uint8_t sha256[RK_SHA256_SIZE]; /* of the signed bytes */
	char **fingerprints; /* of keys that signed it here */
	size_t fingerprint_count;
} rk_memory_payload;

typedef struct rk_memory_record {
	char *name; /* foreign; the repository's name last seen */
	int64_t anchor_version;
	uint8_t anchor_sha256[RK_SHA256_SIZE];
	rk_memory_payload *payloads;
	size_t count;
} rk_memory_record;

/* `state_dir` is $XDG_STATE_HOME/rootkeep and may not exist: nothing is made before something is
 * recorded. */
RK_CHECKED rk_error *rk_memory_open(const char *state_dir, rk_memory **ret_memory);
void rk_memory_free(rk_memory *memory);
RK_DEFINE_FREEP(rk_memory)

/* What is remembered for an anchor. RK_E_NOT_FOUND: nothing. */
RK_CHECKED rk_error *rk_memory_recall(const rk_memory *memory,
    const uint8_t anchor[static RK_SHA256_SIZE], rk_memory_record **ret_record);
/* Every anchor whose name last seen is this one: more than one is told by RK_E_AMBIGUOUS. */
RK_CHECKED rk_error *
rk_memory_recall_name(const rk_memory *memory, const char *name, rk_memory_record **ret_record);
/*
 * May this payload be signed? RK_E_REFUSED: another one for the same role and version was signed
 * here before; remedy `--except second-payload=REASON`.
 */
RK_CHECKED rk_error *
rk_memory_check(const rk_memory *memory, const uint8_t anchor[static RK_SHA256_SIZE],
    const char *role, int64_t version, const uint8_t sha256[static RK_SHA256_SIZE]);

/* What to remember; `payloads` may be none (a root that was believed). All borrowed. */
struct rk_memory_news {
	const char *name;
	int64_t anchor_version;
	const uint8_t *anchor_sha256;
	const rk_memory_payload *payloads;
	size_t count;
};
/* Of several anchors (a handful: a batch), under a lock of its own; on the disk when it returns. Fingerprints join those
 * known. Before a signature is let out of the house. On failure some may be remembered. */
RK_CHECKED rk_error *
rk_memory_record_news(rk_memory *memory, const struct rk_memory_news *news, size_t count);
void rk_memory_record_free(rk_memory_record *record);
RK_DEFINE_FREEP(rk_memory_record)

#endif
