/*
 * window: the moments that can be reached, for each base backup and timeline (DESIGN.md 6).
 *
 * A window begins when its base backup had ended and its own WAL is whole, and ends with the last
 * commit in the unbroken run of WAL behind it. Nothing here comes from a file's modification time.
 */
#ifndef WAL_WINDOW_H
#define WAL_WINDOW_H

#include "wal/recovery.h"
#include "wal/walset.h"

enum window_end {
	WINDOW_LAST_COMMIT,
	WINDOW_END_OF_WAL, /* nothing was committed since the backup */
};

struct window {
	const struct walset_backup *backup;
	const struct history *way;      /* its last timeline is the window's */
	uint64_t first, last;           /* segments of the run */
	int64_t earliest_us, latest_us; /* microseconds since 1970; INT64_MIN: not known */
	enum window_end latest_is;
	struct scan_tail tail;
	bool broken; /* a gap or damage ends the run, though there is WAL behind it */
};

struct windows {
	struct walset *set;
	VEC(struct window) list; /* by timeline and backup */
	bool good;               /* there are windows, and nothing is missing or bad */
};

/* Reads the ends of each run and of each backup. Damage found on the way joins the set's. */
MUST_CHECK bool windows_find(
	struct walset *w, const struct walset_options *o, struct windows *ret, struct err *err);

enum window_reach {
	WINDOW_REACHED,
	WINDOW_QUIET,      /* reached: nothing was committed between the last commit and it */
	WINDOW_BEFORE_ALL, /* older than the first backup that can be used */
	WINDOW_IN_GAP,     /* the WAL of that time is missing or bad */
	WINDOW_BEHIND,     /* later than what the archive tells of */
	WINDOW_FUTURE,
	WINDOW_NONE, /* there is no window at all */
};

struct window_answer {
	enum window_reach reach;
	const char *why; /* a sentence */
	int64_t at_us;
	const struct window *window; /* from which it is reached; NULL when it is not */
	struct scan_stop stop;       /* where the recovery stops */
	struct recovery_target target;
	uint64_t replay_from, replay_to;  /* LSNs */
	const struct continuity_gap *gap; /* WINDOW_IN_GAP: the one it is in; NULL: damage */
	/* The nearest moments that can be reached when it is not; INT64_MIN: none on that side. */
	int64_t before_us, after_us;
	const struct window *before, *after;
};

static inline bool
window_reached(const struct window_answer *a)
{
	return a->reach == WINDOW_REACHED || a->reach == WINDOW_QUIET;
}

/*
 * Whether a moment can be reached, and from which backup with the least WAL to replay. `tli` 0:
 * the newest timeline that reaches it. Damage found on the way changes the windows.
 */
MUST_CHECK bool window_at(struct windows *w, const struct walset_options *o, int64_t at_us,
	uint32_t tli, struct window_answer *ret, struct err *err);

#endif
