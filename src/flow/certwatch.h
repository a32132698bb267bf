/*
 * certwatch.h - the certificates around a root's keys, and how long they still last
 *
 * A root certificate has an expiry of its own, and once it has passed nobody can change the
 * repository any more: so it is watched from far ahead.
 *
 * Ownership  a watch owns its strings and outlives the root.
 * Errors     RK_E_MALFORMED a certificate that is damaged; RK_E_NOMEM.
 * Units      days of 86,400 seconds; times in seconds since the epoch.
 */
#ifndef RK_FLOW_CERTWATCH_H
#define RK_FLOW_CERTWATCH_H

#include "keep/keep.h"
#include "tuf/root.h"

struct rk_certwatch_item {
	char *keyid; /* as root names it; foreign */
	char *gun; /* what it is made for; foreign */
	int64_t not_after;
	unsigned alarm; /* the nearest of the warnings that are due, in days; 0: none is */
	bool expired;
};

typedef struct rk_certwatch {
	struct rk_certwatch_item *items; /* in the order of the root's key ids */
	size_t count;
} rk_certwatch;

/* `keep` says when to warn; NULL: as a new keep would. Keys without a certificate are left out. */
RK_CHECKED rk_error *
rk_certwatch_take(const rk_root *root, const rk_keep *keep, int64_t now, rk_certwatch **ret_watch);
/*
 * "the certificate of KEY for GUN expires in 80 days (2027-02-13T…)", and once a warning is due what to
 * do; of an expired one what is left. `key` is what people call the key, `repo` the repository, NULL
 * where there is none to edit.
 */
void rk_certwatch_sentence(const struct rk_certwatch_item *item, const char *key, const char *repo,
    int64_t now, rk_buf *out);
void rk_certwatch_free(rk_certwatch *watch);
RK_DEFINE_FREEP(rk_certwatch)

#endif
