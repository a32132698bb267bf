/*
 * describe.h - from what a module says to what the house knows
 *
 * The worker's numbers and padded fields become rk_token_info, rk_token_key and
 * rk_token_abilities. Their text stays foreign; rk_describe_name alone is safe to print.
 *
 * Ownership  ret_* belong to the caller.
 * Errors     RK_E_NOMEM.
 */
#ifndef RK_PKCS11_DESCRIBE_H
#define RK_PKCS11_DESCRIBE_H

#include "pkcs11/message.h"
#include "world/token.h"

/* Whose slot it is. */
struct rk_described_module {
	const char *name; /* for people */
	const char *uri_name; /* for module-name; NULL where p11-kit's configuration has none */
	const char *path;
	bool network; /* allowed to open network connections */
	CK_INFO info;
};

/* 'label' (serial 1234): shown, safe to print. */
RK_CHECKED rk_error *rk_describe_name(const rk_slot *slot, char **ret_name);
/* Fills a zeroed *info; on failure too it is rk_token_info_free's. */
RK_CHECKED rk_error *rk_describe_token(
    const struct rk_described_module *module, const rk_slot *slot, rk_token_info *info);
/* What the device itself told, added to it. */
void rk_describe_card(const rk_card *card, rk_token_info *info);
/* Fills a zeroed *key likewise. */
RK_CHECKED rk_error *rk_describe_key(const struct rk_described_module *module, const rk_slot *slot,
    const rk_found_key *found, rk_token_key *key);
RK_CHECKED rk_error *rk_describe_abilities(
    const rk_mechanism *mechanisms, size_t count, rk_token_abilities **ret_abilities);

#endif
