/*
 * client.h - the rk_tokens that the house sees, over one worker process per module
 *
 * rk_pkcs11_launch is main's first deed: it forks the launcher, which later forks a worker for
 * each module that is used (pkcs11/launcher.h, pkcs11/worker.h). Modules are those of --module;
 * else the one that a URI names; else, for `list` and for URIs that name none, all that p11-kit's
 * configuration knows. A module that fails is one warning and hides no other.
 *
 * Ownership  rk_pkcs11_free ends every worker and frees the rk_tokens that were handed out; open
 *            rk_token may be freed before or after, and are gone afterwards.
 * Errors     as src/world/token.h lists; RK_E_TOKEN_GONE for a worker that died or hung.
 * Units      time-outs in seconds.
 */
#ifndef RK_PKCS11_CLIENT_H
#define RK_PKCS11_CLIENT_H

#include "world/token.h"

typedef struct rk_pkcs11 rk_pkcs11;

struct rk_pkcs11_options {
	const char *const *modules; /* --module NAME|PATH; they win over a URI's */
	size_t module_count;
	bool network; /* modules may open network sockets */
	int timeout_seconds; /* for what may wait for a touch or a prime; 0: 120 */
	rk_env *env; /* for warnings; NULL: none are said */
};

/* Before any file is opened and before OpenSSL is used. RK_E_INTERNAL, RK_E_NOMEM. */
RK_CHECKED rk_error *rk_pkcs11_launch(rk_pkcs11 **ret_pkcs11);
/* Borrowed from `pkcs11`; the options are copied, but for `env`. RK_E_TOKEN_NONE: a --module that
 * the configuration does not know. */
RK_CHECKED rk_error *rk_pkcs11_tokens(
    rk_pkcs11 *pkcs11, const struct rk_pkcs11_options *options, rk_tokens **ret_tokens);
void rk_pkcs11_free(rk_pkcs11 *pkcs11);
RK_DEFINE_FREEP(rk_pkcs11)

#endif
