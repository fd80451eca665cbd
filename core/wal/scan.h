/*
 * scan: reads the segments of an archive along a timeline's way, and finds times in them.
 *
 * Only the segments that an answer needs are read: a search by time goes by bisection, the last
 * commit is looked for from the end. Times of transactions rise along the WAL but for the
 * milliseconds between taking the time and writing the record, and but for clocks set back.
 */
#ifndef WAL_SCAN_H
#define WAL_SCAN_H

#include "wal/archive.h"
#include "wal/history.h"
#include "wal/reader.h"
#include "wal/xact.h"

/*
 * A bad place that was met; the run of usable WAL ends before it. With `whole` the file can't be
 * unpacked or read at all, so that nothing in it is of use.
 */
struct scan_damage {
	const char *file; /* base name of the segment; NULL: none was met */
	const char *why;
	uint64_t number;
	bool whole;
};

struct scan {
	struct archive *archive;
	const struct history *way;
	struct arena *arena;       /* for what is found */
	uint64_t limit;            /* number of the last segment that may be read */
	struct scan_damage damage; /* the first one met */
	uint64_t segments_read, bytes_read;
};

/* The end of one transaction. */
struct scan_end {
	uint64_t lsn; /* 0: there is none */
	int64_t at_us;
	uint32_t xid;
	bool commit;
};

/*
 * Feeds the segments first..last to the reader, which was made for this archive's header; a
 * record that begins in the last one is completed from the next if the limit allows. Damage ends
 * the reading, is noted in s->damage and is no error; *ret says how it ended.
 */
MUST_CHECK bool scan_run(struct scan *s, struct reader *r, uint64_t first, uint64_t last,
	enum reader_state *ret, struct err *err);

/* What the last segments tell. */
struct scan_tail {
	struct scan_end commit; /* the last commit */
	struct scan_end end;    /* the last commit or abort */
	int64_t known_us;  /* latest time of any record (a checkpoint's, say); INT64_MIN: none */
	uint64_t end_lsn;  /* behind the last whole record */
	uint64_t last_lsn; /* of the last whole record */
};

/*
 * Goes back from segment `last`, but not before `first`, until a commit is found. Only records
 * that begin before LSN `before` count (UINT64_MAX: all).
 */
MUST_CHECK bool scan_tail(struct scan *s, uint64_t first, uint64_t last, uint64_t before,
	struct scan_tail *ret, struct err *err);

/* The first end of a transaction in first..last; lsn 0 when there is none. */
MUST_CHECK bool scan_first(
	struct scan *s, uint64_t first, uint64_t last, struct scan_end *ret, struct err *err);

/* Where a recovery to a time stops. */
struct scan_stop {
	struct scan_end before; /* the last commit before it */
	struct scan_end at;     /* the first commit or abort after the time; lsn 0: none follows */
};

/*
 * Where a recovery that starts at LSN `from` stops for the target at_us, reading first..last.
 * Recovery can't stop before `from`.
 */
MUST_CHECK bool scan_find(struct scan *s, uint64_t first, uint64_t last, uint64_t from,
	int64_t at_us, struct scan_stop *ret, struct err *err);

/* The segment in first..last in which transactions of this time and later begin to end. */
MUST_CHECK bool scan_locate(struct scan *s, uint64_t first, uint64_t last, int64_t at_us,
	uint64_t *ret, struct err *err);

#endif
