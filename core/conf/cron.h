/*
 * cron: schedules in cron's five fields, with a time zone: when the next run is due, and how
 * many were missed.
 *
 *   minute hour day-of-month month day-of-week
 *   Each field: star, a, a-b, lists with commas, every n-th behind a slash (star/7, 10-50/20,
 *   and 5/15: from 5 on); names jan-dec and sun-sat in any case; Sunday is 0 and 7.
 *   Also @hourly @daily @midnight @weekly @monthly @yearly @annually.
 *
 * Where neither day field begins with a star, a day that meets one of the two is taken, else
 * both must be met (Vixie cron). Daylight saving as Debian's cron(8) has it: runs of a certain
 * time that fall into the gap are due right after it, and come once where clocks go back;
 * schedules with a star in the minute or hour field go by real time.
 */
#ifndef CONF_CRON_H
#define CONF_CRON_H

#include "base/zone.h"

struct cron {
	uint64_t minutes; /* bit n: minute n */
	uint32_t hours, days, months;
	uint32_t weekdays;         /* bit 0: Sunday */
	bool any_day, any_weekday; /* the field begins with a star */
	bool real_time;            /* so does that of minute or hour */
};

MUST_CHECK bool cron_parse(const char *text, struct cron *ret, struct err *err);

/* The first due moment after `after`; CLOCK_NONE when there is none within 30 years (31 June). */
int64_t cron_next(const struct cron *c, const struct zone *z, int64_t after);

/* How many fall into (from, to], at most `limit`. */
int64_t cron_count(
	const struct cron *c, const struct zone *z, int64_t from, int64_t to, int64_t limit);

#endif
