/*
 * cert_maker.h - certificates of every kind, bad ones too, made by OpenSSL on the spot
 *
 * Ownership  names and pairs are borrowed; what is made goes into the caller's buffer. Failures fail
 *            the test.
 */
#ifndef RK_SUPPORT_CERT_MAKER_H
#define RK_SUPPORT_CERT_MAKER_H

#include "base/buf.h"

#include <openssl/evp.h>

#define RK_CERT_NOW INT64_C(1800000000) /* 2027-01-15T08:00:00Z */

/* An extension that OpenSSL does not know: its bytes as they stand in the OCTET STRING. */
struct rk_cert_extra {
	const char *oid;
	const void *bytes;
	int len;
	bool critical;
};

struct rk_cert_maker {
	EVP_PKEY *pair; /* whose certificate it is */
	EVP_PKEY *signer; /* NULL: the pair itself */
	const char *name; /* the common name; NULL: none */
	const char *first_name; /* a common name before it; NULL: none */
	size_t name_len; /* of `name`, which may hold zeros; 0: its strlen */
	const char *issuer; /* NULL: the name */
	const char *hash; /* NULL: SHA256 */
	int64_t not_before, not_after; /* both 0: a day before RK_CERT_NOW, ten years after it */
	const char *constraints; /* of X509V3_EXT_nconf_nid; NULL: "critical,CA:FALSE"; "": none */
	bool pss;
	const struct rk_cert_extra *extras; /* ended by one without an oid; NULL: none */
};

/* Appended: DER, or a PEM block. */
void rk_cert_maker_der(const struct rk_cert_maker *maker, rk_buf *out);
void rk_cert_maker_pem(const struct rk_cert_maker *maker, rk_buf *out);

#endif
