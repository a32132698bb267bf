/*
 * attestation_require.h - what somebody wants of an attested key, and what is known against it
 *
 * Words as they stand after --require: "fips", "touch=always", "pin=always", "firmware>=5.7",
 * "serial=N" (several: any of them), "form=usb-c-keychain", "no-advisory". A touch or PIN policy is
 * met by a stricter one, too.
 *
 * Ownership  ret_require belongs to the caller.
 * Errors     RK_E_USAGE a word that is none of these; RK_E_NOMEM.
 * Standard   Yubico's security advisories YSA-2017-01 and YSA-2024-03.
 */
#ifndef RK_X509_ATTESTATION_REQUIRE_H
#define RK_X509_ATTESTATION_REQUIRE_H

#include "x509/attestation.h"

#define RK_ATTESTATION_REQUIRE_WORDS                                                       \
	"fips, touch=always|cached, pin=always|once, firmware>=X.Y, serial=N, form=FORM, " \
	"no-advisory"

typedef struct rk_attestation_require rk_attestation_require;

RK_CHECKED rk_error *rk_attestation_require_read(
    const char *const *words, size_t count, rk_attestation_require **ret_require);
/* What is not as it is wanted: a sentence each, added to `unmet`; none where all is. */
RK_CHECKED rk_error *rk_attestation_require_judge(
    const rk_attestation_require *require, const rk_attestation *attestation, rk_names *unmet);
void rk_attestation_require_free(rk_attestation_require *require);
RK_DEFINE_FREEP(rk_attestation_require)

/* A weakness that is known of such a key. */
struct rk_attestation_require_advisory {
	const char *name; /* "YSA-2024-03" */
	const char *text; /* a sentence without a final stop */
};
/* The one with this index among those that concern the key; NULL: there are no more. */
const struct rk_attestation_require_advisory *
rk_attestation_require_advisory_at(const rk_attestation *attestation, size_t index);

#endif
