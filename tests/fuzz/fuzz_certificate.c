/*
 * Certificates as anybody may hand them in. One that is taken must survive its own PEM and DER, byte
 * for byte, and be judged without an accident.
 */
#include "world/certificate.h"

#include <stdlib.h>
#include <string.h>

#define GUN "registry.example.com/admin/demo"
#define NOW INT64_C(1800000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(rk_error *err)
{
	if (err)
		abort();
}

static void
must_hold(bool truth)
{
	if (!truth)
		abort();
}

static void
survive(const rk_certificate *certificate)
{
	RK_AUTO(rk_certificate) from_pem = NULL;
	RK_AUTO(rk_certificate) from_der = NULL;

	must(rk_certificate_read(certificate->pem, strlen(certificate->pem), "its PEM", &from_pem));
	must(rk_certificate_read(certificate->der, certificate->der_len, "its DER", &from_der));
	must_hold(strcmp(from_pem->pem, certificate->pem) == 0);
	must_hold(from_pem->count == certificate->count);
	must_hold(from_der->not_after == certificate->not_after);
	must_hold(strncmp(from_der->pem, certificate->pem, strlen(from_der->pem)) == 0);
	must_hold(rk_certificate_is(certificate->der, certificate->der_len));
	must_hold(rk_certificate_is(certificate->pem, strlen(certificate->pem)));
}

static void
judge(const rk_certificate *certificate)
{
	rk_error *timeless = rk_certificate_judge(certificate, NULL, 0);
	rk_error *strict = rk_certificate_judge(certificate, GUN, NOW);
	rk_error *own = rk_certificate_check_self_signed(certificate);

	/* What is refused at any time and for any GUN is refused now and for this one. */
	must_hold(!timeless || strict);
	must_hold(timeless || (certificate->pubkey && certificate->name));
	must_hold(strict || rk_certificate_covers(certificate, GUN));
	must_hold(own || certificate->is_self_issued);
	rk_error_free(timeless);
	rk_error_free(strict);
	rk_error_free(own);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = rk_certificate_read(data, size, "input", &certificate);

	must_hold(err ? !certificate : certificate != NULL);
	rk_error_free(err);
	if (certificate) {
		survive(certificate);
		judge(certificate);
	}
	return 0;
}
