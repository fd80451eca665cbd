/*
 * inspect: the files of an archive one by one: their size, and whether their header belongs to
 * this system and to their name.
 */
#ifndef WAL_INSPECT_H
#define WAL_INSPECT_H

#include "wal/continuity.h"

#define INSPECT_SIZES   20000 /* files whose size is looked up unless all are wanted */
#define INSPECT_HEADERS 2000  /* ... whose header is read */

struct inspect_count {
	uint64_t sizes, headers; /* looked at */
	uint64_t skipped;        /* ... and how many were not */
};

/*
 * Looks at the segments of timeline tli and later from number on, the newest first, on this
 * machine up to the bounds above; with `all`, at every one wherever it is. Bad ones are marked,
 * noted in the continuity and taken out of its ranges; a short one at the very end that was
 * modified after `fresh` (seconds since 1970) is only not there yet.
 */
MUST_CHECK bool inspect_segments(struct continuity *c, uint32_t tli, uint64_t number, int64_t fresh,
	bool all, struct inspect_count *ret, struct err *err);

#endif
