/*
 * engine: the state machine of a run: engine.c decides what comes next, gate.c what people must
 * say before it, attempt.c runs it and judges how it ended, finish.c ends the run.
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

/* A refusal ends the run: nobody may be asked, or nobody's answer could change it. */
void engine_refuse(struct runner *r, const struct err *err);

/* gate.c: asks the people at the run; unattended takes what was answered beforehand, else refuses
 * (an approval always). */
void gate_ask_person(struct runner *r, const struct step *s); /* manual and choose steps */
void gate_ask_grant(struct runner *r, const struct step *s);
void gate_ask_approval(struct runner *r, const struct step *s);
/* Whether somebody must let the step go, and whether he did, of what it is now. */
bool gate_wants_grant(const struct runner *r, const struct step *s);
bool gate_is_granted(struct runner *r, const struct step *s);

/* attempt.c */
void engine_attempt(struct runner *r, const struct step *s);
/* A command beside the step's own: it takes it back, or finds out whether it was done. */
struct beside {
	const char *name;              /* of its records: step.NAME_intent */
	const char *params, *describe; /* from struct resolved */
	void (*done)(struct child *c, const struct child_end *end, void *arg); /* arg: the runner */
};
/* False when it could not be started; why stands in the ledger's data, for step.NAME_result. */
bool engine_beside(struct runner *r, const struct step *s, const struct beside *b);
/* The ledger's data, with its exit status, seconds and output. */
struct json *engine_beside_end(struct runner *r, const struct child_end *end);
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
