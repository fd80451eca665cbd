#include "base/banned.h"
#include "conf/cron.h"
#include "base/clock.h"

#include <ctype.h>
#include <strings.h>

#define HORIZON_DAYS (30 * 366)

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

struct range {
	const char *what;
	int min, max;
	const char *const *names;
	int first_name; /* value of names[0] */
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct range ranges[FIELDS] = {
	{"minute", 0, 59, NULL, 0},
	{"hour", 0, 23, NULL, 0},
	{"day of month", 1, 31, NULL, 0},
	{"month", 1, 12, month_names, 1},
	{"day of week", 0, 7, weekday_names, 0},
};

static const struct {
	const char *name, *fields;
} macros[] = {{"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"}, {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"}};

static bool
value(const char **p, const struct range *r, int *ret)
{
	size_t letters = 0;

	if (isdigit((unsigned char)**p)) {
		for (*ret = 0; isdigit((unsigned char)**p) && *ret < 1000; (*p)++)
			*ret = *ret * 10 + (**p - '0');
		return *ret >= r->min && *ret <= r->max;
	}
	while (isalpha((unsigned char)(*p)[letters]))
		letters++;
	for (int i = 0; r->names != NULL && r->names[i] != NULL; i++) {
		if (letters == 3 && strncasecmp(*p, r->names[i], 3) == 0) {
			*ret = r->first_name + i;
			*p += 3;
			return true;
		}
	}
	return false;
}

/* One element of a list: its bits. */
static bool
element(const char **p, const struct range *r, uint64_t *bits)
{
	int from = r->min, to = r->max, step = 1;

	if (**p == '*') {
		(*p)++;
		/* Weekday 7 is Sunday again: a star stops at 6, or star/7 would hold it twice. */
		to = r->names == weekday_names ? 6 : to;
	} else {
		if (!value(p, r, &from))
			return false;
		to = from;
		if (**p == '-' && ((*p)++, !value(p, r, &to)))
			return false;
		else if (**p == '/' && to == from)
			to = r->max;
	}
	if (**p == '/') {
		(*p)++;
		for (step = 0; isdigit((unsigned char)**p) && step < 1000; (*p)++)
			step = step * 10 + (**p - '0');
		if (step < 1)
			return false;
	}
	if (from > to)
		return false;
	for (int i = from; i <= to; i += step)
		*bits |= 1ULL << i;
	return true;
}

static bool
field(const char **p, int which, uint64_t *bits, bool *star)
{
	*star = **p == '*';
	*bits = 0;
	for (;;) {
		if (!element(p, &ranges[which], bits))
			return false;
		if (**p != ',')
			break;
		(*p)++;
	}
	return **p == '\0' || isspace((unsigned char)**p);
}

bool
cron_parse(const char *text, struct cron *ret, struct err *err)
{
	const char *p = text;
	uint64_t bits[FIELDS];
	bool star[FIELDS];

	for (size_t i = 0; i < ARRAY_LEN(macros); i++)
		if (strcasecmp(text, macros[i].name) == 0)
			p = macros[i].fields;
	for (int i = 0; i < FIELDS; i++) {
		p += strspn(p, " \t");
		if (!field(&p, i, &bits[i], &star[i])) {
			err_set(err, ERR_CONFIG, "In the schedule \"%s\" the %s is wrong.", text,
				ranges[i].what);
			return err_hint(err, "A schedule is \"minute hour day-of-month month "
					     "day-of-week\", like \"0 2 * * *\".");
		}
	}
	p += strspn(p, " \t");
	if (*p != '\0') {
		err_set(err, ERR_CONFIG, "The schedule \"%s\" has more than five fields.", text);
		return err_hint(err, "There is no field for seconds, and none for a command.");
	}
	*ret = (struct cron){.minutes = bits[MINUTE],
		.hours = (uint32_t)bits[HOUR],
		.days = (uint32_t)bits[DAY],
		.months = (uint32_t)bits[MONTH],
		.weekdays = (uint32_t)(bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f,
		.any_day = star[DAY],
		.any_weekday = star[WEEKDAY],
		.real_time = star[MINUTE] || star[HOUR]};
	return true;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static bool
day_matches(const struct cron *c, int64_t days)
{
	/* 1 January 1970 was a Thursday, day 4. */
	int64_t year, weekday = ((days + 4) % 7 + 7) % 7;
	bool by_day, by_weekday;
	int month, day;

	clock_civil(days, &year, &month, &day);
	if (!(c->months >> month & 1))
		return false;
	by_day = c->days >> day & 1;
	by_weekday = c->weekdays >> weekday & 1;
	return c->any_day || c->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* When the clocks go forward over `local`, the moment at which they do. */
static int64_t
end_of_gap(const struct zone *z, int64_t local)
{
	int64_t low = local - zone_offset(z, local + 86400);
	int64_t high = local - zone_offset(z, local - 86400), before = zone_offset(z, low);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset(z, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Runs of a certain time: day by day on the clock on the wall. */
static int64_t
next_fixed(const struct cron *c, const struct zone *z, int64_t after)
{
	int64_t day = floor_div(after + zone_offset(z, after), 86400) - 1;

	for (int64_t end = day + HORIZON_DAYS; day < end; day++) {
		if (!day_matches(c, day))
			continue;
		for (int m = 0; m < 24 * 60; m++) {
			int64_t local = day * 86400 + m * 60, moments[2], at;

			if (!(c->hours >> m / 60 & 1) || !(c->minutes >> m % 60 & 1))
				continue;
			at = zone_moments(z, local, moments) > 0 ? moments[0]
								 : end_of_gap(z, local);
			if (at > after)
				return at;
		}
	}
	return CLOCK_NONE;
}

/* Schedules of every minute or hour: hour by hour of real time. */
static int64_t
next_real(const struct cron *c, const struct zone *z, int64_t after)
{
	int64_t at = floor_div(after, 60) * 60 + 60, end = after + HORIZON_DAYS * 86400LL;

	while (at < end) {
		int64_t local = at + zone_offset(z, at), day = floor_div(local, 86400);
		int64_t second = local - day * 86400;

		if (!(c->hours >> second / 3600 & 1) || !day_matches(c, day))
			at += 3600 - second % 3600;
		else if (!(c->minutes >> second / 60 % 60 & 1))
			at += 60 - second % 60;
		else
			return at;
	}
	return CLOCK_NONE;
}

int64_t
cron_next(const struct cron *c, const struct zone *z, int64_t after)
{
	return c->real_time ? next_real(c, z, after) : next_fixed(c, z, after);
}

int64_t
cron_count(const struct cron *c, const struct zone *z, int64_t from, int64_t to, int64_t limit)
{
	int64_t n = 0;

	for (int64_t at = cron_next(c, z, from); at != CLOCK_NONE && at <= to && n < limit; n++)
		at = cron_next(c, z, at);
	return n;
}
