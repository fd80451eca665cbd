#include "base/banned.h"
#include "tui/draw/bar.h"
#include "base/text.h"

#define AGE_BAR  14 /* columns of the bar, brackets included */
#define AGE_TEXT 16 /* "unknown / 24h00" and a blank in front */

void
bar_draw(struct area a, int x, int y, int w, unsigned style, int64_t part, int64_t whole)
{
	int inside = MAX(w - 2, 1), full = 0;

	if (part > 0 && whole > 0)
		full = part >= whole ? inside : (int)((double)part / (double)whole * inside);
	/* Something is never nothing. */
	if (part > 0 && full == 0)
		full = 1;
	draw_glyph(a, x, y, style, '[');
	for (int i = 0; i < inside; i++)
		draw_glyph(a, x + 1 + i, y, style, i < full ? '#' : ' ');
	draw_glyph(a, x + 1 + inside, y, style, ']');
}

void
bar_draw_age(struct area a, unsigned style, int64_t age, int64_t limit, const char *without)
{
	CLEANUP(str_done) struct str text = STR_INIT(64);
	int x = 0, bar = MIN(a.w - AGE_TEXT, AGE_BAR);

	if (bar >= 5) {
		bar_draw(a, 0, 0, bar, style, age, limit);
		/* One style throughout: every change of it is a dozen bytes on the line. */
		draw_glyph(a, bar, 0, style, ' ');
		x = bar + 1;
	}
	if (age < 0)
		str_add(&text, without);
	else
		text_duration(&text, age);
	x += draw_text(a, x, 0, style, str_text(&text));
	str_cut(&text, 0);
	str_add(&text, " / ");
	text_duration(&text, limit);
	draw_text(a, x, 0, ROLE_DIM, str_text(&text));
}
