#include "support/soft_key.h"
#include "support/spec.h"

#include "x509/attestation_require.h"

#include <stdlib.h>
#include <string.h>

/* Firmware 5.7.1, serial 7, PIN always, touch always. */
static rk_attestation
device(enum rk_key_type type)
{
	EVP_PKEY *pair = rk_soft_key_new(type);
	rk_attestation attestation = {
	    .pubkey = rk_soft_key_public(pair),
	    .firmware = {5, 7, 1},
	    .has_serial = true,
	    .serial = 7,
	    .pin = RK_ATTESTATION_PIN_ALWAYS,
	    .touch = RK_ATTESTATION_TOUCH_ALWAYS,
	    .form = 3,
	};

	EVP_PKEY_free(pair);
	return attestation;
}

/* How many of the words are not met; words of one text, parted by spaces. */
static size_t
unmet(const rk_attestation *attestation, const char *text)
{
	RK_AUTO(rk_attestation_require) require = NULL;
	RK_AUTO(rk_names) names = calloc(1, sizeof(*names));
	char copy[256];
	const char *words[8];
	size_t count = 0;

	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	for (char *at = copy, *word; (word = strsep(&at, " "));)
		words[count++] = word;
	assert_ok(rk_attestation_require_read(words, count, &require));
	assert_ok(rk_attestation_require_judge(require, attestation, names));
	return names->count;
}

static void
what_is_as_it_is_wanted_satisfies(void **state)
{
	rk_attestation key = device(RK_KEY_ECDSA_P256);

	(void)state;
	key.fips = true;
	assert_int_equal(unmet(&key, "fips touch=always pin=always firmware>=5.7 serial=7"), 0);
	assert_int_equal(unmet(&key, "form=usb-c-keychain no-advisory firmware>=5"), 0);
	assert_int_equal(unmet(&key, "firmware>=5.7.1"), 0);
	rk_pubkey_free(key.pubkey);
}

static void
each_thing_that_is_not_as_wanted_is_told(void **state)
{
	rk_attestation key = device(RK_KEY_ECDSA_P256);

	(void)state;
	key.touch = RK_ATTESTATION_TOUCH_NEVER;
	key.pin = RK_ATTESTATION_PIN_ONCE;
	assert_int_equal(unmet(&key, "fips touch=always pin=always firmware>=5.7.2 serial=8"), 5);
	assert_int_equal(unmet(&key, "form=usb-a-nano"), 1);
	key.has_serial = false;
	assert_int_equal(unmet(&key, "serial=7"), 1);
	rk_pubkey_free(key.pubkey);
}

static void
firmware_is_compared_by_number(void **state)
{
	rk_attestation key = device(RK_KEY_ECDSA_P256);

	(void)state;
	key.firmware[1] = 10;
	assert_int_equal(unmet(&key, "firmware>=5.7"), 0);
	assert_int_equal(unmet(&key, "firmware>=5.10.1"), 0);
	assert_int_equal(unmet(&key, "firmware>=6"), 1);
	assert_int_equal(unmet(&key, "firmware>=5.7 firmware>=5.10.2"), 1);
	rk_pubkey_free(key.pubkey);
}

static void
any_of_several_serials_will_do(void **state)
{
	rk_attestation key = device(RK_KEY_ECDSA_P256);

	(void)state;
	assert_int_equal(unmet(&key, "serial=8 serial=7 serial=9"), 0);
	assert_int_equal(unmet(&key, "serial=8 serial=9"), 1);
	rk_pubkey_free(key.pubkey);
}

static void
a_stricter_policy_satisfies_and_an_unknown_one_does_not(void **state)
{
	rk_attestation key = device(RK_KEY_ECDSA_P256);

	(void)state;
	assert_int_equal(unmet(&key, "touch=cached pin=once"), 0);
	key.touch = RK_ATTESTATION_TOUCH_CACHED;
	key.pin = RK_ATTESTATION_PIN_MATCH_ALWAYS;
	assert_int_equal(unmet(&key, "touch=cached pin=always"), 0);
	assert_int_equal(unmet(&key, "touch=always"), 1);
	key.pin = RK_ATTESTATION_PIN_MATCH_ONCE;
	assert_int_equal(unmet(&key, "pin=always"), 1);
	assert_int_equal(unmet(&key, "pin=once"), 0);
	key.touch = key.pin = 77;
	assert_int_equal(unmet(&key, "touch=cached pin=once"), 2);
	assert_string_equal(rk_attestation_pin_name(77), "unknown policy");
	assert_string_equal(rk_attestation_touch_name(77), "unknown policy");
	rk_pubkey_free(key.pubkey);
}

static const char *
advisory(enum rk_key_type type, uint8_t major, uint8_t minor, uint8_t patch)
{
	rk_attestation key = device(type);
	const struct rk_attestation_require_advisory *found;

	key.firmware[0] = major;
	key.firmware[1] = minor;
	key.firmware[2] = patch;
	found = rk_attestation_require_advisory_at(&key, 0);
	assert_null(found ? rk_attestation_require_advisory_at(&key, 1) : NULL);
	assert_int_equal(unmet(&key, "no-advisory"), found ? 1 : 0);
	rk_pubkey_free(key.pubkey);
	return found ? found->name : "none";
}

static void
what_is_known_against_a_key_is_told(void **state)
{
	(void)state;
	assert_string_equal(advisory(RK_KEY_ECDSA_P256, 5, 6, 9), "YSA-2024-03");
	assert_string_equal(advisory(RK_KEY_ECDSA_P384, 4, 3, 5), "YSA-2024-03");
	assert_string_equal(advisory(RK_KEY_ECDSA_P256, 5, 7, 0), "none");
	assert_string_equal(advisory(RK_KEY_RSA2048, 5, 4, 3), "none");
	assert_string_equal(advisory(RK_KEY_RSA2048, 4, 2, 6), "YSA-2017-01");
	assert_string_equal(advisory(RK_KEY_RSA2048, 4, 3, 4), "YSA-2017-01");
	assert_string_equal(advisory(RK_KEY_RSA2048, 4, 3, 5), "none");
	assert_string_equal(advisory(RK_KEY_ED25519, 5, 7, 1), "none");
}

static void
a_word_that_is_none_is_usage(void **state)
{
	static const char *const wrong[] = {"", "fips=yes", "FIPS", "touch=never",
	    "touch=", "pin=never", "firmware>=", "firmware>=5.", "firmware>=5.7.1.2",
	    "firmware>=5.256", "firmware>=a", "firmware=5.7", "serial=", "serial=-1",
	    "serial=4294967296", "serial=7x", "form=nano", "no-advisory-at-all"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		RK_AUTO(rk_attestation_require) require = NULL;

		assert_error(rk_attestation_require_read(&wrong[i], 1, &require), RK_E_USAGE);
		assert_null(require);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(what_is_as_it_is_wanted_satisfies),
	    spec(each_thing_that_is_not_as_wanted_is_told),
	    spec(firmware_is_compared_by_number),
	    spec(any_of_several_serials_will_do),
	    spec(a_stricter_policy_satisfies_and_an_unknown_one_does_not),
	    spec(what_is_known_against_a_key_is_told),
	    spec(a_word_that_is_none_is_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
