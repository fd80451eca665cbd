#include "base/banned.h"
#include "tui/view/banner.h"
#include "base/text.h"
#include "tui/view/verdicts.h"

#define LETTER_H 5
#define LETTER_W 6 /* with the gap */

/* The letters that verdicts need, five columns wide, each row five bits from the left. */
static const struct {
	char c;
	uint8_t rows[LETTER_H];
} letters[] = {
	{'A', {0x0e, 0x11, 0x1f, 0x11, 0x11}},
	{'B', {0x1e, 0x11, 0x1e, 0x11, 0x1e}},
	{'C', {0x0f, 0x10, 0x10, 0x10, 0x0f}},
	{'E', {0x1f, 0x10, 0x1e, 0x10, 0x1f}},
	{'H', {0x11, 0x11, 0x1f, 0x11, 0x11}},
	{'K', {0x11, 0x12, 0x1c, 0x12, 0x11}},
	{'L', {0x10, 0x10, 0x10, 0x10, 0x1f}},
	{'N', {0x11, 0x19, 0x15, 0x13, 0x11}},
	{'O', {0x0e, 0x11, 0x11, 0x11, 0x0e}},
	{'R', {0x1e, 0x11, 0x1e, 0x12, 0x11}},
	{'T', {0x1f, 0x04, 0x04, 0x04, 0x04}},
	{'U', {0x11, 0x11, 0x11, 0x11, 0x0e}},
	{'W', {0x11, 0x11, 0x15, 0x1b, 0x11}},
	{'0', {0x0e, 0x13, 0x15, 0x19, 0x0e}},
	{'1', {0x04, 0x0c, 0x04, 0x04, 0x0e}},
	{'2', {0x1e, 0x01, 0x0e, 0x10, 0x1f}},
	{'3', {0x1e, 0x01, 0x0e, 0x01, 0x1e}},
	{'4', {0x12, 0x12, 0x1f, 0x02, 0x02}},
	{'5', {0x1f, 0x10, 0x1e, 0x01, 0x1e}},
	{'6', {0x0e, 0x10, 0x1e, 0x11, 0x0e}},
	{'7', {0x1f, 0x01, 0x02, 0x04, 0x04}},
	{'8', {0x0e, 0x11, 0x0e, 0x11, 0x0e}},
	{'9', {0x0e, 0x11, 0x0f, 0x01, 0x0e}},
};

static void
draw_letter(struct area a, int x, unsigned style, char c)
{
	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		if (letters[i].c != c)
			continue;
		for (int y = 0; y < LETTER_H; y++)
			for (int bit = 0; bit < 5; bit++)
				if (letters[i].rows[y] & (0x10 >> bit))
					draw_glyph(a, x + bit, y, style | STYLE_REVERSE, ' ');
	}
}

/* "BREACH 1", "OK 11": the worst verdict and how many sets have it. */
static void
headline(const struct shelf *s, struct str *out)
{
	const char *word = verdict_word(s->board.verdict);

	if (s->board.n == 0) {
		str_add(out, "UNKNOWN");
		return;
	}
	for (; *word != '\0'; word++)
		str_addc(out, *word >= 'a' && *word <= 'z' ? (char)(*word - 'a' + 'A') : *word);
	str_fmt(out, " %zu", s->board.counts[s->board.verdict]);
}

static void
sentence(const struct shelf *s, int64_t now, struct str *out)
{
	int64_t age = shelf_age(s, now);

	if (s->board.n == 0)
		str_add(out, "nothing is known yet");
	else if (s->board.verdict == VERDICT_OK)
		str_fmt(out, "all %zu sets can be recovered", s->board.n);
	else
		str_fmt(out, "%s: %zu of %zu sets", verdict_word(s->board.verdict),
			s->board.counts[s->board.verdict], s->board.n);
	if (age >= 0) {
		str_add(out, ", as of ");
		text_duration(out, age);
		str_add(out, " ago");
	}
}

void
banner_draw(struct area *a, const struct shelf *s, int64_t now)
{
	CLEANUP(str_done) struct str line = STR_INIT(100), words = STR_INIT(200);
	enum verdict v = s->board.n > 0 ? s->board.verdict : VERDICT_UNKNOWN;
	unsigned style = verdict_role(v) | STYLE_BOLD;
	struct area top;
	int width, x;

	headline(s, &line);
	sentence(s, now, &words);
	width = (int)line.len * LETTER_W;
	if (a->h < 18 || a->w < width + 2) {
		draw_fmt(area_top(a, 1), 1, 0, style | STYLE_REVERSE, " %s ", str_text(&line));
		return;
	}
	top = area_top(a, LETTER_H + 4);
	x = MAX((top.w - width) / 2, 1);
	for (size_t i = 0; i < line.len; i++)
		draw_letter(area_cut(top, 0, 1, top.w, LETTER_H), x + (int)i * LETTER_W, style,
			line.buf[i]);
	draw_text(top, MAX((top.w - (int)words.len) / 2, 1), LETTER_H + 2, ROLE_TITLE,
		str_text(&words));
}
