/*
 * restore_feed: a restoring tool (psql, pg_restore) fed from a backup and watched: what goes in
 * and what comes out can be looked at on the way; it ends at a deadline or when interrupted.
 */
#ifndef VERIFY_RESTORE_FEED_H
#define VERIFY_RESTORE_FEED_H

#include "base/proc.h"
#include "verify/scan.h"

#define FEED_SAID_MAX ((size_t)(16 * KIB))

/* Looks at bytes before they go on; false, with *err set, ends everything. */
typedef bool (*feed_look)(void *arg, const void *bytes, size_t len, struct err *err);

struct feed {
	struct proc_spec proc; /* fds and group are set here; fds[0] may be an open file */
	struct scan *in;       /* standard input, piece by piece; NULL: fds[0], or nothing */
	feed_look look_in;     /* may be NULL */
	feed_look look_out;    /* takes standard output; NULL: it goes to /dev/null */
	void *arg;
	int interrupt_fd; /* readable: stop; -1: none */
	int64_t timeout_ms;
	/* What came of it */
	struct proc_exit exit;
	struct str said; /* the end of standard error; bounded by FEED_SAID_MAX */
};

/*
 * Runs the tool to its end. True when it ended by itself, whatever its status; false when it
 * could not be started, when reading or a look failed, at the deadline (ERR_TIMEOUT) or when
 * interrupted (ERR_STOPPED): then it was killed, so that nothing half-fed is committed.
 */
MUST_CHECK bool feed_run(struct feed *f, struct err *err);
void feed_done(struct feed *f);

#endif
