/*
 * keyimport.h - copies of private keys, from files to tokens
 *
 * One file under a name of one's own, or every key of a folder of notary's or docker's, named by role
 * and id; the same key onto each of the tokens that are named. First everything is read and judged:
 * what is no key is set aside, a passphrase asked where there is none at hand, a label or id that is
 * taken refused. Then, once the plan was shown, each key goes to each token, is proved there by a
 * challenge under the public half that was read from the file, and its attributes are read back. One
 * that fails on a token is destroyed again on those before it. A key that is on a token already is not
 * written again, but proved and noted: so a run that was cut off is finished by the next one. The keep
 * and one line of the journal are written at the end.
 *
 * Private halves are not kept in memory while anybody is asked for a PIN: a file (but for a pipe, which
 * is read once) is read again when its turn comes, and must still be the key that was shown.
 *
 * Ownership  an rk_keyimport owns its items and what was read; it borrows the wish and the hands.
 * Errors     as keyfile.h, custody.h and hands.h list them; RK_E_USAGE one token twice.
 */
#ifndef RK_FLOW_KEYIMPORT_H
#define RK_FLOW_KEYIMPORT_H

#include "flow/custody.h"
#include "world/keyfile.h"

typedef struct rk_keyimport rk_keyimport;

struct rk_keyimport_wish {
	const char *name; /* NULL: every key of the folder */
	const char *path; /* a file, or a folder */
	const char *const *tokens; /* URIs */
	size_t token_count;
	struct rk_keyplace place; /* empty for a folder */
	const char *holder; /* NULL: nobody named */
};

enum rk_keyimport_outcome {
	RK_KEYIMPORT_WANTED, /* not done yet */
	RK_KEYIMPORT_DONE, /* written to a token, proved, noted */
	RK_KEYIMPORT_NOTED, /* it was on every token; proved and noted */
	RK_KEYIMPORT_KNOWN, /* the keep knows it on every token */
	RK_KEYIMPORT_SKIPPED, /* there is no private key in the file, or one that came before it */
	RK_KEYIMPORT_FAILED,
};

typedef struct rk_keyimport_item {
	char *file;
	char *name; /* in the keep; NULL: not read */
	rk_pubkey *pubkey; /* NULL: not read */
	char *role, *gun; /* Notary's headers; foreign; NULL */
	enum rk_keyimport_outcome outcome;
	rk_error *why; /* it was skipped, or failed; else NULL */
	struct rk_keyimport_state *state; /* keyimport.c's */
} rk_keyimport_item;

/* Reads and judges; logs nothing in, writes nothing. With a name, what fails is the call's error. */
RK_CHECKED rk_error *rk_keyimport_open(const struct rk_custody *custody,
    const struct rk_keyimport_wish *wish, rk_keyimport **ret_import);
size_t rk_keyimport_count(const rk_keyimport *import);
const rk_keyimport_item *rk_keyimport_at(const rk_keyimport *import, size_t index);
/* How many came to this. */
size_t rk_keyimport_tally(const rk_keyimport *import, enum rk_keyimport_outcome outcome);
RK_CHECKED rk_error *rk_keyimport_plan(const rk_keyimport *import, rk_plan **ret_plan);
/* The PINs, before signals are held back; then what the tokens show is judged anew. */
RK_CHECKED rk_error *rk_keyimport_login(rk_keyimport *import);
/*
 * All that is wanted. `stop`, if not NULL, is asked before each key: true ends it. With a name, what
 * fails is the call's error; of a folder each item has its own, and what was done is noted in the
 * keep all the same.
 */
RK_CHECKED rk_error *rk_keyimport_run(rk_keyimport *import, bool (*stop)(void));
void rk_keyimport_free(rk_keyimport *import);
RK_DEFINE_FREEP(rk_keyimport)

#endif
