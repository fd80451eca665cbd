/*
 * banner: the verdict of a whole site in letters that can be read across a room, for status
 * boards.
 */
#ifndef TUI_VIEW_BANNER_H
#define TUI_VIEW_BANNER_H

#include "tui/draw/canvas.h"
#include "tui/model/shelf.h"

/* Takes its rows off *a: as large as there is room for. */
void banner_draw(struct area *a, const struct shelf *s, int64_t now);

#endif
