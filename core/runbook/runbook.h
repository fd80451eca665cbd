/*
 * runbook: a YAML file of steps (DESIGN.md 5), parsed and checked, not yet bound to anything.
 *
 * Everything lives in the arena of the problems that it was loaded with.
 */
#ifndef RUNBOOK_RUNBOOK_H
#define RUNBOOK_RUNBOOK_H

#include "base/digest.h"
#include "conf/site.h"
#include "step/kind.h"

#define RUNBOOK_STEPS_MAX 2000
#define STEP_TIMEOUT_S    (24 * 3600) /* when a step does not say */
#define RETRY_MAX         1000
#define EACH_MAX          200 /* items of one loop */

enum parameter_type {
	PARAMETER_TEXT,
	PARAMETER_INT,
	PARAMETER_DURATION,
	PARAMETER_TIME,
	PARAMETER_MOMENT, /* where a recovery stops: wal/aim.h */
	PARAMETER_CHOICE,
	PARAMETER_SET,    /* asset/set */
	PARAMETER_BACKUP, /* asset/set/name */
	PARAMETER_TARGET,
	PARAMETER_SECRET,
};
extern const char *const parameter_type_names[];

enum choose { CHOOSE_ASK, CHOOSE_NEWEST, CHOOSE_NEWEST_PROVEN };

struct parameter {
	struct item item; /* key: its name */
	int type;
	const char *title;
	const char *otherwise; /* default */
	const char *pattern;   /* the whole text must match; POSIX extended */
	struct texts choices;
	int64_t min, max;
	int optional;
	const char *asset, *set; /* of a backup or set */
	int of;                  /* set type wanted; -1: any */
	int choose;              /* enum choose */
	const char *kind;        /* of a target: postgresql, directory */
	int environment;         /* of a target; -1: any */
	struct texts from;       /* sources of a secret */
};

struct step_retry {
	struct item item;
	int64_t times, delay_s;
};

struct step_expect {
	struct item item;
	const char *value, *output, *rows;
	int64_t exit;
};

struct step_when {
	struct item item;
	const char *value, *is;
};

struct step_undo {
	struct item item;
	struct texts run;
	const char *instruction;
};

enum on_leave { ON_LEAVE_CONTINUE, ON_LEAVE_PAUSE, ON_LEAVE_STOP };

struct step_approve {
	struct item item;
	int64_t count, within_s;
	int on_leave; /* -1 where not said */
	struct texts from;
};

enum on_fail { ON_FAIL_ASK, ON_FAIL_STOP, ON_FAIL_CONTINUE };
enum on_hangup { ON_HANGUP_CONTINUE, ON_HANGUP_STOP };
enum unattended { UNATTENDED_RUN, UNATTENDED_SKIP, UNATTENDED_REFUSE };
enum drill { DRILL_RUN, DRILL_SIMULATE, DRILL_FORBID };
enum skip { SKIP_ALLOW, SKIP_FORBID };

struct step {
	struct item item;
	const char *id, *title, *why, *kind_name;
	const struct step_kind *kind;
	void *params;          /* by the kind's schema, unresolved */
	const struct node *at; /* the step's map, for resolving */
	int effect;            /* enum effect, filled in from the kind */
	struct step_when *when;
	int64_t timeout_s, budget_s;
	struct step_retry *retry;
	struct step_expect *expect;
	const char *capture;
	const char *again;          /* id of an earlier step to which the run goes back after it */
	const struct node *confirm; /* true, or {type: TEMPLATE} */
	const char *confirm_type;   /* what to type; NULL: a confirmation without typing */
	struct step_approve *approve;
	struct step_undo *undo;
	struct texts check; /* finds out whether it was done: exit status 0 it was, 1 it was not */
	const char *irreversible;
	const struct node *on_fail_node; /* ask, stop, continue, or {retry: {...}} */
	int on_fail;
	int skip, drill, on_hangup, unattended; /* -1 where not said */
	const char *parallel;                   /* name of the group that it runs in; NULL */
	const struct node *each;                /* a list of TEMPLATEs, or one that lists them */
	const struct node *env;                 /* NAME: TEMPLATE */
	bool implied;                           /* made by the plan, not written in the file */
	const char *each_of; /* id of the step that this is a turn of; else NULL */
	const char *gives;   /* the variable that takes what the step sets; NULL: its id */
};

struct proves {
	struct item item;
	const char *backup; /* template */
	int level;
};

struct runbook {
	struct item item;
	int64_t schema;
	const char *id, *title, *why;
	int64_t version; /* of the runbook; FIELD_ABSENT counts as 0 */
	int64_t rto_s, rpo_s;
	const char *newest_data; /* id of the step that finds out how new the newest data is */
	struct texts tags;
	struct items parameters;
	struct texts done_when;
	struct proves *proves;
	const struct node *steps_node;
	struct items steps; /* struct step */
	const char *file;
	char sha256[DIGEST_HEX]; /* of the file's bytes */
	const char *text;        /* the bytes themselves */
	size_t text_len;
};

extern const struct schema runbook_schema, step_schema, step_retry_schema;

/*
 * Loads and checks. With `trusted`, the file and its parent directories must be safe to execute
 * from (F54); reading and linting need not be. NULL when anything was wrong.
 */
struct runbook *runbook_load(const char *path, bool trusted, struct problems *p);
/* From bytes, for a pinned copy and for fuzzing; `file` is for messages. */
struct runbook *runbook_parse(const char *text, size_t len, struct problems *p);

/* One step by itself, without a look at the others. NULL when anything was wrong. */
struct step *runbook_step_parse(const struct node *n, struct problems *p);

const struct parameter *runbook_parameter(const struct runbook *r, const char *name);
const struct step *runbook_step(const struct runbook *r, const char *id);

/*
 * Finds a runbook by what a person types: a path, or an id like postgres/restore-dump below the
 * shipped runbooks, ~/.config/lifeboat/runbooks and /etc/lifeboat/runbooks (later ones win).
 */
MUST_CHECK bool runbook_find(struct arena *a, const char *name, const char **ret, struct err *err);
/* All of them, as names for runbook_find, sorted. */
void runbook_list(struct arena *a, struct texts *ret);

/* The classic mistakes, beyond faults of form (lint.c). Adds errors and warnings. */
void runbook_lint(const struct runbook *r, struct problems *p);
/* Whether a finding is no matter of style: such a runbook is not run. */
bool runbook_lint_blocks(const struct problem *p);

#endif
