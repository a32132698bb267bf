/*
 * rootcert.h - the certificate that Notary wants around a root key
 *
 * Version 3, a random 128-bit serial, subject and issuer nothing but CN=<GUN> (or a beginning of
 * GUNs and a star), digitalSignature and keyEncipherment, code signing, no authority, and no further
 * extension; signed by the key itself, elsewhere: on its token. It begins a day back, so that clocks
 * that lag believe it.
 *
 * Ownership  ret_certificate belongs to the caller.
 * Errors     RK_E_REFUSED a key that Notary has no certificate for, a name that cannot be one, a time
 *            past the year 9999; RK_E_KEY_UNPROVEN a signature that does not verify; RK_E_NOMEM; and
 *            the signer's own.
 * Units      days of 86,400 seconds.
 * Standard   RFC 5280; RFC 4055 and RFC 5758 for its signature.
 */
#ifndef RK_X509_ROOTCERT_H
#define RK_X509_ROOTCERT_H

#include "world/certificate.h"
#include "world/env.h"
#include "world/tokenkey.h"

#define RK_ROOTCERT_DAYS 3650
#define RK_ROOTCERT_NAME_MAX 1024 /* bytes */

struct rk_rootcert_wish {
	const rk_pubkey *pubkey;
	const char *name; /* the GUN, or a beginning and a star: foreign */
	unsigned days; /* from now on; 0: RK_ROOTCERT_DAYS */
	struct rk_tokenkey_signer signer;
};

/* All that can be said before the token is asked. RK_E_REFUSED. */
RK_CHECKED rk_error *rk_rootcert_check(const struct rk_rootcert_wish *wish, int64_t now);
/*
 * ECDSA with SHA-256, also on P-384; RSA as PKCS#1 v1.5 with SHA-256, or as PSS where the signer
 * answers RK_E_TOKEN_UNSUPPORTED to that. Verified before it is given back.
 */
RK_CHECKED rk_error *rk_rootcert_make(
    rk_env *env, const struct rk_rootcert_wish *wish, rk_certificate **ret_certificate);

#endif
