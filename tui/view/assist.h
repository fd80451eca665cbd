/*
 * assist: the help and the palette as views over everything.
 */
#ifndef TUI_VIEW_ASSIST_H
#define TUI_VIEW_ASSIST_H

#include "tui/draw/keybar.h"
#include "tui/view.h"

void assist_help(struct app *app, const struct keybar *bar);
/* `chosen` gets the action and its argument ("" when there is none). */
void assist_palette(struct app *app, const struct keybar *bar,
	void (*chosen)(struct app *app, enum action action, const char *argument));

#endif
