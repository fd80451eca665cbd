/*
 * engine: the state machine of a run, in two files: engine.c decides what comes next,
 * attempt.c runs it and judges how it ended, finish.c ends the run.
 */
#ifndef RUN_ENGINE_H
#define RUN_ENGINE_H

#include "run/runner.h"

/* Advances soon, from the loop; so that no decision runs on top of another one's stack. */
void engine_kick(struct runner *r);
/* Records that a step failed before anything of it ran. */
void engine_fail_step(struct runner *r, const struct step *s, const struct err *err);
/* The step's value under the names that the runbook gives it. */
void engine_capture(struct runner *r, const struct step *s, const char *value);

/* What a step gave beside its value: {{STEP.name}}. */
void engine_take_sets(struct runner *r, const struct step *s, const struct texts *names,
	const struct texts *values);
/* The step is at hand; what was granted, asked or tried before is of no account for it. */
void engine_turn_to(struct runner *r, const struct step *s);
/* The child has ended and was judged: frees it from the loop, then goes on. */
void engine_child_over(struct runner *r);

/* attempt.c */
void engine_attempt(struct runner *r, const struct step *s);
/* Runs the command that takes a step back; `done` is the child's on_end. */
void engine_undo(struct runner *r, const struct step *s,
	void (*done)(struct child *c, const struct child_end *end, void *arg));
/* Has the target name itself. False when there is nothing to ask, or with *err set. */
bool engine_probe(struct runner *r, const struct step *s, struct err *err);
/* The runbook is still what was shown; the chosen backups are still there. */
MUST_CHECK bool engine_unchanged(struct runner *r, struct err *err);
MUST_CHECK bool engine_backups_there(struct runner *r, struct err *err);

/* finish.c */
void engine_done(struct runner *r);
/* Remembers how the run ends, then cleans up. The texts are copied. */
void engine_finish(
	struct runner *r, const char *outcome, int status, const char *message, const char *hint);
void engine_clean(struct runner *r);
/* Stops the recovery clock once done_when has passed. */
void engine_recovered(struct runner *r);

#endif
