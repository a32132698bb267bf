/*
 * opened_private.h - what the halves of an open token share
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
	char *pin_source;
	rk_channel *channel;
	rk_provider *provider; /* not touched once the channel is dead */
	struct rk_patience patience;
	uint32_t session;
	rk_slot slot;
	bool logged_in;
};

struct rk_opened *rk_opened_of(rk_token *token);
/* A request on this token's session; what is refused begins with "cannot DOING 'label' …". */
RK_CHECKED rk_error *rk_opened_ask(
    struct rk_opened *opened, rk_request *request, const char *doing, rk_reply *ret_reply);
rk_wire_reader rk_opened_reader(const rk_reply *reply);
/* One key of a reply; a field that is missing is the reader's to tell. */
RK_CHECKED rk_error *
rk_opened_read_key(struct rk_opened *opened, rk_wire_reader *reader, rk_token_key *key);

#endif
