#include "support/spec.h"

#include "flow/keyform.h"
#include "flow/keyuri.h"
#include "flow/qrcode.h"

#include <string.h>

#define STORED                                                                                \
	"pkcs11:model=SoftHSM%20v2;serial=1a2b;token=bob%20b;id=%02%ff;object=k;type=private" \
	"?module-name=softhsm2"

static void
less_than_what_is_stored_fits_it(void **state)
{
	(void)state;
	assert_true(rk_keyuri_fits(STORED, STORED));
	assert_true(rk_keyuri_fits("pkcs11:token=bob%20b", STORED));
	assert_true(rk_keyuri_fits("pkcs11:object=k;serial=1a2b", STORED));
	assert_true(rk_keyuri_fits("pkcs11:", STORED));
	/* However it is encoded, and whichever half is named. */
	assert_true(rk_keyuri_fits("pkcs11:token=%62ob b;id=%02%FF", STORED));
	assert_true(rk_keyuri_fits("pkcs11:object=k;type=public", STORED));
}

static void
more_or_other_than_what_is_stored_does_not(void **state)
{
	(void)state;
	assert_false(rk_keyuri_fits("pkcs11:token=bob", STORED));
	assert_false(rk_keyuri_fits("pkcs11:token=bob%20bc", STORED));
	assert_false(rk_keyuri_fits("pkcs11:id=%02", STORED));
	assert_false(rk_keyuri_fits("pkcs11:manufacturer=x", STORED));
	assert_false(rk_keyuri_fits("pkcs11:tok=bob%20b", STORED));
	assert_false(rk_keyuri_fits("token=bob%20b", STORED));
	assert_false(rk_keyuri_fits("", STORED));
	assert_false(rk_keyuri_fits("pkcs11:token=bob%20b", "k"));
}

static void
of_the_query_only_the_module_counts(void **state)
{
	(void)state;
	assert_true(rk_keyuri_fits("pkcs11:?module-name=softhsm2", STORED));
	assert_true(rk_keyuri_fits("pkcs11:?pin-source=/x&module-name=softhsm2", STORED));
	assert_true(rk_keyuri_fits("pkcs11:?module-path=/x.so", STORED));
	assert_false(rk_keyuri_fits("pkcs11:?module-name=ykcs11", STORED));
	assert_true(rk_keyuri_fits("pkcs11:?module-name=any", "pkcs11:serial=1"));
}

static void
an_attribute_is_decoded(void **state)
{
	RK_AUTO_BUF(value);
	RK_AUTO_BUF(bad);
	bool found = false;

	(void)state;
	assert_ok(rk_keyuri_attribute(STORED, "id", &value, &found));
	assert_true(found);
	assert_int_equal(value.len, 2);
	assert_memory_equal(value.data, "\x02\xff", 2);
	assert_ok(rk_keyuri_attribute(STORED, "manufacturer", &value, &found));
	assert_false(found);
	/* What stands after '?' is no part of the path. */
	assert_ok(rk_keyuri_attribute(STORED, "module-name", &value, &found));
	assert_false(found);
	assert_error(rk_keyuri_attribute("pkcs11:id=%0", "id", &bad, &found), RK_E_MALFORMED);
	assert_error(rk_keyuri_attribute("pkcs11:id=%zz", "id", &bad, &found), RK_E_MALFORMED);
}

/* P-256, the generator of its curve. */
static const char point[] = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
			    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

struct shown {
	rk_keep_key key;
	char *tokens[2];
};

static void
shown_begin(struct shown *shown, const char *first, const char *second)
{
	uint8_t raw[65];

	assert_ok(rk_unhex(point, 130, raw, sizeof(raw)));
	assert_ok(rk_pubkey_from_point(256, raw, sizeof(raw), &shown->key.pubkey));
	shown->tokens[0] = (char *)(uintptr_t)first;
	shown->tokens[1] = (char *)(uintptr_t)second;
	shown->key.name = (char *)(uintptr_t) "k";
	shown->key.tokens = shown->tokens;
	shown->key.token_count = first ? second ? 2 : 1 : 0;
}

static void
assert_hsm(const char *first, const char *second, const char *want)
{
	struct shown shown = {0};
	RK_AUTO_BUF(text);

	shown_begin(&shown, first, second);
	if (want) {
		assert_ok(rk_keyform_write(NULL, &shown.key, RK_KEYFORM_HSM, &text));
		assert_string_equal(rk_buf_str(&text), want);
	} else {
		assert_error(
		    rk_keyform_write(NULL, &shown.key, RK_KEYFORM_HSM, &text), RK_E_REFUSED);
	}
	rk_pubkey_free(shown.key.pubkey);
}

static void
hsm_tells_the_id_as_a_number_of_any_size(void **state)
{
	(void)state;
	assert_hsm("pkcs11:token=tuf%20root+A;id=%02", NULL, "hsm:2?label=tuf+root%2BA\n");
	assert_hsm("pkcs11:token=a;id=%03%04", NULL, "hsm:772?label=a\n");
	assert_hsm("pkcs11:token=a;id=%00", NULL, "hsm:0?label=a\n");
	assert_hsm("pkcs11:token=a;id=%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff%ff", NULL,
	    "hsm:340282366920938463463374607431768211455?label=a\n");
	assert_hsm("pkcs11:token=%c3%a4;id=%01", NULL, "hsm:1?label=%C3%A4\n");
}

static void
hsm_tells_nothing_that_would_not_be_found(void **state)
{
	struct shown shown = {0};
	RK_AUTO_BUF(text);

	(void)state;
	assert_hsm("pkcs11:token=a;id=%00%01", NULL, NULL);
	assert_hsm("pkcs11:token=a;object=k", NULL, NULL);
	assert_hsm("pkcs11:serial=1;id=%01", NULL, NULL);
	assert_hsm("pkcs11:token=a;id=%00%01", "pkcs11:token=b;id=%01", "hsm:1?label=b\n");
	shown_begin(&shown, NULL, NULL);
	assert_error(rk_keyform_write(NULL, &shown.key, RK_KEYFORM_HSM, &text), RK_E_NOT_FOUND);
	assert_error(rk_keyform_write(NULL, &shown.key, RK_KEYFORM_URI, &text), RK_E_NOT_FOUND);
	rk_pubkey_free(shown.key.pubkey);
}

static void
every_form_has_a_name_and_text_ends_in_a_newline(void **state)
{
	static const char *const names[RK_KEYFORM_COUNT] = {
	    "pem", "der", "tuf", "ssh", "uri", "hsm", "qr", "notary", "pin"};
	struct shown shown = {0};
	enum rk_keyform form;

	(void)state;
	shown_begin(&shown, "pkcs11:token=a;id=%01", NULL);
	for (int i = 0; i < RK_KEYFORM_COUNT; i++) {
		RK_AUTO_BUF(text);

		assert_true(rk_keyform_parse(names[i], &form));
		assert_int_equal(form, i);
		if (form == RK_KEYFORM_PIN) /* without a certificate: nothing to pin */
			assert_error(
			    rk_keyform_write(NULL, &shown.key, form, &text), RK_E_NOT_FOUND);
		if (form == RK_KEYFORM_PIN)
			continue;
		assert_ok(rk_keyform_write(NULL, &shown.key, form, &text));
		assert_int_not_equal(text.len, 0);
		if (form != RK_KEYFORM_DER)
			assert_int_equal(text.data[text.len - 1], '\n');
	}
	assert_false(rk_keyform_parse("jwk", &form));
	rk_pubkey_free(shown.key.pubkey);
}

static void
a_qr_code_has_its_quiet_zone_and_its_limit(void **state)
{
	static char large[4000];
	RK_AUTO_BUF(text);
	RK_AUTO_BUF(none);
	size_t lines = 0;

	(void)state;
	assert_ok(rk_qrcode_append(&text, "text", 4));
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	/* Version 1 is 21 modules wide: with 4 around it 29, two to a line. */
	assert_int_equal(lines, 15);
	assert_int_equal(strncmp(rk_buf_str(&text), "\u2588\u2588\u2588\u2588", 12), 0);
	memset(large, 'x', sizeof(large));
	assert_error(rk_qrcode_append(&none, large, sizeof(large)), RK_E_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(less_than_what_is_stored_fits_it),
	    spec(more_or_other_than_what_is_stored_does_not),
	    spec(of_the_query_only_the_module_counts),
	    spec(an_attribute_is_decoded),
	    spec(hsm_tells_the_id_as_a_number_of_any_size),
	    spec(hsm_tells_nothing_that_would_not_be_found),
	    spec(every_form_has_a_name_and_text_ends_in_a_newline),
	    spec(a_qr_code_has_its_quiet_zone_and_its_limit),
	};

	return cmocka_run_group_tests_name("keyuri, keyform, qrcode", tests, NULL, NULL);
}
