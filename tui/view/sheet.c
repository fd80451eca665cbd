#include "base/banned.h"
#include "tui/view/sheet.h"
#include "base/text.h"
#include "tui/draw/width.h"

#define NAME_WIDTH 13 /* of a fact's name and the gap behind it */
#define WRAP_MIN   20

static size_t
count(void *arg)
{
	const struct sheet *r = arg;

	return r->lines.n;
}

static void
line(void *arg, size_t i, struct pages_line *ret)
{
	const struct sheet *r = arg;

	if (i < r->lines.n)
		*ret = r->lines.v[i];
}

void
sheet_init(struct sheet *r, void (*write)(struct sheet *r, void *arg), void *arg)
{
	*r = (struct sheet){.stale = true, .write = write, .arg = arg};
	pager_init(&r->pager, pages_of_memory(count, line, r));
	r->pager.bare = true;
}

void
sheet_done(struct sheet *r)
{
	pager_done(&r->pager);
	arena_done(&r->arena);
}

static void
rewrite(struct sheet *r, int width)
{
	if (!r->stale && r->width == width)
		return;
	arena_done(&r->arena);
	r->lines.v = NULL;
	r->lines.n = r->lines.cap = 0;
	r->width = width;
	r->stale = false;
	r->write(r, r->arg);
	r->pager.top = MIN(r->pager.top, MAX((int64_t)r->lines.n - 1, 0));
}

int
sheet_rows(struct sheet *r, int width)
{
	rewrite(r, width);
	return (int)r->lines.n;
}

void
sheet_draw(struct sheet *r, struct area a, bool focus)
{
	rewrite(r, a.w);
	pager_draw(&r->pager, a, focus);
}

unsigned
sheet_event(struct sheet *r, const struct event *ev)
{
	return pager_event(&r->pager, ev);
}

static void
add(struct sheet *r, unsigned style, const char *text, size_t len, size_t lead)
{
	*vec_push(&r->arena, &r->lines) = (struct pages_line){
		.text = text, .len = len, .style = style, .lead = lead, .lead_style = ROLE_DIM};
}

/* How many bytes of one line go on a row of w columns; *ret_next is where the next one starts. */
static size_t
row_of(const char *text, size_t len, int w, size_t *ret_next)
{
	struct glyphs g = glyphs_of(text, len, TEXT_LINES);
	size_t fits = 0, blank = 0;
	struct glyph glyph;

	while (glyphs_next(&g, &glyph)) {
		size_t at = (size_t)(g.next - text);

		if (g.column > (size_t)w) {
			*ret_next = blank > 0 ? blank + 1 : MAX(fits, 1);
			return blank > 0 ? blank : MAX(fits, 1);
		}
		if (g.escape_at >= g.escape_len)
			fits = at;
		if (glyph.code == ' ' && !glyph.escaped && text[at - 1] == ' ')
			blank = at - 1;
	}
	*ret_next = len;
	return len;
}

/* The prefix stands before the first row, blanks of its width before the others. */
static void
wrap(struct sheet *r, unsigned style, const char *prefix, int indent, const char *text)
{
	int w = MAX(r->width - 1 - indent, WRAP_MIN);
	bool first = true;

	do {
		size_t len = strcspn(text, "\n"), at = 0, next;

		do {
			size_t n = row_of(text + at, len - at, w, &next);
			const char *lead = first ? prefix : "";
			char *whole = arena_fmt(&r->arena, " %-*s", indent, lead);
			size_t leads = strlen(whole);

			whole = arena_fmt(&r->arena, "%s%.*s", whole, (int)n, text + at);
			add(r, style, whole, strlen(whole), leads);
			first = false;
			at += next;
		} while (at < len);
		text += len;
	} while (*text++ == '\n' && *text != '\0');
}

void
sheet_blank(struct sheet *r)
{
	add(r, ROLE_TEXT, "", 0, 0);
}

void
sheet_heading(struct sheet *r, const char *text)
{
	if (r->lines.n > 0)
		sheet_blank(r);
	wrap(r, ROLE_TITLE, "", 0, text);
}

void
sheet_text(struct sheet *r, unsigned style, int indent, const char *text)
{
	wrap(r, style, "", indent, text);
}

void
sheet_fmt(struct sheet *r, unsigned style, int indent, const char *fmt, ...)
{
	va_list ap;
	const char *text;

	va_start(ap, fmt);
	text = arena_vfmt(&r->arena, fmt, ap);
	va_end(ap);
	wrap(r, style, "", indent, text);
}

void
sheet_fact(struct sheet *r, const char *name, unsigned style, const char *value)
{
	if (value != NULL)
		wrap(r, style, name, NAME_WIDTH, value);
}

void
sheet_raw(struct sheet *r, unsigned style, int indent, const char *text)
{
	const char *whole;
	size_t n;

	do {
		n = strcspn(text, "\n");
		whole = arena_fmt(&r->arena, " %*s%.*s", indent, "", (int)n, text);
		add(r, style, whole, strlen(whole), (size_t)indent + 1);
		text += n;
	} while (*text++ == '\n' && *text != '\0');
}
