/*
 * filesign.h - put signatures into any metadata file, without a keep
 *
 * One private copy of the file is read; it is that copy that is shown, signed and verified, and the
 * file is replaced by it only if it is still the same. Nothing but its signatures changes.
 *
 * A key signs under the id of the same public key in the file, else in the root or delegator that is
 * given, else under the id that is typed; and with the scheme that is said there. A root is signed
 * under every id by which its own root role, or that of the root given, knows the key: a new
 * certificate gives a key another id.
 *
 * Ownership  a filesign borrows its wish and all in it; what it gives is borrowed from it.
 * Errors     RK_E_REFUSED a key without an id, or under another one than was typed; a root with a key
 *            that clients of the GUN do not take; bytes that its one reader writes otherwise; RK_E_AMBIGUOUS;
 *            RK_E_BUSY the file was changed meanwhile; RK_E_MALFORMED; as flow/hands.h; RK_E_IO;
 *            RK_E_NOMEM. After any of them the file is as it was.
 * Standard   TUF 1.0, section 4.2.
 */
#ifndef RK_FLOW_FILESIGN_H
#define RK_FLOW_FILESIGN_H

#include "flow/hands.h"
#include "flow/plan.h"
#include "keep/keep.h"
#include "tuf/envelope.h"

/* A key to sign with. */
struct rk_filesign_key {
	const char *typed; /* as a person named it */
	const rk_keep_key *known; /* a key of the keep; NULL: `typed` is its URI */
};

struct rk_filesign_wish {
	rk_env *env;
	rk_tokens *tokens;
	const char *file;
	const struct rk_filesign_key *keys;
	size_t key_count;
	const char *root, *by; /* files whose keys have ids; NULL: none */
	const char *keyid; /* NULL: none was typed */
	const char *gun; /* that a root's certificates must be for; NULL: not said */
};

/* One signature that was made. */
struct rk_filesign_signed {
	const char *key; /* safe to print */
	const char *fingerprint;
	const char *token; /* safe to print */
	const char *keyid; /* foreign */
	bool replaced; /* there was one of this id */
};

typedef struct rk_filesign rk_filesign;

/* Read the file and look for the keys, without a login. */
RK_CHECKED rk_error *rk_filesign_new(const struct rk_filesign_wish *wish, rk_filesign **ret_sign);
/* Borrowed: the file as it was read. */
rk_envelope *rk_filesign_envelope(const rk_filesign *sign);
const uint8_t *rk_filesign_sha256(const rk_filesign *sign); /* of the signed bytes */
/* "root version 3 of 'FILE'": safe to print. */
const char *rk_filesign_what(const rk_filesign *sign);
RK_CHECKED rk_error *rk_filesign_plan(const rk_filesign *sign, rk_plan **ret_plan);
/* All keys sign, or the file stays as it is. */
RK_CHECKED rk_error *rk_filesign_run(rk_filesign *sign);
size_t rk_filesign_count(const rk_filesign *sign);
const struct rk_filesign_signed *rk_filesign_at(const rk_filesign *sign, size_t index);
void rk_filesign_free(rk_filesign *sign);
RK_DEFINE_FREEP(rk_filesign)

/* The keys that a file itself holds: a root's, a delegator's; none for others. The caller's. */
RK_CHECKED rk_error *rk_filesign_ring(const rk_envelope *envelope, rk_keyring **ret_ring);

#endif
