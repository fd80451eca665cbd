#include "unit/testing.h"

#include "base/clock.h"
#include "catalog/retention.h"

#define DAY 86400LL

static int64_t
at(const char *text)
{
	int64_t t;

	if (!clock_parse(text, &t))
		abort();
	return t;
}

static struct keep
none(void)
{
	return (struct keep){.hourly = FIELD_ABSENT,
		.daily = FIELD_ABSENT,
		.weekly = FIELD_ABSENT,
		.monthly = FIELD_ABSENT,
		.yearly = FIELD_ABSENT,
		.for_s = FIELD_ABSENT,
		.at_least = FIELD_ABSENT};
}

/* One good backup a day at 02:00, the newest on 20 November 2026. */
static void
daily(struct retention_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		items[i] = (struct retention_item){
			.at = at("2026-11-20T02:00:00Z") - (int64_t)i * DAY, .good = true};
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

static void
apply(const struct keep *k, struct retention_item *items, size_t n, struct retention *r)
{
	retention_apply(k, zone(NULL), at("2026-11-20T12:00:00Z"), items, n, r);
}

static void
grandfather(void **state)
{
	struct retention_item items[800];
	struct keep k = none();
	struct retention r;
	size_t kept = 0;

	k.daily = 7, k.weekly = 4, k.monthly = 12, k.yearly = 7;
	daily(items, ARRAY_LEN(items));
	apply(&k, items, ARRAY_LEN(items), &r);
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		kept += items[i].kept_by != 0;
	assert_int_equal(kept, r.kept);
	assert_int_equal(r.rules[RETENTION_DAILY].have, 7);
	assert_int_equal(r.rules[RETENTION_WEEKLY].have, 4);
	assert_int_equal(r.rules[RETENTION_MONTHLY].have, 12);
	assert_int_equal(r.rules[RETENTION_YEARLY].have, 3); /* 2026, 2025, 2024: more is wanted */
	for (size_t i = 0; i < 7; i++)
		assert_true(items[i].kept_by & 1u << RETENTION_DAILY);
	assert_int_equal(items[7].kept_by, 0); /* 13 November: a Friday, nothing of it */
	/* Sunday 15 November is the newest of its week, 31 October of its month. */
	assert_true(items[5].kept_by & 1u << RETENTION_WEEKLY);
	assert_true(items[20].kept_by & 1u << RETENTION_MONTHLY);
	assert_true(items[324].kept_by & 1u << RETENTION_YEARLY); /* 31 December 2025 */
	/* 7 days, weeks of 8, 1 November and 25 October (Sundays), 12 months, 3 years, overlapping
	 */
	assert_int_equal(r.kept, 7 + 2 + 11 + 1);
}

/* After a month without backups nothing more goes than before. */
static void
counts_before_ages(void **state)
{
	struct retention_item items[10];
	struct keep k = none();
	struct retention r;

	k.daily = 3;
	daily(items, ARRAY_LEN(items));
	retention_apply(&k, zone(NULL), at("2027-11-20T12:00:00Z"), items, ARRAY_LEN(items), &r);
	assert_int_equal(r.kept, 3);
	k.for_s = 2 * DAY;
	retention_apply(&k, zone(NULL), at("2027-11-20T12:00:00Z"), items, ARRAY_LEN(items), &r);
	assert_int_equal(r.kept, 3);
	/* Age alone never takes the last good one. */
	k = none();
	k.for_s = 2 * DAY;
	retention_apply(&k, zone(NULL), at("2027-11-20T12:00:00Z"), items, ARRAY_LEN(items), &r);
	assert_int_equal(r.kept, 1);
	assert_int_equal(items[0].kept_by, 1u << RETENTION_LAST_GOOD);
	k.at_least = 4;
	retention_apply(&k, zone(NULL), at("2027-11-20T12:00:00Z"), items, ARRAY_LEN(items), &r);
	assert_int_equal(r.kept, 4);
}

static void
only_good_ones_count(void **state)
{
	struct retention_item items[6];
	struct keep k = none();
	struct retention r;

	k.daily = 2;
	daily(items, ARRAY_LEN(items));
	items[0].good = items[1].good = items[3].good = false;
	items[4].proven = true;
	apply(&k, items, ARRAY_LEN(items), &r);
	assert_int_equal(items[0].kept_by, 1u << RETENTION_NEWEST_BAD);
	assert_int_equal(items[1].kept_by, 1u << RETENTION_NEWEST_BAD);
	assert_int_equal(items[2].kept_by, 1u << RETENTION_DAILY | 1u << RETENTION_LAST_GOOD);
	assert_int_equal(items[3].kept_by, 0); /* bad, and a good one is newer */
	assert_int_equal(items[4].kept_by, 1u << RETENTION_DAILY | 1u << RETENTION_PROVEN);
	assert_int_equal(items[5].kept_by, 0);
	/* No good one at all: nothing goes. */
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i].good = false;
	apply(&k, items, ARRAY_LEN(items), &r);
	assert_int_equal(r.going, 0);
}

static void
always_kept(void **state)
{
	struct retention_item items[5];
	struct keep k = none();
	struct retention r;

	k.at_least = 1;
	daily(items, ARRAY_LEN(items));
	items[1].writing = true, items[1].good = false;
	items[2].held = true;
	items[4].at = CLOCK_NONE, items[4].good = false;
	apply(&k, items, ARRAY_LEN(items), &r);
	assert_int_equal(items[1].kept_by, 1u << RETENTION_WRITING);
	assert_int_equal(items[2].kept_by, 1u << RETENTION_HOLD);
	assert_int_equal(items[3].kept_by, 0);
	assert_int_equal(items[4].kept_by, 1u << RETENTION_UNSURE);
}

static void
no_rules(void **state)
{
	struct retention_item items[5];
	struct keep k = none();
	struct retention r;

	daily(items, ARRAY_LEN(items));
	apply(NULL, items, ARRAY_LEN(items), &r);
	assert_int_equal(r.kept, 5);
	k.hold.n = 0;
	apply(&k, items, ARRAY_LEN(items), &r);
	assert_int_equal(r.kept, 5);
	apply(&k, NULL, 0, &r);
	assert_int_equal(r.kept, 0);
}

/* A day is a day of the set's zone. */
static void
zones(void **state)
{
	struct retention_item items[] = {{.at = at("2026-11-20T23:30:00Z"), .good = true},
		{.at = at("2026-11-20T22:30:00Z"), .good = true}};
	struct keep k = none();
	struct retention r;

	k.daily = 2;
	retention_apply(&k, zone(NULL), items[0].at, items, 2, &r);
	assert_int_equal(r.rules[RETENTION_DAILY].have, 1);
	retention_apply(&k, zone("Europe/Berlin"), items[0].at, items, 2, &r);
	assert_int_equal(r.rules[RETENTION_DAILY].have, 2); /* 00:30 and 23:30 */
	retention_apply(&k, zone("Europe/London"), items[0].at, items, 2, &r);
	assert_int_equal(r.rules[RETENTION_DAILY].have, 1);
	items[1].at = at("2026-11-20T22:59:00Z");
	items[0].at = at("2026-11-20T23:01:00Z");
	retention_apply(&k, zone("Europe/Berlin"), items[0].at, items, 2, &r);
	assert_int_equal(r.rules[RETENTION_DAILY].have, 2);
}

static void
holds(void **state)
{
	const char *names[] = {"app_20260101.dump", "audit-*"};
	struct keep k = none();

	k.hold = (struct texts){names, 2};
	assert_true(retention_is_held(&k, "app_20260101.dump"));
	assert_true(retention_is_held(&k, "audit-7"));
	assert_false(retention_is_held(&k, "app_20260102.dump"));
	assert_false(retention_is_held(NULL, "x"));
}

TESTS(T(grandfather), T(counts_before_ages), T(only_good_ones_count), T(always_kept), T(no_rules),
	T(zones), T(holds))
