/*
 * line: one row of parts, some at the left, some at the right: headers, status lines. What does
 * not fit goes by priority, not by place.
 */
#ifndef TUI_DRAW_LINE_H
#define TUI_DRAW_LINE_H

#include "tui/draw/canvas.h"

#define LINE_PARTS 16

struct line_part {
	const char *text; /* untrusted; NULL or empty: not there */
	unsigned style;
	int priority; /* 0 is never left out, only cut */
	bool right;
};

/* Fills the area's first row with `style` and puts the parts on it. */
void line_draw(struct area a, unsigned style, const struct line_part *parts, size_t n);

#endif
