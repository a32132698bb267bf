/*
 * tuf_maker.h - a small TUF repository in memory, with keys in software
 *
 * Keys are ECDSA P-256 and known by a digit; a string of digits is a set of them ("02"). A new
 * repository has consistent snapshots and version 1 of everything: root by keys 0, 1 and 2 with a
 * threshold of 2, targets by 3, snapshot by 4, timestamp by 5. Keys 6 to 9 are spare. Whatever a
 * test changes it signs and puts itself, well or badly.
 *
 * Ownership  the maker owns its keys, source and documents; texts and envelopes that it gives are
 *            the test's, and texts that it is given it frees. Failures fail the test.
 */
#ifndef RK_SUPPORT_TUF_MAKER_H
#define RK_SUPPORT_TUF_MAKER_H

#include "tuf/chain.h"

#include <openssl/evp.h>

#define RK_MAKER_NOW INT64_C(1800000000) /* 2027-01-15T08:00:00Z */
#define RK_MAKER_KEYS 10

typedef struct rk_tuf_maker {
	EVP_PKEY *pairs[RK_MAKER_KEYS];
	rk_tuf_key *keys[RK_MAKER_KEYS];
	rk_source *source;
	/* The latest of each, to be edited and put again. */
	rk_root *root;
	rk_snapshot *snapshot, *timestamp;
} rk_tuf_maker;

/* cmocka's setup and teardown: *state is the maker. */
int rk_tuf_maker_new(void **state);
int rk_tuf_maker_free(void **state);

/* The file with signatures by these keys (and those that it has). */
rk_text *rk_tuf_maker_sign(const rk_tuf_maker *maker, rk_text *text, const char *keys);
/* {"signed": SIGNED, "signatures": […]} around JSON text. */
rk_text *rk_tuf_maker_wrap(const rk_tuf_maker *maker, const char *signed_json, const char *keys);
/* One signature in the scheme's shape. */
void
rk_tuf_maker_signature(const rk_tuf_maker *maker, rk_envelope *envelope, unsigned key, rk_buf *out);
rk_envelope *rk_tuf_maker_open(rk_text *text, const char *name);
/* A file of that published name, as it is. */
void rk_tuf_maker_put(rk_tuf_maker *maker, const char *name, rk_text *text);
/* The same with text from a string. */
rk_text *rk_tuf_maker_text(const char *bytes);

/* maker->root as its version, signed by these keys, under its published name. */
void rk_tuf_maker_put_root(rk_tuf_maker *maker, const char *keys);
/* A file of targets (or a delegated role's) from JSON text for its members after `_type`, `expires`,
 * `spec_version` and `version`; put, and listed in maker->snapshot. */
struct rk_maker_targets {
	const char *role; /* the house's */
	int64_t version;
	int64_t expires; /* 0: in a year */
	const char *members; /* "\"targets\":{}" */
	const char *keys;
};
void rk_tuf_maker_put_targets(rk_tuf_maker *maker, const struct rk_maker_targets *targets);
/* maker->snapshot as its version, listed in maker->timestamp. */
void rk_tuf_maker_put_snapshot(rk_tuf_maker *maker, const char *keys);
void rk_tuf_maker_put_timestamp(rk_tuf_maker *maker, const char *keys);
/* Snapshot and timestamp, one version up, by their keys. */
void rk_tuf_maker_refresh(rk_tuf_maker *maker);
/* "keys":{…} with the key objects of these, for delegations. */
void rk_tuf_maker_keys_json(const rk_tuf_maker *maker, const char *keys, rk_buf *out);
/* "keyids":["…", …] */
void rk_tuf_maker_keyids_json(const rk_tuf_maker *maker, const char *keys, rk_buf *out);

/* A new client's walk over the maker's files, now. */
struct rk_chain_request rk_tuf_maker_request(rk_tuf_maker *maker);
/* The state that a walk gives, which ends as is wanted. */
rk_client_state *rk_tuf_maker_walk(const struct rk_chain_request *request, enum rk_code want);
/* Is there a finding of this severity that says this? */
bool rk_tuf_maker_finds(const rk_client_state *state, enum rk_severity severity, const char *says);

/* The maker's files are refused by a client that last saw `since` (NULL: nothing), with a fatal finding
 * that says this. */
void rk_tuf_maker_refused(rk_tuf_maker *maker, const rk_client_state *since, const char *says);
/* They are taken, to the end: what the client then knows. */
rk_client_state *rk_tuf_maker_fine(rk_tuf_maker *maker, const rk_client_state *since);
/* The top targets, signed by its own key. */
void rk_tuf_maker_put_signed_targets(rk_tuf_maker *maker, int64_t version, const char *members);

/* $ROOTKEEP_FIXTURES: other people's metadata. Without it the test is skipped, or fails where CI is
 * "true". */
const char *rk_tuf_maker_fixtures(void);
/* The file of a fixture there. */
rk_text *rk_tuf_maker_fixture(const char *name);

#endif
