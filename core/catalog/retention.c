#include "base/banned.h"
#include "catalog/retention.h"
#include "base/clock.h"

#include <fnmatch.h>

const char *const retention_texts[] = {
#define RULE(name, text) text,
	RETENTION_RULES(RULE)
#undef RULE
};

#define BIT(rule) (1u << RETENTION_##rule)

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* A number for the hour, day, ... that a time falls into. */
static int64_t
period_of(enum retention_rule rule, const struct zone *zone, int64_t at)
{
	int64_t local = at + zone_offset(zone, at), day = floor_div(local, 86400), year;
	int month, mday;

	clock_civil(day, &year, &month, &mday);
	switch (rule) {
	case RETENTION_HOURLY: return floor_div(local, 3600);
	case RETENTION_DAILY: return day;
	/* 1 January 1970 was a Thursday; weeks begin on Monday. */
	case RETENTION_WEEKLY: return floor_div(day + 3, 7);
	case RETENTION_MONTHLY: return year * 12 + month;
	default: return year;
	}
}

/* The newest of each of so many periods that have a good one. */
static void
apply_periods(enum retention_rule rule, int64_t wanted, const struct zone *zone,
	struct retention_item *items, size_t n, struct retention *ret)
{
	int64_t last = INT64_MIN, have = 0;

	ret->rules[rule] = (struct retention_have){wanted, 0};
	if (wanted == FIELD_ABSENT)
		return;
	for (size_t i = 0; i < n && have < wanted; i++) {
		int64_t period;

		if (!items[i].good)
			continue;
		period = period_of(rule, zone, items[i].at);
		if (have > 0 && period == last)
			continue;
		last = period;
		have++;
		items[i].kept_by |= 1u << rule;
	}
	ret->rules[rule].have = have;
}

static void
apply_counts(const struct keep *k, int64_t now, struct retention_item *items, size_t n,
	struct retention *ret)
{
	int64_t good = 0, young = 0;

	for (size_t i = 0; i < n; i++) {
		if (!items[i].good)
			continue;
		if (k->at_least != FIELD_ABSENT && good < k->at_least) {
			items[i].kept_by |= BIT(AT_LEAST);
			good++;
		}
		if (k->for_s != FIELD_ABSENT && now - items[i].at <= k->for_s) {
			items[i].kept_by |= BIT(FOR);
			young++;
		}
	}
	ret->rules[RETENTION_AT_LEAST] = (struct retention_have){k->at_least, good};
	ret->rules[RETENTION_FOR] = (struct retention_have){FIELD_ABSENT, young};
}

/* What no rule may take. */
static void
apply_always(struct retention_item *items, size_t n)
{
	bool good = false, proven = false;

	for (size_t i = 0; i < n; i++) {
		struct retention_item *it = &items[i];

		it->kept_by = it->held ? BIT(HOLD) : 0;
		if (it->writing)
			it->kept_by |= BIT(WRITING);
		else if (it->at == CLOCK_NONE)
			it->kept_by |= BIT(UNSURE);
		else if (!it->good && !good)
			it->kept_by |= BIT(NEWEST_BAD);
		if (it->good && !good)
			it->kept_by |= BIT(LAST_GOOD);
		if (it->good && it->proven && !proven)
			it->kept_by |= BIT(PROVEN);
		good = good || it->good;
		proven = proven || (it->good && it->proven);
	}
}

static bool
has_rules(const struct keep *k)
{
	return k != NULL && (k->hourly != FIELD_ABSENT || k->daily != FIELD_ABSENT ||
				    k->weekly != FIELD_ABSENT || k->monthly != FIELD_ABSENT ||
				    k->yearly != FIELD_ABSENT || k->for_s != FIELD_ABSENT ||
				    k->at_least != FIELD_ABSENT);
}

void
retention_apply(const struct keep *keep, const struct zone *zone, int64_t now,
	struct retention_item *items, size_t n, struct retention *ret)
{
	*ret = (struct retention){.kept = 0};
	for (size_t i = 0; i < RETENTION_COUNT; i++)
		ret->rules[i].wanted = FIELD_ABSENT;
	apply_always(items, n);
	if (has_rules(keep)) {
		apply_counts(keep, now, items, n, ret);
		apply_periods(RETENTION_HOURLY, keep->hourly, zone, items, n, ret);
		apply_periods(RETENTION_DAILY, keep->daily, zone, items, n, ret);
		apply_periods(RETENTION_WEEKLY, keep->weekly, zone, items, n, ret);
		apply_periods(RETENTION_MONTHLY, keep->monthly, zone, items, n, ret);
		apply_periods(RETENTION_YEARLY, keep->yearly, zone, items, n, ret);
	}
	for (size_t i = 0; i < n; i++) {
		if (!has_rules(keep) && items[i].kept_by == 0)
			items[i].kept_by = BIT(NO_RULES);
		if (items[i].kept_by != 0)
			ret->kept++;
		else
			ret->going++;
	}
}

bool
retention_is_held(const struct keep *keep, const char *name)
{
	for (size_t i = 0; keep != NULL && i < keep->hold.n; i++)
		if (fnmatch(keep->hold.v[i], name, 0) == 0)
			return true;
	return false;
}
