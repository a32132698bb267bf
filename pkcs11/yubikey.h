/*
 * yubikey.h - what is different on a YubiKey, and nowhere else
 *
 * Its PIV application has numbered slots, which Yubico's module (ykcs11) shows as one-byte CKA_IDs;
 * it makes keys for whoever has the management key, which is the SO PIN in hexadecimal digits; a
 * PUK unblocks the PIN; touch and PIN policies are chosen when a key is made. Keys cannot be
 * deleted. What the module would misunderstand is refused before it hears of it: it takes the first
 * byte of any CKA_ID for a slot, and an SO PIN of a PIN's length for the PIN.
 *
 * Errors     CK_RV; RK_CKR_NO_SLOT, RK_CKR_NO_POLICY, RK_CKR_SO_NEEDED, RK_CKR_MANAGEMENT_KEY,
 *            RK_CKR_OLD_LIBRARY, RK_CKR_USE_YKCS11, RK_CKR_NO_DELETE.
 * Standard   NIST SP 800-73-4 (slots); Yubico's PIV extensions; ykcs11's pkcs11y.h.
 */
#ifndef RK_PKCS11_YUBIKEY_H
#define RK_PKCS11_YUBIKEY_H

#include "pkcs11/session.h"

/* What a request becomes on this token. Zeroed by the caller, who keeps it while it is used. */
typedef struct rk_yubikey_order {
	rk_request request; /* a copy, whose id may point to `id` */
	uint8_t id;
	uint8_t touch, pin_policy; /* as the module counts them; 0: not asked for */
} rk_yubikey_order;

/* The two policies, where they were asked for. */
#define RK_YUBIKEY_ATTRIBUTES 2

/* Before a key is made or imported, on any kind of token. Secrets stay `request`'s. */
CK_RV
rk_yubikey_order_of(rk_session *session, const rk_request *request, rk_yubikey_order *ret_order);
/* Into the private half's template: how many. */
CK_ULONG rk_yubikey_attributes(rk_yubikey_order *order, CK_ATTRIBUTE *out);

/* Before C_Login, on any kind of token: would that secret be misunderstood? */
CK_RV rk_yubikey_check_pin(const rk_session *session, const rk_secret *pin);
CK_RV rk_yubikey_check_so_pin(rk_session *session, const rk_secret *so_pin);
/* "puk:…" and "pin:…", as the module wants them. RK_CKR_NO_SUCH_CHANGE on other tokens. */
CK_RV rk_yubikey_unblock(rk_session *session, const rk_request *request);

/* C_InitToken and a new PIN: the whole application is wiped, its label stays, the SO PIN becomes the
 * management key, and the PUK is the factory's. The slot is as before. */
CK_RV rk_yubikey_init(rk_module *module, const rk_request *request, const rk_slot *slot);

/*
 * Modules go by the slot where the card goes by the key's PIN policy: so the PIN is kept until the
 * token is closed. A signature that was refused for want of a login (`rv`) may have one and be tried
 * again: CKR_OK, and the key is marked; or it is the touch that did not come: RK_CKR_UNTOUCHED.
 */
CK_RV rk_yubikey_explain(rk_session *session, rk_object *key, CK_RV rv);
bool rk_yubikey_keeps_pin(const rk_session *session);
/* An SO's login that was refused: was it the card that did not answer? */
CK_RV rk_yubikey_explain_so(const rk_session *session, CK_RV rv);
/* CKR_OK where keys can be destroyed. */
CK_RV rk_yubikey_check_destroy(const rk_session *session);
/* The key that attests the others signs nothing for anybody. */
bool rk_yubikey_is_attester(const rk_session *session, const rk_buf *id);

#endif
