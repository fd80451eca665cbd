/*
 * timeline: spans and markers on a horizontal time axis with a cursor, zoom and pan; for recovery
 * windows, gaps and backups. Keys: CONTEXT_TIMELINE. Times are seconds since 1970, shown in UTC.
 *
 * A column is a whole number of seconds. What is narrower than a column still takes one, and what
 * is drawn later covers what was drawn before: put gaps last, so that none is ever hidden.
 */
#ifndef TUI_DRAW_TIMELINE_H
#define TUI_DRAW_TIMELINE_H

#include "tui/draw/canvas.h"
#include "tui/draw/event.h"

struct timeline_span {
	int64_t from, to; /* to is not part of it; from == to is a marker */
	char glyph;       /* '=' window, '#' base backup, 'x' gap, ...: never colour alone */
	uint8_t role;
};

struct timeline_lane {
	const char *title;
	const struct timeline_span *spans;
	size_t n;
};

struct timeline {
	const struct timeline_lane *lanes; /* the owner's, and alive as long as this */
	size_t nlanes;
	int64_t first, last; /* what there is to see */
	int64_t from, step;  /* what is seen: the left edge, and seconds a column */
	int64_t cursor;
	int width;  /* columns of the axis when it was drawn last */
	bool whole; /* show everything, whatever the width */
};

/* The range is taken from the spans, unless first < last says otherwise. */
void timeline_init(struct timeline *t, const struct timeline_lane *lanes, size_t nlanes,
	int64_t first, int64_t last);
/* Moves the cursor, and the view if it must. */
void timeline_go(struct timeline *t, int64_t at);

void timeline_draw(struct timeline *t, struct area a, bool focus);
/* ANSWER_MOVED when the cursor moved, ANSWER_CHOSEN for Enter. */
unsigned timeline_event(struct timeline *t, const struct event *ev);

#endif
