/*
 * chart: the history of one quantity as upright bars, the newest on the right, as many as fit.
 */
#ifndef TUI_DRAW_CHART_H
#define TUI_DRAW_CHART_H

#include "tui/draw/canvas.h"

struct chart {
	size_t n;
	/* Value i, the oldest first; negative: missing, shown as a dot on the base line. */
	int64_t (*value)(void *arg, size_t i);
	unsigned (*style)(void *arg, size_t i);        /* NULL: ROLE_ACCENT */
	void (*label)(struct str *out, int64_t value); /* text_size, text_duration */
	void *arg;
};

/* The largest value is the height; its label and zero stand on the left where there is room. */
void chart_draw(struct area a, const struct chart *chart);

#endif
