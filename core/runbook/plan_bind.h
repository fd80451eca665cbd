/*
 * plan_bind: the parameters of a runbook while they are bound. For core/runbook/plan_bind*.c only;
 * plan_build in plan.h is what others call.
 */
#ifndef RUNBOOK_PLAN_BIND_H
#define RUNBOOK_PLAN_BIND_H

#include "runbook/plan.h"

struct catalog;

struct binder {
	struct plan *plan;
	const struct site *site; /* NULL: there is none */
	const char *state;
	const struct plan_options *options;
	struct catalog *catalog; /* opened when the first backup is asked for */
	struct err *err;
};

/* What --set says of the parameter, the last word of several; NULL when nothing. */
const char *bind_given(const struct binder *b, const char *name);
/* Sets {{root}} or, with a part that is not "", {{root.part}}; without a value only what is known
 * late. */
void bind_variable(struct binder *b, const char *root, const char *part, enum var_kind kind,
	const char *value);
/* Notes what the parameter is bound to, for people. The text is copied. */
void bind_record(struct binder *b, const struct parameter *q, const char *text);

/* ERR_USAGE, with the option that gives it as the hint. Returns false. */
bool bind_missing(struct binder *b, const struct parameter *q, const char *example);
/* ERR_CONFIG. Returns false. */
bool bind_no_site(struct binder *b, const struct parameter *q);

/* One parameter of a type. ERR_USAGE for a missing or wrong value. */
MUST_CHECK bool bind_text(struct binder *b, const struct parameter *q);   /* plan_bind_text.c */
MUST_CHECK bool bind_set(struct binder *b, const struct parameter *q);    /* plan_bind_backup.c */
MUST_CHECK bool bind_backup(struct binder *b, const struct parameter *q); /* plan_bind_backup.c */

#endif
