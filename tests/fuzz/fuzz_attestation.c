/*
 * Certificates as a token may show them. One that is taken says of itself what it said before, is found
 * by its key, is judged without an accident, and is believed by nobody as its own issuer.
 */
#include "x509/attestation_require.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_hold(bool truth)
{
	if (!truth)
		abort();
}

static void
must(rk_error *err)
{
	must_hold(!err);
}

static void
judge(const rk_attestation *attestation)
{
	static const char *const words[] = {"fips", "touch=always", "pin=once", "firmware>=5.7",
	    "serial=1", "form=usb-a-nano", "no-advisory"};
	RK_AUTO(rk_attestation_require) require = NULL;
	RK_AUTO(rk_names) unmet = calloc(1, sizeof(*unmet));

	must_hold(unmet != NULL);
	must(rk_attestation_require_read(words, sizeof(words) / sizeof(words[0]), &require));
	must(rk_attestation_require_judge(require, attestation, unmet));
	must_hold(unmet->count <= sizeof(words) / sizeof(words[0]) + 1);
}

static void
pin(const struct rk_attestation_der *der, rk_attestation_pins **pins)
{
	must(rk_attestation_pins_new(true, pins));
	rk_error_free(rk_attestation_pins_add(*pins, der->bytes, der->len, "fuzz"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rk_attestation_der der = {data, size};
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO(rk_attestation) attestation = NULL;
	RK_AUTO(rk_attestation) verdict = NULL;
	struct rk_attestation_found found;

	pin(&der, &pins);
	rk_error_free(rk_attestation_verify(pins, &der, &der, &verdict));
	must_hold(verdict == NULL);
	rk_error_free(rk_attestation_read(&der, &attestation));
	if (!attestation)
		return 0;
	must(rk_attestation_find(&der, 1, attestation->pubkey, &found));
	must_hold(found.any && found.leaf == 0 && found.f9 == 1);
	judge(attestation);
	return 0;
}
