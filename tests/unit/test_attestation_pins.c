#include "support/attest_maker.h"
#include "support/spec.h"

#include "x509/attestation.h"

static void
the_programs_own_folder_holds_what_its_readme_says(void **state)
{
	RK_AUTO(rk_attestation_pins) pins = NULL;

	(void)state;
	assert_ok(rk_attestation_pins_new(false, &pins));
	assert_ok(rk_attestation_pins_add_folder(pins, RK_SOURCE_DIR "/src/x509/pins"));
	/* Three roots, and two lines of two intermediates. */
	assert_int_equal(rk_attestation_pins_count(pins), 7);
	assert_false(rk_attestation_pins_are_given(pins));
}

static void
a_folder_that_is_not_there_is_told(void **state)
{
	RK_AUTO(rk_attestation_pins) pins = NULL;

	(void)state;
	assert_ok(rk_attestation_pins_new(false, &pins));
	assert_error(
	    rk_attestation_pins_add_folder(pins, RK_SOURCE_DIR "/share/no-such"), RK_E_NOT_FOUND);
}

static rk_error *
add(const struct rk_cert_maker *maker)
{
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO_BUF(der);

	assert_ok(rk_attestation_pins_new(true, &pins));
	rk_cert_maker_der(maker, &der);
	return rk_attestation_pins_add(pins, der.data, der.len, "ca.der");
}

static void
what_may_not_issue_is_refused(void **state)
{
	struct rk_attest_maker maker = rk_attest_maker_new();
	struct rk_cert_maker root = rk_attest_maker_root(&maker);

	(void)state;
	assert_ok(add(&root));
	root.constraints = "";
	assert_ok(add(&root));
	root.constraints = "critical,CA:FALSE";
	assert_error(add(&root), RK_E_MALFORMED);
	root.constraints = "CA:TRUE";
	root.signer = maker.f9;
	assert_error(add(&root), RK_E_MALFORMED);
	rk_attest_maker_clear(&maker);
}

static void
what_is_no_certificate_is_refused(void **state)
{
	static const char broken[] =
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	RK_AUTO(rk_attestation_pins) pins = NULL;

	(void)state;
	assert_ok(rk_attestation_pins_new(true, &pins));
	assert_error(rk_attestation_pins_add(pins, "", 0, "empty"), RK_E_MALFORMED);
	assert_error(rk_attestation_pins_add(pins, "hello", 5, "text"), RK_E_MALFORMED);
	assert_error(rk_attestation_pins_add(pins, "0hello", 6, "der"), RK_E_MALFORMED);
	assert_error(
	    rk_attestation_pins_add(pins, broken, sizeof(broken) - 1, "broken"), RK_E_MALFORMED);
	assert_error(
	    rk_attestation_pins_add(pins, "x", RK_ATTESTATION_PINS_BYTES + 1, "large"), RK_E_LIMIT);
	assert_int_equal(rk_attestation_pins_count(pins), 0);
}

static void
more_than_there_can_be_are_refused(void **state)
{
	struct rk_attest_maker maker = rk_attest_maker_new();
	struct rk_cert_maker root = rk_attest_maker_root(&maker);
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO_BUF(pem);
	RK_AUTO_BUF(many);

	(void)state;
	rk_cert_maker_pem(&root, &pem);
	for (size_t i = 0; i <= RK_ATTESTATION_PINS_MAX; i++)
		rk_buf_append(&many, pem.data, pem.len);
	assert_ok(rk_attestation_pins_new(true, &pins));
	assert_error(rk_attestation_pins_add(pins, many.data, many.len, "many.pem"), RK_E_LIMIT);
	rk_attest_maker_clear(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(the_programs_own_folder_holds_what_its_readme_says),
	    spec(a_folder_that_is_not_there_is_told),
	    spec(what_may_not_issue_is_refused),
	    spec(what_is_no_certificate_is_refused),
	    spec(more_than_there_can_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
