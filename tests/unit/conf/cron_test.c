#include "unit/testing.h"

#include "base/clock.h"
#include "conf/cron.h"

static int64_t
at(const char *text)
{
	int64_t t;

	if (!clock_parse(text, &t))
		fail_msg("%s", text);
	return t;
}

/* schedule, zone, after, and the runs that follow, NULL at the end; "never" for none. */
static const struct row {
	const char *schedule, *zone, *after, *due[7];
} reference[] = {
	/* plain */
	{"0 2 * * *", NULL, "2026-11-20T01:59:59Z",
		{"2026-11-20T02:00:00Z", "2026-11-21T02:00:00Z"}},
	{"0 2 * * *", NULL, "2026-11-20T02:00:00Z", {"2026-11-21T02:00:00Z"}},
	{"*/15 * * * *", NULL, "2026-11-20T23:46:00Z",
		{"2026-11-21T00:00:00Z", "2026-11-21T00:15:00Z", "2026-11-21T00:30:00Z"}},
	{"0 */6 * * *", NULL, "2026-11-20T14:32:07Z",
		{"2026-11-20T18:00:00Z", "2026-11-21T00:00:00Z"}},
	{"5/15 4 * * *", NULL, "2026-11-20T04:00:00Z",
		{"2026-11-20T04:05:00Z", "2026-11-20T04:20:00Z", "2026-11-20T04:35:00Z",
			"2026-11-20T04:50:00Z", "2026-11-21T04:05:00Z"}},
	{"10-50/20 1,13 * * *", NULL, "2026-11-20T00:00:00Z",
		{"2026-11-20T01:10:00Z", "2026-11-20T01:30:00Z", "2026-11-20T01:50:00Z",
			"2026-11-20T13:10:00Z"}},
	/* every seventh starts anew with each field's turn */
	{"0 0 */7 * *", NULL, "2026-01-20T00:00:00Z",
		{"2026-01-22T00:00:00Z", "2026-01-29T00:00:00Z", "2026-02-01T00:00:00Z",
			"2026-02-08T00:00:00Z"}},
	{"*/7 3 * * *", NULL, "2026-01-20T03:50:00Z",
		{"2026-01-20T03:56:00Z", "2026-01-21T03:00:00Z"}},
	{"0 0 * * */7", NULL, "2026-11-20T00:00:00Z",
		{"2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"}},
	/* Sunday is 0 and 7 */
	{"0 3 * * 0", NULL, "2026-11-20T00:00:00Z",
		{"2026-11-22T03:00:00Z", "2026-11-29T03:00:00Z"}},
	{"0 3 * * 7", NULL, "2026-11-20T00:00:00Z", {"2026-11-22T03:00:00Z"}},
	{"0 3 * * sun", NULL, "2026-11-20T00:00:00Z", {"2026-11-22T03:00:00Z"}},
	{"0 3 * * 5-7", NULL, "2026-11-20T00:00:00Z",
		{"2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z",
			"2026-11-27T03:00:00Z"}},
	{"0 3 * * MON-Fri", NULL, "2026-11-20T04:00:00Z", {"2026-11-23T03:00:00Z"}},
	/* month ends */
	{"0 0 31 * *", NULL, "2026-01-31T00:00:00Z",
		{"2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"}},
	{"0 0 29 2 *", NULL, "2026-01-01T00:00:00Z",
		{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
	{"0 0 30 2 *", NULL, "2026-01-01T00:00:00Z", {"never"}},
	{"0 0 31 jun,sep *", NULL, "2026-01-01T00:00:00Z", {"never"}},
	{"59 23 31 12 *", NULL, "2026-12-31T23:59:00Z", {"2027-12-31T23:59:00Z"}},
	/* both day fields given: either; one with a star: both */
	{"0 0 13 * 5", NULL, "2026-11-01T00:00:00Z",
		{"2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"}},
	{"0 0 1,15 * 3", NULL, "2026-11-11T12:00:00Z",
		{"2026-11-15T00:00:00Z", "2026-11-18T00:00:00Z"}},
	{"0 0 */2 * 1", NULL, "2026-11-01T12:00:00Z",
		{"2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"}},
	/* shorthands */
	{"@daily", NULL, "2026-11-20T00:00:00Z", {"2026-11-21T00:00:00Z"}},
	{"@weekly", NULL, "2026-11-20T00:00:00Z", {"2026-11-22T00:00:00Z"}},
	{"@monthly", NULL, "2026-11-20T00:00:00Z", {"2026-12-01T00:00:00Z"}},
	{"@yearly", NULL, "2026-11-20T00:00:00Z", {"2027-01-01T00:00:00Z"}},
	{"@HOURLY", NULL, "2026-11-20T00:00:00Z", {"2026-11-20T01:00:00Z"}},
	/* zones */
	{"0 2 * * *", "Europe/Berlin", "2026-07-01T00:00:00Z", {"2026-07-02T00:00:00Z"}},
	{"0 2 * * *", "America/New_York", "2026-07-01T00:00:00Z", {"2026-07-01T06:00:00Z"}},
	{"30 4 * * 1", "Asia/Kolkata", "2026-11-20T00:00:00Z", {"2026-11-22T23:00:00Z"}},
	/* clocks go forward: 02:00 to 03:00 on 29 March 2026; the run comes right after the gap */
	{"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z",
		{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
	{"0,30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
		{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
	{"0 3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", {"2026-03-29T01:00:00Z"}},
	{"*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
		{"2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"}},
	{"0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
		{"2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
	{"*/30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", {"2026-03-30T00:00:00Z"}},
	/* clocks go back: 03:00 to 02:00 on 25 October 2026; the run comes once */
	{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
		{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
	{"30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", {"2026-10-26T01:30:00Z"}},
	{"0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z",
		{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
	{"*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:30:00Z",
		{"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z",
			"2026-10-25T01:30:00Z", "2026-10-26T01:00:00Z"}},
	/* half an hour of daylight saving */
	{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
		{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
	{"45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z",
		{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
	/* midnight does not exist on the day the clocks go forward */
	{"0 0 * * *", "America/Asuncion", "2022-10-01T12:00:00Z",
		{"2022-10-02T04:00:00Z", "2022-10-03T03:00:00Z"}},
	/* before 1970 */
	{"0 0 1 1 *", NULL, "1965-06-01T00:00:00Z", {"1966-01-01T00:00:00Z"}},
};

static void
runs(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(reference); i++) {
		const struct row *r = &reference[i];
		int64_t t = at(r->after), want;
		struct err err = ERR_INIT;
		char have[CLOCK_TEXT];
		const struct zone *z;
		struct cron c;

		if (!cron_parse(r->schedule, &c, &err) || !zone_load(r->zone, &z, &err))
			fail_msg("%s", err.msg);
		for (size_t k = 0; k < ARRAY_LEN(r->due) && r->due[k] != NULL; k++) {
			t = cron_next(&c, z, t);
			want = strcmp(r->due[k], "never") == 0 ? CLOCK_NONE : at(r->due[k]);
			if (t != want)
				fail_msg("%s in %s after %s: run %zu is %s, not %s", r->schedule,
					r->zone ? r->zone : "UTC", r->after, k + 1,
					t == CLOCK_NONE ? "never" : clock_format(t, have),
					r->due[k]);
		}
	}
}

static void
counts(void **state)
{
	struct err err = ERR_INIT;
	const struct zone *z;
	struct cron c;

	assert_true(cron_parse("0 2 * * *", &c, &err) && zone_load(NULL, &z, &err));
	assert_int_equal(
		cron_count(&c, z, at("2026-11-20T02:00:00Z"), at("2026-11-23T02:00:00Z"), 99), 3);
	assert_int_equal(
		cron_count(&c, z, at("2026-11-20T02:00:01Z"), at("2026-11-21T01:59:59Z"), 99), 0);
	assert_int_equal(
		cron_count(&c, z, at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), 99), 99);
}

static void
faults(void **state)
{
	static const struct {
		const char *schedule, *says;
	} rows[] = {
		{"", "minute is wrong"},
		{"* * * *", "day of week is wrong"},
		{"* * * * * *", "more than five"},
		{"0 2 * * * root", "more than five"},
		{"60 * * * *", "minute is wrong"},
		{"-1 * * * *", "minute is wrong"},
		{"0 24 * * *", "hour is wrong"},
		{"0 0 0 * *", "day of month is wrong"},
		{"0 0 32 * *", "day of month is wrong"},
		{"0 0 1 13 *", "month is wrong"},
		{"0 0 1 0 *", "month is wrong"},
		{"0 0 * * 8", "day of week is wrong"},
		{"0 0 * * fri-mon", "day of week is wrong"},
		{"*/0 * * * *", "minute is wrong"},
		{"1,,2 * * * *", "minute is wrong"},
		{"1, * * * *", "minute is wrong"},
		{"5-1 * * * *", "minute is wrong"},
		{"1-2-3 * * * *", "minute is wrong"},
		{"* * * foo *", "month is wrong"},
		{"* * * january *", "month is wrong"},
		{"@reboot", "minute is wrong"},
		{"99999999999999999999 * * * *", "minute is wrong"},
		{"*/99999999999 * * * *", "minute is wrong"},
		{"daily", "minute is wrong"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct cron c;

		if (cron_parse(rows[i].schedule, &c, &err))
			fail_msg("\"%s\" was taken", rows[i].schedule);
		assert_err(&err, ERR_CONFIG, rows[i].says);
	}
}

TESTS(T(runs), T(counts), T(faults))
