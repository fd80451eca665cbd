/*
 * continuity: what of an archive is whole, from names and headers (issue: WAL continuity).
 *
 * Ranges of segments for each timeline, the way to each timeline by its history, and the gaps on
 * those ways from a given segment on. Not an alarm: holes before that segment, and holes near
 * the newest segment that are still being filled.
 */
#ifndef WAL_CONTINUITY_H
#define WAL_CONTINUITY_H

#include "wal/archive.h"
#include "wal/history.h"

/* Segments first..last are there. */
struct continuity_range {
	uint32_t tli;
	uint64_t first, last;
};

/* Segments first..last are missing. */
struct continuity_gap {
	uint32_t tli;
	uint64_t first, last;
	bool in_flight; /* so near the end and so fresh that they may still come */
};

struct continuity_damage {
	const char *file; /* base name */
	const char *why;  /* a sentence */
};

struct continuity {
	struct arena *arena;
	struct archive *archive;
	VEC(struct continuity_range) ranges;
	VEC(struct history) timelines; /* that have segments or a history, ascending */
	VEC(struct continuity_gap) gaps;
	VEC(struct continuity_damage) damaged;
	VEC(const char *) missing_history; /* "00000003.history" */
};

/* The archive must have been probed. Reads its history files; a damaged one is in `damaged`. */
MUST_CHECK bool continuity_read(
	struct arena *a, struct archive *archive, struct continuity *ret, struct err *err);

/* Notes what is wrong with a file; a sentence. Both are copied. */
void continuity_note(struct continuity *c, const char *file, const char *why);
/* Builds the ranges anew, after segments were marked bad. */
void continuity_rebuild(struct continuity *c);
/* Takes a segment out that was found bad by whoever read it. */
void continuity_bad(struct continuity *c, uint32_t tli, uint64_t number, const char *why);

/* Nothing is missing or damaged that is not still arriving. */
bool continuity_whole(const struct continuity *c);
/* The way to a timeline; NULL when there is none. */
const struct history *continuity_way(const struct continuity *c, uint32_t tli);
/* The last segment of the unbroken run along the way from `number` on; false when that is missing.
 */
MUST_CHECK bool continuity_run(
	const struct continuity *c, const struct history *way, uint64_t number, uint64_t *ret);
/* The newest segment on the way; false when there is none at or behind `number`. */
MUST_CHECK bool continuity_newest(
	const struct continuity *c, const struct history *way, uint64_t number, uint64_t *ret);
/*
 * Finds the gaps on every way that leads through segment `number` of timeline tli, from there to
 * the newest segment, each once. Those whose next segment was modified after `fresh` (seconds
 * since 1970) are in flight. Replaces what an earlier call found.
 */
MUST_CHECK bool continuity_gaps(
	struct continuity *c, uint32_t tli, uint64_t number, int64_t fresh, struct err *err);

#endif
