/*
 * moments: to which moments an asset can be recovered, as `lifeboat window --format json` says.
 */
#ifndef TUI_MODEL_MOMENTS_H
#define TUI_MODEL_MOMENTS_H

#include "base/arena.h"
#include "base/err.h"

/* Times are microseconds since 1970; INT64_MIN: not known. */
struct moments_window {
	int64_t timeline;
	int64_t earliest_us, latest_us;
	int64_t quiet_us; /* nothing was committed between latest and this */
	const char *backup;
	bool broken; /* a gap or damage ends it, though there is WAL behind it */
};

struct moments_backup {
	const char *name;
	int64_t started, finished; /* seconds; CLOCK_NONE */
	bool usable;
	const char *why; /* it is not; or NULL */
};

struct moments {
	struct arena arena;
	const char *asset;
	bool good; /* nothing is missing or damaged */
	VEC(struct moments_window) windows;
	VEC(struct moments_backup) backups;
	VEC(const char *) troubles; /* gaps, damage, in sentences */
};

/* Whether sets of this type (enum set_type) hold WAL, to recover to a moment with. */
bool moments_archive(int type);

/* False when it is not what `window` prints. */
MUST_CHECK bool moments_read(struct moments *ret, const char *json, size_t len, struct err *err);
void moments_done(struct moments *m);

/* The first and the last moment that can be reached; false: there is none. */
bool moments_reach(const struct moments *m, int64_t *ret_from_us, int64_t *ret_to_us);

/*
 * The window in which the moment lies, that of the newest timeline when there are several; NULL
 * when none. *ret_before and *ret_after are the nearest moments that can be reached, INT64_MIN
 * when there is none on that side.
 */
const struct moments_window *moments_at(
	const struct moments *m, int64_t us, int64_t *ret_before, int64_t *ret_after);

#endif
