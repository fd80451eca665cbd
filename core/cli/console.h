/*
 * console: the console as the commands know it. It is opened by `run`, `attach` and `resume` on a
 * terminal; what it is stands in tui/, above this room, so only the declaration is here.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "cli/cli.h"

struct console_start {
	const char *run_dir; /* a run to show first; NULL: the board */
	bool read_only;
	bool kiosk; /* implies read_only */
};

/* Whether a screen can be drawn: both ends a terminal, of a kind that we know. */
bool console_possible(void);
/* Until the person leaves or the terminal goes; the exit status of the run when it has ended. */
int console_open(struct cli *cli, const struct console_start *start);

#endif
