/*
 * lock: exclusive use of a target by one run on this machine. Dies with its process.
 */
#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include "base/err.h"

struct lock;

/*
 * A run inside a run (its process is below the other's) shares the target with it, and holds it
 * for itself beside: should the outer run die, nobody else has the target before the inner one
 * has ended.
 */
/* ERR_LOCK_HELD names the run that has the target, and its pid. */
MUST_CHECK bool lock_acquire(
	const char *state, const char *target, const char *run, struct lock **ret, struct err *err);
void lock_free(struct lock *l); /* NULL is a no-op */

#endif
