/*
 * kind: the kinds of steps. Each is one file and one row in kinds.c.
 *
 * A row says what a step of the kind may hold (the schema), how to say exactly what it will do
 * (describe) and how to do it. Steps run in a child process of their own, so run() may block;
 * it reports through step_child.h. Kinds that a person answers have no run().
 */
#ifndef STEP_KIND_H
#define STEP_KIND_H

#include "conf/schema.h"

enum effect { EFFECT_READ, EFFECT_WRITE, EFFECT_DESTROY };
extern const char *const effect_names[];

struct step_child;

struct step_kind {
	const char *name;
	const char *summary;
	const struct schema *params;
	enum effect effect; /* when the step does not say */
	bool person;        /* answered by a person; nothing is executed */
	bool output;        /* prints; the runner keeps its output */
	bool retriable;     /* running it twice does no more than running it once */
	bool locations;     /* reads the site's locations, and is given the keys for them */

	/* Faults beyond the schema; may be NULL. */
	void (*check)(
		const void *params, enum effect effect, const struct node *at, struct problems *p);
	/* Exactly what will run, in one or more lines, from resolved or unresolved parameters. */
	void (*describe)(struct str *out, const void *params);
	/* In the child. False with *err when it failed; see step_child.h for everything else. */
	bool (*run)(struct step_child *c, const void *params, struct err *err);
	/* In a child, when the run is over, whatever became of the step; may be NULL. */
	bool (*cleanup)(struct step_child *c, struct err *err);
};

extern const struct step_kind *const step_kinds[]; /* ends with NULL */
const struct step_kind *step_kind_find(const char *name);

/* argv as a shell would need it written, for people only; nothing is ever run from this text. */
void step_quote_argv(struct str *out, const struct texts *argv);

#endif
