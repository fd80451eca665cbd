/*
 * zone: time zones by name, for schedules and for times in the names of backups.
 *
 * The C library knows one zone at a time, that of the process; here several are in use at once.
 * Read from /usr/share/zoneinfo: RFC 8536 (TZif), and the rule behind the last transition in
 * POSIX's form ("CET-1CEST,M3.5.0,M10.5.0/3").
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/err.h"

struct zone;

/* NULL and "UTC" need no file. Loaded once and kept for the life of the process. */
MUST_CHECK bool zone_load(const char *name, const struct zone **ret, struct err *err);

/* Seconds east of UTC at this moment. */
int64_t zone_offset(const struct zone *z, int64_t utc);

/*
 * The moments at which a clock on the wall there shows `local` (seconds since 1970 as if it were
 * UTC), earliest first. Their number: 0 in the gap when clocks go forward, 2 when they go back.
 */
int zone_moments(const struct zone *z, int64_t local, int64_t ret[2]);
/* The one moment for a local time: the first of two; from a gap, as far behind it as given. */
int64_t zone_utc(const struct zone *z, int64_t local);

#endif
