/*
 * pattern: which names below a set's path are its backups, and the time that they hold.
 *
 *   postgresql/daily/aragora_{time:%Y%m%d_%H%M%S}.dump     one time, and literal text
 *   redis/rdb/dump-*.rdb                                   * is any run of characters
 *   postgresql/daily/                                      every name that is no sidecar
 *
 * Braces and * belong to the last part of the path only. The fields of a time are those of
 * clock_match.
 */
#ifndef CONF_PATTERN_H
#define CONF_PATTERN_H

#include "base/arena.h"
#include "base/err.h"

struct pattern {
	const char *directory; /* "" or ending with a slash */
	const char *name;      /* "" when every name is meant */
	bool has_time;
	bool has_hour; /* the time says more than the day */
	bool is_epoch; /* it counts seconds (%s), so no time zone applies */
};

/* `path` is a set's or copy's path; NULL means the location itself. */
MUST_CHECK bool pattern_parse(
	struct arena *a, const char *path, struct pattern *ret, struct err *err);

/*
 * Where the copies of a set lie: its own path where the copy has none; where that names only a
 * directory, names in it are those of the set.
 */
const char *pattern_copy_path(struct arena *a, const char *set_path, const char *copy_path);

/*
 * Whether the name (without directory and trailing slash) is a backup's. *ret_time, as if in
 * UTC, is CLOCK_NONE where the pattern holds none.
 */
bool pattern_match(const struct pattern *p, const char *name, int64_t *ret_time);

/*
 * The name of a backup made at this time (UTC); `stem` stands for * and begins the name where
 * the pattern has none: STEM_20261121_020000.
 */
const char *pattern_name_at(struct arena *a, const struct pattern *p, int64_t at, const char *stem);

/* The endings of companions that belong to one backup and go with it; ends with NULL. */
extern const char *const pattern_companions[];

/* Checksums, unfinished and hidden files and other companions of a backup. */
bool pattern_is_sidecar(const char *name);

#endif
