#include "base/banned.h"
#include "wal/label.h"
#include "base/clock.h"
#include "wal/segment.h"

/* The value of "KEY: value", or NULL when the line has another key. */
static const char *
value_of(const char *line, const char *key)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	return line + strspn(line, " ");
}

/* "0/2000028 (file 000000010000000000000002)" */
static bool
parse_location(const char *value, uint64_t *ret, char *segment)
{
	static const char before[] = " (file ";
	struct segment_file file;

	if (!lsn_scan(value, ret, &value) || *ret == LSN_NONE)
		return false;
	if (segment == NULL || !util_starts(value, before))
		return true;
	value += strlen(before);
	snprintf(segment, SEGMENT_NAME, "%.24s", value);
	segment_parse(segment, &file);
	return file.kind == SEGMENT_WAL && value[24] == ')';
}

static uint32_t
parse_tli(const char *value)
{
	uint64_t tli;

	return util_parse_u64(value, &tli) && tli <= UINT32_MAX ? (uint32_t)tli : 0;
}

static bool
parse_line(struct label *l, const char *line)
{
	const char *value;

	if ((value = value_of(line, "START WAL LOCATION")) != NULL)
		return parse_location(value, &l->start, l->segment);
	if ((value = value_of(line, "STOP WAL LOCATION")) != NULL)
		return parse_location(value, &l->stop, NULL);
	if ((value = value_of(line, "CHECKPOINT LOCATION")) != NULL)
		return parse_location(value, &l->checkpoint, NULL);
	if ((value = value_of(line, "BACKUP FROM")) != NULL)
		l->standby = strcmp(value, "standby") == 0;
	else if (value_of(line, "INCREMENTAL FROM LSN") != NULL)
		l->incremental = true;
	else if ((value = value_of(line, "START TIME")) != NULL)
		l->start_time = value;
	else if ((value = value_of(line, "STOP TIME")) != NULL)
		l->stop_time = value;
	else if ((value = value_of(line, "START TIMELINE")) != NULL)
		l->tli = parse_tli(value);
	else if ((value = value_of(line, "STOP TIMELINE")) != NULL)
		l->stop_tli = parse_tli(value);
	else if ((value = value_of(line, "LABEL")) != NULL)
		l->name = value;
	return true;
}

bool
label_parse(struct arena *a, const char *text, size_t len, struct label *ret, struct err *err)
{
	struct label l = {.start = LSN_NONE};
	const char *end = text + len;

	if (memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_DAMAGED, "The backup label holds NUL bytes.");
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);
		const char *line = arena_strndup(a, text, n);

		if (!parse_line(&l, line))
			return err_set(err, ERR_DAMAGED,
				"The backup label has no position in this line: %s", line);
		text += n + 1;
	}
	if (l.start == LSN_NONE)
		return err_set(err, ERR_DAMAGED, "The backup label does not say where it starts.");
	*ret = l;
	return true;
}

/* Offset of an abbreviation that leaves no doubt, in seconds: "UTC", "GMT", "+0530", "-03". */
static bool
zone_offset(const char *zone, int64_t *ret)
{
	size_t n = strlen(zone);
	int digits[4] = {0};

	if (strcmp(zone, "UTC") == 0 || strcmp(zone, "GMT") == 0 || strcmp(zone, "Z") == 0) {
		*ret = 0;
		return true;
	}
	if ((zone[0] != '+' && zone[0] != '-') || (n != 3 && n != 5))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (zone[i] < '0' || zone[i] > '9')
			return false;
		digits[i - 1] = zone[i] - '0';
	}
	*ret = (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60;
	if (zone[0] == '-')
		*ret = -*ret;
	return true;
}

/* Text as if it were UTC, and its zone. */
static bool
local_time(const char *text, int64_t *ret, const char **ret_zone)
{
	static const char pattern[] = "%Y-%m-%d %H:%M:%S ";
	size_t n;

	if (text == NULL || !clock_match(text, pattern, strlen(pattern), ret, &n))
		return false;
	*ret_zone = text + n;
	return true;
}

/* Offsets are multiples of a quarter of an hour: the one that brings `local` nearest. */
static bool
guess_offset(int64_t local, int64_t near, int64_t *ret)
{
	int64_t offset;

	if (near == CLOCK_NONE)
		return false;
	offset = local - near;
	if (offset < -16 * 3600 || offset > 16 * 3600)
		return false;
	*ret = (offset + (offset < 0 ? -450 : 450)) / 900 * 900;
	return true;
}

void
label_times(const struct label *l, int64_t near, int64_t *ret_start, int64_t *ret_stop)
{
	const char *start_zone = "", *stop_zone = "";
	int64_t start, stop, offset;

	*ret_start = *ret_stop = CLOCK_NONE;
	if (local_time(l->start_time, &start, &start_zone) &&
		(zone_offset(start_zone, &offset) || guess_offset(start, near, &offset)))
		*ret_start = start - offset;
	if (!local_time(l->stop_time, &stop, &stop_zone))
		return;
	if (zone_offset(stop_zone, &offset))
		*ret_stop = stop - offset;
	else if (*ret_start != CLOCK_NONE && strcmp(start_zone, stop_zone) == 0)
		*ret_stop = stop - (start - *ret_start);
}
