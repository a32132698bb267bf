/*
 * keyarg.h - what a person typed for a key, as a key
 *
 * In this order: an exact name, a pkcs11: URI that fits one of those that the keep has, a file where
 * files are allowed (a TUF key object, a server's JSON, PEM, DER), at least 8 hex digits that begin
 * a fingerprint or key id.
 *
 * Ownership  keys of the keep are borrowed from it; rk_tuf_key belongs to the caller.
 * Errors     RK_E_NOT_FOUND, RK_E_AMBIGUOUS, RK_E_MALFORMED, RK_E_REFUSED, RK_E_IO, RK_E_NOMEM; for a
 *            certificate that has to be made, those of rk_certify_want.
 */
#ifndef RK_FLOW_KEYARG_H
#define RK_FLOW_KEYARG_H

#include "flow/certify.h"
#include "keep/keep.h"
#include "tuf/key.h"

/* A key of the keep. */
RK_CHECKED rk_error *
rk_keyarg_known(const rk_keep *keep, const char *text, const rk_keep_key **ret_key);
/* A key as the dialect's metadata holds it. `file`: a file will do, and the keep need not know it. */
RK_CHECKED rk_error *rk_keyarg_tuf(const rk_keep *keep, const rk_dialect *dialect, const char *text,
    bool file, rk_tuf_key **ret_key);
/* A key for root, as that dialect's clients want it there. */
struct rk_keyarg_root {
	const struct rk_custody *custody;
	const rk_dialect *dialect;
	const char *gun; /* the name that clients know the repository by */
	rk_change *change; /* takes what has to be made; NULL: nothing is made */
};
/* RK_E_REFUSED: one of its tokens is here and still has a secret of its factory (flow/factory.h).
 * Where the dialect wants certificates: by that of the key for this name, which is made where the
 * keep has none and the key's token is at hand. */
RK_CHECKED rk_error *
rk_keyarg_root(const struct rk_keyarg_root *how, const char *text, rk_tuf_key **ret_key);
/* The key's object around a certificate of it. */
RK_CHECKED rk_error *rk_keyarg_certificate(
    const rk_dialect *dialect, const rk_certificate *certificate, rk_tuf_key **ret_key);

#endif
