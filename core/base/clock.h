/*
 * clock: times, durations and sizes as people write them, and the machine's clocks.
 *
 * A time is an int64_t of seconds since 1970 in UTC, CLOCK_NONE when it is not known. The wall
 * clock may jump; durations of runs come from the monotonic clock (FAULTS.md F19).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/util.h"

#define CLOCK_NONE INT64_MIN
#define CLOCK_TEXT 40 /* room for any formatted time */

int64_t clock_now(void);
int64_t clock_now_ms(void);  /* wall clock, milliseconds */
int64_t clock_mono_ns(void); /* CLOCK_BOOTTIME: goes on while the machine sleeps */
int64_t clock_mono_ms(void);
/* The kernel's boot id: monotonic times compare only within one. */
const char *clock_boot_id(void);

/* All return `text`, of CLOCK_TEXT bytes: 2026-11-20T14:32:07Z, with .123 for the second. */
const char *clock_format(int64_t seconds, char *text);
const char *clock_format_ms(int64_t ms, char *text);
const char *clock_format_us(int64_t us, char *text); /* .123456 */
/* "14:32:07Z" today, else "11-20 14:32Z", else "2025-11-20"; at most 12 bytes */
const char *clock_format_short(int64_t seconds, int64_t now, char *text);

/*
 * RFC 3339 with an explicit zone (Z or +hh:mm), a space allowed for the T, fractions dropped.
 * A time without a zone is refused: local-time targets are a classic mistake of restores.
 */
MUST_CHECK bool clock_parse(const char *text, int64_t *ret);
/* The same, keeping microseconds: *ret_us counts microseconds since 1970. */
MUST_CHECK bool clock_parse_us(const char *text, int64_t *ret_us);

/* "90s 15m 24h 30d 2w", or several: "1h30m". At most 200 years. */
MUST_CHECK bool clock_parse_duration(const char *text, int64_t *ret_seconds);
/* "10MiB", "512k", "1.5GiB", "4096"; k, M, G, T are powers of 1024, kB, MB, ... of 1000. */
MUST_CHECK bool clock_parse_size(const char *text, int64_t *ret_bytes);

/* Days since 1970 of a civil date, and back (proleptic Gregorian). */
int64_t clock_days(int64_t year, int month, int day);
void clock_civil(int64_t days, int64_t *year, int *month, int *day);

/*
 * Matches text against a pattern of strftime's %Y %m %d %H %M %S %s %j %y %b and literals from
 * its start; *ret_len is what was matched. Times are taken as UTC.
 */
MUST_CHECK bool clock_match(
	const char *text, const char *pattern, size_t pattern_len, int64_t *ret, size_t *ret_len);

#endif
