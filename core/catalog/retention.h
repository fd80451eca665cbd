/*
 * retention: which backups of a set which rule keeps, and which may go. Pure.
 *
 * Counted first, aged second: "daily: 7" keeps the newest backup of each of the last seven days
 * that have one, not of the last seven days; so nothing goes because nothing new comes. Only
 * good backups count. Days, ISO weeks, months and years are those of the set's time zone.
 *
 * Always kept, whatever the rules say: the newest good one, the newest proven one, what is under
 * legal hold, what is still being written, what has no sure time. A bad one may go when a good
 * one is newer than it. Without any counting or ageing rule everything is kept.
 */
#ifndef CATALOG_RETENTION_H
#define CATALOG_RETENTION_H

#include "base/zone.h"
#include "conf/site.h"

/* RULE(name, text for people) */
#define RETENTION_RULES(RULE)                \
	RULE(LAST_GOOD, "the last good one") \
	RULE(PROVEN, "the last proven one")  \
	RULE(HOLD, "under legal hold")       \
	RULE(UNSURE, "its time is not sure") \
	RULE(WRITING, "still being written") \
	RULE(NO_RULES, "no rule lets it go") \
	RULE(AT_LEAST, "at_least")           \
	RULE(FOR, "for")                     \
	RULE(HOURLY, "hourly")               \
	RULE(DAILY, "daily")                 \
	RULE(WEEKLY, "weekly")               \
	RULE(MONTHLY, "monthly")             \
	RULE(YEARLY, "yearly")               \
	RULE(NEWEST_BAD, "no good one is newer")

enum retention_rule {
#define RULE(name, text) RETENTION_##name,
	RETENTION_RULES(RULE)
#undef RULE
		RETENTION_COUNT,
};
extern const char *const retention_texts[];

struct retention_item {
	int64_t at;   /* CLOCK_NONE where it is not known */
	bool good;    /* nothing is known against it */
	bool writing; /* still being written */
	bool proven;  /* intact or better */
	bool held;
	unsigned kept_by; /* out: bits of enum retention_rule; 0: it may go */
};

/* What a counting rule wants and finds. */
struct retention_have {
	int64_t wanted, have; /* wanted: FIELD_ABSENT where the site file does not say */
};

struct retention {
	struct retention_have rules[RETENTION_COUNT];
	size_t kept, going;
};

/* Items newest first (those without a time last). `keep` NULL: everything is kept. */
void retention_apply(const struct keep *keep, const struct zone *zone, int64_t now,
	struct retention_item *items, size_t n, struct retention *ret);

/* Whether the name is held: exactly, or by a * in the list. */
bool retention_is_held(const struct keep *keep, const char *name);

#endif
