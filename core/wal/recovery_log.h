/*
 * recovery_log: why a recovery did not come to its target, in words, from the server's log
 * (FACTS.md section 4; messages of versions 12 to 17, in English: set lc_messages to C).
 */
#ifndef WAL_RECOVERY_LOG_H
#define WAL_RECOVERY_LOG_H

#include "base/arena.h"

struct recovery_fault {
	const char *code;    /* stable: "target-not-reached" */
	const char *what;    /* what happened, a sentence */
	const char *way_out; /* a sentence */
	const char *line;    /* the line of the log, untrusted; "" where its absence tells */
};

/*
 * False when the log shows nothing that is known to go wrong. `log` is that of one start, from
 * the first line on. ret->line lives in the arena.
 */
MUST_CHECK bool recovery_explain(
	struct arena *a, const char *log, size_t len, struct recovery_fault *ret);

#endif
