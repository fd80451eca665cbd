/*
 * frame: what stands around every screen: the header, the tabs, and the last line with the keys or
 * a notice.
 */
#ifndef TUI_FRAME_H
#define TUI_FRAME_H

#include "tui/app.h"
#include "tui/draw/keybar.h"

/* Draws it and returns what is left for the screen. */
struct area frame_draw(struct app *app, struct area whole, const struct keybar *bar);

#endif
