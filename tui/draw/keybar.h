/*
 * keybar: the keys that matter now, at the bottom of the screen, from the table of keys.
 */
#ifndef TUI_DRAW_KEYBAR_H
#define TUI_DRAW_KEYBAR_H

#include "tui/draw/canvas.h"
#include "tui/keys.h"

/* Which rows may be offered: a screen that is read-only or a kiosk leaves some out. */
struct keybar {
	unsigned contexts;
	bool (*allowed)(void *arg, const struct action_row *row); /* NULL: all */
	void *arg;
};

/* Help is at the right end, where it holds; the others as they fit, in the order of the table. */
void keybar_draw(struct area a, const struct keybar *bar);

#endif
