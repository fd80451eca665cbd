#include "base/banned.h"
#include "tui/draw/timeline.h"
#include "base/clock.h"
#include "tui/keys.h"

#define TITLE 12 /* columns of the lanes' names */

#define DAY      86400LL
#define STEP_MAX (400 * DAY)

static const int64_t ticks[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
	10800, 21600, 43200, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY};

void
timeline_init(struct timeline *t, const struct timeline_lane *lanes, size_t nlanes, int64_t first,
	int64_t last)
{
	*t = (struct timeline){.lanes = lanes, .nlanes = nlanes, .whole = true, .width = 60};
	for (size_t l = 0; first >= last && l < nlanes; l++) {
		for (size_t i = 0; i < lanes[l].n; i++) {
			const struct timeline_span *s = &lanes[l].spans[i];

			t->first = t->last == 0 ? s->from : MIN(t->first, s->from);
			t->last = t->last == 0 ? s->to : MAX(t->last, s->to);
		}
	}
	if (first < last) {
		t->first = first;
		t->last = last;
	}
	t->last = MAX(t->last, t->first + 1);
	t->cursor = t->last;
	t->from = t->first;
	t->step = 1;
}

/* The least step at which everything is seen. */
static int64_t
whole_step(const struct timeline *t)
{
	return MAX((t->last - t->first) / MAX(t->width - 1, 1) + 1, 1);
}

static void
hold_cursor(struct timeline *t)
{
	int64_t seen = t->step * MAX(t->width, 1);

	t->cursor = MIN(MAX(t->cursor, t->first), t->last);
	if (t->cursor < t->from)
		t->from = t->cursor;
	else if (t->cursor >= t->from + seen)
		t->from = t->cursor - seen + t->step;
}

static void
see_whole(struct timeline *t)
{
	t->step = whole_step(t);
	t->from = t->first;
}

void
timeline_go(struct timeline *t, int64_t at)
{
	t->cursor = at;
	hold_cursor(t);
}

/* Half or double, with the cursor staying in its column. */
static unsigned
zoom(struct timeline *t, bool in)
{
	int64_t column = (t->cursor - t->from) / t->step;
	int64_t step = in ? MAX(t->step / 2, 1) : MIN(t->step * 2, STEP_MAX);

	if (step == t->step)
		return ANSWER_HANDLED;
	t->whole = !in && step >= whole_step(t);
	t->step = step;
	t->from = t->cursor - column * step;
	if (t->whole)
		see_whole(t);
	hold_cursor(t);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

/* The edge of any span that is nearest behind (or before) the cursor. */
static unsigned
to_edge(struct timeline *t, bool forwards)
{
	int64_t best = t->cursor;

	for (size_t l = 0; l < t->nlanes; l++) {
		for (size_t i = 0; i < t->lanes[l].n; i++) {
			const int64_t edges[] = {
				t->lanes[l].spans[i].from, t->lanes[l].spans[i].to};

			for (size_t e = 0; e < 2; e++) {
				if (forwards ? edges[e] <= t->cursor : edges[e] >= t->cursor)
					continue;
				if (best == t->cursor ||
					(forwards ? edges[e] < best : edges[e] > best))
					best = edges[e];
			}
		}
	}
	if (best == t->cursor)
		return ANSWER_HANDLED;
	timeline_go(t, best);
	return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_MOVED;
}

unsigned
timeline_event(struct timeline *t, const struct event *ev)
{
	int64_t was = t->cursor, page = t->step * MAX(t->width / 2, 1);

	if (ev->type != EVENT_KEY)
		return ANSWER_IGNORED;
	switch (keys_find(CONTEXT_TIMELINE, ev->key)) {
	case ACTION_LEFT: timeline_go(t, t->cursor - t->step); break;
	case ACTION_RIGHT: timeline_go(t, t->cursor + t->step); break;
	case ACTION_PAGE_UP: timeline_go(t, t->cursor - page); break;
	case ACTION_PAGE_DOWN: timeline_go(t, t->cursor + page); break;
	case ACTION_TOP: timeline_go(t, t->first); break;
	case ACTION_BOTTOM: timeline_go(t, t->last); break;
	case ACTION_ZOOM_IN: return zoom(t, true);
	case ACTION_ZOOM_OUT: return zoom(t, false);
	case ACTION_WHOLE: t->whole = true; return ANSWER_HANDLED | ANSWER_REDRAW;
	case ACTION_NEXT_MARKER: return to_edge(t, true);
	case ACTION_PREVIOUS_MARKER: return to_edge(t, false);
	case ACTION_OPEN: return ANSWER_HANDLED | ANSWER_CHOSEN;
	default: return ANSWER_IGNORED;
	}
	return ANSWER_HANDLED | (t->cursor != was ? ANSWER_REDRAW | ANSWER_MOVED : 0);
}

static int64_t
tick_step(const struct timeline *t)
{
	for (size_t i = 0; i < ARRAY_LEN(ticks); i++)
		if (ticks[i] / t->step >= (ticks[i] < 60 ? 11 : 9)) /* a label and a gap */
			return ticks[i];
	return ticks[ARRAY_LEN(ticks) - 1];
}

/* "14:32:07", "14:32" or "11-20"; a day's first tick shows the day. */
static void
tick_text(struct str *out, int64_t at, int64_t tick)
{
	char text[CLOCK_TEXT]; /* 2026-11-20T14:32:07Z */

	clock_format(at, text);
	if (tick >= 28 * DAY)
		str_addn(out, text, 7);
	else if (tick >= DAY || at % DAY == 0)
		str_addn(out, text + 5, 5);
	else
		str_addn(out, text + 11, tick < 60 ? 8 : 5);
}

static void
draw_axis(const struct timeline *t, struct area labels, struct area axis)
{
	int64_t tick = tick_step(t), at = t->from - t->from % tick;
	int free_from = 0; /* labels do not run into each other */

	draw_hline(axis, 0, ROLE_BORDER);
	for (; at < t->from + t->step * t->width; at += tick) {
		CLEANUP(str_done) struct str text = STR_INIT(CLOCK_TEXT);
		int x = (int)((at - t->from) / t->step);

		if (at < t->from)
			continue;
		draw_glyph(axis, x, 0, ROLE_BORDER, axis.c->ascii ? '+' : 0x253c);
		tick_text(&text, at, tick);
		if (x < free_from || x + (int)text.len > labels.w)
			continue;
		draw_text(labels, x, 0, ROLE_DIM, str_text(&text));
		free_from = x + (int)text.len + 2;
	}
}

static void
draw_lane(const struct timeline *t, struct area a, const struct timeline_lane *lane)
{
	int64_t seen = t->from + t->step * t->width;

	for (size_t i = 0; i < lane->n; i++) {
		const struct timeline_span *s = &lane->spans[i];
		int64_t from = MAX(s->from, t->from), to = MIN(MAX(s->to, s->from + 1), seen);
		int x, end;

		if (from >= to)
			continue;
		x = (int)((from - t->from) / t->step);
		end = (int)((to - 1 - t->from) / t->step);
		for (; x <= end; x++)
			draw_glyph(a, x, 0, s->role, (unsigned char)s->glyph);
	}
}

/* A caret under the axis with the moment beside it. */
static void
draw_cursor_row(const struct timeline *t, struct area a, bool focus)
{
	int x = (int)((t->cursor - t->from) / t->step), at;
	char text[CLOCK_TEXT];
	int len = (int)strlen(clock_format(t->cursor, text));

	at = x + 2 + len <= a.w ? x + 2 : x - len - 1;
	draw_glyph(a, x, 0, focus ? ROLE_ACCENT | STYLE_BOLD : ROLE_DIM, '^');
	if (at >= 0)
		draw_text(a, at, 0, focus ? ROLE_TITLE : ROLE_DIM, text);
}

void
timeline_draw(struct timeline *t, struct area a, bool focus)
{
	struct area titles = area_left(&a, a.w >= 4 * TITLE ? TITLE : 0), labels, axis, cursor;

	t->width = MAX(a.w, 1);
	if (t->whole)
		see_whole(t);
	hold_cursor(t);
	labels = area_top(&a, 1);
	axis = area_top(&a, 1);
	cursor = area_bottom(&a, a.h > 1 ? 1 : 0);
	draw_axis(t, labels, axis);
	for (size_t l = 0; l < t->nlanes && (int)l < a.h; l++) {
		draw_text(area_cut(titles, 0, 2 + (int)l, titles.w - 1, 1), 1, 0, ROLE_TEXT,
			t->lanes[l].title);
		draw_lane(t, area_cut(a, 0, (int)l, a.w, 1), &t->lanes[l]);
	}
	/* Right under the last lane */
	if ((int)t->nlanes < a.h)
		cursor = area_cut(a, 0, (int)t->nlanes, a.w, 1);
	draw_cursor_row(t, cursor, focus);
}
