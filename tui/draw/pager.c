#include "base/banned.h"
#include "tui/draw/pager.h"
#include "tui/draw/width.h"
#include "tui/keys.h"

#define SEARCH_SLICE (4 * MIB) /* bytes; about 10 ms */
#define LEFT_STEP    8

void
pager_init(struct pager *p, struct pages *pages)
{
	*p = (struct pager){.pages = pages, .width = 80, .page = 1, .search_from = -1, .hit = -1};
	entry_init(&p->field, PAGER_SEARCH_MAX, false);
}

void
pager_done(struct pager *p)
{
	pages_free(p->pages);
	entry_done(&p->field);
	free(p->needle);
}

static unsigned
text_flags(const struct canvas *c)
{
	return TEXT_LINES | (c != NULL && c->ascii ? TEXT_ASCII : 0);
}

/* Rows that a line takes. Escapes are ASCII, so this is the same for every canvas but wide text. */
static int
rows_of(struct pager *p, int64_t position)
{
	struct pages_line line;
	size_t columns;

	if (!p->wrap)
		return 1;
	pages_line(p->pages, position, &line);
	columns = width_text(line.text, line.len, text_flags(NULL), SIZE_MAX - 8);
	return MAX(((int)columns + p->width - 1) / MAX(p->width, 1), 1);
}

/* One row up or down; false at an end. */
static bool
step_down(struct pager *p)
{
	int64_t next;

	if (p->row + 1 < rows_of(p, p->top)) {
		p->row++;
		return true;
	}
	next = pages_next(p->pages, p->top);
	if (next >= pages_end(p->pages))
		return false;
	p->top = next;
	p->row = 0;
	return true;
}

static bool
step_up(struct pager *p)
{
	if (p->row > 0) {
		p->row--;
		return true;
	}
	if (p->top <= 0)
		return false;
	p->top = pages_previous(p->pages, p->top);
	p->row = rows_of(p, p->top) - 1;
	return true;
}

void
pager_bottom(struct pager *p)
{
	p->top = pages_align(p->pages, pages_end(p->pages));
	p->row = rows_of(p, p->top) - 1;
	for (int i = 1; i < p->page && step_up(p); i++)
		;
}

/* Never more than a page's emptiness below the last line. */
static void
hold_bottom(struct pager *p)
{
	struct pager end = *p;

	pager_bottom(&end);
	if (p->top > end.top || (p->top == end.top && p->row > end.row)) {
		p->top = end.top;
		p->row = end.row;
	}
}

static unsigned
move(struct pager *p, enum action action)
{
	int64_t top = p->top;
	int row = p->row, left = p->left, steps = 1;

	if (action == ACTION_PAGE_DOWN || action == ACTION_PAGE_UP)
		steps = MAX(p->page - 1, 1); /* one row stays, to read on */
	else if (action == ACTION_HALF_DOWN || action == ACTION_HALF_UP)
		steps = MAX(p->page / 2, 1);
	switch (action) {
	case ACTION_DOWN:
	case ACTION_PAGE_DOWN:
	case ACTION_HALF_DOWN:
		while (steps-- > 0 && step_down(p))
			;
		hold_bottom(p);
		break;
	case ACTION_UP:
	case ACTION_PAGE_UP:
	case ACTION_HALF_UP:
		while (steps-- > 0 && step_up(p))
			;
		p->follow = false;
		break;
	case ACTION_TOP:
		p->top = p->row = p->left = 0;
		p->follow = false;
		break;
	case ACTION_BOTTOM: pager_bottom(p); break;
	case ACTION_LEFT: p->left = MAX(p->left - LEFT_STEP, 0); break;
	default: p->left += p->wrap || p->left > 2 * PAGES_LINE ? 0 : LEFT_STEP; break;
	}
	if (top == p->top && row == p->row && left == p->left)
		return ANSWER_HANDLED;
	return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_MOVED;
}

/* Starts behind (or before) the last hit, or at the top of the screen. */
static unsigned
search(struct pager *p, bool backwards)
{
	int64_t from = p->hit >= 0 ? p->hit : p->top;

	if (p->needle == NULL)
		return ANSWER_HANDLED;
	p->backwards = backwards;
	p->notice = NULL;
	p->search_from = p->hit >= 0 && !backwards ? pages_next(p->pages, from) : from;
	pager_work(p);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

bool
pager_work(struct pager *p)
{
	int64_t budget = SEARCH_SLICE, at = p->search_from;

	if (p->search_from < 0)
		return false;
	switch (pages_search(p->pages, at, p->backwards, p->needle, &budget, &at)) {
	case PAGES_MORE: p->search_from = at; return true;
	case PAGES_FOUND:
		p->hit = p->top = at;
		p->row = 0;
		p->follow = false;
		hold_bottom(p);
		break;
	case PAGES_NONE: p->notice = p->hit >= 0 ? "no further match" : "not found"; break;
	}
	p->search_from = -1;
	return false;
}

static unsigned
typing_event(struct pager *p, const struct event *ev)
{
	enum action action = ev->type == EVENT_KEY ? keys_find(CONTEXT_FORM, ev->key) : ACTION_NONE;

	if (action == ACTION_CANCEL) {
		p->typing = false;
	} else if (action == ACTION_SUBMIT) {
		p->typing = false;
		free(p->needle);
		p->needle = p->field.text.len > 0 ? util_strdup(entry_text(&p->field)) : NULL;
		p->hit = -1;
		return search(p, false);
	} else {
		entry_event(&p->field, ev);
	}
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

/* Esc: first the search that runs, then what it showed; then it is somebody else's. */
static unsigned
cancel(struct pager *p)
{
	if (p->search_from < 0 && p->needle == NULL)
		return ANSWER_IGNORED;
	if (p->search_from >= 0) {
		p->search_from = -1;
	} else {
		free(p->needle);
		p->needle = NULL;
		p->hit = -1;
	}
	p->notice = NULL;
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

unsigned
pager_event(struct pager *p, const struct event *ev)
{
	enum action action;

	if (p->typing)
		return typing_event(p, ev);
	if (ev->type != EVENT_KEY)
		return ANSWER_IGNORED;
	if (keys_find(CONTEXT_FORM, ev->key) == ACTION_CANCEL)
		return cancel(p);
	action = keys_find(CONTEXT_PAGER, ev->key);
	switch (action) {
	case ACTION_UP:
	case ACTION_DOWN:
	case ACTION_PAGE_UP:
	case ACTION_PAGE_DOWN:
	case ACTION_HALF_UP:
	case ACTION_HALF_DOWN:
	case ACTION_TOP:
	case ACTION_BOTTOM:
	case ACTION_LEFT:
	case ACTION_RIGHT: return move(p, action);
	case ACTION_WRAP:
		p->wrap = !p->wrap;
		p->row = p->left = 0;
		hold_bottom(p);
		return ANSWER_HANDLED | ANSWER_REDRAW;
	case ACTION_FOLLOW: p->follow = !p->follow; return ANSWER_HANDLED | ANSWER_REDRAW;
	case ACTION_SEARCH:
		p->typing = true;
		entry_set(&p->field, "");
		return ANSWER_HANDLED | ANSWER_REDRAW;
	case ACTION_NEXT_MATCH: return search(p, false);
	case ACTION_PREVIOUS_MATCH: return search(p, true);
	default: return ANSWER_IGNORED;
	}
}

bool
pager_refresh(struct pager *p)
{
	if (!pages_refresh(p->pages))
		return false;
	if (p->top >= pages_end(p->pages)) /* it was cut */
		p->top = pages_align(p->pages, pages_end(p->pages));
	return true;
}

/* How far the text at `at` matches the needle: bytes, or 0. */
static size_t
match_at(const struct pager *p, const char *at, const char *end)
{
	size_t n = p->needle != NULL ? strlen(p->needle) : 0;

	return n > 0 && n <= (size_t)(end - at) && strncasecmp(at, p->needle, n) == 0 ? n : 0;
}

/* The columns from `skip` on of one line; what goes on beyond an edge is marked there. */
static void
draw_line(const struct pager *p, struct area a, const struct pages_line *line, int skip, bool cut)
{
	struct glyphs all = glyphs_of(line->text, line->len, text_flags(a.c));
	const char *matched = line->text, *end = line->text + line->len;
	struct glyph g;

	for (;;) {
		const char *at = all.next;
		int x = (int)all.column - skip;
		unsigned style = at < line->text + line->lead ? line->lead_style : line->style;

		if (at < end && at >= matched)
			matched = at + match_at(p, at, end);
		if (x >= a.w || !glyphs_next(&all, &g))
			break;
		if (at < matched)
			style = ROLE_MATCH;
		if (x + g.width > a.w) /* a wide one that the edge cuts */
			draw_glyph(a, x, 0, ROLE_ACCENT, '>');
		else if (x >= 0)
			draw_styled_glyph(a, x, 0, style, &g);
	}
	if (!cut)
		return;
	if (skip > 0 && line->len > 0)
		draw_glyph(a, 0, 0, ROLE_ACCENT, '<');
	if (glyphs_next(&all, &g))
		draw_glyph(a, a.w - 1, 0, ROLE_ACCENT, '>');
}

static void
draw_status(struct pager *p, struct area a, bool focus, bool at_end)
{
	CLEANUP(str_done) struct str text = STR_INIT(100);
	int64_t end = pages_end(p->pages);
	struct area right;

	if (p->follow)
		str_add(&text, "following  ");
	if (p->search_from >= 0)
		str_add(&text, "searching  ");
	str_fmt(&text, "%d%%", end == 0 || at_end ? 100 : (int)(p->top * 100 / end));
	right = area_right(&a, (int)text.len + 1);
	draw_text(right, 0, 0, ROLE_DIM, str_text(&text));
	if (p->typing) {
		draw_text(a, 1, 0, ROLE_KEY, "/");
		entry_draw(&p->field, area_cut(a, 3, 0, a.w - 5, 1), focus);
	} else if (p->notice != NULL) {
		draw_text(a, 1, 0, ROLE_LATE, p->notice);
	} else if (p->needle != NULL) {
		int x = 1 + draw_text(a, 1, 0, ROLE_DIM, "search ");

		draw_text(a, x, 0, ROLE_ACCENT, p->needle);
	}
}

/* All of a text in memory is on the screen, and nothing is looked for. */
static bool
says_all(const struct pager *p, int h)
{
	return p->bare && !p->wrap && !p->typing && p->needle == NULL && p->top == 0 &&
	       pages_end(p->pages) <= h;
}

void
pager_draw(struct pager *p, struct area a, bool focus)
{
	struct area status = area_bottom(&a, a.h > 2 && !says_all(p, a.h) ? 1 : 0);
	int64_t position, end;
	int y = 0, row;

	if (p->width != a.w && p->wrap)
		p->row = 0;
	p->width = MAX(a.w, 1);
	p->page = MAX(a.h, 1);
	pages_refresh(p->pages);
	if (p->follow)
		pager_bottom(p);
	position = p->top;
	row = p->row;
	end = pages_end(p->pages);
	while (y < a.h && position < end) {
		struct pages_line line;
		int rows = rows_of(p, position);

		pages_line(p->pages, position, &line);
		for (; row < rows && y < a.h; row++, y++) {
			struct area at = area_cut(a, 0, y, a.w, 1);

			/* What only looks like a line of its own must not pass for one. */
			if (!p->wrap && pages_continues(p->pages, position))
				draw_glyph(area_left(&at, 1), 0, 0, ROLE_ACCENT, '<');
			draw_line(p, at, &line, p->wrap ? row * p->width : p->left, !p->wrap);
		}
		row = 0;
		position = pages_next(p->pages, position);
	}
	if (status.h > 0)
		draw_status(p, status, focus, position >= end);
}
