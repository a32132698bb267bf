/*
 * attestation.h - what a YubiKey swears about a key that it made
 *
 * A slot's certificate (the leaf) is issued on the device by the key in slot f9, whose own
 * certificate Yubico issued. Two shapes are believed and no other: a pinned root, f9, the leaf; and a
 * pinned root, pinned intermediates, f9, the leaf. What a slot's key signed is never an issuer, however
 * genuine it is: a certificate that tells a PIN and touch policy is no f9. Signatures are verified
 * link by link. Dates are not looked at: a device has no clock, f9 is good for decades, and a room
 * without a network may have a wrong one.
 *
 * Ownership  ret_* belong to the caller; bytes are borrowed for the call.
 * Errors     RK_E_MALFORMED bytes that are no such certificate; RK_E_UNTRUSTED a chain that is not
 *            believed; RK_E_LIMIT; RK_E_NOMEM.
 * Units      bytes.
 * Standard   RFC 5280; Yubico's extensions 1.3.6.1.4.1.41482.3.3 and .7 to .11, in the encodings that
 *            devices give them.
 */
#ifndef RK_X509_ATTESTATION_H
#define RK_X509_ATTESTATION_H

#include "world/pubkey.h"
#include "x509/attestation_pins.h"

#define RK_ATTESTATION_MAX (16u << 10) /* bytes of one certificate */
#define RK_ATTESTATION_FIPS 0x80 /* in a form factor's byte */

/* The numbers that Yubico gives them; another one is told as it is. */
enum rk_attestation_pin {
	RK_ATTESTATION_PIN_NEVER = 1,
	RK_ATTESTATION_PIN_ONCE,
	RK_ATTESTATION_PIN_ALWAYS,
	RK_ATTESTATION_PIN_MATCH_ONCE, /* or a finger */
	RK_ATTESTATION_PIN_MATCH_ALWAYS,
};
enum rk_attestation_touch {
	RK_ATTESTATION_TOUCH_NEVER = 1,
	RK_ATTESTATION_TOUCH_ALWAYS,
	RK_ATTESTATION_TOUCH_CACHED, /* for 15 seconds */
};

typedef struct rk_attestation {
	rk_pubkey *pubkey; /* the key that is sworn about */
	uint8_t slot; /* 0x9c */
	uint8_t firmware[3];
	bool has_serial;
	uint32_t serial;
	uint8_t pin, touch; /* enum rk_attestation_pin, enum rk_attestation_touch */
	uint8_t form; /* 1 to 7, without the FIPS bit; 0: not said */
	bool fips, cspn;
	/* of one that was verified */
	char *root; /* the root's common name, foreign; NULL: it was not */
	char root_sha256[2 * 32 + 1]; /* of its DER */
	bool given; /* the root was given for this run: the verdict satisfies no policy */
} rk_attestation;

/* One certificate in DER. */
struct rk_attestation_der {
	const uint8_t *bytes;
	size_t len;
};

/* The leaf alone, verified by nobody. */
RK_CHECKED rk_error *
rk_attestation_read(const struct rk_attestation_der *leaf, rk_attestation **ret_attestation);
/* The leaf, f9, and up to a root of `pins`. */
RK_CHECKED rk_error *
rk_attestation_verify(const rk_attestation_pins *pins, const struct rk_attestation_der *leaf,
    const struct rk_attestation_der *f9, rk_attestation **ret_attestation);
/*
 * Among a token's certificates: the attestation of this key, and the one whose subject is its issuer
 * and whose key signed it. What cannot be read is passed over. `ret_leaf` is `count` where the token
 * swears nothing of the key, `ret_f9` where its issuer is not there; `ret_any`: of some key it does.
 */
struct rk_attestation_found {
	size_t leaf, f9;
	bool any;
};
RK_CHECKED rk_error *rk_attestation_find(const struct rk_attestation_der *certificates,
    size_t count, const rk_pubkey *pubkey, struct rk_attestation_found *ret_found);

/* "always", "once or a finger"; "unknown policy" for a number that we do not know. Never NULL. */
const char *rk_attestation_pin_name(uint8_t pin);
const char *rk_attestation_touch_name(uint8_t touch);
/* "usb-c-keychain"; NULL: not said, or not known. */
const char *rk_attestation_form_name(uint8_t form);
/* False for an unknown name. */
bool rk_attestation_form_parse(const char *name, uint8_t *ret_form);

void rk_attestation_free(rk_attestation *attestation);
RK_DEFINE_FREEP(rk_attestation)

#endif
