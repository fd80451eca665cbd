/*
 * judge: what the parts of a verdict share (verdict.c, verdict_copy.c, verdict_due.c,
 * verdict_size.c). Nobody else includes this.
 */
#ifndef CATALOG_JUDGE_H
#define CATALOG_JUDGE_H

#include "catalog/verdict.h"

struct judge {
	struct arena *arena;
	const struct verdict_in *in;
	struct set_verdict *out;
};

/* The verdict becomes at least v. Worst reason first; among equals in the order of finding. */
void judge_reason(struct judge *j, enum verdict v, const char *fmt, ...) PRINTF(3, 4);
/* "26h", "8d", "41m" */
const char *judge_duration(struct judge *j, int64_t seconds);

void judge_copies(struct judge *j); /* in other locations */
void judge_due(struct judge *j);    /* schedule and missed runs */
void judge_size(struct judge *j);   /* against the ones before */

#endif
