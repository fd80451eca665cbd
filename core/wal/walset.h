/*
 * walset: an archive and the base backups that need it, put together: which backups can be used,
 * from where on the WAL matters, what of it is missing or bad.
 */
#ifndef WAL_WALSET_H
#define WAL_WALSET_H

#include "wal/basebackup.h"
#include "wal/continuity.h"
#include "wal/inspect.h"
#include "wal/scan.h"

#define WALSET_FRESH 600 /* seconds within which a file at the end may still be arriving */

struct walset_backup {
	struct basebackup base;
	bool usable;
	const char *why;      /* when it is not, a sentence */
	uint64_t first, last; /* segments that it needs itself, on its own timeline */
	int64_t earliest_us;  /* microseconds since 1970: the first moment it can reach; INT64_MIN:
				 not known; filled in by window */
};

struct walset {
	struct arena *arena;
	struct archive *archive;
	bool has_wal; /* else there are no segments, and nothing below but the backups holds */
	struct continuity continuity;
	VEC(struct walset_backup) backups; /* by timeline and start */
	uint32_t domain_tli;               /* WAL before this segment is of no interest */
	uint64_t domain;
	struct inspect_count inspected;
	uint64_t segments_read, bytes_read;
};

struct walset_options {
	int64_t now; /* seconds since 1970 */
	bool inspect_all;
};

/*
 * `source` and `backups` stay the caller's and must outlive the set; *ret lives in the arena but
 * for its archive: walset_free.
 */
MUST_CHECK bool walset_open(struct arena *a, struct source *source, const char *prefix,
	const struct basebackups *backups, const struct walset_options *o, struct walset **ret,
	struct err *err);
void walset_free(struct walset *w); /* NULL is a no-op */

/* A segment was found to be bad by who read it: everything above is worked out anew. */
MUST_CHECK bool walset_bad(struct walset *w, const struct scan_damage *d, uint32_t tli,
	const struct walset_options *o, struct err *err);

/* A scan along a way, up to segment `limit`. Its counts go to the set with walset_count. */
struct scan walset_scan(struct walset *w, const struct history *way, uint64_t limit);
void walset_count(struct walset *w, const struct scan *s);

#endif
