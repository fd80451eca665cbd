/*
 * resolve: one step with its variables replaced: exactly what will run.
 *
 * The same function serves the plan (where values that a step has yet to give stand as they are
 * written) and the runner (where everything must be known).
 */
#ifndef RUNBOOK_RESOLVE_H
#define RUNBOOK_RESOLVE_H

#include "runbook/runbook.h"
#include "runbook/vars.h"

#define RESOLVE_TARGETS_MAX 8

struct resolved {
	const struct step *step;
	const char *title, *why;
	const char *params;       /* JSON map for the step's process */
	const char *describe;     /* what will run, in words and argv; untrusted text */
	const char *env;          /* "NAME=value" lines with secrets masked; "" for none */
	const char *confirm_type; /* what must be typed; NULL */
	const char *irreversible, *undo;
	const char *undo_params, *undo_describe;   /* of the command that takes it back; NULL */
	const char *check_params, *check_describe; /* ... that finds out whether it was done */
	const char *expect_value, *expect_output;
	bool late;         /* something of params is not known yet */
	bool confirm_late; /* ... of confirm_type */
	/* Names of the variables that are targets and backups, and that the step refers to. */
	const char *targets[RESOLVE_TARGETS_MAX];
	size_t ntargets;
	const char *backups[RESOLVE_TARGETS_MAX];
	size_t nbackups;
};

/* ERR_CONFIG names the step and what is wrong in it. flags: EXPAND_LATE or 0. */
MUST_CHECK bool step_resolve(const struct step *s, const struct scope *scope, unsigned flags,
	struct arena *a, struct resolved *ret, struct err *err);

/* The environment entries of a step, secrets included, for its process only. */
struct proc_env;
MUST_CHECK bool step_environment(const struct step *s, const struct scope *scope, struct arena *a,
	struct proc_env *env, struct err *err);

/* Whether `when` is met; true for a step without one. */
MUST_CHECK bool step_wanted(
	const struct step *s, const struct scope *scope, bool *ret, struct err *err);

/* Adds the name (of a root variable) to every root that the step's texts refer to. */
typedef void (*step_roots_cb)(const char *root, void *arg);
void step_roots(const struct step *s, step_roots_cb cb, void *arg);

#endif
