/*
 * runbook_schema: the tables of a runbook; the kinds of steps add their own (step/).
 */
#include "base/banned.h"
#include "runbook/runbook.h"

const char *const parameter_type_names[] = {"text", "int", "duration", "time", "moment", "choice",
	"set", "backup", "target", "secret", NULL};

static const char *const choose_names[] = {"ask", "newest", "newest_proven", NULL};
static const char *const skip_names[] = {"allow", "forbid", NULL};
static const char *const drill_names[] = {"run", "simulate", "forbid", NULL};
static const char *const hangup_names[] = {"continue", "stop", NULL};
static const char *const leave_names[] = {"continue", "pause", "stop", NULL};
static const char *const unattended_names[] = {"run", "skip", "refuse", NULL};

#define AT(type, member) .offset = offsetof(struct type, member)
#define SCHEMA(what, type, table)                                           \
	{                                                                   \
		.name = what, .size = sizeof(struct type), .fields = table, \
		.count = ARRAY_LEN(table)                                   \
	}

static const struct field parameter_fields[] = {
	{"type", FIELD_CHOICE, AT(parameter, type), "what it is", .required = true,
		.choices = parameter_type_names},
	{"title", FIELD_TEXT, AT(parameter, title), "for people"},
	{"default", FIELD_TEXT, AT(parameter, otherwise), "when nobody gives one"},
	{"pattern", FIELD_TEXT, AT(parameter, pattern), "regular expression for the whole text"},
	{"choices", FIELD_TEXTS, AT(parameter, choices), "of a choice"},
	{"min", FIELD_INT, AT(parameter, min), "of an int"},
	{"max", FIELD_INT, AT(parameter, max), "of an int"},
	{"optional", FIELD_BOOL, AT(parameter, optional), "may stay empty"},
	{"asset", FIELD_ID, AT(parameter, asset), "of a backup or set"},
	{"set", FIELD_ID, AT(parameter, set), "of a backup"},
	{"of", FIELD_CHOICE, AT(parameter, of), "type of set", .choices = set_type_names},
	{"choose", FIELD_CHOICE, AT(parameter, choose), "which backup when none is named (newest)",
		.choices = choose_names},
	{"kind", FIELD_TEXT, AT(parameter, kind), "of a target: postgresql or directory"},
	{"environment", FIELD_CHOICE, AT(parameter, environment), "that a target must have",
		.choices = environment_names},
	{"from", FIELD_TEXTS, AT(parameter, from),
		"where a secret comes from, in order: env NAME, file PATH, prompt"},
};
static const struct schema parameter_schema = SCHEMA("a parameter", parameter, parameter_fields);

static const struct field retry_fields[] = {
	{"times", FIELD_INT, AT(step_retry, times), "how often after the first try",
		.required = true, .min = 1, .max = RETRY_MAX},
	{"delay", FIELD_DURATION, AT(step_retry, delay_s), "pause before each (10s)"},
};
const struct schema step_retry_schema = SCHEMA("retry", step_retry, retry_fields);

static const struct field expect_fields[] = {
	{"value", FIELD_TEMPLATE, AT(step_expect, value), "of a query: \">= 1\", \"~ ^ok\""},
	{"rows", FIELD_TEXT, AT(step_expect, rows), "number of rows of a query"},
	{"output", FIELD_TEMPLATE, AT(step_expect, output), "what the command printed"},
	{"exit", FIELD_INT, AT(step_expect, exit), "exit status of the command (0)", .max = 255},
};
static const struct schema expect_schema = SCHEMA("expect", step_expect, expect_fields);

static const struct field when_fields[] = {
	{"value", FIELD_TEMPLATE, AT(step_when, value), "usually a {{variable}}", .required = true},
	{"is", FIELD_TEXT, AT(step_when, is), "what it must be: \"production\", \"!= 0\"",
		.required = true},
};
static const struct schema when_schema = SCHEMA("when", step_when, when_fields);

static const struct field undo_fields[] = {
	{"run", FIELD_TEXTS, AT(step_undo, run), "program and arguments that take the step back"},
	{"instruction", FIELD_TEMPLATE, AT(step_undo, instruction), "what a person does"},
};
static const struct schema undo_schema = SCHEMA("undo", step_undo, undo_fields);

static const struct field approve_fields[] = {
	{"count", FIELD_INT, AT(step_approve, count), "how many others must consent (1)", .min = 1,
		.max = 10},
	{"from", FIELD_TEXTS, AT(step_approve, from), "who may (the site's approvers)"},
	{"within", FIELD_DURATION, AT(step_approve, within_s), "how long a request stands (1h)"},
	{"on_leave", FIELD_CHOICE, AT(step_approve, on_leave),
		"when one who consented leaves the run before the step is over (continue)",
		.choices = leave_names},
};
static const struct schema approve_schema = SCHEMA("approve", step_approve, approve_fields);

static const struct field step_fields[] = {
	{"id", FIELD_ID, AT(step, id), "stable name of the step", .required = true},
	{"title", FIELD_TEMPLATE, AT(step, title), "one line", .required = true},
	{"why", FIELD_TEMPLATE, AT(step, why), "what it is good for"},
	{"kind", FIELD_TEXT, AT(step, kind_name), "what sort of step", .required = true},
	{"effect", FIELD_CHOICE, AT(step, effect), "read, write or destroy",
		.choices = effect_names},
	{"when", FIELD_OBJECT, AT(step, when), "only if", .sub = &when_schema},
	{"timeout", FIELD_DURATION, AT(step, timeout_s), "ended after this (24h)", .min = 1},
	{"budget", FIELD_DURATION, AT(step, budget_s), "how long it is planned to take", .min = 1},
	{"retry", FIELD_OBJECT, AT(step, retry), "try again by itself", .sub = &step_retry_schema},
	{"expect", FIELD_OBJECT, AT(step, expect), "what success looks like",
		.sub = &expect_schema},
	{"capture", FIELD_ID, AT(step, capture), "variable that takes the step's value"},
	{"again", FIELD_ID, AT(step, again),
		"earlier step to which the run goes back when this one ran; needs when"},
	{"confirm", FIELD_NODE, AT(step, confirm), "true, or {type: text that must be typed}"},
	{"approve", FIELD_OBJECT, AT(step, approve), "consent of others", .sub = &approve_schema},
	{"undo", FIELD_OBJECT, AT(step, undo), "how to take it back", .sub = &undo_schema},
	{"check", FIELD_TEXTS, AT(step, check),
		"program that finds out after a crash whether it was done: exit 0 it was, 1 not"},
	{"irreversible", FIELD_TEMPLATE, AT(step, irreversible), "what can't be taken back"},
	{"on_fail", FIELD_NODE, AT(step, on_fail_node), "ask, stop, continue, or {retry: {...}}"},
	{"skip", FIELD_CHOICE, AT(step, skip), "whether it may be skipped (allow)",
		.choices = skip_names},
	{"drill", FIELD_CHOICE, AT(step, drill), "in a drill: run, simulate or forbid",
		.choices = drill_names},
	{"on_hangup", FIELD_CHOICE, AT(step, on_hangup),
		"when the operator's terminal goes (continue)", .choices = hangup_names},
	{"unattended", FIELD_CHOICE, AT(step, unattended), "without a person: run, skip or refuse",
		.choices = unattended_names},
	{"parallel", FIELD_ID, AT(step, parallel),
		"group: steps behind each other with the same one run at once"},
	{"each", FIELD_NODE, AT(step, each),
		"once for each item: a list, or a text with commas; {{item}} is the item"},
	{"env", FIELD_NODE, AT(step, env), "environment: NAME: value; the only place for secrets"},
};
const struct schema step_schema = SCHEMA("a step", step, step_fields);

static const struct field proves_fields[] = {
	{"backup", FIELD_TEMPLATE, AT(proves, backup), "which backup", .required = true},
	{"level", FIELD_CHOICE, AT(proves, level), "how far", .required = true,
		.choices = level_names},
};
static const struct schema proves_schema = SCHEMA("proves", proves, proves_fields);

static const struct field runbook_fields[] = {
	{"schema", FIELD_INT, AT(runbook, schema), "version of this format: 1", .required = true,
		.min = 1, .max = 1},
	{"id", FIELD_ID, AT(runbook, id), "stable name", .required = true},
	{"title", FIELD_TEXT, AT(runbook, title), "one line", .required = true},
	{"why", FIELD_TEXT, AT(runbook, why), "when to use it"},
	{"version", FIELD_INT, AT(runbook, version),
		"of this runbook; where runbooks are signed, an older one is refused",
		.max = 1000000000},
	{"rto", FIELD_DURATION, AT(runbook, rto_s), "recovery time objective", .min = 1},
	{"rpo", FIELD_DURATION, AT(runbook, rpo_s),
		"recovery point objective: loss that is allowed", .min = 1},
	{"newest_data", FIELD_ID, AT(runbook, newest_data),
		"step whose value is the time of the newest data that is there again"},
	{"tags", FIELD_TEXTS, AT(runbook, tags), "for searching"},
	{"parameters", FIELD_MAP, AT(runbook, parameters), "what is given at the start",
		.sub = &parameter_schema},
	{"done_when", FIELD_TEXTS, AT(runbook, done_when),
		"steps that stop the recovery clock when all have passed"},
	{"proves", FIELD_OBJECT, AT(runbook, proves), "what a successful run proves",
		.sub = &proves_schema},
	{"steps", FIELD_NODE, AT(runbook, steps_node), "the steps, in order", .required = true},
};
const struct schema runbook_schema = SCHEMA("a runbook", runbook, runbook_fields);
