/*
 * history: timelines, from the .history files of an archive.
 *
 * A line is "parent TLI <TAB> switch LSN <TAB> reason": decimal inside, hexadecimal in the name
 * of the file (FACTS.md section 1; PostgreSQL's timeline.c). A history names every ancestor, so
 * the way from timeline 1 to this one stands in this one file.
 */
#ifndef WAL_HISTORY_H
#define WAL_HISTORY_H

#include "base/arena.h"
#include "base/err.h"

#define HISTORY_SIZE_MAX  (4 * MIB)
#define HISTORY_STEPS_MAX 20000

/* One timeline on the way. */
struct history_step {
	uint32_t tli;
	uint64_t begin;     /* LSN at which it forked off its parent; 0 for the first */
	uint64_t end;       /* LSN at which the way leaves it; UINT64_MAX for the last */
	const char *reason; /* why it was left, as the server wrote it; NULL for the last */
};

/* The way to timeline `tli`, oldest timeline first; the last step is tli itself. */
struct history {
	uint32_t tli;
	struct history_step *steps;
	size_t n;
};

/*
 * Parses the content of a history file of timeline `tli`. Everything lives in the arena.
 * ERR_DAMAGED names the line: bad numbers, timelines or LSNs that do not increase.
 */
MUST_CHECK bool history_parse(struct arena *a, uint32_t tli, const char *text, size_t len,
	struct history *ret, struct err *err);
/* The way to a timeline that has no history file: itself alone. Right for timeline 1. */
void history_alone(struct arena *a, uint32_t tli, struct history *ret);

/* The step that this timeline is; NULL when the way does not lead through it. */
const struct history_step *history_find(const struct history *h, uint32_t tli);
/*
 * The timeline whose file holds segment `number` for a recovery along this way: the newest one
 * that had begun when the segment ended (the new timeline's first file repeats the old one's
 * beginning up to the fork).
 */
uint32_t history_at(const struct history *h, uint64_t number, uint32_t bytes);

#endif
