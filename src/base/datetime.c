#include "base/datetime.h"
#include "base/show.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60
#define HOUR 3600
#define PORTABLE_LEN (RK_TIME_SIZE - 1)
#define YEAR_ONE INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* What is left of the text. */
struct reader {
	const char *at;
	size_t left;
};

/* Exactly `count` digits. */
static bool
read_number(struct reader *reader, size_t count, int *ret_number)
{
	int number = 0;

	if (reader->left < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (reader->at[i] < '0' || reader->at[i] > '9')
			return false;
		number = number * 10 + (reader->at[i] - '0');
	}
	reader->at += count;
	reader->left -= count;
	*ret_number = number;
	return true;
}

/* One of the characters of `any`. */
static bool
read_char(struct reader *reader, const char *any, char *ret_char)
{
	if (reader->left == 0 || reader->at[0] == '\0' || !strchr(any, reader->at[0]))
		return false;
	*ret_char = reader->at[0];
	reader->at++;
	reader->left--;
	return true;
}

static bool
skip_fraction(struct reader *reader)
{
	size_t digits = 0;
	char unused;
	int digit;

	if (!read_char(reader, ".", &unused))
		return true;
	while (read_number(reader, 1, &digit))
		digits++;
	return digits > 0;
}

static bool
read_offset(struct reader *reader, int *ret_seconds)
{
	int hours, minutes;
	char sign, colon;

	if (!read_char(reader, "Zz+-", &sign))
		return false;
	*ret_seconds = 0;
	if (sign == 'Z' || sign == 'z')
		return true;
	if (!read_number(reader, 2, &hours) || !read_char(reader, ":", &colon) ||
	    !read_number(reader, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (hours * HOUR + minutes * MINUTE) * (sign == '-' ? -1 : 1);
	return true;
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days of a common year before each month. */
static const int days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

static int
days_until_month(int year, int month)
{
	return days_before[month - 1] + (month > 2 && is_leap(year) ? 1 : 0);
}

static int
days_of_month(int year, int month)
{
	return days_before[month] - days_before[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 0001-01-01 to the first of January of `year`. */
static int64_t
days_until_year(int64_t year)
{
	int64_t past = year - 1;

	return past * 365 + past / 4 - past / 100 + past / 400;
}

struct clock {
	int year, month, day, hour, minute, second;
};

static bool
read_clock(struct reader *reader, struct clock *clock)
{
	char unused;

	return read_number(reader, 4, &clock->year) && read_char(reader, "-", &unused) &&
	       read_number(reader, 2, &clock->month) && read_char(reader, "-", &unused) &&
	       read_number(reader, 2, &clock->day) && read_char(reader, "Tt", &unused) &&
	       read_number(reader, 2, &clock->hour) && read_char(reader, ":", &unused) &&
	       read_number(reader, 2, &clock->minute) && read_char(reader, ":", &unused) &&
	       read_number(reader, 2, &clock->second);
}

static bool
clock_exists(const struct clock *clock)
{
	return clock->year >= 1 && clock->month >= 1 && clock->month <= 12 && clock->day >= 1 &&
	       clock->day <= days_of_month(clock->year, clock->month) && clock->hour <= 23 &&
	       clock->minute <= 59 && clock->second <= 60;
}

static int64_t
clock_time(const struct clock *clock)
{
	int64_t days = days_until_year(clock->year) + days_until_month(clock->year, clock->month) +
		       clock->day - 1;

	return YEAR_ONE + days * RK_DAY + clock->hour * HOUR + clock->minute * MINUTE +
	       clock->second;
}

static bool
parse(const char *text, size_t len, int64_t *ret_time)
{
	struct reader reader = {text, len};
	struct clock clock = {0};
	int64_t time;
	int offset;

	if (!read_clock(&reader, &clock) || !clock_exists(&clock) || !skip_fraction(&reader) ||
	    !read_offset(&reader, &offset) || reader.left != 0)
		return false;
	time = clock_time(&clock) - offset;
	/* A leap second is the last of a UTC day, and here the first of the next. */
	if (clock.second == 60 && (time - YEAR_ONE) % RK_DAY != 0)
		return false;
	if (time < YEAR_ONE || time > LAST_SECOND)
		return false;
	*ret_time = time;
	return true;
}

rk_error *
rk_time_parse(const char *text, size_t len, int64_t *ret_time)
{
	if (!parse(text, len, ret_time))
		return rk_fail(RK_E_MALFORMED, "write it as 2026-11-23T20:33:12Z",
		    "%s is not an RFC 3339 time", RK_SHOW_LEN(text, len));
	return NULL;
}

bool
rk_time_is_portable(const char *text, size_t len)
{
	char again[RK_TIME_SIZE];
	int64_t time;

	/* A leap second does not survive the round trip, and not every client takes it. */
	return len == PORTABLE_LEN && parse(text, len, &time) &&
	       memcmp(rk_time_format(again, time), text, len) == 0;
}

/* The year that day `days` since 0001-01-01 falls into. */
static int
year_of(int64_t days)
{
	int64_t year = days / 366 + 1;

	while (days_until_year(year + 1) <= days)
		year++;
	return (int)year;
}

const char *
rk_time_format(char out[static RK_TIME_SIZE], int64_t time)
{
	int64_t seconds, days;
	int year, month = 12, day, second;

	if (time < YEAR_ONE)
		time = YEAR_ONE;
	if (time > LAST_SECOND)
		time = LAST_SECOND;
	seconds = time - YEAR_ONE;
	days = seconds / RK_DAY;
	second = (int)(seconds % RK_DAY);
	year = year_of(days);
	day = (int)(days - days_until_year(year));
	while (days_until_month(year, month) > day)
		month--;
	day -= days_until_month(year, month);
	/* The remainders by 100 change nothing; they tell the compiler that it all fits. */
	snprintf(out, RK_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
	    (unsigned)month % 100, (unsigned)(day + 1) % 100, (unsigned)(second / HOUR) % 100,
	    (unsigned)(second / MINUTE % 60) % 100, (unsigned)(second % 60) % 100);
	return out;
}

const char *
rk_time_distance(char out[static 32], int64_t from, int64_t to)
{
	uint64_t span = to >= from ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
	const char *unit = "seconds";

	if (span >= 2 * (uint64_t)RK_DAY) {
		span /= (uint64_t)RK_DAY;
		unit = "days";
	} else if (span >= 2 * HOUR) {
		span /= HOUR;
		unit = "hours";
	} else if (span >= 2 * MINUTE) {
		span /= MINUTE;
		unit = "minutes";
	} else if (span == 1) {
		unit = "second";
	}
	if (span == 0)
		return strcpy(out, "now");
	snprintf(out, 32, "%s%llu %s%s", to > from ? "in " : "", (unsigned long long)span, unit,
	    to > from ? "" : " ago");
	return out;
}
