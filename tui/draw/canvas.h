/*
 * canvas: a grid of cells in memory that screens are drawn on, and clipped drawing into it.
 *
 * Every text is untrusted and passes width.h on its way into the cells; tui/term sends cells to
 * the terminal and nothing else. Drawing outside of an area is no error, it is clipped.
 */
#ifndef TUI_DRAW_CANVAS_H
#define TUI_DRAW_CANVAS_H

#include "base/str.h"
#include "tui/draw/style.h"

#define CANVAS_MAX 1000 /* columns and rows; a larger terminal is used in part */

struct cell {
	uint32_t code; /* 0 in the second column of a wide character */
	uint32_t mark; /* a combining mark, or 0 */
	uint16_t style;
	uint8_t width; /* 1, 2, or 0 with code 0 */
	uint8_t none;  /* no padding: rows are compared as bytes */
};

struct canvas {
	struct cell *cells; /* row by row */
	int w, h;
	bool ascii; /* lines are drawn with - | +, and text beyond ASCII is escaped */
	int cursor_x, cursor_y;
	bool cursor; /* shown at that place */
};

/* The cells of row y. */
static inline struct cell *
canvas_cells(const struct canvas *c, int y)
{
	return c->cells + (size_t)y * (size_t)c->w;
}

struct canvas *canvas_new(int w, int h, bool ascii);
void canvas_free(struct canvas *c);
void canvas_resize(struct canvas *c, int w, int h); /* clamped to 1..CANVAS_MAX; then empty */
void canvas_clear(struct canvas *c);
/* One row as UTF-8 without trailing blanks, for tests and for --plain. */
void canvas_row(const struct canvas *c, int y, struct str *out);

/* A rectangle of a canvas; x and y of the drawing functions count from its corner. */
struct area {
	struct canvas *c;
	int x, y, w, h; /* always within the canvas; w and h may be 0 */
};

struct area canvas_area(struct canvas *c);
/* What of the rectangle lies inside. */
struct area area_cut(struct area a, int x, int y, int w, int h);
/* Take rows or columns off one side of *a and return them; fewer when there are no more. */
struct area area_top(struct area *a, int rows);
struct area area_bottom(struct area *a, int rows);
struct area area_left(struct area *a, int cols);
struct area area_right(struct area *a, int cols);
/* The rectangle w x h in the middle. */
struct area area_center(struct area a, int w, int h);

enum draw_flags {
	DRAW_RIGHT = 1 << 0, /* aligned to the right end */
	DRAW_TAIL = 1 << 1,  /* when too long, its end is shown: paths, names with dates */
	DRAW_NAME = 1 << 2,  /* a name that somebody must be sure of: as TEXT_NAME has it */
};

/* All return the columns that were used. A text that is cut shows > (or <) at the cut. */
int draw_text(struct area a, int x, int y, unsigned style, const char *text);
int draw_fmt(struct area a, int x, int y, unsigned style, const char *fmt, ...) PRINTF(5, 6);
/* Into w columns from x on; w < 0 means up to the right edge. */
int draw_field(struct area a, int x, int y, int w, unsigned style, const char *text, size_t len,
	unsigned flags);
/* Words wrapped to the area's width from row y on; returns the rows, drawn or not. */
int draw_wrapped(struct area a, int y, unsigned style, const char *text);
/* The rows that draw_wrapped would take at this width. */
int draw_wrapped_rows(int w, const char *text, bool ascii);

struct glyph;
/* A glyph out of width.h, for those who walk a text themselves. */
void draw_styled_glyph(struct area a, int x, int y, unsigned style, const struct glyph *g);
/* One glyph of our own; never a code point from outside. */
void draw_glyph(struct area a, int x, int y, unsigned style, uint32_t code);
void draw_fill(struct area a, unsigned style);
void draw_hline(struct area a, int y, unsigned style);
void draw_vline(struct area a, int x, unsigned style);
/* A frame with a title in its upper edge (may be NULL); returns what is inside. */
struct area draw_box(struct area a, unsigned style, const char *title, unsigned title_style);
/*
 * A box of w x h in the middle for something that has all keys to itself: what lies behind steps
 * back. Returns what is inside.
 */
struct area draw_modal(struct area a, int w, int h, unsigned style, const char *title);
/* Gives cells that are drawn already another style. */
void draw_restyle(struct area a, unsigned style);
/* Asks for the terminal's cursor at this place. */
void draw_cursor(struct area a, int x, int y);

#endif
