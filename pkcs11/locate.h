/*
 * locate.h - a URI means exactly one token, exactly one key, or an error that lists the candidates
 *
 * Errors     RK_E_TOKEN_NONE, RK_E_TOKEN_MANY, RK_E_USAGE a slot's number alone, RK_E_KEY_NONE,
 *            RK_E_KEY_MANY, RK_E_PIN_NEEDED, RK_E_NOMEM.
 * Standard   RFC 7512, section 2.5 (matching).
 */
#ifndef RK_PKCS11_LOCATE_H
#define RK_PKCS11_LOCATE_H

#include "pkcs11/provider.h"
#include "pkcs11/uri.h"

/* A slot and the module that shows it. */
typedef struct rk_sighting {
	rk_provider *provider;
	rk_slot slot;
} rk_sighting;

typedef struct rk_sightings {
	rk_sighting *sightings;
	size_t count;
	rk_buf failures; /* "module 'x': why" lines of modules that did not answer */
} rk_sightings;

/* `slots` are copied. RK_E_NOMEM. */
RK_CHECKED rk_error *rk_sightings_add(
    rk_sightings *sightings, rk_provider *provider, const rk_slot *slots, size_t count);
void rk_sightings_clear(rk_sightings *sightings);
#define RK_AUTO_SIGHTINGS(name) __attribute__((cleanup(rk_sightings_clear))) rk_sightings name = {0}

/* The initialised token that is meant. */
RK_CHECKED rk_error *rk_locate_token(const rk_uri *uri, const char *text,
    const rk_sightings *sightings, const rk_sighting **ret_sighting);
/* The token to initialise: among several, the only empty one is meant. */
RK_CHECKED rk_error *rk_locate_empty(const rk_uri *uri, const char *text,
    const rk_sightings *sightings, const rk_sighting **ret_sighting);
/* Moved out of `keys`. `hidden`: private halves show only after a login. */
RK_CHECKED rk_error *rk_locate_key(const rk_uri *uri, rk_token_keys *keys, const char *token_name,
    bool hidden, rk_token_key **ret_key);

#endif
