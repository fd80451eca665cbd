/*
 * vars: {{name}} in the texts of a runbook, and what the names stand for.
 *
 * A value is inserted as it is, once: what it contains is never expanded again, split into
 * words or shown to a shell. A secret is only inserted where the caller allows it.
 */
#ifndef RUNBOOK_VARS_H
#define RUNBOOK_VARS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/secret.h"

enum var_kind {
	VAR_TEXT,
	VAR_TARGET, /* value: its name; name.conninfo and so on beside it */
	VAR_BACKUP, /* value: asset/set/name; name.path and so on beside it */
	VAR_SECRET, /* value: NULL; the secret itself only in the runner */
	VAR_LATE,   /* known once a step has run */
};

struct var {
	const char *name;
	enum var_kind kind;
	const char *value;
	const struct secret *secret; /* of a VAR_SECRET, where it is at hand; not owned */
};

struct scope {
	struct arena *arena;
	VEC(struct var) vars;
};

void scope_init(struct scope *s, struct arena *a);
/* Adds or replaces; name and value are copied. */
struct var *scope_set(struct scope *s, const char *name, enum var_kind kind, const char *value);
const struct var *scope_get(const struct scope *s, const char *name);
/* The variable that a dotted name belongs to: "target" for "target.conninfo". */
const struct var *scope_root(const struct scope *s, const char *name);

enum expand_flags {
	EXPAND_LATE = 1 << 0,   /* leave {{late}} standing instead of failing */
	EXPAND_SECRET = 1 << 1, /* insert secrets */
	EXPAND_MASK = 1 << 2,   /* write (secret NAME) for secrets */
};

/*
 * Appends text with its variables replaced. ERR_CONFIG names a variable that does not exist, is
 * not known yet, or is a secret where none may stand.
 */
MUST_CHECK bool vars_expand(
	const struct scope *s, const char *text, unsigned flags, struct str *out, struct err *err);

/* Whether something in the text is only known once a step has run. */
bool vars_late(const struct scope *s, const char *text);

/* Calls cb for each {{name}} in the text, in order; false at a brace that is not closed. */
typedef void (*vars_cb)(const char *name, size_t len, void *arg);
MUST_CHECK bool vars_each(const char *text, vars_cb cb, void *arg);

#endif
