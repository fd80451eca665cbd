/*
 * window_report: all windows of an asset together, and the answer to the question for a moment.
 */
#ifndef WAL_WINDOW_REPORT_H
#define WAL_WINDOW_REPORT_H

#include "base/str.h"
#include "wal/holdings.h"
#include "wal/window.h"

#define WINDOW_REPORT_RATE (32 * MIB) /* bytes of WAL a second: assumed where nothing is known */

struct window_report {
	/* Set by the caller */
	struct arena *arena;
	const char *asset; /* NULL: paths were given */
	struct walset_options options;
	bool asked;    /* at_us holds */
	int64_t at_us; /* microseconds since 1970 */
	uint32_t tli;  /* 0: any */
	int64_t rate;  /* bytes a second */
	bool rate_given;

	/* One for each holding */
	const struct holdings *holdings;
	VEC(struct windows) sets;
	struct window_answer answer; /* the best one */
	size_t answer_set;
	bool good;
};

MUST_CHECK bool window_report_make(
	struct window_report *r, const struct holdings *h, struct err *err);
/* DESIGN.md promise 9 */
int window_report_status(const struct window_report *r);
/* Of the first archive that holds WAL; NULL when none does. */
const struct segment_header *window_report_header(const struct window_report *r);
/* Bytes of WAL to replay for the answer, and how many seconds that takes at the rate. */
uint64_t window_report_replay(const struct window_report *r);
int64_t window_report_forecast(const struct window_report *r);
void window_report_done(struct window_report *r);

#endif
