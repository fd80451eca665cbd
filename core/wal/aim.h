/*
 * aim: where a recovery shall stop, as people write it, and from which base backup it gets there.
 *
 *   2026-11-20T14:32:07Z   what was committed until then, and nothing later
 *   lsn:0/3A21F8           everything before the record there
 *   xid:742                everything before that transaction ended
 *   name:before-upgrade    up to a restore point (pg_create_restore_point)
 *   end                    the last commit that the archive holds
 */
#ifndef WAL_AIM_H
#define WAL_AIM_H

#include "wal/window.h"

enum aim_kind { AIM_TIME, AIM_LSN, AIM_XID, AIM_NAME, AIM_END };

struct aim {
	enum aim_kind kind;
	int64_t at_us; /* microseconds since 1970 */
	uint64_t lsn;
	uint32_t xid;
	const char *name;
};

/* ERR_USAGE says what can be written. */
MUST_CHECK bool aim_parse(struct arena *a, const char *text, struct aim *ret, struct err *err);
/* "lsn:0/3A21F8": what aim_parse reads, for a target that stops before something. */
void aim_text(const struct recovery_target *t, struct str *out);

struct aim_options {
	struct walset_options set;
	const char *backup; /* "NAME" or "SET/NAME" of the one to start from; NULL: the best */
	uint32_t tli;       /* 0: the newest timeline that gets there */
};

/* How to get there. The windows behind it must outlive it. */
struct aim_way {
	struct windows *windows;
	const struct window *window;
	struct recovery_target target;
	uint64_t replay_from, replay_to; /* LSNs */
};

/*
 * ERR_NOT_FOUND when it can't be reached: the message says why, the hint which moments nearby
 * can be. `sets` are the windows of each archive of the asset.
 */
MUST_CHECK bool aim_find(struct windows *sets, size_t n, const struct aim *aim,
	const struct aim_options *o, struct aim_way *ret, struct err *err);

#endif
