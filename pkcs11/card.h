/*
 * card.h - what a YubiKey says of its PIN, PUK and management key, asked over PC/SC
 *
 * PKCS#11 tells low, final and locked; the card knows the number of tries left and whether a secret
 * is still the factory's. It is asked in the worker, over the library that the module itself talks
 * to pcscd with, by commands that spend no try and change nothing. The application is not selected
 * anew while somebody is logged in. Whatever goes wrong, the answer is "unknown".
 *
 * Standard   NIST SP 800-73-4, part 2 (VERIFY); Yubico's PIV extensions (GET METADATA, firmware
 *            5.3; GET VERSION).
 */
#ifndef RK_PKCS11_CARD_H
#define RK_PKCS11_CARD_H

#include "pkcs11/session.h"

/* Algorithms of management keys. */
#define RK_CARD_TDES 0x03
#define RK_CARD_AES128 0x08
#define RK_CARD_AES192 0x0a
#define RK_CARD_AES256 0x0c

void rk_card_look(const rk_session *session, rk_card *ret_card);

/* A key's policies, as Yubico counts them: 1 never, 2 and 3 as below; 0: not told. */
#define RK_CARD_PIN_ALWAYS 3
#define RK_CARD_TOUCH_ALWAYS 2
struct rk_card_policies {
	uint8_t pin, touch;
};
void
rk_card_policies_of(const rk_session *session, uint8_t slot, struct rk_card_policies *ret_policies);

#endif
