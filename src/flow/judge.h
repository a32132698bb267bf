/*
 * judge.h - what a client may believe: of a repository, of a folder, of one file
 *
 * A repository is judged from its anchor or from a root that is given, a folder from that root
 * alone; without either, what is there can be consistent and is not authenticated. A repository's
 * roles whose keys the keep does not have may be missing: it is judged as far as it is held.
 *
 * Ownership  a judgement owns what it holds; wishes are borrowed for the call.
 * Errors     RK_E_UNTRUSTED a client would refuse it; RK_E_FOUND target files that are not what the
 *            metadata says; RK_E_NOT_FOUND nothing is published, no such role; RK_E_REFUSED a file
 *            that cannot be judged so; RK_E_MALFORMED; RK_E_LIMIT; RK_E_IO; RK_E_NOMEM. A judgement is
 *            returned also with an error, as far as it got.
 * Standard   TUF 1.0, sections 5.3 to 5.7 (detailed client workflow).
 */
#ifndef RK_FLOW_JUDGE_H
#define RK_FLOW_JUDGE_H

#include "flow/repo.h"

struct rk_judge_wish {
	rk_env *env;
	rk_repo *repo; /* what it has published; or NULL */
	const char *folder; /* else the files in this folder, or in its folder `metadata` */
	const char *root; /* a file that is trusted; NULL: the anchor, or nothing */
	const char *gun; /* the name that clients know a folder's repository by; NULL: not known */
	bool as_held; /* of a folder too: what a server signs in its dialect may be missing */
	const char *targets; /* a folder of target files to check; NULL: none */
	const char *since; /* a folder that the client last saw; NULL: a new client */
};

enum rk_judge_start {
	RK_JUDGE_UNAUTHENTICATED,
	RK_JUDGE_FROM_ANCHOR,
	RK_JUDGE_FROM_ROOT,
};

typedef struct rk_judge {
	enum rk_judge_start start;
	rk_client_state *state; /* NULL: not got that far */
	bool missing[RK_ROLE_TOP_COUNT]; /* not there, and not held */
	rk_names *warnings; /* of root certificates that expire before long: safe to print */
	rk_names *amiss; /* what the keep's policy misses, where that was asked: safe to print */
	bool targets_checked; /* what follows was counted */
	uint64_t target_good, target_missing, target_wrong;
} rk_judge;

/* See Errors: `*ret_judge` may be set with an error. */
RK_CHECKED rk_error *rk_judge_take(const struct rk_judge_wish *wish, rk_judge **ret_judge);
void rk_judge_free(rk_judge *judge);
RK_DEFINE_FREEP(rk_judge)

/*
 * The folder that holds metadata: `path` itself, or its folder `metadata` where no metadata lies in
 * `path`. The dialect is that of its first root.
 */
RK_CHECKED rk_error *rk_judge_open_folder(const char *path, rk_dir **ret_dir);
RK_CHECKED rk_error *rk_judge_dialect(rk_source *source, const rk_dialect **ret_dialect);

/* One file, under a root or a delegator. */
struct rk_judge_file_wish {
	rk_env *env;
	const char *file;
	const char
	    *root; /* a file that is trusted; with `by`: that the delegator is judged by; or NULL */
	const char *by; /* the delegator's file; NULL: a role of the root */
	const char *gun; /* the name that root's certificates must have; NULL: any */
	const char
	    *role; /* with `by`: whom it delegates to, in the house's spelling or the file's */
};

typedef struct rk_judge_file {
	rk_envelope *envelope;
	char *role; /* the house's */
	uint8_t sha256[RK_SHA256_SIZE]; /* of the signed bytes */
	bool expired;
	bool same; /* it is the trusted root itself */
	/* A root is judged by the keys of the root before it, and by its own. */
	rk_verdict *verdicts[2];
	char *under[2]; /* "the keys of root 2": ours */
	size_t count;
} rk_judge_file;

/* See Errors: `*ret_judge` may be set with an error. */
RK_CHECKED rk_error *
rk_judge_file_take(const struct rk_judge_file_wish *wish, rk_judge_file **ret_judge);
void rk_judge_file_free(rk_judge_file *judge);
RK_DEFINE_FREEP(rk_judge_file)

#endif
