/*
 * bar: how much of something is used up: [######      ]. Its text says the rest, so the colour is
 * never alone.
 */
#ifndef TUI_DRAW_BAR_H
#define TUI_DRAW_BAR_H

#include "tui/draw/canvas.h"

/* part of whole in w columns (at least 3); full from part >= whole on, empty when unknown (< 0). */
void bar_draw(struct area a, int x, int y, int w, unsigned style, int64_t part, int64_t whole);

/*
 * An age beside its limit: "[########    ] 5h58 / 6h"; the text alone when there is no room for
 * both. Seconds; `without` is said where there is no age (negative).
 */
void bar_draw_age(struct area a, unsigned style, int64_t age, int64_t limit, const char *without);

#endif
