/*
 * wrap: paragraphs broken at blanks to a width; words longer than a row are broken anywhere.
 */
#include "base/banned.h"
#include "tui/draw/canvas.h"
#include "tui/draw/width.h"

/* How many bytes of text go on one row; *ret_next is where the next row starts. */
static size_t
row_length(const char *text, size_t len, int w, unsigned flags, size_t *ret_next)
{
	struct glyphs g = glyphs_of(text, len, flags);
	size_t fits = 0, blank = 0;
	struct glyph glyph;

	while (g.next < g.end && *g.next != '\n') {
		if (*g.next == ' ')
			blank = (size_t)(g.next - text);
		if (!glyphs_next(&g, &glyph))
			break;
		while (g.escape_at < g.escape_len && glyphs_next(&g, &glyph))
			;
		if (g.column > (size_t)w) {
			*ret_next = blank > 0 ? blank + 1 : MAX(fits, 1);
			return blank > 0 ? blank : MAX(fits, 1);
		}
		fits = (size_t)(g.next - text);
	}
	*ret_next = fits + (g.next < g.end);
	return fits;
}

static int
wrap(struct area *a, int y, unsigned style, const char *text, int w, bool ascii)
{
	size_t len = strlen(text), next;
	int rows = 0;

	if (w <= 0)
		return 0;
	while (len > 0) {
		size_t n = row_length(text, len, w, ascii ? TEXT_ASCII : 0, &next);

		if (a != NULL)
			draw_field(*a, 0, y + rows, -1, style, text, n, 0);
		rows++;
		text += next;
		len -= next;
	}
	return rows;
}

int
draw_wrapped(struct area a, int y, unsigned style, const char *text)
{
	return wrap(&a, y, style, text, a.w, a.c->ascii);
}

int
draw_wrapped_rows(int w, const char *text, bool ascii)
{
	return wrap(NULL, 0, ROLE_TEXT, text, w, ascii);
}
