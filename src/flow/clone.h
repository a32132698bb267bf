/*
 * clone.h - a copy of a key on another token, wrapped all the way
 *
 * The key leaves its token as ciphertext and comes out of it on the other one; this program carries
 * ciphertext and public keys. The copy proves itself by a challenge, under the public key that the
 * keep has; its attributes are read back; then neither of the two may leave its token any more, which
 * is read back too; then the keep notes the second token. Until the source is sealed a failure takes
 * the copy back and leaves everything as it was; from then on the next run finishes.
 *
 * Ownership  everything given is borrowed; the key given back is the keep's.
 * Errors     as custody.h lists; RK_E_REFUSED the same token, or software for a key of a device;
 *            RK_E_TOKEN_UNSUPPORTED the key may not leave its token, or no way to take it there;
 *            RK_E_EXISTS its label or id is taken there.
 */
#ifndef RK_FLOW_CLONE_H
#define RK_FLOW_CLONE_H

#include "flow/custody.h"

struct rk_clone_wish {
	const rk_keep_key *key;
	const char *to; /* the other token's URI */
	bool to_software; /* allowed for a key of a device */
};

/* Finds both tokens, logs nothing in. */
RK_CHECKED rk_error *rk_clone_plan(
    const struct rk_custody *custody, const struct rk_clone_wish *wish, rk_plan **ret_plan);
/* Both PINs, before signals are held back. */
RK_CHECKED rk_error *
rk_clone_login(const struct rk_custody *custody, const struct rk_clone_wish *wish);
/* `*ret_changed` false: it was there, sealed and known. */
RK_CHECKED rk_error *rk_clone(const struct rk_custody *custody, const struct rk_clone_wish *wish,
    const rk_keep_key **ret_key, bool *ret_changed);

#endif
