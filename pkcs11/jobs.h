/*
 * jobs.h - many signatures in flight on one session
 *
 * What each key's family is given: ECDSA the digest, cut to the curve's size as the standard has
 * it; RSA the digest; Ed25519 the bytes. What comes back must have the length that the public key
 * says; whether it verifies is for the caller to judge.
 *
 * Errors     of the pipe; each job has its own outcome in `err`: RK_E_KEY_NONE no private half,
 *            RK_E_TOKEN_UNSUPPORTED, RK_E_INTERNAL a payload without what the key signs,
 *            RK_E_TOKEN a signature of another length.
 */
#ifndef RK_PKCS11_JOBS_H
#define RK_PKCS11_JOBS_H

#include "pkcs11/channel.h"
#include "world/token.h"

struct rk_jobs {
	struct rk_sign_job *jobs;
	size_t count;
	uint32_t session;
	const char *token_name; /* safe to print */
	int timeout;
};

RK_CHECKED rk_error *rk_jobs_run(rk_channel *channel, const struct rk_jobs *jobs);

#endif
