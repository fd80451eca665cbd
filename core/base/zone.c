#include "base/banned.h"
#include "base/zone.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <ctype.h>

#define ZONEINFO "/usr/share/zoneinfo/"
#define FILE_MAX (1 * MIB)
#define TYPES    256

/* One end of daylight saving time: a day in one of POSIX's three forms, and a time of day. */
struct change {
	char form; /* 'M': month, week, weekday; 'J': 1-365 without 29 February; 'D': 0-365 */
	int month, week, day; /* week 5: the last */
	int64_t second;       /* local time */
};

struct zone {
	char *name;
	struct zone *next;
	size_t n;
	int64_t *at;
	int32_t *offset; /* from at[i] on */
	int32_t before;  /* before at[0] */
	/* The rule behind the last transition. */
	bool has_rule, has_dst;
	int64_t standard, dst;
	struct change start, end;
};

static struct zone utc = {.has_rule = true};
static struct zone *loaded;

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* When the change happens in this year, in local seconds since 1970 as if UTC. */
static int64_t
change_at(const struct change *c, int64_t year)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int64_t day, first;

	if (c->form == 'M') {
		first = clock_days(year, c->month, 1);
		/* 1 January 1970 was a Thursday, day 4. */
		day = first + (c->day - ((first + 4) % 7 + 7) % 7 + 7) % 7 + (c->week - 1) * 7;
		if (day >= clock_days(c->month == 12 ? year + 1 : year, c->month % 12 + 1, 1))
			day -= 7;
	} else {
		day = clock_days(year, 1, 1) + c->day - (c->form == 'J');
		if (c->form == 'J' && leap && c->day >= 60)
			day++;
	}
	return day * 86400 + c->second;
}

static int64_t
rule_offset(const struct zone *z, int64_t at)
{
	int64_t year, start, end;
	int month, day;

	if (!z->has_dst)
		return z->standard;
	clock_civil(floor_div(at + z->standard, 86400), &year, &month, &day);
	start = change_at(&z->start, year) - z->standard;
	end = change_at(&z->end, year) - z->dst;
	if (start < end ? at >= start && at < end : at >= start || at < end)
		return z->dst;
	return z->standard;
}

int64_t
zone_offset(const struct zone *z, int64_t at)
{
	size_t low = 0, high = z->n;

	if (z->n == 0 || at < z->at[0])
		return z->n == 0 && z->has_rule ? rule_offset(z, at) : z->before;
	if (at >= z->at[z->n - 1] && z->has_rule)
		return rule_offset(z, at);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (z->at[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return z->offset[low];
}

int
zone_moments(const struct zone *z, int64_t local, int64_t ret[2])
{
	/* No place changes its clocks twice within two days. */
	int64_t before = zone_offset(z, local - 86400), after = zone_offset(z, local + 86400);
	int n = 0;

	if (zone_offset(z, local - before) == before)
		ret[n++] = local - before;
	if (after != before && zone_offset(z, local - after) == after)
		ret[n++] = local - after;
	if (n == 2 && ret[1] < ret[0]) {
		int64_t t = ret[0];

		ret[0] = ret[1];
		ret[1] = t;
	}
	return n;
}

int64_t
zone_utc(const struct zone *z, int64_t local)
{
	int64_t moments[2];

	if (zone_moments(z, local, moments) > 0)
		return moments[0];
	return local - zone_offset(z, local - 86400);
}

/* At most max digits. */
static bool
number(const char **p, int max, int64_t *ret)
{
	int64_t value = 0;
	int n = 0;

	for (; n < max && isdigit((unsigned char)**p); n++, (*p)++)
		value = value * 10 + (**p - '0');
	*ret = value;
	return n > 0;
}

/* [+-]hh[:mm[:ss]] */
static bool
rule_time(const char **p, int64_t *ret)
{
	int64_t h, m = 0, s = 0, sign = 1;

	if (**p == '-' || **p == '+')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!number(p, 3, &h) || h > 167)
		return false;
	if (**p == ':' && ((*p)++, !number(p, 2, &m)))
		return false;
	if (**p == ':' && ((*p)++, !number(p, 2, &s)))
		return false;
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool
rule_name(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		*p += strcspn(*p, ">");
		return *(*p)++ == '>';
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - from >= 3;
}

static bool
rule_change(const char **p, struct change *c)
{
	int64_t a, b, d;

	if (*(*p)++ != ',')
		return false;
	c->second = 7200;
	if (**p == 'M') {
		(*p)++;
		if (!number(p, 2, &a) || *(*p)++ != '.' || !number(p, 1, &b) || *(*p)++ != '.' ||
			!number(p, 1, &d) || a < 1 || a > 12 || b < 1 || b > 5 || d > 6)
			return false;
		*c = (struct change){'M', (int)a, (int)b, (int)d, 7200};
	} else {
		c->form = **p == 'J' ? 'J' : 'D';
		*p += **p == 'J';
		if (!number(p, 3, &d) || d > 365 || (c->form == 'J' && d < 1))
			return false;
		c->day = (int)d;
	}
	return **p != '/' || ((*p)++, rule_time(p, &c->second));
}

static bool
parse_rule(struct zone *z, const char *p)
{
	if (!rule_name(&p) || !rule_time(&p, &z->standard))
		return false;
	/* POSIX counts west of Greenwich. */
	z->standard = -z->standard;
	z->has_rule = true;
	if (*p == '\0')
		return true;
	z->dst = -(z->standard + 3600);
	if (!rule_name(&p) || (*p != ',' && !rule_time(&p, &z->dst)))
		return false;
	z->dst = -z->dst;
	z->has_dst = true;
	return rule_change(&p, &z->start) && rule_change(&p, &z->end) && *p == '\0';
}

struct counts {
	uint32_t isut, isstd, leap, times, types, chars;
};

static bool
read_counts(const unsigned char *p, const unsigned char *end, struct counts *ret)
{
	uint32_t *fields[] = {
		&ret->isut, &ret->isstd, &ret->leap, &ret->times, &ret->types, &ret->chars};

	if (end - p < 44 || memcmp(p, "TZif", 4) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		*fields[i] = (uint32_t)bytes_big(p + 20 + 4 * i, 4);
		if (*fields[i] > FILE_MAX)
			return false;
	}
	return true;
}

static size_t
block_size(const struct counts *c, size_t time_size)
{
	return c->times * (time_size + 1) + c->types * 6 + c->chars + c->leap * (time_size + 4) +
	       c->isstd + c->isut;
}

/* The data of version 2 and later: 64-bit transitions, then the rule between newlines. */
static bool
read_block(struct zone *z, const unsigned char *p, const unsigned char *end, const struct counts *c)
{
	const unsigned char *index = p + c->times * 8, *types = index + c->times;
	size_t size = block_size(c, 8);
	char rule[128];
	size_t n;

	if (size > (size_t)(end - p) || c->types == 0 || c->types > TYPES)
		return false;
	z->n = c->times;
	z->at = util_alloc(c->times * sizeof(*z->at));
	z->offset = util_alloc(c->times * sizeof(*z->offset));
	z->before = (int32_t)bytes_big(types, 4);
	for (size_t i = 0; i < c->times; i++) {
		if (index[i] >= c->types)
			return false;
		z->at[i] = (int64_t)bytes_big(p + 8 * i, 8);
		z->offset[i] = (int32_t)bytes_big(types + 6 * index[i], 4);
		if (z->offset[i] < -86400 || z->offset[i] > 86400 ||
			(i > 0 && z->at[i] <= z->at[i - 1]))
			return false;
	}
	p += size;
	if (p == end || *p++ != '\n')
		return true;
	n = MIN((size_t)(end - p), sizeof(rule) - 1);
	memcpy(rule, p, n);
	rule[n] = '\0';
	rule[strcspn(rule, "\n")] = '\0';
	return rule[0] == '\0' || parse_rule(z, rule);
}

static bool
parse(struct zone *z, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len;
	struct counts c;

	if (!read_counts(p, end, &c) || p[4] < '2' || block_size(&c, 4) > len - 44)
		return false;
	p += 44 + block_size(&c, 4);
	return read_counts(p, end, &c) && read_block(z, p + 44, end, &c);
}

static void
zone_free(struct zone *z)
{
	free(z->name);
	free(z->at);
	free(z->offset);
	free(z);
}

static bool
plain_name(const char *name)
{
	return name[0] != '/' && strstr(name, "..") == NULL && strlen(name) < 100 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
		       strlen(name);
}

bool
zone_load(const char *name, const struct zone **ret, struct err *err)
{
	CLEANUP(str_done) struct str path = STR_INIT(4 * KIB), data = STR_INIT(FILE_MAX + 1);
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct zone *z;

	*ret = &utc;
	if (name == NULL || strcmp(name, "UTC") == 0)
		return true;
	for (z = loaded; z != NULL; z = z->next) {
		if (strcmp(z->name, name) == 0) {
			*ret = z;
			return true;
		}
	}
	str_fmt(&path, ZONEINFO "%s", name);
	if (!plain_name(name) || !file_read(str_text(&path), FILE_MAX, &data, &why)) {
		err_set(err, ERR_CONFIG, "There is no time zone \"%s\".", name);
		return err_hint(
			err, file_is_dir(ZONEINFO)
				     ? "Names are like Europe/Berlin; see " ZONEINFO "."
				     : "Only UTC is known without them: apt-get install tzdata");
	}
	z = util_alloc(sizeof(*z));
	z->name = util_strdup(name);
	if (!parse(z, (const unsigned char *)data.buf, data.len)) {
		zone_free(z);
		return err_set(err, ERR_CONFIG, "%s is not a file of a time zone.", path.buf);
	}
	z->next = loaded;
	loaded = z;
	*ret = z;
	return true;
}
