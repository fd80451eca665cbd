/*
 * actions: what an action of the table (keys.h) does, whether a key, the palette or a menu asks
 * for it: the view that is shown gets it first, then the console. Nothing is done that may not be
 * done here.
 */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include "tui/app.h"
#include "tui/draw/keybar.h"

/* `argument` is what its row in the table completes, a theme's name; "" where there is none. */
void actions_do(struct app *app, enum action action, const char *argument);

/* The actions that hold now, for the key bar, the help and the palette. */
struct keybar actions_bar(struct app *app);

#endif
