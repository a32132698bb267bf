/*
 * signing_private.h - what the rooms of signing share
 *
 * signing.c is what is to be signed, and the results; signing_run.c the batches of a run;
 * signing_docs.c the drafts and who may sign them; signing_batch.c their signatures;
 * signing_derive.c snapshot and timestamp; signing_parts.c what may be published together;
 * signing_stale.c what others signed over files that are replaced; signing_commit.c the client's walk
 * and the one change.
 */
#ifndef RK_FLOW_SIGNING_PRIVATE_H
#define RK_FLOW_SIGNING_PRIVATE_H

#include "flow/repo.h"
#include "flow/signing.h"

/* A key that may sign, looked for once in a run. */
struct rk_signing_signer {
	const rk_keep_key *key;
	rk_hand *hand; /* NULL: not at hand */
	char *reason; /* why not; safe to print */
	bool lacked_pin;
	bool ready;
	struct rk_signing_signer *next;
};

/* The next file of a role, with the signatures it has so far. */
struct rk_signing_doc {
	char *role;
	enum rk_role_kind kind;
	rk_envelope *envelope;
	struct rk_authority judges[2];
	size_t judge_count;
	bool met; /* by every judge */
	bool changed; /* differs from what is staged on the disk */
	bool staged; /* is staged on the disk */
	bool publish; /* goes out in this run */
	bool written; /* by the run's change, as staged: what is mapped is what is on the disk */
};

struct rk_signing_repo {
	struct rk_signing *signing;
	rk_repo *repo;
	struct rk_signing_doc *docs;
	size_t count, cap;
	void *by_role; /* signing_docs.c's, for look-ups */
	bool failed; /* what was wrong is the signing's `err`; it takes no more part */
	bool done; /* its part of a change is on the disk, or there was none */
	bool trying, closed; /* signing_parts.c's */
	uint8_t anchor[RK_SHA256_SIZE]; /* by which this person's memory knows it */
	int64_t anchor_version;
	bool first; /* no root was ever published */
	bool gone[RK_ROLE_KIND_COUNT]; /* what another server signed no longer fits what goes out */
	struct rk_signing_outcome outcome;
	struct rk_signing_signed *signatures;
	struct rk_signing_published *published;
	struct rk_signing_pending *pending;
	struct rk_signing_absent *absent;
	char **texts; /* owned by the outcome's fields */
	size_t text_count;
	const char ***lists;
	size_t list_count;
};

struct rk_signing {
	struct rk_signing_options options;
	rk_hands *hands;
	struct rk_signing_signer *signers;
	struct rk_signing_repo **repos;
	size_t count;
	rk_change *change; /* of the batch that runs */
	bool token_used;
	rk_error *err; /* the first of a repository that failed */
};

/* Repositories that are signed and written together. */
struct rk_signing_batch {
	struct rk_signing *signing;
	struct rk_signing_repo **repos;
	size_t count;
};

/* Files that are to be signed, those of a repository together. */
struct rk_signing_wants {
	struct rk_signing_wanted {
		struct rk_signing_repo *run;
		struct rk_signing_doc *doc;
	} * items;
	size_t count, cap;
};

/* run */

/* That repository goes no further; `err` is taken over. */
void rk_signing_fail(struct rk_signing_repo *run, rk_error *err);

/* docs */

/* Is it signed in a stream, rather than in memory? */
static inline bool
rk_signing_is_large(const struct rk_signing_doc *doc)
{
	return doc->kind >= RK_ROLE_TARGETS && doc->envelope->text->len > (size_t)1 << 20;
}

struct rk_signing_doc *rk_signing_doc_of(const struct rk_signing_repo *run, const char *role);
/* Takes `envelope` over, also on failure; replaces a doc of that role. Judges are set later. */
RK_CHECKED rk_error *rk_signing_doc_put(
    struct rk_signing_repo *run, const char *role, rk_envelope *envelope, bool on_disk);
/* Who must have signed it: those of the staged root where `new_root`, else the published one's. */
RK_CHECKED rk_error *
rk_signing_doc_judge(struct rk_signing_repo *run, struct rk_signing_doc *doc, bool new_root);
/* Find the keep's keys among the doc's judges, without a login. */
RK_CHECKED rk_error *
rk_signing_doc_reach(struct rk_signing_repo *run, const struct rk_signing_doc *doc);
/* The same for a role that has no doc yet; nobody being trusted with it is success. */
RK_CHECKED rk_error *rk_signing_role_reach(struct rk_signing_repo *run, const char *role);
/* Is every judge satisfied? */
RK_CHECKED rk_error *rk_signing_doc_met(struct rk_signing_doc *doc);
/* A key that is not here, for that reason (taken over): an error only where it was named. */
RK_CHECKED rk_error *rk_signing_note_absence(
    struct rk_signing *signing, struct rk_signing_signer *signer, rk_error *err);
RK_CHECKED rk_error *rk_signing_want(
    struct rk_signing_wants *wants, struct rk_signing_repo *run, struct rk_signing_doc *doc);
/* Have every key that is at hand sign each of these that it has not signed, in one go. What fails for
 * one repository is noted there. */
RK_CHECKED rk_error *
rk_signing_docs_sign(struct rk_signing *signing, const struct rk_signing_wants *wants);
void rk_signing_docs_free(struct rk_signing_repo *run);
/* May a key named KEY take part in this run? */
bool rk_signing_is_wanted(const struct rk_signing *signing, const rk_keep_key *key);
/* NULL: not looked for. */
struct rk_signing_signer *
rk_signing_signer_of(const struct rk_signing *signing, const rk_keep_key *key);

/* derive */

/*
 * Move `*version` past every version of the role whose signatures nobody can take back: those that
 * are outstanding, and those that were signed at this machine, by a run that was cut off before it
 * wrote them.
 */
RK_CHECKED rk_error *
rk_signing_skip_signed(struct rk_signing_repo *run, const char *role, int64_t *version);

/* What the staged root makes due: targets under its new keys. */
RK_CHECKED rk_error *rk_signing_derive_targets(struct rk_signing_repo *run);
/*
 * The snapshot over what will be there (docs with `publish`, else published files); a doc that is
 * signed already must list the same. `*ret_doc` NULL: the published one still says it all.
 */
RK_CHECKED rk_error *rk_signing_derive_snapshot(
    struct rk_signing_repo *run, bool new_root, struct rk_signing_doc **ret_doc);
RK_CHECKED rk_error *rk_signing_derive_timestamp(
    struct rk_signing_repo *run, bool new_root, struct rk_signing_doc **ret_doc);
/* Does the published file of the role exist and satisfy the root that will be in force? */
RK_CHECKED rk_error *rk_signing_published_holds(
    struct rk_signing_repo *run, const char *role, bool new_root, bool *ret_holds);
/* Is the role ours to sign under that root? */
RK_CHECKED rk_error *
rk_signing_is_held(struct rk_signing_repo *run, const char *role, bool new_root, bool *ret_held);

/* parts */

/* For each repository set `publish` on the docs of the largest closed part that has its signatures,
 * making and signing snapshot and timestamp on the way. */
RK_CHECKED rk_error *rk_signing_parts(const struct rk_signing_batch *batch);
/* What waits, for the outcome. */
RK_CHECKED rk_error *rk_signing_parts_pending(struct rk_signing_repo *run);

/* stale */

/* Set `gone`, once it is known what is published. */
RK_CHECKED rk_error *rk_signing_find_gone(struct rk_signing_repo *run, bool new_root);
/* The published folder without the files that are `gone`; borrows both. */
RK_CHECKED rk_error *
rk_signing_rest(const struct rk_signing_repo *run, rk_source *folder, rk_source **ret_source);
/* Take them out, with the run's change. */
RK_CHECKED rk_error *rk_signing_remove_gone(struct rk_signing_repo *run);

/* commit */

/* What this person's machine must know before a signature is written anywhere: those of the outcome,
 * from that one on. */
RK_CHECKED rk_error *rk_signing_remember(struct rk_signing_repo *run, size_t from);
RK_CHECKED rk_error *rk_signing_commit(const struct rk_signing_batch *batch);

/* A text or a list that lives as long as the outcome; taken over, also on failure. */
RK_CHECKED rk_error *rk_signing_own_text(struct rk_signing_repo *run, char *text);
RK_CHECKED rk_error *rk_signing_own_list(struct rk_signing_repo *run, const char **list);

#endif
