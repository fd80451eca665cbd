/*
 * moment: reads the WAL near a time and finds what did the damage, and the recovery target just
 * before it.
 */
#ifndef WAL_MOMENT_H
#define WAL_MOMENT_H

#include "wal/damage.h"
#include "wal/holdings.h"
#include "wal/window.h"

#define MOMENT_ROWS 100 /* a deletion of fewer rows is an everyday one */

struct moment_options {
	int64_t from_us, to_us; /* commits in this time; microseconds since 1970 */
	uint32_t tli;           /* 0: the newest timeline */
	struct damage_filter filter;
	struct walset_options set;
};

struct moment {
	struct arena *arena;
	struct holding *holding; /* whose archive it was found in */
	struct windows windows;  /* of that archive; empty when there are no base backups */
	const struct history *way;
	struct names *names;
	struct damage *damage;
	VEC(struct damage_transaction *) list; /* in the order of their commits */
	/* What was read */
	uint64_t first_lsn, last_lsn;
	uint64_t segments, bytes, records;
	int64_t first_us, last_us;       /* ends of transactions met; INT64_MIN: none */
	VEC(struct continuity_gap) gaps; /* in the time that was asked for */
	struct scan_damage broken;       /* damage that was met; file NULL: none */
	bool names_whole;                /* a base backup's catalogs were read */
	const char *names_from;          /* its name; NULL */
};

/*
 * ERR_NOT_FOUND when the archive holds no WAL of that time. The holdings must outlive the moment;
 * moment_done.
 */
MUST_CHECK bool moment_find(
	struct holdings *h, const struct moment_options *o, struct moment *ret, struct err *err);
void moment_done(struct moment *m);

/*
 * A target before the transaction: by LSN before its locks, by xid or time right before its
 * commit, which spares what others committed in between, but leaves its tables locked while the
 * recovery is paused.
 */
struct recovery_target moment_target(
	const struct moment *m, const struct damage_transaction *t, enum recovery_kind kind);
/* The one to propose: by xid where nothing is locked, else by LSN. */
struct recovery_target moment_proposal(const struct moment *m, const struct damage_transaction *t);
/* The newest backup from which its commit can be approached; NULL. */
const struct window *moment_window(const struct moment *m, const struct damage_transaction *t);

#endif
