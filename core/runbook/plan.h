/*
 * plan: a runbook bound to its parameters: what a run will do, fixed before it starts.
 *
 * A plan is written into the run's directory (plan.json, with copies of the runbook and the
 * site file beside it) and read back by the runner, so that what was shown is what is executed.
 * Secrets are named in it, never contained.
 */
#ifndef RUNBOOK_PLAN_H
#define RUNBOOK_PLAN_H

#include "conf/json_read.h"
#include "runbook/resolve.h"

enum plan_mode { PLAN_LIVE, PLAN_DRILL };
extern const char *const plan_mode_names[];

struct plan_target {
	const char *var; /* the parameter or sandbox step */
	const char *name, *kind, *conninfo, *environment, *database, *system_identifier;
	bool sandbox;
	bool touched; /* by a step that writes or destroys: locked for the run */
};

/* What was chosen, so that a step can notice when it is no longer there (or no longer that). */
struct plan_backup {
	const char *var, *id, *path; /* path: local file or directory, NULL when it is elsewhere */
	int64_t size, mtime, finished_at; /* finished_at may be CLOCK_NONE */
};

struct plan_secret {
	const char *name;
	struct texts from;
	bool optional;
};

struct plan {
	struct arena *arena;
	const struct runbook *runbook;
	enum plan_mode mode;
	bool attended;
	const char *operator, * site, *site_file, *created_at;
	const char *parent_run, *parent_step; /* the step that the run is; NULL: of nobody */
	struct texts approvers; /* of the site: who may approve where a step names nobody */
	const char *group, *allowed_signers; /* of the site's operators; NULL */
	int64_t incident; /* when the recovery clock began; CLOCK_NONE: with the run */
	struct scope scope;
	struct items steps;     /* struct step: the runbook's, and those that the plan implies */
	struct texts done_when; /* ids of steps of the plan */
	VEC(struct plan_target) targets;
	VEC(struct plan_backup) backups;
	VEC(struct plan_secret) secrets;
	VEC(struct parameter_value) parameters;
};

/* A parameter as it was given, for people; a secret has no text. */
struct parameter_value {
	const char *name, *text;
	bool given; /* by the operator; else a default or a choice of ours */
};

struct plan_options {
	enum plan_mode mode;
	bool attended;
	const char *operator;
	int64_t incident;  /* CLOCK_NONE: not given */
	const char **sets; /* "name=value" */
	size_t nsets;
	int depth;   /* of runbooks in runbooks */
	bool cached; /* choose from the catalog as it lies there, without looking at the places */
};

/*
 * Binds the parameters (plan_bind.c): values are checked against their types, backups chosen
 * from the catalog below `state`, targets from the site, and in a drill only from what is not
 * production. `site` may be NULL for a runbook that needs none.
 * ERR_USAGE for a missing or wrong value, ERR_REFUSED for production in a drill, or for a runbook
 * that is not signed where the site wants it.
 */
MUST_CHECK bool plan_build(struct arena *a, const struct runbook *r, const struct site *site,
	const char *state, const struct plan_options *o, struct plan **ret, struct err *err);

/* Why a parameter does not take this target, in words behind "because"; NULL when it does. */
const char *plan_target_unfit(
	struct arena *a, const struct parameter *q, const struct target *t, enum plan_mode mode);
/* Whether it takes this set, or a backup of it. */
bool plan_takes_set(const struct parameter *q, const struct set *s);

/*
 * The steps: the runbook's, with loops unrolled, and those that targets imply; and the variables
 * that no parameter gives: site, run, operator, and what steps will give. An error is one of a
 * loop: ERR_USAGE without items, ERR_LIMIT with too many, ERR_CONFIG.
 */
MUST_CHECK bool plan_assemble(struct plan *p, struct err *err);
/*
 * nested.c: binds and checks a runbook that is a step, and pins what is shown of it in
 * {{STEP.pinned}}. ERR_REFUSED when it waits for somebody whom nobody here speaks for.
 */
MUST_CHECK bool plan_nest(struct plan *p, const struct step *s, const struct site *site,
	const char *state, const struct plan_options *o, struct err *err);
#define NEST_MAX 3
/* Whether an unattended run comes to the gates of the step for certain. */
bool plan_is_met(const struct plan *p, const struct step *s);
/* Why a step does not run where nobody is, in words behind its name; NULL when it does. */
const char *plan_needs_person(const struct plan *p, const struct step *s);
/* each.c: one step for each item of the loop. */
MUST_CHECK bool plan_expand_each(struct plan *p, const struct step *s, struct err *err);

/*
 * A plan in which no parameter has a value yet, for reading a runbook: texts keep the {{names}}
 * of what is still to be given.
 */
struct plan *plan_outline(struct arena *a, const struct runbook *r);

/* By its id in the plan. */
const struct step *plan_step(const struct plan *p, const char *id);
const struct plan_target *plan_target(const struct plan *p, const char *var);
const struct plan_backup *plan_backup(const struct plan *p, const char *var);

/* The fields of a target, or of a backup, in an object that is open: as plan.json and the
 * processes of steps have them. */
void plan_target_json(const struct plan_target *t, struct json *j);
void plan_backup_json(const struct plan_backup *b, struct json *j);

/* Every step resolves, as far as it can before the start. */
MUST_CHECK bool plan_check(struct plan *p, struct err *err);

/* Writes and reads plan.json. */
void plan_save(const struct plan *p, struct str *out);
/* `runbook` is the pinned copy, already parsed; its digest must be the plan's. */
MUST_CHECK bool plan_load(struct arena *a, const cJSON *json, const struct runbook *runbook,
	struct plan **ret, struct err *err);

/* For people: every step with exactly what it would run, where and as whom. */
void plan_text(struct plan *p, struct str *out);
void plan_json(struct plan *p, struct json *j);

#endif
