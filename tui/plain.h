/*
 * plain: the linear mode, for screen readers and for terminals that no screen can be drawn on: the
 * board as sentences, one set after the other, then a question that takes a word. Nothing is ever
 * drawn over; colour and place say nothing.
 */
#ifndef TUI_PLAIN_H
#define TUI_PLAIN_H

#include "cli/cli.h"
#include "tui/app.h"

/*
 * Without a terminal the board alone, and how to go on. The exit status of `lifeboat board`, or 0
 * when the person left.
 */
int plain_run(struct cli *cli, const struct app_options *o);

#endif
