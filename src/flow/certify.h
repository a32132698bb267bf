/*
 * certify.h - root certificates for Docker Content Trust: made on the token, found in the keep
 *
 * Notary sees a root key as an X.509 certificate whose common name is the GUN. The keep has the
 * certificates of each key; whoever needs one for a GUN asks here, and gets the one that lasts
 * longest of those that Notary's clients take, or has it made where the key's token is at hand.
 *
 * Ownership  everything given is borrowed; ret_* belong to the caller.
 * Errors     as custody.h and x509/rootcert.h list them; RK_E_NOT_FOUND no such certificate; RK_E_PIN_*
 *            and RK_E_TOKEN_* the token is not at hand: the remedy names `key certify`.
 */
#ifndef RK_FLOW_CERTIFY_H
#define RK_FLOW_CERTIFY_H

#include "flow/custody.h"
#include "keep/change.h"
#include "world/certificate.h"

/* Making one. */

struct rk_certify_wish {
	const rk_keep_key *key;
	const char *gun; /* foreign */
	bool wildcard; /* for all that begins as `gun` does up to its last '/' */
	unsigned days; /* 0: RK_ROOTCERT_DAYS */
};

/* The common name: the GUN, or PREFIX and a star. RK_E_REFUSED a wildcard over a GUN without '/',
 * a name that no repository can have. */
RK_CHECKED rk_error *rk_certify_name(const struct rk_certify_wish *wish, char **ret_name);
/* Judges the wish, finds a token of the key, logs nothing in. */
RK_CHECKED rk_error *rk_certify_plan(
    const struct rk_custody *custody, const struct rk_certify_wish *wish, rk_plan **ret_plan);
/* Signed on the token, verified, and committed with its line of the journal. `ret_file` is its path
 * in the keep. */
RK_CHECKED rk_error *rk_certify(const struct rk_custody *custody,
    const struct rk_certify_wish *wish, rk_certificate **ret_certificate, char **ret_file);

/* Of another's making: into the memory of the keep, and where its file goes. */
RK_CHECKED rk_error *rk_certify_keep(
    rk_keep *keep, const rk_keep_key *key, const rk_certificate *certificate, char **ret_file);

/* Having one. */

/*
 * The key's certificate for this GUN, exact or by a wildcard, that Notary's clients take now and that
 * lasts longest. RK_E_NOT_FOUND: none, with `rootkeep key certify` as the remedy, and beneath it why
 * those that are there will not do.
 */
RK_CHECKED rk_error *rk_certify_find(
    const rk_keep *keep, const rk_keep_key *key, const char *gun, rk_certificate **ret_certificate);
/* One more step for a plan, where the key has none for this GUN and one would be made. The errors of
 * rk_certify_want that can be known before a login. */
RK_CHECKED rk_error *rk_certify_want_plan(
    const struct rk_custody *custody, const struct rk_certify_wish *wish, rk_plan *plan);
/*
 * The same as rk_certify_find; where there is none, one is made as the wish says: signed on the key's
 * token (the login is asked for), written by `change`, and noted in the memory of the keep, which
 * `change` is told to save. RK_E_TOKEN_NONE and the like where the token is not at hand or
 * `custody->hands` is NULL: exit 4, the remedy names `key certify`.
 */
RK_CHECKED rk_error *rk_certify_want(const struct rk_custody *custody,
    const struct rk_certify_wish *wish, rk_change *change, rk_certificate **ret_certificate);

#endif
