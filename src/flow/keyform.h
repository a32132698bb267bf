/*
 * keyform.h - the public half of a key in the forms that other programs take
 *
 * Errors     RK_E_REFUSED a form that would name another key or none; RK_E_NOT_FOUND a key on no
 *            token, or without a certificate; RK_E_MALFORMED a certificate that is damaged;
 *            RK_E_LIMIT; RK_E_NOMEM.
 * Standard   RFC 7468 (PEM), RFC 5280 (DER), TUF 1.0 section 4.2 (key objects), RFC 4253 and 5656
 *            (SSH), RFC 7512 (URI), securesystemslib's HSMSigner (hsm), Notary 0.7 (notary, pin).
 */
#ifndef RK_FLOW_KEYFORM_H
#define RK_FLOW_KEYFORM_H

#include "keep/keep.h"

enum rk_keyform {
	RK_KEYFORM_PEM,
	RK_KEYFORM_DER, /* the only one that is not text */
	RK_KEYFORM_TUF, /* a key object, as a root's `keys` has it */
	RK_KEYFORM_SSH, /* a line of authorized_keys */
	RK_KEYFORM_URI, /* a line for each token */
	RK_KEYFORM_HSM, /* "hsm:DECIMAL-ID?label=TOKEN", a line for each token */
	RK_KEYFORM_QR, /* the PEM, drawn in half blocks */
	RK_KEYFORM_NOTARY, /* a key object as Notary's metadata has it, without a certificate */
	RK_KEYFORM_PIN, /* "trust_pinning" of a notary client's configuration: every certificate's id */
	RK_KEYFORM_COUNT
};

/* For an option's metavar. */
#define RK_KEYFORM_NAMES "pem|der|tuf|notary|ssh|uri|hsm|qr|pin"

/* False for an unknown name. */
bool rk_keyform_parse(const char *name, enum rk_keyform *ret_form);
/* Appended; text ends in a newline. `keep` has the key's certificates. */
RK_CHECKED rk_error *
rk_keyform_write(const rk_keep *keep, const rk_keep_key *key, enum rk_keyform form, rk_buf *out);

#endif
