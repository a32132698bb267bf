#include "pkcs11/refusal.h"
#include "support/spec.h"

#include <string.h>

static enum rk_code
code_of(CK_RV rv)
{
	const rk_refusal refusal = {.call = RK_CALL_C_Sign, .rv = rv};
	RK_AUTO(rk_error) err = rk_refusal_error(&refusal, false, "cannot sign");

	return rk_error_code(err);
}

static void
every_answer_has_the_code_that_its_cause_has(void **state)
{
	static const struct {
		CK_RV rv;
		enum rk_code code;
	} rows[] = {
	    {CKR_PIN_INCORRECT, RK_E_PIN_WRONG},
	    {CKR_PIN_LOCKED, RK_E_PIN_LOCKED},
	    {CKR_USER_NOT_LOGGED_IN, RK_E_PIN_NEEDED},
	    {RK_CKR_PIN_DROPPED, RK_E_PIN_NEEDED},
	    {CKR_FUNCTION_CANCELED, RK_E_TOUCH},
	    {CKR_DEVICE_REMOVED, RK_E_TOKEN_GONE},
	    {CKR_TOKEN_NOT_PRESENT, RK_E_TOKEN_GONE},
	    {CKR_SESSION_HANDLE_INVALID, RK_E_TOKEN_GONE},
	    {RK_CKR_OTHER_TOKEN, RK_E_TOKEN_GONE},
	    {CKR_MECHANISM_INVALID, RK_E_TOKEN_UNSUPPORTED},
	    {RK_CKR_UNSUPPORTED, RK_E_TOKEN_UNSUPPORTED},
	    {RK_CKR_EXISTS, RK_E_EXISTS},
	    {CKR_FUNCTION_REJECTED, RK_E_CANCELLED},
	    {CKR_GENERAL_ERROR, RK_E_TOKEN},
	    {CKR_PIN_LEN_RANGE, RK_E_TOKEN},
	    {CKR_PIN_EXPIRED, RK_E_TOKEN},
	    {CKR_DEVICE_MEMORY, RK_E_TOKEN},
	    {CKR_KEY_FUNCTION_NOT_PERMITTED, RK_E_TOKEN},
	    {0x80000001UL, RK_E_TOKEN},
	    {CKR_OK, RK_E_TOKEN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(code_of(rows[i].rv), rows[i].code);
}

static void
an_answer_says_what_was_tried_and_who_refused(void **state)
{
	const rk_refusal known = {.call = RK_CALL_C_GenerateKeyPair, .rv = CKR_DEVICE_MEMORY};
	const rk_refusal unknown = {.call = RK_CALL_C_Sign, .rv = 0x80000001UL};
	RK_AUTO(rk_error) full = rk_refusal_error(&known, false, "cannot make a key");
	RK_AUTO(rk_error) vendor = rk_refusal_error(&unknown, false, "cannot sign");

	(void)state;
	assert_string_equal(rk_error_message(full),
	    "cannot make a key: the token is full (C_GenerateKeyPair: CKR_DEVICE_MEMORY)");
	assert_non_null(rk_error_remedy(full));
	assert_string_equal(rk_error_message(vendor), "cannot sign: C_Sign says CKR 0x80000001");
}

static void
every_answer_says_what_to_do(void **state)
{
	(void)state;
	for (CK_RV rv = 0; rv <= CKR_FUNCTION_REJECTED; rv++) {
		const rk_refusal refusal = {.call = RK_CALL_C_Sign, .rv = rv};
		RK_AUTO(rk_error) err = rk_refusal_error(&refusal, false, "cannot sign");

		assert_non_null(rk_error_remedy(err));
	}
	for (CK_RV rv = RK_CKR_PROTOCOL; rv <= RK_CKR_PROTOCOL + 32; rv++) {
		const rk_refusal refusal = {.call = RK_CALL_C_Sign, .rv = rv};
		RK_AUTO(rk_error) err = rk_refusal_error(&refusal, false, "cannot sign");

		assert_non_null(rk_error_remedy(err));
	}
}

static void
a_wrong_pin_tells_what_the_token_knows_of_tries(void **state)
{
	static const struct {
		uint64_t flags;
		bool so;
		const char *says;
	} rows[] = {
	    {CKF_USER_PIN_INITIALIZED, false, "the PIN is wrong; one try is spent"},
	    {CKF_USER_PIN_COUNT_LOW, false, "few tries are left"},
	    {CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW, false, "one try is left"},
	    {CKF_USER_PIN_LOCKED, false, "has locked it now"},
	    {CKF_SO_PIN_FINAL_TRY, true, "SO PIN is wrong; one try is left"},
	    {CKF_SO_PIN_LOCKED, true, "has locked it now"},
	    {CKF_USER_PIN_LOCKED, true, "the SO PIN is wrong"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const rk_refusal refusal = {
		    .call = RK_CALL_C_Login, .rv = CKR_PIN_INCORRECT, .token_flags = rows[i].flags};
		RK_AUTO(rk_error) err = rk_refusal_error(&refusal, rows[i].so, "cannot log in");

		assert_int_equal(rk_error_code(err), RK_E_PIN_WRONG);
		assert_non_null(strstr(rk_error_message(err), rows[i].says));
		assert_non_null(rk_error_remedy(err));
	}
}

static void
a_locked_so_pin_is_not_sent_to_the_unblocking_of_the_pin(void **state)
{
	const rk_refusal refusal = {.call = RK_CALL_C_InitToken, .rv = CKR_PIN_LOCKED};
	RK_AUTO(rk_error) so = rk_refusal_error(&refusal, true, "cannot initialise");
	RK_AUTO(rk_error) user = rk_refusal_error(&refusal, false, "cannot log in");

	(void)state;
	assert_int_equal(rk_error_code(so), RK_E_PIN_LOCKED);
	assert_null(strstr(rk_error_remedy(so), "unblock"));
	assert_non_null(strstr(rk_error_remedy(user), "unblock"));
}

static void
what_the_system_said_is_shown_not_printed(void **state)
{
	static const char text[] = "no\x1b[2Jfile";
	const rk_refusal refusal = {.call = RK_CALL_dlopen,
	    .rv = RK_CKR_LOAD,
	    .text = {(const uint8_t *)text, sizeof(text) - 1}};
	RK_AUTO(rk_error) err = rk_refusal_error(&refusal, false, "cannot use module 'm'");

	(void)state;
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_null(strchr(rk_error_message(err), '\x1b'));
	assert_non_null(strstr(rk_error_message(err), "\\x1b[2Jfile"));
}

static void
flags_become_the_state_of_a_pin_the_gravest_first(void **state)
{
	(void)state;
	assert_int_equal(rk_refusal_pin_state(0), RK_PIN_UNSET);
	assert_int_equal(rk_refusal_pin_state(CKF_USER_PIN_INITIALIZED), RK_PIN_OK);
	assert_int_equal(
	    rk_refusal_pin_state(CKF_USER_PIN_INITIALIZED | CKF_USER_PIN_COUNT_LOW), RK_PIN_LOW);
	assert_int_equal(
	    rk_refusal_pin_state(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY), RK_PIN_FINAL);
	assert_int_equal(
	    rk_refusal_pin_state(CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY), RK_PIN_LOCKED);
	assert_int_equal(rk_refusal_so_pin_state(0), RK_PIN_OK);
	assert_int_equal(rk_refusal_so_pin_state(CKF_SO_PIN_LOCKED), RK_PIN_LOCKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(every_answer_has_the_code_that_its_cause_has),
	    spec(an_answer_says_what_was_tried_and_who_refused),
	    spec(every_answer_says_what_to_do),
	    spec(a_wrong_pin_tells_what_the_token_knows_of_tries),
	    spec(a_locked_so_pin_is_not_sent_to_the_unblocking_of_the_pin),
	    spec(what_the_system_said_is_shown_not_printed),
	    spec(flags_become_the_state_of_a_pin_the_gravest_first),
	};

	return cmocka_run_group_tests_name("pkcs11/refusal", tests, NULL, NULL);
}
