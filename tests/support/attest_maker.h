/*
 * attest_maker.h - a YubiKey's maker in software: roots, intermediates, devices, attestations
 *
 * Each certificate can be made as it should be, and with anything about it wrong.
 *
 * Ownership  a maker owns its pairs; what is made goes into the caller's buffer. Failures fail the
 *            test.
 */
#ifndef RK_SUPPORT_ATTEST_MAKER_H
#define RK_SUPPORT_ATTEST_MAKER_H

#include "support/cert_maker.h"
#include "support/soft_key.h"

#define RK_ATTEST_ARC "1.3.6.1.4.1.41482.3"
#define RK_ATTEST_ROOT "Test PIV Root CA"
#define RK_ATTEST_UPPER "Test Attestation Intermediate"
#define RK_ATTEST_LOWER "Test PIV Attestation"
#define RK_ATTEST_F9 "Yubico PIV Attestation"
#define RK_ATTEST_SLOT "YubiKey PIV Attestation 9c"

struct rk_attest_maker {
	EVP_PKEY *root, *upper, *lower, *f9, *slot;
};

struct rk_attest_maker rk_attest_maker_new(void);
void rk_attest_maker_clear(struct rk_attest_maker *maker);

/* As they should be; a test changes what it wants before it has rk_cert_maker_der make it. */
struct rk_cert_maker rk_attest_maker_root(const struct rk_attest_maker *maker);
struct rk_cert_maker rk_attest_maker_upper(const struct rk_attest_maker *maker);
struct rk_cert_maker rk_attest_maker_lower(const struct rk_attest_maker *maker);
/* Issued by the root; `deep`: by the lower intermediate. */
struct rk_cert_maker rk_attest_maker_f9(const struct rk_attest_maker *maker, bool deep);
/* Firmware 5.7.1, serial 15938791, PIN always, touch always, usb-c-keychain. */
struct rk_cert_maker rk_attest_maker_leaf(const struct rk_attest_maker *maker);

#endif
