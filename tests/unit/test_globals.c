#include "support/spec.h"

#include "base/datetime.h"
#include "term/globals.h"

#include <string.h>

#define NOON INT64_C(1800014400)

static void
times_are_read_and_colour_is_auto(void **state)
{
	struct rk_globals globals = {
	    .now = "2027-01-15T12:00:00Z", .confirm_clock = "2027-01-15T12:00:01Z"};

	(void)state;
	assert_ok(rk_globals_settle(&globals));
	assert_int_equal(globals.believed_now, NOON);
	assert_int_equal(globals.confirmed_clock, NOON + 1);
	assert_string_equal(globals.color, "auto");
}

static void
what_cannot_be_together_is_refused(void **state)
{
	struct rk_globals loud = {.quiet = true, .verbose = true};
	struct rk_globals fixed = {.fixed_clock = true};
	struct rk_globals bad_time = {.now = "noon"};
	const char *rule[] = {"min-threshold"}, *empty[] = {"rule="}, *nameless[] = {"=why"};
	struct rk_globals exception = {.exceptions = {rule, 1}};

	(void)state;
	assert_error(rk_globals_settle(&loud), RK_E_USAGE);
	assert_error(rk_globals_settle(&fixed), RK_E_USAGE);
	assert_error(rk_globals_settle(&bad_time), RK_E_USAGE);
	assert_error(rk_globals_settle(&exception), RK_E_USAGE);
	exception.exceptions.items = empty;
	assert_error(rk_globals_settle(&exception), RK_E_USAGE);
	exception.exceptions.items = nameless;
	assert_error(rk_globals_settle(&exception), RK_E_USAGE);
}

static void
signing_time_is_held_to_25_hours_of_the_clock(void **state)
{
	struct rk_globals globals = {.now = "2027-01-15T12:00:00Z", .believed_now = NOON};

	(void)state;
	assert_ok(rk_globals_signing_time(&globals, NOON));
	assert_ok(rk_globals_signing_time(&globals, NOON + RK_CLOCK_TOLERANCE));
	assert_ok(rk_globals_signing_time(&globals, NOON - RK_CLOCK_TOLERANCE));
	assert_error(
	    rk_globals_signing_time(&globals, NOON + RK_CLOCK_TOLERANCE + 1), RK_E_REFUSED);
	assert_error(
	    rk_globals_signing_time(&globals, NOON - RK_CLOCK_TOLERANCE - 1), RK_E_REFUSED);
	globals.fixed_clock = true;
	assert_ok(rk_globals_signing_time(&globals, 0));
}

static void
without_now_any_clock_signs(void **state)
{
	const struct rk_globals globals = {0};

	(void)state;
	assert_ok(rk_globals_signing_time(&globals, 0));
}

static void
an_exception_is_found_by_its_whole_rule(void **state)
{
	const char *items[] = {"threshold-min=no", "threshold=the second key is on its way"};
	const struct rk_globals globals = {.exceptions = {items, 2}};

	(void)state;
	assert_string_equal(
	    rk_globals_exception(&globals, "threshold"), "the second key is on its way");
	assert_null(rk_globals_exception(&globals, "thresh"));
}

static void
json_is_asked_for_before_the_end_of_options_only(void **state)
{
	char *asked[] = {
	    (char *)(uintptr_t) "tool", (char *)(uintptr_t) "x", (char *)(uintptr_t) "--json"};
	char *not_asked[] = {
	    (char *)(uintptr_t) "tool", (char *)(uintptr_t) "--", (char *)(uintptr_t) "--json"};

	(void)state;
	assert_true(rk_globals_json_asked(3, asked));
	assert_false(rk_globals_json_asked(3, not_asked));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(times_are_read_and_colour_is_auto),
	    spec(what_cannot_be_together_is_refused),
	    spec(signing_time_is_held_to_25_hours_of_the_clock),
	    spec(without_now_any_clock_signs),
	    spec(an_exception_is_found_by_its_whole_rule),
	    spec(json_is_asked_for_before_the_end_of_options_only),
	};

	return cmocka_run_group_tests_name("globals", tests, NULL, NULL);
}
