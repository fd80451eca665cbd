/*
 * judge: how a try of a step ended, from what its process said, printed and exited with.
 *
 * Everything that goes into the records passes the mask here and is bounded, so that a result
 * always fits the room that was put aside for it (F02).
 */
#ifndef RUN_JUDGE_H
#define RUN_JUDGE_H

#include "run/runner.h"

/* Texts live in the runner's step_arena; NULL where there is none. */
struct judgement {
	enum outcome outcome;
	const char *message, *hint, *code;
	const char *value; /* what the step gave */
	bool value_lost;   /* it gave one that no record can hold, and that nobody needs */
};

void judge(struct runner *r, const struct child_end *end, struct judgement *ret);
/* Fills the record of the result. */
void judge_write(struct runner *r, const struct child_end *end, const struct judgement *g);
/* A text of a child without the secrets in it; NULL gives NULL. */
const char *judge_masked(struct runner *r, const char *text);

#endif
