#include "base/datetime.h"
#include "support/spec.h"

#include <stdio.h>
#include <string.h>

static int64_t
parsed(const char *text)
{
	int64_t time = -1;

	assert_ok(rk_time_parse(text, strlen(text), &time));
	return time;
}

static void
known_times_are_parsed(void **state)
{
	(void)state;
	assert_int_equal(parsed("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(parsed("1969-12-31T23:59:59Z"), -1);
	assert_int_equal(parsed("2000-02-29T12:00:00Z"), 951825600);
	assert_int_equal(parsed("2038-01-19T03:14:08Z"), INT64_C(2147483648));
	assert_int_equal(parsed("2026-11-23T20:33:12Z"), 1795465992);
	assert_int_equal(parsed("0001-01-01T00:00:00Z"), INT64_C(-62135596800));
	assert_int_equal(parsed("9999-12-31T23:59:59Z"), INT64_C(253402300799));
}

static void
fractions_are_cut_off_and_offsets_applied(void **state)
{
	(void)state;
	assert_int_equal(parsed("1970-01-01T00:00:01.999999999Z"), 1);
	assert_int_equal(parsed("1969-12-31T23:59:59.5Z"), -1);
	assert_int_equal(parsed("1970-01-01t00:00:00z"), 0);
	assert_int_equal(parsed("1970-01-01T02:30:00+02:30"), 0);
	assert_int_equal(parsed("1969-12-31T16:00:00-08:00"), 0);
	assert_int_equal(parsed("1985-04-12T23:20:50.52Z"), 482196050);
	assert_int_equal(parsed("1996-12-19T16:39:57-08:00"), 851042397);
	assert_int_equal(parsed("1970-01-01T00:00:00-00:00"), 0);
}

static void
a_leap_second_is_the_second_after(void **state)
{
	(void)state;
	assert_int_equal(parsed("1990-12-31T23:59:60Z"), parsed("1991-01-01T00:00:00Z"));
	assert_int_equal(parsed("1990-12-31T15:59:60-08:00"), parsed("1991-01-01T00:00:00Z"));
}

static void
what_is_no_time_is_refused_and_nothing_changes(void **state)
{
	static const char *const wrong[] = {"", "2026", "2026-11-23", "2026-11-23T20:33:12",
	    "2026-11-23 20:33:12Z", "2026-11-23T20:33Z", "2026-13-01T00:00:00Z",
	    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
	    "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
	    "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
	    "2026-01-01T12:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z",
	    "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00+0000",
	    "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "2026-1-01T00:00:00Z",
	    "+026-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01",
	    "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "12026-01-01T00:00:00Z"};
	int64_t time = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_error(rk_time_parse(wrong[i], strlen(wrong[i]), &time), RK_E_MALFORMED);
	assert_error(rk_time_parse("2026-01-01T00:00:00\0Z", 21, &time), RK_E_MALFORMED);
	assert_error(rk_time_parse("2026-01-01T00:00:00Z", 19, &time), RK_E_MALFORMED);
	assert_int_equal(time, 77);
}

static void
only_the_plain_form_is_portable(void **state)
{
	static const char *const unportable[] = {"2026-11-23T20:33:12z", "2026-11-23t20:33:12Z",
	    "2026-11-23T20:33:12.0Z", "2026-11-23T20:33:12+00:00", "1990-12-31T23:59:60Z",
	    "2026-02-30T00:00:00Z", "2026-11-23 20:33:12Z", "2026-11-23T20:33:12"};

	(void)state;
	assert_true(rk_time_is_portable("2026-11-23T20:33:12Z", 20));
	for (size_t i = 0; i < sizeof(unportable) / sizeof(unportable[0]); i++)
		assert_false(rk_time_is_portable(unportable[i], strlen(unportable[i])));
}

/* Each day of 9,999 years, against a calendar that only counts. */
static void
every_day_goes_there_and_back(void **state)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = 1, month = 1, day = 1;
	int64_t time = INT64_C(-62135596800);

	(void)state;
	for (; year <= 9999; time += RK_DAY) {
		bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		char want[64], got[RK_TIME_SIZE];
		int64_t back = 0;

		snprintf(want, sizeof(want), "%04d-%02d-%02dT13:07:59Z", year, month, day);
		rk_time_format(got, time + 13 * 3600 + 7 * 60 + 59);
		if (strcmp(got, want) != 0)
			fail_msg("%s is not %s", got, want);
		if (rk_time_parse(want, 20, &back) || back != time + 13 * 3600 + 7 * 60 + 59)
			fail_msg("%s does not come back", want);
		if (++day > days[month - 1] + (month == 2 && is_leap)) {
			day = 1;
			year += month == 12;
			month = month % 12 + 1;
		}
	}
}

static void
times_outside_the_calendar_are_shown_at_its_edge(void **state)
{
	(void)state;
	assert_string_equal(RK_TIME(INT64_MIN), "0001-01-01T00:00:00Z");
	assert_string_equal(RK_TIME(INT64_MAX), "9999-12-31T23:59:59Z");
}

static void
distances_are_told_in_the_unit_that_fits(void **state)
{
	static const struct {
		int64_t from, to;
		const char *want;
	} rows[] = {
	    {0, 0, "now"},
	    {0, 1, "in 1 second"},
	    {2, 0, "2 seconds ago"},
	    {0, 119, "in 119 seconds"},
	    {0, 120, "in 2 minutes"},
	    {0, 7199, "in 119 minutes"},
	    {7200, 0, "2 hours ago"},
	    {0, 5 * 3600 + 1, "in 5 hours"},
	    {0, 2 * RK_DAY - 1, "in 47 hours"},
	    {3 * RK_DAY, 0, "3 days ago"},
	    {0, 12 * RK_DAY + 4, "in 12 days"},
	    {INT64_MIN, INT64_MAX, "in 213503982334601 days"},
	    {INT64_MAX, INT64_MIN, "213503982334601 days ago"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(rk_time_distance(out, rows[i].from, rows[i].to), rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(known_times_are_parsed),
	    spec(fractions_are_cut_off_and_offsets_applied),
	    spec(a_leap_second_is_the_second_after),
	    spec(what_is_no_time_is_refused_and_nothing_changes),
	    spec(only_the_plain_form_is_portable),
	    spec(every_day_goes_there_and_back),
	    spec(times_outside_the_calendar_are_shown_at_its_edge),
	    spec(distances_are_told_in_the_unit_that_fits),
	};

	return cmocka_run_group_tests_name("datetime", tests, NULL, NULL);
}
