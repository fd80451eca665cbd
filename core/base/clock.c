#include "base/banned.h"
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DURATION_MAX (200LL * 366 * 86400)

int64_t
clock_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t
clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000;
}

const char *
clock_boot_id(void)
{
	static char id[40];
	CLEANUP(util_close) int fd = -1;
	ssize_t n;

	if (id[0] != '\0')
		return id;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, id, sizeof(id) - 1);
	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (id[0] == '\0')
		memcpy(id, "unknown", sizeof("unknown"));
	return id;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400 years. */
int64_t
clock_days(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

void
clock_civil(int64_t z, int64_t *year, int *month, int *day)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* What floor_div leaves, from 0 to b - 1. */
static int64_t
floor_mod(int64_t a, int64_t b)
{
	return a % b + (a % b < 0 ? b : 0);
}

/* A fraction of `digits` digits behind the seconds; none for 0. */
static void
format(char *text, int64_t seconds, int fraction, int digits)
{
	int64_t days = floor_div(seconds, 86400), rest = floor_mod(seconds, 86400), year;
	int month, day;
	char behind[16] = "";

	clock_civil(days, &year, &month, &day);
	if (digits > 0)
		snprintf(behind, sizeof(behind), ".%0*d", digits, fraction);
	snprintf(text, CLOCK_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d%sZ", (long long)year, month,
		day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), behind);
}

const char *
clock_format(int64_t seconds, char *text)
{
	format(text, seconds, 0, 0);
	return text;
}

const char *
clock_format_ms(int64_t ms, char *text)
{
	format(text, floor_div(ms, 1000), (int)floor_mod(ms, 1000), 3);
	return text;
}

const char *
clock_format_us(int64_t us, char *text)
{
	format(text, floor_div(us, 1000000), (int)floor_mod(us, 1000000), 6);
	return text;
}

const char *
clock_format_short(int64_t seconds, int64_t now, char *text)
{
	char full[CLOCK_TEXT];

	clock_format(seconds, full);
	if (floor_div(seconds, 86400) == floor_div(now, 86400))
		snprintf(text, CLOCK_TEXT, "%.8sZ", full + 11);
	else if (seconds <= now && seconds > now - 300LL * 86400)
		snprintf(text, CLOCK_TEXT, "%.5s %.5sZ", full + 5, full + 11);
	else
		snprintf(text, CLOCK_TEXT, "%.10s", full);
	return text;
}

/* Exactly `digits` digits. */
static bool
number(const char **p, int digits, int *ret)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (**p - '0');
	}
	*ret = value;
	return true;
}

static int
month_length(int64_t year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return lengths[month - 1] + (month == 2 && leap);
}

static bool
civil_valid(int64_t year, int month, int day, int hour, int minute, int second)
{
	return month >= 1 && month <= 12 && day >= 1 && day <= month_length(year, month) &&
	       hour <= 23 && minute <= 59 && second <= 60;
}

static bool
zone(const char **p, int *ret_seconds)
{
	int sign, hours, minutes = 0;

	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		*ret_seconds = 0;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (!number(p, 2, &hours))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!number(p, 2, &minutes))
			return false;
	} else if (**p != '\0' && !number(p, 2, &minutes)) {
		return false;
	}
	if (hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
clock_parse_us(const char *text, int64_t *ret_us)
{
	const char *p = text;
	int y, mo, d, h, mi, s = 0, offset, us = 0;

	if (!number(&p, 4, &y) || *p++ != '-' || !number(&p, 2, &mo) || *p++ != '-' ||
		!number(&p, 2, &d) || (*p != 'T' && *p != 't' && *p != ' '))
		return false;
	p++;
	if (!number(&p, 2, &h) || *p++ != ':' || !number(&p, 2, &mi))
		return false;
	if (*p == ':') {
		p++;
		if (!number(&p, 2, &s))
			return false;
	}
	if (*p == '.') {
		int scale = 100000, digits = 0;

		for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10, digits++)
			us += (*p - '0') * scale;
		if (digits == 0)
			return false;
	}
	while (*p == ' ')
		p++;
	if (strcmp(p, "UTC") == 0) {
		offset = 0;
		p += 3;
	} else if (!zone(&p, &offset)) {
		return false;
	}
	if (*p != '\0' || !civil_valid(y, mo, d, h, mi, s))
		return false;
	*ret_us = (clock_days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset) * 1000000 + us;
	return true;
}

bool
clock_parse(const char *text, int64_t *ret)
{
	int64_t us;

	if (!clock_parse_us(text, &us))
		return false;
	*ret = floor_div(us, 1000000);
	return true;
}

bool
clock_parse_duration(const char *text, int64_t *ret_seconds)
{
	int64_t total = 0;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		int64_t value = 0, unit;
		size_t digits = 0;

		for (; *text >= '0' && *text <= '9'; text++, digits++) {
			value = value * 10 + (*text - '0');
			if (value > DURATION_MAX)
				return false;
		}
		if (digits == 0)
			return false;
		switch (*text++) {
		case 's': unit = 1; break;
		case 'm': unit = 60; break;
		case 'h': unit = 3600; break;
		case 'd': unit = 86400; break;
		case 'w': unit = 7 * 86400; break;
		default: return false;
		}
		total += value * unit;
		if (total > DURATION_MAX)
			return false;
	}
	*ret_seconds = total;
	return true;
}

bool
clock_parse_size(const char *text, int64_t *ret_bytes)
{
	static const char letters[] = "kMGTPE";
	double value = 0, scale = 1;
	size_t digits = 0;
	const char *unit;

	for (; *text >= '0' && *text <= '9'; text++, digits++)
		value = value * 10 + (*text - '0');
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++, digits++)
			value += (*text - '0') * (scale /= 10);
	if (digits == 0)
		return false;
	while (*text == ' ')
		text++;
	scale = 1;
	if (*text != '\0' && *text != 'B') {
		double base = 1024;

		unit = strchr(letters, *text == 'K' ? 'k' : *text);
		if (unit == NULL)
			return false;
		text++;
		if (*text == 'B')
			base = 1000;
		else if (*text == 'i')
			text++;
		for (const char *l = letters; l <= unit; l++)
			scale *= base;
	}
	if (*text == 'B')
		text++;
	if (*text != '\0' || value * scale > 9e18)
		return false;
	*ret_bytes = (int64_t)(value * scale);
	return true;
}

struct match {
	int year, month, day, hour, minute, second, yday;
	int64_t epoch;
};

static bool
match_month(const char **p, int *ret)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12; i++) {
		if (strncasecmp(*p, names + i * 3, 3) == 0) {
			*ret = i + 1;
			*p += 3;
			return true;
		}
	}
	return false;
}

static bool
match_epoch(const char **p, int64_t *ret)
{
	int64_t value = 0;
	size_t digits = 0;

	for (; **p >= '0' && **p <= '9' && digits < 12; (*p)++, digits++)
		value = value * 10 + (**p - '0');
	*ret = value;
	return digits > 0;
}

static bool
match_field(struct match *m, char field, const char **p)
{
	switch (field) {
	case 'Y': return number(p, 4, &m->year);
	case 'm': return number(p, 2, &m->month);
	case 'd': return number(p, 2, &m->day);
	case 'H': return number(p, 2, &m->hour);
	case 'M': return number(p, 2, &m->minute);
	case 'S': return number(p, 2, &m->second);
	case 'j': return number(p, 3, &m->yday);
	case 'b': return match_month(p, &m->month);
	case 's': return match_epoch(p, &m->epoch);
	case 'y':
		if (!number(p, 2, &m->year))
			return false;
		m->year += 2000;
		return true;
	default: return false;
	}
}

bool
clock_match(
	const char *text, const char *pattern, size_t pattern_len, int64_t *ret, size_t *ret_len)
{
	struct match m = {.year = 1970, .month = 1, .day = 1, .yday = -1, .epoch = CLOCK_NONE};
	const char *p = text;

	for (size_t i = 0; i < pattern_len; i++) {
		if (pattern[i] == '%' && i + 1 < pattern_len) {
			i++;
			if (pattern[i] == '%' ? *p++ != '%' : !match_field(&m, pattern[i], &p))
				return false;
		} else if (*p == '\0' || *p++ != pattern[i]) {
			return false;
		}
	}
	*ret_len = (size_t)(p - text);
	if (m.epoch != CLOCK_NONE) {
		*ret = m.epoch;
		return true;
	}
	if (!civil_valid(m.year, m.month, m.day, m.hour, m.minute, m.second))
		return false;
	*ret = clock_days(m.year, m.month, m.day) * 86400 + m.hour * 3600 + m.minute * 60 +
	       m.second;
	if (m.yday >= 0) {
		if (m.yday == 0 || m.yday > 337 + month_length(m.year, 2))
			return false;
		*ret += (m.yday - 1) * 86400LL;
	}
	return true;
}
