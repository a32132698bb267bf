/*
 * keyids.h - what a key is called elsewhere: its ids in TUF and Notary, and its certificates
 *
 * Notary knows one key by several ids: the plain key's (key files, signers), and one for each
 * certificate (root, trust pinning).
 *
 * Errors     RK_E_NOMEM. A certificate whose file is gone or damaged is shown without an id.
 */
#ifndef RK_CLI_KEYIDS_H
#define RK_CLI_KEYIDS_H

#include "keep/keep.h"
#include "term/run.h"

/* "certificates" as keep.json has them; with `keep` their ids too, from their files. */
RK_CHECKED rk_error *
rk_keyids_put_certificates(const rk_keep *keep, const rk_keep_key *key, rk_node *node);
/* "ids": {"tuf", "notary"}; null where that has no such keys. */
RK_CHECKED rk_error *rk_keyids_put(const rk_keep_key *key, rk_node *node);
/* All of it, a line each, in text mode. */
RK_CHECKED rk_error *
rk_keyids_lines(struct rk_run *run, const rk_keep *keep, const rk_keep_key *key);
/* Does any key have a certificate? */
bool rk_keyids_any(const rk_keep *keep);
/* "x, y; 3 more" for a cell. */
void rk_keyids_append(const rk_keep_key *key, rk_buf *out);

#endif
