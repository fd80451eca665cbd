/*
 * replay: waiting until a recovery has come to its target, and why it never will.
 *
 * Success is what the server itself says: paused at its target, never the exit status of who
 * started it (FACTS.md section 4). PostgreSQL 12 and later.
 */
#ifndef STEP_REPLAY_H
#define STEP_REPLAY_H

#include "base/err.h"

struct step_child;

struct replay {
	const char *conninfo;
	const char *log;       /* path of the server's log, to explain a failure; NULL */
	const char *from, *to; /* LSNs between which it replays, for the progress; NULL */
	int64_t every_s;
};

/*
 * Hands on `lsn`, `at` (of the last transaction that was replayed) and `timeline`; the step's
 * value says all in words. ERR_CHECK_FAILED when the recovery failed or took writes.
 */
MUST_CHECK bool replay_wait(struct step_child *c, const struct replay *r, struct err *err);

#endif
