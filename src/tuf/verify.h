/*
 * verify.h - does this file satisfy that role? Counted in public keys
 *
 * Not ids and not signatures are counted, but distinct public keys: one key under two ids counts
 * once and is told of. An unusable extra signature spoils nothing.
 *
 * Ownership  a verdict owns its strings.
 * Errors     RK_E_NOMEM and what reading the payload gives. That a threshold is not met is a verdict,
 *            not an error; rk_verdict_error makes one.
 * Standard   TUF 1.0, section 4.2 (signatures) and 5.3.4.
 */
#ifndef RK_TUF_VERIFY_H
#define RK_TUF_VERIFY_H

#include "tuf/envelope.h"

enum rk_judgement {
	RK_JUDGED_VALID,
	RK_JUDGED_NOT_IN_ROLE, /* its id is not among the role's */
	RK_JUDGED_NO_KEY, /* the role's id, but the keys do not have it */
	RK_JUDGED_WRONG, /* does not verify */
	RK_JUDGED_EMPTY, /* a placeholder */
	RK_JUDGED_UNDECODABLE,
	RK_JUDGED_UNKNOWN_KEY, /* key type or scheme that we do not know */
	RK_JUDGED_DUPLICATE_ID, /* a second entry of one id */
	RK_JUDGED_SAME_KEY, /* valid, but its public key has counted under another id */
};

typedef struct rk_verdict_sig {
	char *keyid; /* foreign */
	char fingerprint[RK_FINGERPRINT_HEX]; /* "" where the key is not known */
	enum rk_judgement judgement;
	char *why; /* safe to print; NULL: the judgement says it all */
} rk_verdict_sig;

typedef struct rk_verdict {
	char *role; /* the house's */
	rk_verdict_sig *sigs; /* in the file's order */
	size_t count;
	uint32_t threshold;
	uint32_t valid; /* distinct public keys that signed */
	bool met;
	/* Ids of the role that have not signed (validly), in the role's order; one for each public key. */
	char **missing;
	size_t missing_count;
	/* Ids of the role that are a second id of a key that has one before: counted once. */
	char **twins;
	size_t twin_count;
} rk_verdict;

/* "valid", "not in role" …; never NULL. */
const char *rk_judgement_name(enum rk_judgement judgement);
RK_CHECKED rk_error *rk_verify(
    rk_envelope *envelope, const rk_role *role, const rk_keyring *keys, rk_verdict **ret_verdict);
/*
 * rk_verify, and NULL only when the threshold is met: RK_E_UNTRUSTED says "root version 3: 1 of 2
 * signatures (…)". `under` is a phrase of ours for whose keys ("the keys of root 2"), or NULL.
 */
RK_CHECKED rk_error *rk_verify_role(
    rk_envelope *envelope, const rk_role *role, const rk_keyring *keys, const char *under);
/* The same from a verdict; NULL when it is met. */
RK_CHECKED rk_error *
rk_verdict_error(const rk_verdict *verdict, const rk_envelope *envelope, const char *under);
/* One signature against one key, before it is kept. NULL yes; as rk_pubkey_verify. */
RK_CHECKED rk_error *
rk_verify_one(rk_envelope *envelope, const rk_tuf_key *key, const void *sig, size_t sig_len);
/* {"role", "threshold", "valid", "met", "signatures": [{"keyid", "fingerprint", "judgement"}],
 * "missing": [keyid]}. */
RK_CHECKED rk_error *rk_verdict_node(const rk_verdict *verdict, rk_node **ret_object);
void rk_verdict_free(rk_verdict *verdict);
RK_DEFINE_FREEP(rk_verdict)

#endif
