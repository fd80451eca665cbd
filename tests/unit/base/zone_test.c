#include "unit/testing.h"

#include "base/clock.h"
#include "base/zone.h"

static int64_t
at(const char *text)
{
	int64_t t;

	if (!clock_parse(text, &t))
		abort();
	return t;
}

static const struct zone *
zone(const char *name)
{
	struct err err = ERR_INIT;
	const struct zone *z;

	if (!zone_load(name, &z, &err))
		fail_msg("%s", err.msg);
	return z;
}

/* Against the C library, which reads the same files: every few days, and around each change. */
static void
as_libc(void **state)
{
	static const char *const names[] = {"Europe/Berlin", "America/New_York", "Asia/Kolkata",
		"Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia",
		"Asia/Tehran", "Europe/Dublin", "Antarctica/Troll", "America/St_Johns", "Etc/GMT+5",
		"Pacific/Chatham", "America/Nuuk", "Africa/Cairo"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct zone *z = zone(names[i]);

		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t t = at("1960-01-01T00:00:00Z"); t < at("2060-01-01T00:00:00Z");
			t += TEST_ROUNDS(7, 299) * 3600 + 11) {
			time_t when = t;
			struct tm tm;

			localtime_r(&when, &tm);
			if (zone_offset(z, t) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %lld, not %ld", names[i], (long long)t,
					(long long)zone_offset(z, t), tm.tm_gmtoff);
		}
	}
	unsetenv("TZ");
	tzset();
}

static void
moments(void **state)
{
	const struct zone *z = zone("Europe/Berlin");
	int64_t m[2];

	assert_int_equal(zone_moments(z, at("2026-07-01T12:00:00Z"), m), 1);
	assert_int_equal(m[0], at("2026-07-01T10:00:00Z"));
	assert_int_equal(zone_moments(z, at("2026-03-29T02:30:00Z"), m), 0);
	assert_int_equal(zone_utc(z, at("2026-03-29T02:30:00Z")), at("2026-03-29T01:30:00Z"));
	assert_int_equal(zone_moments(z, at("2026-10-25T02:30:00Z"), m), 2);
	assert_int_equal(m[0], at("2026-10-25T00:30:00Z"));
	assert_int_equal(m[1], at("2026-10-25T01:30:00Z"));
	assert_int_equal(zone_utc(z, at("2026-10-25T02:30:00Z")), m[0]);
	/* A day that never was: Samoa crossed the date line. */
	assert_int_equal(zone_moments(zone("Pacific/Apia"), at("2011-12-30T12:00:00Z"), m), 0);
	assert_int_equal(zone_utc(zone(NULL), 42), 42);
	assert_ptr_equal(zone("UTC"), zone(NULL));
	assert_ptr_equal(zone("Asia/Tokyo"), zone("Asia/Tokyo"));
}

static void
faults(void **state)
{
	static const char *const names[] = {"Europe/Atlantis", "../../../etc/passwd", "/etc/passwd",
		"Europe", "", "tzdata.zi", "Europe/Ber\nlin"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct err err = ERR_INIT;
		const struct zone *z;

		if (zone_load(names[i], &z, &err))
			fail_msg("\"%s\" was taken", names[i]);
		assert_int_equal(err.code, ERR_CONFIG);
		err_done(&err);
	}
}

TESTS(T(as_libc), T(moments), T(faults))
