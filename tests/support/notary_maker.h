/*
 * notary_maker.h - a small Notary repository in memory, with keys and certificates in software
 *
 * Keys are ECDSA P-256, known by a number. 0 and 1 are root's, as certificates for RK_NOTARY_GUN that
 * last to RK_NOTARY_NOT_AFTER; 2 is targets', 3 snapshot's, 4 timestamp's; 5 and more are spare. A
 * new one has version 1 of everything, published: root's threshold is 1.
 *
 * Ownership  the maker owns its keys, source and documents; texts that it is given it frees. Failures
 *            fail the test.
 */
#ifndef RK_SUPPORT_NOTARY_MAKER_H
#define RK_SUPPORT_NOTARY_MAKER_H

#include "support/tuf_maker.h"

#define RK_NOTARY_GUN "lab.example/app"
#define RK_NOTARY_NOT_AFTER (RK_MAKER_NOW + 100 * RK_DAY)
#define RK_NOTARY_KEYS 8

typedef struct rk_notary_maker {
	EVP_PKEY *pairs[RK_NOTARY_KEYS];
	rk_tuf_key *plain[RK_NOTARY_KEYS];
	rk_tuf_key *certified[RK_NOTARY_KEYS];
	rk_source *source;
	rk_root *root;
	rk_snapshot *snapshot, *timestamp;
} rk_notary_maker;

/* cmocka's setup and teardown: *state is the maker. */
int rk_notary_maker_new(void **state);
int rk_notary_maker_free(void **state);

/* A key object: this pair's certificate with that common name, from a year ago to `not_after`. */
rk_tuf_key *rk_notary_maker_certify(EVP_PKEY *pair, const char *name, int64_t not_after);
/* The same as PEM. */
void rk_notary_maker_pem(EVP_PKEY *pair, const char *name, int64_t not_after, rk_buf *out);
/* The file with signatures by these pairs, each filed under that key's id. */
struct rk_notary_by {
	EVP_PKEY *pair;
	const rk_tuf_key *key;
};
rk_text *rk_notary_maker_sign(rk_text *text, const struct rk_notary_by *by, size_t count);
/* maker->root as N.root.json (and root.json where `plain`), signed by these of root's keys ("01"). */
void rk_notary_maker_put_root(rk_notary_maker *maker, const char *keys, bool plain);
/* Targets (or a delegation) from its members between `_type` and `version`, signed by one key; put, and
 * listed in maker->snapshot. */
void rk_notary_maker_put_targets(
    rk_notary_maker *maker, const char *role, int64_t version, const char *members, unsigned key);
/* Snapshot and timestamp, one version up, listing root too. */
void rk_notary_maker_refresh(rk_notary_maker *maker);
/* A new client's walk, now. */
struct rk_chain_request rk_notary_maker_request(rk_notary_maker *maker);

#endif
