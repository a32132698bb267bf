/*
 * attestation_private.h - OpenSSL's certificates, for the rooms of attestation.h
 *
 * Ownership  what rk_attestation_x509 gives is the caller's, everything else borrowed.
 * Errors     as attestation.h.
 */
#ifndef RK_X509_ATTESTATION_PRIVATE_H
#define RK_X509_ATTESTATION_PRIVATE_H

#include "x509/attestation.h"

#include <openssl/x509.h>

static inline void
rk_attestation_x509_cleanup(X509 **x509)
{
	X509_free(*x509);
}
#define RK_AUTO_ATTESTATION_X509 __attribute__((cleanup(rk_attestation_x509_cleanup))) X509 *

/* Below 1.3.6.1.4.1.41482.3. */
enum rk_attestation_extension {
	RK_ATTESTATION_FIRMWARE = 3,
	RK_ATTESTATION_SERIAL = 7,
	RK_ATTESTATION_POLICY = 8,
	RK_ATTESTATION_FORM = 9,
	RK_ATTESTATION_FIPS_MARK = 10,
	RK_ATTESTATION_CSPN_MARK = 11,
};

struct rk_attestation_pin_list {
	X509 **items;
	size_t count;
};

struct rk_attestation_pins {
	struct rk_attestation_pin_list list;
	bool given;
};

/* What basicConstraints say. */
struct rk_attestation_constraints {
	bool present, authority;
	long path; /* how many more authorities may follow; -1: any number */
};

/* One whole certificate in the one encoding that DER has for it; `what` is for the message. */
RK_CHECKED rk_error *
rk_attestation_x509(const struct rk_attestation_der *der, const char *what, X509 **ret_x509);
/* The bytes of one of Yubico's extensions; NULL where it is not there. RK_E_MALFORMED: twice. */
RK_CHECKED rk_error *rk_attestation_extension(
    const X509 *x509, enum rk_attestation_extension extension, const ASN1_OCTET_STRING **ret_value);
/* RK_E_MALFORMED also for a critical extension that nobody here knows. */
RK_CHECKED rk_error *
rk_attestation_constraints(const X509 *x509, struct rk_attestation_constraints *ret_constraints);
bool rk_attestation_is_self_issued(const X509 *x509);
/* Is `issuer` by its name the one that issued it, and is the signature its key's? */
bool rk_attestation_is_issued_by(X509 *x509, X509 *issuer);
/* The common name, or a phrase where there is none; foreign, "?" without memory. */
RK_CHECKED rk_error *rk_attestation_name(const X509_NAME *name, char **ret_text);
/* The leaf's own words. */
RK_CHECKED rk_error *rk_attestation_read_leaf(X509 *leaf, rk_attestation **ret_attestation);

#endif
