/*
 * soft_token_private.h - what the two halves of soft_token share: the module and the open token
 *
 * Ownership  an rk_soft_opened is what rk_token_free gets; it borrows the module and the token.
 */
#ifndef RK_SUPPORT_SOFT_TOKEN_PRIVATE_H
#define RK_SUPPORT_SOFT_TOKEN_PRIVATE_H

#include "support/soft_token.h"

struct rk_soft_uri {
	char token[64], serial[64], object[64], pin_source[256];
	bool has_token, has_serial, has_object, has_id, has_pin_source, foreign;
	uint8_t id[32];
	size_t id_len;
};

struct rk_soft_opened {
	rk_token token;
	struct rk_soft_tokens *module;
	struct rk_soft_token *soft;
	unsigned generation;
	bool logged_in; /* the user */
	bool so; /* the SO */
	char name[256];
	struct rk_soft_uri uri;
};

/* RK_E_USAGE. */
RK_CHECKED rk_error *rk_soft_uri_parse(const char *text, struct rk_soft_uri *ret_uri);
struct rk_soft_opened *rk_soft_opened_of(rk_token *token);
/* One call to an open token: counted, perhaps failed, and the token must still be the same. */
RK_CHECKED rk_error *rk_soft_begin(struct rk_soft_opened *opened, enum rk_soft_call call);
RK_CHECKED rk_error *
rk_soft_shows(rk_token *token, const rk_pubkey *pubkey, enum rk_fact *ret_shows);
RK_CHECKED rk_error *rk_soft_login_so(rk_token *token, const rk_secret *so_pin);
RK_CHECKED rk_error *rk_soft_set_pin(
    rk_token *token, enum rk_pin_change change, const rk_secret *old, const rk_secret *pin);
RK_CHECKED rk_error *
rk_soft_certificates(rk_token *token, rk_token_certificates **ret_certificates);
/* Counts a call; the rehearsed failure when its number has come. */
RK_CHECKED rk_error *rk_soft_step(struct rk_soft_tokens *module, enum rk_soft_call call);
/* The same, and somebody has logged in, unless nobody has to. */
RK_CHECKED rk_error *rk_soft_begin_logged_in(struct rk_soft_opened *opened, enum rk_soft_call call);
void rk_soft_describe_key(
    const struct rk_soft_token *soft, const struct rk_soft_pair *pair, rk_token_key *out);
struct rk_soft_pair *rk_soft_pair_of(struct rk_soft_token *soft, const rk_token_key *key);
/* RK_E_EXISTS, and what the token cannot make. */
RK_CHECKED rk_error *
rk_soft_judge_spec(const struct rk_soft_token *soft, const struct rk_key_spec *key);
RK_CHECKED rk_error *rk_soft_transport(rk_token *token, rk_pubkey **ret_transport);
RK_CHECKED rk_error *rk_soft_transport_end(rk_token *token);
RK_CHECKED rk_error *rk_soft_wrap(rk_token *token, const rk_token_key *key,
    const struct rk_wrap_how *how, rk_wrapped *ret_wrapped);
RK_CHECKED rk_error *
rk_soft_unwrap(rk_token *token, const struct rk_unwrap_wish *wish, rk_token_key **ret_key);
RK_CHECKED rk_error *rk_soft_seal(rk_token *token, const rk_token_key *key);
/* The call has succeeded: is it time to be pulled out? */
void rk_soft_done(struct rk_soft_token *soft, enum rk_soft_call call);
/* The same bytes? `secret` may be NULL. */
bool rk_soft_is_secret(const rk_secret *secret, const char *text);
/* One try of the SO PIN. */
RK_CHECKED rk_error *rk_soft_try_so_pin(struct rk_soft_token *soft, const rk_secret *so_pin);
void rk_soft_describe(
    const struct rk_soft_token *soft, const struct rk_soft_uri *uri, rk_token_info *out);
char *rk_soft_strdup(const char *text);
void rk_soft_uri_escape(rk_buf *out, const char *text);

extern const struct rk_token_ops rk_soft_token_ops;

#endif
