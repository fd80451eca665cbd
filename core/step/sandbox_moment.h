/*
 * sandbox_moment: a sandbox step that recovers a cluster to a moment, and what all forms of the
 * step share.
 */
#ifndef STEP_SANDBOX_MOMENT_H
#define STEP_SANDBOX_MOMENT_H

#include "conf/schema.h"
#include "net/pg.h"

struct sandbox;
struct step_child;

struct sandbox_step {
	struct item item;
	int engine;
	int64_t version;
	const char *wal, *to, *backup, *timeline, *database, *move, *use, *into, *aside,
		*environment;
};

void sandbox_moment_describe(struct str *out, const struct sandbox_step *s);
MUST_CHECK bool sandbox_moment_run(
	struct step_child *c, const struct sandbox_step *s, struct err *err);

/* Hands on where it listens: {{STEP.conninfo}} and so on. */
void sandbox_step_tell(
	struct step_child *c, const struct sandbox_step *s, const struct sandbox *sandbox);

#endif
