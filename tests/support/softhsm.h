/*
 * softhsm.h - real SoftHSM tokens in a folder of their own, driven by the real client
 *
 * The folder and SOFTHSM2_CONF are there before the launcher is forked, so that its workers see
 * them. Where SoftHSM is not installed a test is skipped by name; with CI=true it fails.
 *
 * Ownership  rk_softhsm_new and rk_softhsm_free are cmocka's setup and teardown: *state is the
 *            struct. What rk_softhsm_launch gives lives until the next launch or the free.
 */
#ifndef RK_SUPPORT_SOFTHSM_H
#define RK_SUPPORT_SOFTHSM_H

#include "pkcs11/client.h"

#include <sys/types.h>

#define RK_SOFTHSM_PIN "123456"
#define RK_SOFTHSM_SO_PIN "12345678"

typedef struct rk_softhsm {
	rk_env env; /* only says */
	void *folder; /* its path */
	const char *module; /* NULL: not installed */
	rk_pkcs11 *pkcs11;
	rk_tokens *tokens;
	unsigned warnings;
	char said[2048]; /* the last warning */
} rk_softhsm;

int rk_softhsm_new(void **state);
int rk_softhsm_free(void **state);

/* Start anew in the same test: no worker, no token, no log. */
void rk_softhsm_settle(rk_softhsm *softhsm);
/* Skips or fails the test where there is no SoftHSM. */
rk_softhsm *rk_softhsm_or_skip(void **state);
/* A launcher of its own, for these modules (NULL at the end), in place of the one before. */
void rk_softhsm_launch(rk_softhsm *softhsm, const char *const *modules, int timeout_seconds);
/* An initialised token. */
void rk_softhsm_add_token(rk_softhsm *softhsm, const char *label);
/* A launcher for SoftHSM alone, with one initialised token: 'one'. Skips as rk_softhsm_or_skip. */
rk_softhsm *rk_softhsm_with_one(void **state);
/* Opened by its label. */
rk_token *rk_softhsm_open(rk_softhsm *softhsm, const char *label);
/* Opened and logged in. */
rk_token *rk_softhsm_log_in(rk_softhsm *softhsm, const char *label);
RK_CHECKED rk_error *rk_softhsm_try_pin(rk_token *token, const char *pin);
/* A new pair; `label` and the id are the test's. */
RK_CHECKED rk_error *rk_softhsm_generate(
    rk_token *token, enum rk_key_type type, const char *label, rk_token_key **ret_key);
/* One signature over `text`, which verifies with the key, or why not. */
RK_CHECKED rk_error *rk_softhsm_sign(rk_token *token, const rk_token_key *key, const char *text);
/* The processes that the launcher has started: how many, and one of them. */
size_t rk_softhsm_workers(pid_t *ret_one);

#endif
