#include "base/banned.h"
#include "tui/draw/canvas.h"
#include "tui/draw/width.h"

static const struct cell blank = {.code = ' ', .style = ROLE_TEXT, .width = 1};

struct canvas *
canvas_new(int w, int h, bool ascii)
{
	struct canvas *c = util_alloc(sizeof(*c));

	c->ascii = ascii;
	canvas_resize(c, w, h);
	return c;
}

void
canvas_free(struct canvas *c)
{
	if (c == NULL)
		return;
	free(c->cells);
	free(c);
}

void
canvas_resize(struct canvas *c, int w, int h)
{
	c->w = MIN(MAX(w, 1), CANVAS_MAX);
	c->h = MIN(MAX(h, 1), CANVAS_MAX);
	free(c->cells);
	c->cells = util_alloc((size_t)c->w * (size_t)c->h * sizeof(*c->cells));
	canvas_clear(c);
}

void
canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++)
		c->cells[i] = blank;
	c->cursor = false;
}

void
canvas_row(const struct canvas *c, int y, struct str *out)
{
	size_t last = out->len;

	for (int x = 0; x < c->w; x++) {
		const struct cell *cell = &canvas_cells(c, y)[x];

		if (cell->code == 0)
			continue;
		text_encode(out, cell->code);
		if (cell->mark != 0)
			text_encode(out, cell->mark);
		if (cell->code != ' ')
			last = out->len;
	}
	str_cut(out, last);
}

struct area
canvas_area(struct canvas *c)
{
	return (struct area){c, 0, 0, c->w, c->h};
}

struct area
area_cut(struct area a, int x, int y, int w, int h)
{
	int left = MIN(MAX(x, 0), a.w), top = MIN(MAX(y, 0), a.h);
	int right = MIN(MAX(x + MAX(w, 0), left), a.w), bottom = MIN(MAX(y + MAX(h, 0), top), a.h);

	return (struct area){a.c, a.x + left, a.y + top, right - left, bottom - top};
}

struct area
area_top(struct area *a, int rows)
{
	struct area top = area_cut(*a, 0, 0, a->w, rows);

	*a = area_cut(*a, 0, top.h, a->w, a->h - top.h);
	return top;
}

struct area
area_bottom(struct area *a, int rows)
{
	struct area bottom = area_cut(*a, 0, MAX(a->h - rows, 0), a->w, rows);

	*a = area_cut(*a, 0, 0, a->w, a->h - bottom.h);
	return bottom;
}

struct area
area_left(struct area *a, int cols)
{
	struct area left = area_cut(*a, 0, 0, cols, a->h);

	*a = area_cut(*a, left.w, 0, a->w - left.w, a->h);
	return left;
}

struct area
area_right(struct area *a, int cols)
{
	struct area right = area_cut(*a, MAX(a->w - cols, 0), 0, cols, a->h);

	*a = area_cut(*a, 0, 0, a->w - right.w, a->h);
	return right;
}

struct area
area_center(struct area a, int w, int h)
{
	w = MIN(w, a.w);
	h = MIN(h, a.h);
	return area_cut(a, (a.w - w) / 2, (a.h - h) / 2, w, h);
}

static struct cell *
cell_at(struct area a, int x, int y)
{
	return &canvas_cells(a.c, a.y + y)[a.x + x];
}

/* Puts a cell where there is room for it, mending wide characters that it cuts in two. */
static void
put(struct area a, int x, int y, struct cell new)
{
	struct cell *cell;

	if (x < 0 || y < 0 || y >= a.h || x + new.width > a.w)
		return;
	cell = cell_at(a, x, y);
	if (cell->code == 0 && a.x + x > 0) {
		cell[-1].code = ' ';
		cell[-1].mark = 0;
		cell[-1].width = 1;
	}
	if (cell[new.width - 1].width == 2 && a.x + x + new.width < a.c->w) {
		cell[new.width].code = ' ';
		cell[new.width].width = 1;
	}
	cell[0] = new;
	if (new.width == 2)
		cell[1] = (struct cell){.style = new.style};
}

void
draw_glyph(struct area a, int x, int y, unsigned style, uint32_t code)
{
	if ((a.c->ascii && code >= 0x80) || width_code(code) != 1)
		code = '?';
	put(a, x, y, (struct cell){.code = code, .style = (uint16_t)style, .width = 1});
}

void
draw_styled_glyph(struct area a, int x, int y, unsigned style, const struct glyph *g)
{
	if (g->escaped)
		style = (style & ~(unsigned)STYLE_ROLE) | ROLE_ESCAPE;
	put(a, x, y,
		(struct cell){.code = g->code,
			.mark = g->mark,
			.style = (uint16_t)style,
			.width = (uint8_t)g->width});
}

/* The last w columns of a text, with a mark in front; skips glyphs until the rest fits. */
static int
draw_tail(struct area a, int x, int y, int w, unsigned style, struct glyphs all, size_t total)
{
	struct glyph g;
	int at = 1;

	draw_glyph(a, x, y, style, '<');
	while (all.column + (size_t)w - 1 < total && glyphs_next(&all, &g))
		;
	at += w - 1 - (int)(total - all.column); /* a wide one went as a whole */
	for (int i = 1; i < at; i++)
		draw_glyph(a, x + i, y, style, ' ');
	while (glyphs_next(&all, &g)) {
		draw_styled_glyph(a, x + at, y, style, &g);
		at += g.width;
	}
	return w;
}

#define TAIL_MAX 16384 /* columns of a text whose end is looked for */

int
draw_field(struct area a, int x, int y, int w, unsigned style, const char *text, size_t len,
	unsigned flags)
{
	struct glyphs all = glyphs_of(
		text, len, (a.c->ascii ? TEXT_ASCII : 0) | (flags & DRAW_NAME ? TEXT_NAME : 0));
	size_t total, room;
	struct glyph g;
	int at = 0;

	if (w < 0 || w > a.w - x)
		w = a.w - x;
	if (x < 0 || y < 0 || y >= a.h || w <= 0)
		return 0;
	room = (size_t)w;
	total = width_text(text, len, all.flags, flags & DRAW_TAIL ? TAIL_MAX : room);
	if (total > room && (flags & DRAW_TAIL))
		return draw_tail(a, x, y, w, style, all, total);
	if (flags & DRAW_RIGHT && total < room)
		x += (int)(room - total);
	while (glyphs_next(&all, &g)) {
		if (total > room && at + g.width > w - 1)
			break;
		draw_styled_glyph(a, x + at, y, style, &g);
		at += g.width;
	}
	if (total <= room)
		return at;
	for (; at < w; at++)
		draw_glyph(a, x + at, y, style, at == w - 1 ? '>' : ' ');
	return at;
}

int
draw_text(struct area a, int x, int y, unsigned style, const char *text)
{
	return draw_field(a, x, y, -1, style, text, strlen(text), 0);
}

int
draw_fmt(struct area a, int x, int y, unsigned style, const char *fmt, ...)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&text, fmt, ap);
	va_end(ap);
	return draw_field(a, x, y, -1, style, str_text(&text), text.len, 0);
}

void
draw_fill(struct area a, unsigned style)
{
	for (int y = 0; y < a.h; y++)
		for (int x = 0; x < a.w; x++)
			draw_glyph(a, x, y, style, ' ');
}

void
draw_hline(struct area a, int y, unsigned style)
{
	for (int x = 0; x < a.w; x++)
		draw_glyph(a, x, y, style, a.c->ascii ? '-' : 0x2500);
}

void
draw_vline(struct area a, int x, unsigned style)
{
	for (int y = 0; y < a.h; y++)
		draw_glyph(a, x, y, style, a.c->ascii ? '|' : 0x2502);
}

struct area
draw_box(struct area a, unsigned style, const char *title, unsigned title_style)
{
	bool ascii = a.c->ascii;

	draw_hline(a, 0, style);
	draw_hline(a, a.h - 1, style);
	draw_vline(a, 0, style);
	draw_vline(a, a.w - 1, style);
	draw_glyph(a, 0, 0, style, ascii ? '+' : 0x250c);
	draw_glyph(a, a.w - 1, 0, style, ascii ? '+' : 0x2510);
	draw_glyph(a, 0, a.h - 1, style, ascii ? '+' : 0x2514);
	draw_glyph(a, a.w - 1, a.h - 1, style, ascii ? '+' : 0x2518);
	if (title != NULL && a.w > 6) {
		struct area edge = area_cut(a, 2, 0, a.w - 4, 1);
		int n = draw_field(edge, 1, 0, edge.w - 2, title_style, title, strlen(title), 0);

		draw_glyph(edge, 0, 0, style, ' ');
		draw_glyph(edge, n + 1, 0, style, ' ');
	}
	return area_cut(a, 1, 1, a.w - 2, a.h - 2);
}

struct area
draw_modal(struct area a, int w, int h, unsigned style, const char *title)
{
	struct area box = area_center(a, w, h);

	draw_restyle(a, ROLE_DIM);
	draw_fill(box, ROLE_TEXT);
	return draw_box(box, style, title, ROLE_TITLE);
}

void
draw_restyle(struct area a, unsigned style)
{
	for (int y = 0; y < a.h; y++)
		for (int x = 0; x < a.w; x++)
			cell_at(a, x, y)->style = (uint16_t)style;
}

void
draw_cursor(struct area a, int x, int y)
{
	if (x < 0 || y < 0 || x >= a.w || y >= a.h)
		return;
	a.c->cursor = true;
	a.c->cursor_x = a.x + x;
	a.c->cursor_y = a.y + y;
}
