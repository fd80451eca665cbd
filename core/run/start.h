/*
 * start: gives a run its directory and its runner process.
 */
#ifndef RUN_START_H
#define RUN_START_H

#include "runbook/plan.h"

struct start_options {
	const char **answers; /* "STEP=TEXT", given beforehand */
	size_t nanswers;
	bool attended;
	/* Asks a person for a secret; NULL when nobody can be asked. *ret may stay NULL. */
	bool (*prompt)(const char *name, struct secret **ret, void *arg, struct err *err);
	void *arg;
};

/*
 * Writes the plan into a new run directory and starts its runner, which has recorded the start
 * when this returns. Refused in a read-only process (ERR_READ_ONLY): see base/readonly.h.
 */
MUST_CHECK bool run_start(struct arena *a, const struct plan *p, const char *state,
	const struct start_options *o, const char **ret_id, struct err *err);
/* The plan of a run as it was pinned in the run's directory. */
MUST_CHECK bool run_pinned_plan(
	struct arena *a, const char *dir, struct plan **ret, struct err *err);
/* Starts a new runner for a run whose runner died, or which ended without being done. */
MUST_CHECK bool run_resume(struct arena *a, const char *state, const char *id,
	const struct start_options *o, struct err *err);

/* Whether a person has to be asked for the secret: no source before "prompt" has it. */
MUST_CHECK bool run_secret_asked(const struct plan_secret *s, bool *ret, struct err *err);

#endif
