/*
 * provider.h - one module as the parent sees it: its name, its path, its worker
 *
 * The worker is started when it is first needed, and again after it was lost.
 *
 * Ownership  rk_provider_free gives the channel back; open tokens keep theirs.
 * Errors     RK_E_TOKEN the module does not load; RK_E_TOKEN_GONE; RK_E_NOMEM.
 */
#ifndef RK_PKCS11_PROVIDER_H
#define RK_PKCS11_PROVIDER_H

#include "pkcs11/channel.h"
#include "pkcs11/describe.h"

/* How long to wait for answers. */
struct rk_patience {
	int quick; /* lists and openings */
	int slow; /* what may wait for a touch or for primes */
};

typedef struct rk_provider {
	char *name; /* for people */
	char *uri_name; /* in p11-kit's configuration, or NULL */
	char *path; /* absolute, links followed where it exists */
	char *reserved;
	rk_launcher *launcher;
	rk_env *env; /* NULL: nobody is told what is waited for */
	bool network;
	struct rk_patience patience;
	bool warned; /* one line for a module that fails, not one a call */
	CK_INFO info;
	rk_channel *channel;
	rk_error *unread; /* why its last list left out a token; NULL: it did not */
} rk_provider;

/* The worker, with the module loaded. Borrowed. */
RK_CHECKED rk_error *rk_provider_channel(rk_provider *provider, rk_channel **ret_channel);
/* Every slot with a token; free(). */
RK_CHECKED rk_error *
rk_provider_slots(rk_provider *provider, rk_slot **ret_slots, size_t *ret_count);
/* Let go of the worker: the next call starts another, which looks at everything anew. False where
 * there is none, or where a token of it is open. */
bool rk_provider_renew(rk_provider *provider);
struct rk_described_module rk_provider_describe(const rk_provider *provider);
/* One request; a refusal becomes the error that it is, beginning with `what`. */
RK_CHECKED rk_error *rk_provider_ask(rk_channel *channel, const rk_request *request, int timeout,
    const char *what, rk_reply *ret_reply);
/* RK_E_TOKEN_GONE for a reply that does not have the fields it should have. */
RK_CHECKED rk_error *rk_provider_understood(const rk_wire_reader *reader, const char *what);
void rk_provider_free(rk_provider *provider);
RK_DEFINE_FREEP(rk_provider)

#endif
