#include "base/banned.h"
#include "tui/draw/width.h"

#include <wchar.h>

int
width_code(uint32_t code)
{
	if (code >= 0x20 && code < 0x7f)
		return 1;
	if (text_is_unsafe(code))
		return -1;
	return wcwidth((wchar_t)code);
}

struct glyphs
glyphs_of(const char *text, size_t len, unsigned flags)
{
	return (struct glyphs){.next = text, .end = text + len, .flags = flags};
}

static void
start_escape(struct glyphs *g, uint32_t code)
{
	g->tab = false;
	g->escape_len = (uint8_t)text_escape(g->escape, code);
	g->escape_at = 0;
}

static void
start_tab(struct glyphs *g)
{
	g->tab = true;
	g->escape_len = (uint8_t)(WIDTH_TAB - g->column % WIDTH_TAB);
	g->escape_at = 0;
	memset(g->escape, ' ', g->escape_len);
}

/* A combining mark right behind its base joins it. */
static void
take_mark(struct glyphs *g, struct glyph *glyph)
{
	uint32_t code;
	size_t n;

	if (g->next >= g->end || (unsigned char)*g->next < 0x80)
		return;
	n = text_decode(g->next, (size_t)(g->end - g->next), &code);
	if (n > 0 && !text_is_escaped(code, g->flags) && width_code(code) == 0) {
		glyph->mark = code;
		g->next += n;
	}
}

static bool
give_escaped(struct glyphs *g, struct glyph *ret)
{
	if (g->escape_at >= g->escape_len)
		return false;
	*ret = (struct glyph){(unsigned char)g->escape[g->escape_at++], 0, 1, !g->tab};
	g->column++;
	return true;
}

bool
glyphs_next(struct glyphs *g, struct glyph *ret)
{
	uint32_t code;
	size_t n;
	int width;

	if (give_escaped(g, ret))
		return true;
	if (g->next >= g->end)
		return false;
	n = text_decode(g->next, (size_t)(g->end - g->next), &code);
	if (n == 0) {
		start_escape(g, (unsigned char)*g->next++);
		return give_escaped(g, ret);
	}
	g->next += n;
	if (code == '\t' && (g->flags & TEXT_LINES)) {
		start_tab(g);
		return give_escaped(g, ret);
	}
	width = text_is_escaped(code, g->flags) ? -1 : width_code(code);
	if (width < 1 || width > 2) {
		start_escape(g, code);
		return give_escaped(g, ret);
	}
	*ret = (struct glyph){code, 0, width, false};
	take_mark(g, ret);
	g->column += (size_t)width;
	return true;
}

size_t
width_text(const char *text, size_t len, unsigned flags, size_t limit)
{
	struct glyphs g = glyphs_of(text, len, flags);
	struct glyph glyph;

	while (g.column <= limit && glyphs_next(&g, &glyph))
		;
	return g.column;
}
