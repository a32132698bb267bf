/*
 * certificate.h - an X.509 certificate as Notary has it around a root key
 *
 * Read from PEM or DER: the leaf first, then whatever came after it (intermediates). Notary's key
 * ids are taken over the PEM text, so that text is here exactly as Notary's own tools write it, however
 * the certificate came: 64 columns, lines ended by '\n', nothing between the blocks.
 *
 * Ownership  a certificate owns all it holds; it does not change once it is read.
 * Errors     RK_E_MALFORMED no certificate; RK_E_UNTRUSTED one that Notary's clients refuse;
 *            RK_E_LIMIT; RK_E_NOMEM.
 * Units      times in seconds (base/datetime.h).
 * Standard   RFC 5280; RFC 7468; what is refused: Notary 0.7's clients and server.
 */
#ifndef RK_WORLD_CERTIFICATE_H
#define RK_WORLD_CERTIFICATE_H

#include "world/pubkey.h"

#define RK_CERTIFICATE_MAX (1u << 20) /* bytes of a file with certificates */
#define RK_CERTIFICATE_CHAIN_MAX 16

typedef struct rk_certificate {
	/* of the leaf */
	char *
	    name; /* the subject's common name, the last where there are several; foreign; NULL: none */
	int64_t not_before, not_after;
	bool is_authority; /* basicConstraints CA:TRUE */
	bool is_self_issued; /* subject and issuer are the same */
	bool is_weak; /* its signature rests on SHA-1 or MD5 */
	char *algorithm; /* of its signature: "ecdsa-with-SHA256"; foreign */
	rk_pubkey *pubkey; /* NULL: a kind or size of key that is not taken; `flaw` says which */
	char *flaw; /* why there is no pubkey, safe to print; else NULL */
	uint8_t *der;
	size_t der_len;
	/* of all */
	char *pem;
	size_t count; /* the leaf and those after it */
	size_t leaf_count; /* how many of all are no authority */
} rk_certificate;

/* Does it look like one: a PEM block of that name in it, or DER that is one? */
bool rk_certificate_is(const void *bytes, size_t len);
/* PEM or DER by look; `name` is for messages (a path, foreign). RK_E_MALFORMED, RK_E_LIMIT. */
RK_CHECKED rk_error *rk_certificate_read(
    const void *bytes, size_t len, const char *name, rk_certificate **ret_certificate);
void rk_certificate_free(rk_certificate *certificate);
RK_DEFINE_FREEP(rk_certificate)

/* Is its common name the GUN, or a beginning of it that ends in '*'? */
bool rk_certificate_covers(const rk_certificate *certificate, const char *gun);
/* The same for a name alone. */
bool rk_certificate_name_covers(const char *name, const char *gun);
/*
 * What Notary's clients ask of a root certificate: exactly one that is no authority, and that one
 * first; no SHA-1; RSA from 2048 bits, or ECDSA. With `gun`: made for it. With `now` (not 0): not
 * expired, and not beginning more than a day ahead. NULL: fine. RK_E_UNTRUSTED tells the first flaw.
 */
RK_CHECKED rk_error *
rk_certificate_judge(const rk_certificate *certificate, const char *gun, int64_t now);
/* Signed by its own key? RK_E_UNTRUSTED: not, or the signature is wrong. */
RK_CHECKED rk_error *rk_certificate_check_self_signed(const rk_certificate *certificate);

#endif
