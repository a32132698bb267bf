/*
 * fake_keep.h - a keep in a test's folder, three public keys, and somebody who listens
 *
 * Ownership  what rk_fake_keep_open and rk_fake_keep_key give belongs to the caller.
 */
#ifndef RK_SUPPORT_FAKE_KEEP_H
#define RK_SUPPORT_FAKE_KEEP_H

#include "keep/change.h"

#define RK_FAKE_NOW INT64_C(1800000000) /* 2027-01-15T08:00:00Z */
#define RK_FAKE_KEYS 3

struct rk_fake_keep {
	rk_env env;
	char said[4096]; /* every line that was said, ended by '\n' */
};

struct rk_fake_keep rk_fake_keep_env(void);
/* The PEM of one of the keys, and the key. */
const char *rk_fake_keep_pem(unsigned number);
rk_pubkey *rk_fake_keep_key(unsigned number);
/* Failures fail the test. */
rk_keep *rk_fake_keep_open(struct rk_fake_keep *fake, const char *folder, bool write);
/* Begin a keep with one key, "alice", and one repository, "demo". */
void rk_fake_keep_begin(struct rk_fake_keep *fake, const char *folder);
/* An entry for the journal. */
rk_journal_entry *rk_fake_keep_entry(struct rk_fake_keep *fake, const char *action);

#endif
