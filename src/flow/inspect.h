/*
 * inspect.h - a repository as `docker trust inspect` sees it
 *
 * Tags that are released (listed by `targets` or `targets/releases`) with the signers that list the
 * same digest, every signer with its keys, and the administrative keys. A signer's keys go by
 * their canonical ids, as Notary's key files do; root's and the repository's by the ids that root
 * names.
 *
 * Ownership  an inspection owns all it holds; it outlives the state that it was taken from.
 * Errors     RK_E_REFUSED a dialect that docker does not read; RK_E_MALFORMED; RK_E_LIMIT; RK_E_NOMEM.
 * Standard   docker/cli 28 (cli/command/trust), Notary 0.7's client.
 */
#ifndef RK_FLOW_INSPECT_H
#define RK_FLOW_INSPECT_H

#include "tuf/chain.h"

/* What docker calls the signer of a tag that only the repository's own roles list. */
#define RK_INSPECT_ADMIN "Repo Admin"

typedef struct rk_inspect_tag {
	char *name; /* foreign */
	char digest[2 * RK_SHA256_SIZE + 1]; /* hex; "" where the target has no SHA-256 */
	size_t first, signers; /* in `signed_by`; none: the administrator alone */
} rk_inspect_tag;

typedef struct rk_inspect_signer {
	char *name; /* "alice" of targets/alice; foreign */
	rk_names *keyids; /* canonical, in the file's order */
} rk_inspect_signer;

typedef struct rk_inspect {
	rk_inspect_tag *tags; /* 1.9 before 1.10; one name twice where two digests are released */
	size_t tag_count;
	char **signed_by; /* names, in the order of the walk */
	size_t signed_count;
	rk_inspect_signer *signers; /* likewise 9 before 10 */
	size_t signer_count;
	rk_names *root_keys, *targets_keys; /* in the file's order */
} rk_inspect;

/* `tag` NULL: all. The state must have been believed at least up to targets, if there are any. */
RK_CHECKED rk_error *
rk_inspect_take(const rk_client_state *state, const char *tag, rk_inspect **ret_inspect);
/* Below 0, 0 or above 0: numbers in names count as numbers; 2 comes before 02. */
int rk_inspect_compare(const char *a, const char *b);
void rk_inspect_free(rk_inspect *inspect);
RK_DEFINE_FREEP(rk_inspect)

#endif
