#include "support/folder.h"
#include "support/spec.h"

#include "base/file.h"
#include "keep/probes.h"

#include <stdlib.h>
#include <string.h>

static char maker[] = "us", model[] = "soft", firmware[] = "1.0", newer[] = "1.1",
	    module[] = "soft", version[] = "soft 1.0";

static rk_token_info
kind(char *its_firmware)
{
	return (rk_token_info){.manufacturer = maker,
	    .model = model,
	    .firmware = its_firmware,
	    .module = module,
	    .module_version = version};
}

static rk_probe
probe(enum rk_probe_verdict ed25519, char *why)
{
	rk_probe made = {.time = 1800000000};

	made.verdict[RK_KEY_ED25519] = ed25519;
	made.why[RK_KEY_ED25519] = why;
	return made;
}

static void
what_was_noted_is_known_of_every_token_of_that_kind(void **state)
{
	static char why[] = "the curve is not supported";
	const rk_token_info info = kind(firmware), other = kind(newer);
	const rk_probe noted = probe(RK_PROBE_CANNOT_MAKE, why);
	RK_AUTO(rk_probe) read = NULL;

	assert_error(rk_probes_read(*state, &info, &read), RK_E_NOT_FOUND);
	assert_ok(rk_probes_note(*state, &info, &noted));
	assert_ok(rk_probes_read(*state, &info, &read));
	assert_int_equal(read->time, 1800000000);
	assert_int_equal(read->verdict[RK_KEY_ED25519], RK_PROBE_CANNOT_MAKE);
	assert_string_equal(read->why[RK_KEY_ED25519], why);
	assert_int_equal(read->verdict[RK_KEY_ECDSA_P256], RK_PROBE_UNKNOWN);
	rk_probe_free(RK_TAKE(read));
	assert_error(rk_probes_read(*state, &other, &read), RK_E_NOT_FOUND);
}

static void
a_type_that_was_not_tried_again_keeps_its_verdict(void **state)
{
	const rk_token_info info = kind(firmware);
	const rk_probe first = probe(RK_PROBE_WORKS, NULL);
	rk_probe second = probe(RK_PROBE_UNKNOWN, NULL);
	RK_AUTO(rk_probe) read = NULL;

	second.verdict[RK_KEY_RSA2048] = RK_PROBE_CANNOT_SIGN;
	assert_ok(rk_probes_note(*state, &info, &first));
	assert_ok(rk_probes_note(*state, &info, &second));
	assert_ok(rk_probes_read(*state, &info, &read));
	assert_int_equal(read->verdict[RK_KEY_ED25519], RK_PROBE_WORKS);
	assert_int_equal(read->verdict[RK_KEY_RSA2048], RK_PROBE_CANNOT_SIGN);
}

/* The file's text, in place of what was there. */
static void
spoil(const char *folder, const char *text)
{
	RK_AUTO(rk_dir) state = NULL;
	RK_AUTO(rk_dir) dir = NULL;
	RK_AUTO(rk_names) names = NULL;

	assert_ok(rk_dir_open(folder, RK_DIR_OURS, &state));
	assert_ok(rk_dir_open_at(state, "probes", &dir));
	assert_ok(rk_dir_list(dir, NULL, 10, &names));
	assert_int_equal(names->count, 1);
	assert_ok(rk_file_replace(dir, names->names[0], text, strlen(text), 0600));
}

static void
a_damaged_or_newer_file_says_so_and_is_written_anew(void **state)
{
	const rk_token_info info = kind(firmware);
	const rk_probe noted = probe(RK_PROBE_WORKS, NULL);
	RK_AUTO(rk_probe) read = NULL;

	assert_ok(rk_probes_note(*state, &info, &noted));
	spoil(*state, "{");
	assert_error(rk_probes_read(*state, &info, &read), RK_E_MALFORMED);
	spoil(*state, "{\"rootkeep_probe\": 2}");
	assert_error(rk_probes_read(*state, &info, &read), RK_E_NEWER);
	assert_ok(rk_probes_note(*state, &info, &noted));
	assert_ok(rk_probes_read(*state, &info, &read));
}

static void
words_that_are_not_known_say_nothing(void **state)
{
	const rk_token_info info = kind(firmware);
	const rk_probe noted = probe(RK_PROBE_WORKS, NULL);
	RK_AUTO(rk_probe) read = NULL;

	assert_ok(rk_probes_note(*state, &info, &noted));
	spoil(*state, "{\"rootkeep_probe\": 1, \"time\": \"2027-01-15T08:00:00Z\", \"results\": ["
		      "{\"type\": \"ml-dsa\", \"result\": \"works\"},"
		      "{\"type\": \"ed25519\", \"result\": \"sings\"},"
		      "{\"type\": \"rsa2048\", \"result\": \"works\"}]}");
	assert_ok(rk_probes_read(*state, &info, &read));
	assert_int_equal(read->verdict[RK_KEY_ED25519], RK_PROBE_UNKNOWN);
	assert_int_equal(read->verdict[RK_KEY_RSA2048], RK_PROBE_WORKS);
}

#define folder_spec(function) \
	cmocka_unit_test_setup_teardown(function, rk_folder_new, rk_folder_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    folder_spec(what_was_noted_is_known_of_every_token_of_that_kind),
	    folder_spec(a_type_that_was_not_tried_again_keeps_its_verdict),
	    folder_spec(a_damaged_or_newer_file_says_so_and_is_written_anew),
	    folder_spec(words_that_are_not_known_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
