#include "base/banned.h"
#include "tui/draw/chart.h"

#define LABEL_MAX       12
#define LABEL_MIN_WIDTH 24 /* narrower, there are bars only */

static int64_t
largest(const struct chart *chart, size_t from)
{
	int64_t most = 0;

	for (size_t i = from; i < chart->n; i++)
		most = MAX(most, chart->value(chart->arg, i));
	return most;
}

/* Takes the labels' columns off *a and draws them with the axis. */
static void
draw_labels(struct area *a, const struct chart *chart, int64_t most)
{
	CLEANUP(str_done) struct str top = STR_INIT(LABEL_MAX);
	struct area left;

	if (a->w < LABEL_MIN_WIDTH)
		return;
	chart->label(&top, most);
	left = area_left(a, (int)top.len + 2);
	draw_text(left, 0, 0, ROLE_DIM, str_text(&top));
	if (left.h > 1)
		draw_field(left, 0, left.h - 1, (int)top.len, ROLE_DIM, "0", 1, DRAW_RIGHT);
	draw_vline(left, left.w - 1, ROLE_BORDER);
}

/* How many rows of h a value fills; at least one for anything above zero. */
static int
rows_of(int64_t value, int64_t most, int h)
{
	int rows;

	if (value <= 0 || most <= 0)
		return 0;
	rows = (int)((double)value / (double)most * h + 0.5);
	return MAX(rows, 1);
}

void
chart_draw(struct area a, const struct chart *chart)
{
	int step = chart->n * 3 < (size_t)a.w ? 3 : chart->n * 2 < (size_t)a.w ? 2 : 1, x;
	size_t first = chart->n > (size_t)a.w ? chart->n - (size_t)a.w : 0;
	int64_t most = largest(chart, first);

	if (a.w <= 0 || a.h <= 0)
		return;
	draw_labels(&a, chart, most);
	if (chart->n - first > (size_t)a.w) /* the labels took some */
		first = chart->n - (size_t)a.w;
	x = a.w - (int)(chart->n - first) * step;
	if (x < 0) {
		step = 1;
		x = MAX(a.w - (int)(chart->n - first), 0);
	}
	for (size_t i = first; i < chart->n; i++, x += step) {
		int64_t value = chart->value(chart->arg, i);
		unsigned style = chart->style != NULL ? chart->style(chart->arg, i) : ROLE_ACCENT;
		int rows = rows_of(value, most, a.h);

		for (int y = 0; y < rows; y++)
			for (int w = 0; w < MAX(step - 1, 1); w++)
				draw_glyph(a, x + w, a.h - 1 - y, style, '#');
		if (rows == 0)
			draw_glyph(a, x, a.h - 1, value < 0 ? ROLE_UNKNOWN : ROLE_DIM,
				value < 0 ? '.' : '_');
	}
}
