/*
 * follow_output: what a step prints, behind a prefix, for follow.
 *
 * However much it is and however fast it comes, one call shows a bounded part of it, so that
 * whoever calls can look at keys and signals in between (F35).
 */
#ifndef CLI_FOLLOW_OUTPUT_H
#define CLI_FOLLOW_OUTPUT_H

#include "cli/cli.h"
#include "run/state.h"

#include <sys/types.h>

struct follow_output {
	const char *dir; /* of the run */
	/*
	 * A person is shown what goes on now: what a terminal can't take as fast as it comes is
	 * left out, and said to be. A pipe gets all of it.
	 */
	bool person;
	char step[80];
	int64_t attempt;
	off_t at;
	bool cut;    /* what was shown last ended within a line */
	bool behind; /* there is more than was shown: come back soon */
};

/* What the step has printed since the last look; all of the rest when it has ended, unless a
 * signal (SIGINT, SIGTERM, blocked by the caller) waits. */
void follow_output_print(struct follow_output *o, struct cli *cli, const struct step_state *st);

/* Text made visible, each of its lines behind the prefix. */
void follow_print(struct cli *cli, const char *prefix, const char *text, size_t len);

#endif
