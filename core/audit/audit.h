/*
 * audit: the host's log of everything done. No audit, no action (DESIGN.md promise 5).
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/chain.h"
#include "base/arena.h"

/* $STATE/audit/audit.log */
const char *audit_path(struct arena *a, const char *state);

/* Opens (and makes, where needed) the log below the state directory. */
MUST_CHECK bool audit_open(
	const char *state, const char *actor, struct chain **ret, struct err *err);

/* One record by somebody who needs no more than one: opens, appends, closes. */
MUST_CHECK bool audit_note(const char *state, const struct record *r, struct err *err);

#endif
