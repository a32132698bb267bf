/*
 * opened_private.h - an open token as the files of this room share it
 *
 * opened.c opens, describes and closes it; opened_login.c has PINs; opened_keys.c what lies on it.
 *
 * Ownership  a struct rk_opened is what rk_token_free gets.
 * Errors     as src/world/token.h lists.
 */
#ifndef RK_PKCS11_OPENED_PRIVATE_H
#define RK_PKCS11_OPENED_PRIVATE_H

#include "pkcs11/opened.h"

struct rk_opened {
	rk_token base;
	char *name;
	char *waiting, *signing; /* what a person is told while it takes its time */
	char *pin_source;
	rk_channel *channel;
	rk_provider *provider; /* not touched once the channel is dead */
	struct rk_patience patience;
	uint32_t session;
	rk_slot slot;
	bool logged_in, so_logged_in;
};

struct rk_opened *rk_opened_of(rk_token *token);
/* A request on this token's session: "cannot DOING NAME". */
RK_CHECKED rk_error *rk_opened_ask(
    struct rk_opened *opened, rk_request *request, const char *doing, rk_reply *ret_reply);
rk_wire_reader rk_opened_reader(const rk_reply *reply);
/* One key of a reply; a field that is missing is the reader's to tell. */
RK_CHECKED rk_error *
rk_opened_read_key(struct rk_opened *opened, rk_wire_reader *reader, rk_token_key *key);

RK_CHECKED rk_error *rk_opened_login(rk_token *token, const rk_secret *pin);
RK_CHECKED rk_error *rk_opened_login_so(rk_token *token, const rk_secret *so_pin);
RK_CHECKED rk_error *rk_opened_set_pin(
    rk_token *token, enum rk_pin_change change, const rk_secret *old, const rk_secret *pin);

RK_CHECKED rk_error *rk_opened_keys(rk_token *token, rk_token_keys **ret_keys);
RK_CHECKED rk_error *
rk_opened_shows(rk_token *token, const rk_pubkey *pubkey, enum rk_fact *ret_shows);
RK_CHECKED rk_error *rk_opened_find(rk_token *token, const char *uri, rk_token_key **ret_key);
RK_CHECKED rk_error *
rk_opened_generate(rk_token *token, const struct rk_key_spec *spec, rk_token_key **ret_key);
RK_CHECKED rk_error *rk_opened_import(rk_token *token, const struct rk_key_spec *spec,
    const rk_secret *pkcs8, rk_token_key **ret_key);
RK_CHECKED rk_error *
rk_opened_certificates(rk_token *token, rk_token_certificates **ret_certificates);
RK_CHECKED rk_error *rk_opened_sign(rk_token *token, struct rk_sign_job *jobs, size_t count);
RK_CHECKED rk_error *rk_opened_destroy(rk_token *token, const rk_token_key *key);

#endif
