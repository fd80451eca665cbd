#include "unit/testing.h"

#include "base/clock.h"

#include <time.h>

#include "fault/shim.c"

static void
no_boot_id(void *arg)
{
	fault_set("open", "/proc/*", 1, "EACCES", true);
	if (!util_streq(clock_boot_id(), "unknown") || fault_count() != 1)
		_exit(1);
}

/* In a child and first: it is asked once. */
static void
test_no_boot_id(void **state)
{
	char said[100];

	assert_int_equal(test_in_child(no_boot_id, NULL, said, sizeof(said)), 0);
}

static void
test_now(void **state)
{
	int64_t ms = clock_now_ms(), mono = clock_mono_ns();
	const char *boot = clock_boot_id();

	assert_true(llabs(clock_now() - ms / 1000) <= 1);
	assert_true(llabs(clock_now() - (int64_t)time(NULL)) <= 1);
	assert_true(clock_mono_ns() >= mono);
	assert_true(clock_mono_ms() >= mono / 1000000);
	assert_int_equal(strlen(boot), 36);
	assert_ptr_equal(boot, clock_boot_id());
}

/* Against the C library, over all days from 1896 to 2104 and some far ones. */
static void
test_civil(void **state)
{
	for (int64_t day = -27000; day < 49000; day++) {
		time_t t = (time_t)(day * 86400);
		int64_t year;
		struct tm tm;
		int month, d;

		assert_non_null(gmtime_r(&t, &tm));
		clock_civil(day, &year, &month, &d);
		assert_int_equal(year, tm.tm_year + 1900);
		assert_int_equal(month, tm.tm_mon + 1);
		assert_int_equal(d, tm.tm_mday);
		assert_int_equal(clock_days(year, month, d), day);
	}
	assert_int_equal(clock_days(0, 3, 1), -719468);
	assert_int_equal(clock_days(-1, 12, 31), -719529);
	assert_int_equal(clock_days(-400, 3, 1), -719468 - 146097);
}

static void
test_format(void **state)
{
	char text[CLOCK_TEXT];

	assert_string_equal(clock_format(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_format(-1, text), "1969-12-31T23:59:59Z");
	assert_string_equal(clock_format(1795962727, text), "2026-11-29T14:32:07Z");
	assert_string_equal(clock_format(951782400, text), "2000-02-29T00:00:00Z");
	assert_string_equal(clock_format_ms(1795962727123, text), "2026-11-29T14:32:07.123Z");
	assert_string_equal(clock_format_ms(-1, text), "1969-12-31T23:59:59.999Z");
	/* Absurd times are absurd texts, but within bounds. */
	assert_true(strlen(clock_format(INT64_MIN, text)) < CLOCK_TEXT);
	assert_true(strlen(clock_format(INT64_MAX, text)) < CLOCK_TEXT);
	assert_true(strlen(clock_format_ms(INT64_MAX, text)) < CLOCK_TEXT);
}

static void
test_format_short(void **state)
{
	int64_t now = 1795962727; /* 2026-11-29 14:32:07 */
	char text[CLOCK_TEXT];

	assert_string_equal(clock_format_short(now - 60, now, text), "14:31:07Z");
	assert_string_equal(clock_format_short(now + 60, now, text), "14:33:07Z");
	assert_string_equal(clock_format_short(now - 86400, now, text), "11-28 14:32Z");
	assert_string_equal(clock_format_short(now + 86400, now, text), "2026-11-30");
	assert_string_equal(clock_format_short(now - 400LL * 86400, now, text), "2025-10-25");
}

static const struct {
	const char *text;
	int64_t want;
} times[] = {
	{"2026-11-29T14:32:07Z", 1795962727},
	{"2026-11-29t14:32:07z", 1795962727},
	{"2026-11-29 14:32:07+00", 1795962727},
	{"2026-11-29 14:32:07 UTC", 1795962727},
	{"2026-11-29 14:32:07UTC", 1795962727},
	{"2026-11-29 16:32:07+02:00", 1795962727},
	{"2026-11-29 16:32:07+0200", 1795962727},
	{"2026-11-29 09:02:07-05:30", 1795962727},
	{"2026-11-29T14:32Z", 1795962720},
	{"2026-11-29T14:32:07.999Z", 1795962727},
	{"1969-12-31T23:59:59.5Z", -1},
	{"2000-02-29T00:00:00Z", 951782400},
	{"2024-02-29T00:00:00Z", 1709164800},
	{"2016-12-31T23:59:60Z", 1483228800},
	{"0000-01-01T00:00:00Z", -62167219200},
	{"9999-12-31T23:59:59Z", 253402300799},
};

static void
test_parse(void **state)
{
	int64_t us;

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		int64_t got = 0;

		if (!clock_parse(times[i].text, &got))
			fail_msg("%s was refused", times[i].text);
		assert_int_equal(got, times[i].want);
	}
	assert_true(clock_parse_us("1970-01-01T00:00:01.2345678Z", &us));
	assert_int_equal(us, 1234567);
	assert_true(clock_parse_us("1969-12-31T23:59:59.5Z", &us));
	assert_int_equal(us, -500000);
}

static void
test_parse_refuses(void **state)
{
	static const char *const bad[] = {"", "now", "2026-11-29", "2026-11-29T14:32:07",
		"2026-11-29 14:32", "2026-11-29X14:32:07Z", "2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00+1",
		"2026-01-01T00:00:00+01:", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z",
		"26-01-01T00:00:00Z", "2026/01/01T00:00:00Z", "2026-01/01T00:00:00Z",
		"2026-01-01T00-00:00Z", "2026-01-01T00:00:0Z", "2026-01-01T0:00:00Z",
		"2026-01-01T00:00:00 CET", "2026-01-01T00:00:00+1x:00", "2026-01-01T00:00:00+01:x0",
		"2026-01-01T00:00:00+01x0", "-001-01-01T00:00:00Z"};
	int64_t got = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (clock_parse(bad[i], &got) || clock_parse_us(bad[i], &got))
			fail_msg("%s was accepted", bad[i]);
	assert_int_equal(got, 7);
}

static void
test_duration(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {{"0s", 0}, {"90s", 90}, {"15m", 900}, {"24h", 86400}, {"30d", 2592000},
		{"2w", 1209600}, {"1h30m", 5400}, {"1d1d", 172800}, {"73200d", 6324480000}};
	static const char *const bad[] = {"", "5", "m", "5x", "-5m", "1.5h", " 5m", "5m ", "5 m",
		"73201d", "99999999999999999999s", "6324480000s1s", "1h30"};
	int64_t got = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (clock_parse_duration(bad[i], &got))
			fail_msg("%s was accepted", bad[i]);
	assert_int_equal(got, 7);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(clock_parse_duration(good[i].text, &got));
		assert_int_equal(got, good[i].want);
	}
}

static void
test_size(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {{"0", 0}, {"4096", 4096}, {"4096B", 4096}, {"10MiB", 10 * MIB},
		{"512k", 512 * KIB}, {"512K", 512 * KIB}, {"512KiB", 512 * KIB},
		{"1.5GiB", 3 * GIB / 2}, {"1 GiB", GIB}, {"1kB", 1000}, {"2MB", 2000000},
		{"1T", 1024 * GIB}, {"1PiB", 1024 * 1024 * GIB}, {"1EiB", GIB * GIB}, {".5k", 512},
		{"1.", 1}};
	static const char *const bad[] = {"", "k", ".", "-1", "1X", "1kk", "1 k B", "1MiBs",
		"10EiB", "9999999999999999999999", "1e3", "0x10", " 1", "1i"};
	int64_t got = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (clock_parse_size(bad[i], &got))
			fail_msg("%s was accepted", bad[i]);
	assert_int_equal(got, 7);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!clock_parse_size(good[i].text, &got))
			fail_msg("%s was refused", good[i].text);
		assert_int_equal(got, good[i].want);
	}
}

static void
test_match(void **state)
{
	static const struct {
		const char *text, *pattern, *want;
		size_t len;
	} good[] = {
		{"20261129_143207.dump", "%Y%m%d_%H%M%S", "2026-11-29T14:32:07Z", 15},
		{"2026-11-29", "%Y-%m-%d", "2026-11-29T00:00:00Z", 10},
		{"261129", "%y%m%d", "2026-11-29T00:00:00Z", 6},
		{"29Nov2026", "%d%b%Y", "2026-11-29T00:00:00Z", 9},
		{"2026333", "%Y%j", "2026-11-29T00:00:00Z", 7},
		{"2024366", "%Y%j", "2024-12-31T00:00:00Z", 7},
		{"1795962727x", "%s", "2026-11-29T14:32:07Z", 10},
		{"100%2026", "100%%%Y", "2026-01-01T00:00:00Z", 8},
		{"x", "x", "1970-01-01T00:00:00Z", 1},
	};
	static const struct {
		const char *text, *pattern;
	} bad[] = {{"2026112", "%Y%m%d"}, {"20261329", "%Y%m%d"}, {"2026x", "%Y%m"},
		{"29Foo2026", "%d%b%Y"}, {"x", "%s"}, {"", "%Y"}, {"", "x"}, {"2026", "%Q"},
		{"2026", "%Yx"}, {"x", "%%"}, {"x1", "%y"}, {"2026000", "%Y%j"},
		{"2026366", "%Y%j"}, {"2026999", "%Y%j"}, {"20260230", "%Y%m%d"}};
	char text[CLOCK_TEXT];
	int64_t got = 7;
	size_t len = 7;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!clock_match(
			    good[i].text, good[i].pattern, strlen(good[i].pattern), &got, &len))
			fail_msg("%s does not match %s", good[i].text, good[i].pattern);
		assert_string_equal(clock_format(got, text), good[i].want);
		assert_int_equal(len, good[i].len);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (clock_match(bad[i].text, bad[i].pattern, strlen(bad[i].pattern), &got, &len))
			fail_msg("%s matches %s", bad[i].text, bad[i].pattern);
	/* Only so much of the pattern; a lone % at its end stands for itself. */
	assert_true(clock_match("2026rest", "%Yxx", 2, &got, &len));
	assert_true(clock_match("%", "%", 1, &got, &len));
}

TESTS(T(test_no_boot_id), T(test_now), T(test_civil), T(test_format), T(test_format_short),
	T(test_parse), T(test_parse_refuses), T(test_duration), T(test_size), T(test_match))
