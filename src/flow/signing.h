/*
 * signing.h - sign what is staged with every key that is at hand, and publish what has its thresholds
 *
 * A run goes over repositories together, so that each token is opened and each PIN asked once:
 *
 *   rk_signing_add       for each repository: what depends on a staged change is staged too, and the
 *                        keys that may sign are looked for, without a login
 *   rk_signing_plan      what would be signed by whom, as a plan
 *   rk_signing_run       the signatures, the derived snapshot and timestamp, a client's walk over
 *                        the result, and one change that publishes what is complete
 *   rk_signing_result    what came of each repository
 *
 * A staged set is published in closed parts. A root whose own quorum is met goes out only with what
 * its new keys make due; while it waits, roles whose keys it does not change go on without it. A
 * part whose snapshot or timestamp lacks a signature waits as a whole, with the signatures that it
 * has.
 *
 * Ownership  a signing borrows the keep, the env, the tokens and the memory; results are borrowed.
 * Errors     RK_E_NOT_FOUND nothing is staged or no such role; RK_E_UNTRUSTED the anchor, or a result
 *            that a client would refuse; RK_E_REFUSED a second payload for a version that was
 *            signed before, or a root that clients would refuse; RK_E_TOKEN_NONE and the like: a key that was named is not at hand;
 *            RK_E_PIN_WRONG and what else a token refuses: nothing is written; RK_E_IO; RK_E_NOMEM.
 * Standard   TUF 1.0, section 6.2 (consistent snapshots), 5.3.4 and 6.1 (root rotation).
 */
#ifndef RK_FLOW_SIGNING_H
#define RK_FLOW_SIGNING_H

#include "flow/hands.h"
#include "flow/plan.h"
#include "flow/repo.h"
#include "keep/memory.h"

typedef struct rk_signing rk_signing;

struct rk_signing_options {
	rk_keep *keep; /* open for writing */
	rk_env *env;
	rk_tokens *tokens;
	rk_memory *memory;
	const char *only_role; /* sign this role and what follows from it; NULL: all */
	const rk_keep_key *const
	    *only_keys; /* sign with these alone; a named one must be at hand */
	size_t only_key_count;
	/* Why another payload may be signed for a version that was signed before; NULL: it may not. */
	const char *second_payload;
	/* Why a root may be signed that clients would refuse (flow/lintrun.h); NULL: it may not. */
	const char *despite_lint;
	/* Why keys that the policy wants attested may sign without; NULL: none has to. */
	const char *unattested;
	int64_t clock; /* the machine's, for the journal */
};

struct rk_signing_signed {
	const char *role;
	int64_t version;
	const char *key; /* safe to print */
	const char *fingerprint;
	const char *token; /* safe to print */
};

struct rk_signing_published {
	const char *role;
	int64_t version;
	const char *file; /* in metadata/ */
};

/* A staged role that waits. */
struct rk_signing_pending {
	const char *role;
	int64_t version;
	const char *why; /* safe to print: "1 of 2 signatures under the keys of root 2" */
	const char *const *missing; /* keys' names, safe to print; any of them */
	const char *const *missing_fingerprints;
	size_t missing_count;
};

/* A key that could have signed and was not at hand. */
struct rk_signing_absent {
	const char *key;
	const char *reason; /* safe to print */
	bool lacked_pin; /* its token is here; its PIN was not to be had */
};

struct rk_signing_outcome {
	const char *repo;
	const struct rk_signing_signed *signatures;
	size_t signature_count;
	const struct rk_signing_published *published;
	size_t published_count;
	const struct rk_signing_pending *pending;
	size_t pending_count;
	const struct rk_signing_absent *absent;
	size_t absent_count;
};

RK_CHECKED rk_error *
rk_signing_new(const struct rk_signing_options *options, rk_signing **ret_signing);
RK_CHECKED rk_error *rk_signing_add(rk_signing *signing, const char *repo_name);
RK_CHECKED rk_error *rk_signing_plan(rk_signing *signing, rk_plan **ret_plan);
RK_CHECKED rk_error *rk_signing_run(rk_signing *signing);
size_t rk_signing_count(const rk_signing *signing);
const struct rk_signing_outcome *rk_signing_result(const rk_signing *signing, size_t index);
/* Was a token used: its journal head is to be printed. */
bool rk_signing_used_token(const rk_signing *signing);
/* RK_OK: all done; RK_E_UNFINISHED: signatures are missing; RK_E_PIN_NEEDED: nothing could be signed
 * and a token lacked its PIN. */
enum rk_code rk_signing_verdict(const rk_signing *signing);
void rk_signing_free(rk_signing *signing);
RK_DEFINE_FREEP(rk_signing)

#endif
