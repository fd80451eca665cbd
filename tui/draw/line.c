#include "base/banned.h"
#include "tui/draw/line.h"
#include "tui/draw/width.h"

#define GAP 2

static int
width_of(const struct line_part *part, bool ascii)
{
	if (part->text == NULL || part->text[0] == '\0')
		return 0;
	return (int)width_text(part->text, strlen(part->text), ascii ? TEXT_ASCII : 0, CANVAS_MAX);
}

/* Leaves out the least important parts until the rest fits. */
static void
choose(const struct line_part *parts, size_t n, int room, bool ascii, int *widths)
{
	int total = 0;

	for (size_t i = 0; i < n; i++) {
		widths[i] = width_of(&parts[i], ascii);
		total += widths[i] > 0 ? widths[i] + GAP : 0;
	}
	while (total - GAP > room) {
		size_t worst = n;

		for (size_t i = 0; i < n; i++)
			if (widths[i] > 0 && parts[i].priority > 0 &&
				(worst == n || parts[i].priority >= parts[worst].priority))
				worst = i;
		if (worst == n)
			return;
		total -= widths[worst] + GAP;
		widths[worst] = 0;
	}
}

void
line_draw(struct area a, unsigned style, const struct line_part *parts, size_t n)
{
	int widths[LINE_PARTS], left = 1, right = a.w - 1;

	n = MIN(n, LINE_PARTS);
	a = area_cut(a, 0, 0, a.w, 1);
	draw_fill(a, style);
	choose(parts, n, a.w - 2, a.c->ascii, widths);
	for (size_t i = n; i > 0; i--) {
		const struct line_part *part = &parts[i - 1];

		if (!part->right || widths[i - 1] == 0)
			continue;
		right -= widths[i - 1];
		draw_field(a, MAX(right, 0), 0, widths[i - 1], part->style, part->text,
			strlen(part->text), 0);
		right -= GAP;
	}
	for (size_t i = 0; i < n; i++) {
		const struct line_part *part = &parts[i];

		if (part->right || widths[i] == 0 || left > right)
			continue;
		left += GAP + draw_field(a, left, 0, MIN(widths[i], right - left + GAP),
				      part->style, part->text, strlen(part->text), 0);
	}
}
