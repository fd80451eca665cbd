/*
 * width: untrusted text as glyphs, each with the columns that it takes on a terminal.
 *
 * This is the boundary of F31-F34: whatever a terminal might act on or hide (controls, invalid
 * UTF-8, bidirectional and zero-width characters, what the locale can't print) comes out as the
 * visible escape of base/text.h, glyph by glyph. Columns are those of the C library's wcwidth(),
 * which curses uses too, so the two never disagree about where a character ends.
 */
#ifndef TUI_DRAW_WIDTH_H
#define TUI_DRAW_WIDTH_H

#include "base/text.h"

#define WIDTH_TAB 8

/* Columns of a code point: 1 or 2; 0 for a combining mark; -1 when it must be escaped. */
int width_code(uint32_t code);

struct glyph {
	uint32_t code;
	uint32_t mark; /* one combining mark, or 0; further ones are escaped */
	int width;     /* 1 or 2 */
	bool escaped;  /* part of an escape */
};

struct glyphs {
	const char *next, *end;
	unsigned flags; /* enum text_flags: TEXT_ASCII; TEXT_LINES expands tabs */
	char escape[TEXT_ESCAPE];
	uint8_t escape_at, escape_len; /* an escape, or the blanks of a tab, being given out */
	bool tab;
	size_t column; /* behind the last glyph */
};

struct glyphs glyphs_of(const char *text, size_t len, unsigned flags);
/* The next one; false at the end. */
bool glyphs_next(struct glyphs *g, struct glyph *ret);

/* Columns of a text, counted no further than just beyond `limit`. */
size_t width_text(const char *text, size_t len, unsigned flags, size_t limit);

#endif
