/*
 * certificate_private.h - OpenSSL's certificates, for the rooms of certificate.h
 *
 * Errors     as certificate.h.
 */
#ifndef RK_WORLD_CERTIFICATE_PRIVATE_H
#define RK_WORLD_CERTIFICATE_PRIVATE_H

#include "world/certificate.h"

#include <openssl/x509.h>

static inline void
rk_certificate_x509_cleanup(X509 **x509)
{
	X509_free(*x509);
}
#define RK_AUTO_X509 __attribute__((cleanup(rk_certificate_x509_cleanup))) X509 *

/* NULL for anything but one whole certificate in the one encoding that DER has for it. */
X509 *rk_certificate_parse(const void *der, size_t len);

#endif
