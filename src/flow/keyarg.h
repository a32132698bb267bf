/*
 * keyarg.h - what a person typed for a key, as a key
 *
 * In this order: an exact name, a pkcs11: URI that fits one of those that the keep has, a file where
 * files are allowed (a TUF key object, a server's JSON, PEM, DER), at least 8 hex digits that begin
 * a fingerprint or key id.
 *
 * Ownership  keys of the keep are borrowed from it; rk_tuf_key belongs to the caller.
 * Errors     RK_E_NOT_FOUND, RK_E_AMBIGUOUS, RK_E_MALFORMED, RK_E_REFUSED, RK_E_IO, RK_E_NOMEM.
 */
#ifndef RK_FLOW_KEYARG_H
#define RK_FLOW_KEYARG_H

#include "keep/keep.h"
#include "tuf/key.h"

/* A key of the keep. */
RK_CHECKED rk_error *
rk_keyarg_known(const rk_keep *keep, const char *text, const rk_keep_key **ret_key);
/* A key as the dialect's metadata holds it. `file`: a file will do, and the keep need not know it. */
RK_CHECKED rk_error *rk_keyarg_tuf(const rk_keep *keep, const rk_dialect *dialect, const char *text,
    bool file, rk_tuf_key **ret_key);

#endif
