#include "support/spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static void
success_is_no_error_at_all(void **state)
{
	(void)state;
	assert_int_equal(rk_error_code(NULL), RK_OK);
	assert_string_equal(rk_error_message(NULL), "");
	assert_null(rk_error_remedy(NULL));
	assert_null(rk_error_cause(NULL));
	rk_error_free(NULL);
	assert_null(rk_wrap(NULL, "above nothing"));
	assert_null(rk_recode(NULL, RK_E_IO));
	assert_null(rk_advise(NULL, "do this"));
}

static void
an_error_keeps_its_code_fact_and_remedy(void **state)
{
	char remedy[] = "put it back";
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	err = rk_fail(RK_E_TOKEN_GONE, remedy, "token %d is gone", 7);
	remedy[0] = 'X';
	assert_int_equal(rk_error_code(err), RK_E_TOKEN_GONE);
	assert_string_equal(rk_error_message(err), "token 7 is gone");
	assert_string_equal(rk_error_remedy(err), "put it back");
	assert_null(rk_error_cause(err));
}

static void
a_system_error_says_what_the_system_said(void **state)
{
	RK_AUTO(rk_error) err = rk_fail_errno(RK_E_IO, ENOSPC, NULL, "cannot write");

	(void)state;
	assert_string_equal(rk_error_message(err), "cannot write: No space left on device");
	assert_null(rk_error_remedy(err));
}

static void
a_wrapped_error_keeps_code_and_remedy_and_shows_its_cause(void **state)
{
	RK_AUTO(rk_error) err = rk_fail(RK_E_BUSY, "wait", "it is held");

	(void)state;
	err = rk_wrap(err, "cannot open '%s'", "keep");
	assert_int_equal(rk_error_code(err), RK_E_BUSY);
	assert_string_equal(rk_error_message(err), "cannot open 'keep'");
	assert_string_equal(rk_error_remedy(err), "wait");
	assert_string_equal(rk_error_message(rk_error_cause(err)), "it is held");
	assert_null(rk_error_cause(rk_error_cause(err)));
}

static void
advice_and_code_can_be_given_anew(void **state)
{
	RK_AUTO(rk_error) err = rk_fail(RK_E_NOT_FOUND, NULL, "no such role");

	(void)state;
	err = rk_advise(err, "run 'role add %s'", "app");
	err = rk_recode(err, RK_E_USAGE);
	assert_int_equal(rk_error_code(err), RK_E_USAGE);
	assert_string_equal(rk_error_remedy(err), "run 'role add app'");
	assert_string_equal(rk_error_message(err), "no such role");
}

static void
two_errors_are_told_as_one_chain(void **state)
{
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	assert_null(rk_join(NULL, NULL));
	err = rk_join(NULL, rk_fail(RK_E_IO, NULL, "second"));
	assert_string_equal(rk_error_message(err), "second");
	err = rk_join(rk_wrap(rk_fail(RK_E_TOKEN, NULL, "cause"), "first"), err);
	err = rk_join(err, NULL);
	assert_int_equal(rk_error_code(err), RK_E_TOKEN);
	assert_string_equal(rk_error_message(rk_error_cause(rk_error_cause(err))), "second");
}

static void
the_error_of_no_memory_is_never_changed_or_freed(void **state)
{
	rk_error *err = rk_out_of_memory();

	(void)state;
	err = rk_advise(err, "other advice");
	err = rk_recode(err, RK_E_IO);
	err = rk_join(err, rk_fail(RK_E_IO, NULL, "also"));
	assert_int_equal(rk_error_code(err), RK_E_NOMEM);
	assert_string_equal(rk_error_message(err), "out of memory");
	assert_non_null(rk_error_remedy(err));
	assert_null(rk_error_cause(err));
	rk_error_free(err);
	err = rk_wrap(rk_out_of_memory(), "cannot begin");
	assert_int_equal(rk_error_code(err), RK_E_NOMEM);
	assert_ptr_equal(rk_error_cause(err), rk_out_of_memory());
	rk_error_free(err);
}

/* A text that cannot be formatted stands for memory that runs out while formatting. */
static void
an_error_that_cannot_be_made_is_still_an_error(void **state)
{
	static const wchar_t unprintable[] = {(wchar_t)0x7fffffff, 0};
	RK_AUTO(rk_error) cause = rk_fail(RK_E_IO, "advice", "cause");

	(void)state;
	assert_error(rk_fail(RK_E_IO, NULL, "%ls", unprintable), RK_E_NOMEM);
	assert_error(rk_fail_errno(RK_E_IO, ENOENT, "advice", "%ls", unprintable), RK_E_NOMEM);
	cause = rk_advise(cause, "%ls", unprintable);
	assert_string_equal(rk_error_remedy(cause), "advice");
	assert_error(rk_wrap(RK_TAKE(cause), "%ls", unprintable), RK_E_NOMEM);
}

static void
every_code_has_a_name_of_its_own_and_a_status(void **state)
{
	(void)state;
	for (int code = 0; code < RK_CODE_COUNT; code++) {
		int status = rk_code_exit((enum rk_code)code);

		assert_non_null(rk_code_name((enum rk_code)code));
		assert_in_range(status, code == RK_OK ? 0 : 1, 6);
		for (int other = 0; other < code; other++)
			assert_string_not_equal(
			    rk_code_name((enum rk_code)code), rk_code_name((enum rk_code)other));
	}
	assert_string_equal(rk_code_name((enum rk_code)9999), "unknown");
	assert_int_equal(rk_code_exit((enum rk_code)9999), 1);
}

static void
the_status_follows_the_manual(void **state)
{
	(void)state;
	assert_int_equal(rk_code_exit(RK_OK), 0);
	assert_int_equal(rk_code_exit(RK_E_NEWER), 1);
	assert_int_equal(rk_code_exit(RK_E_USAGE), 2);
	assert_int_equal(rk_code_exit(RK_E_CANCELLED), 2);
	assert_int_equal(rk_code_exit(RK_E_UNTRUSTED), 3);
	assert_int_equal(rk_code_exit(RK_E_FOUND), 3);
	assert_int_equal(rk_code_exit(RK_E_TOKEN_NONE), 4);
	assert_int_equal(rk_code_exit(RK_E_TOUCH), 4);
	assert_int_equal(rk_code_exit(RK_E_UNFINISHED), 5);
	assert_int_equal(rk_code_exit(RK_E_IO), 6);
	assert_int_equal(rk_code_exit(RK_E_UNSAFE), 6);
	assert_string_equal(rk_code_name(RK_E_PIN_WRONG), "pin-wrong");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(success_is_no_error_at_all),
	    spec(an_error_keeps_its_code_fact_and_remedy),
	    spec(a_system_error_says_what_the_system_said),
	    spec(a_wrapped_error_keeps_code_and_remedy_and_shows_its_cause),
	    spec(advice_and_code_can_be_given_anew),
	    spec(two_errors_are_told_as_one_chain),
	    spec(the_error_of_no_memory_is_never_changed_or_freed),
	    spec(an_error_that_cannot_be_made_is_still_an_error),
	    spec(every_code_has_a_name_of_its_own_and_a_status),
	    spec(the_status_follows_the_manual),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
