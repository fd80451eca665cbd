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

/*
 * Until the person leaves or the terminal goes. False when no screen can be drawn here (no
 * terminal, or none of a kind that we know): the caller goes on line by line. *ret_status is the
 * run's own exit status when it has ended.
 */
MUST_CHECK bool console_open(struct cli *cli, const struct console_start *start, int *ret_status);

#endif
