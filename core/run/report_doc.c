#include "base/banned.h"
#include "run/report_doc.h"
#include "base/clock.h"
#include "base/text.h"

static void
add_escaped(struct doc *d, const char *text)
{
	for (; *text != '\0'; text++) {
		if (d->html && *text == '<')
			str_add(d->out, "&lt;");
		else if (d->html && *text == '>')
			str_add(d->out, "&gt;");
		else if (d->html && *text == '&')
			str_add(d->out, "&amp;");
		else if (!d->html && strchr("|<>*_`[]\\", *text) != NULL)
			str_fmt(d->out, "\\%c", *text);
		else if (!d->html && *text == '\n')
			str_add(d->out, " ");
		else
			str_addc(d->out, *text);
	}
}

void
doc_escaped(struct doc *d, const char *text)
{
	CLEANUP(str_done) struct str shown = STR_INIT(MIB);

	text_visible(&shown, text, strlen(text), TEXT_LINES);
	add_escaped(d, str_text(&shown));
}

void
doc_heading(struct doc *d, int level, const char *text)
{
	if (d->html) {
		str_fmt(d->out, "<h%d>", level);
		doc_escaped(d, text);
		str_fmt(d->out, "</h%d>\n", level);
	} else {
		str_fmt(d->out, "\n%.*s ", level, "####");
		doc_escaped(d, text);
		str_add(d->out, "\n\n");
	}
}

void
doc_paragraph(struct doc *d, const char *text)
{
	str_add(d->out, d->html ? "<p>" : "");
	doc_escaped(d, text);
	str_add(d->out, d->html ? "</p>\n" : "\n\n");
}

/* Text that stands as it is, in a block. */
/* Longer than any run of backticks in the text, so that nothing in it ends the block. */
static void
add_fence(struct str *out, const char *text)
{
	size_t longest = 2;

	for (const char *p = text; (p = strchr(p, '`')) != NULL;) {
		size_t n = strspn(p, "`");

		longest = MAX(longest, n);
		p += n;
	}
	for (size_t i = 0; i <= longest; i++)
		str_addc(out, '`');
	str_addc(out, '\n');
}

void
doc_quote(struct doc *d, const char *text)
{
	CLEANUP(str_done) struct str shown = STR_INIT(MIB);

	text_visible(&shown, text, strlen(text), TEXT_LINES);
	if (d->html) {
		str_add(d->out, "<pre>");
		add_escaped(d, str_text(&shown));
		str_add(d->out, "</pre>\n");
		return;
	}
	add_fence(d->out, str_text(&shown));
	str_fmt(d->out, "%s\n", str_text(&shown));
	add_fence(d->out, str_text(&shown));
	str_addc(d->out, '\n');
}

void
doc_row(struct doc *d, const char *const *cells, const char *tag)
{
	str_add(d->out, d->html ? "<tr>" : "|");
	for (size_t i = 0; i < d->columns; i++) {
		if (d->html)
			str_fmt(d->out, "<%s>", tag);
		else
			str_addc(d->out, ' ');
		/* As many as doc_table() was told. NOLINTNEXTLINE(clang-analyzer-core.*) */
		doc_escaped(d, cells[i] != NULL ? cells[i] : "");
		if (d->html)
			str_fmt(d->out, "</%s>", tag);
		else
			str_add(d->out, " |");
	}
	str_add(d->out, d->html ? "</tr>\n" : "\n");
}

void
doc_table(struct doc *d, const char *const *titles, size_t columns)
{
	d->columns = columns;
	str_add(d->out, d->html ? "<table>\n" : "");
	doc_row(d, titles, "th");
	for (size_t i = 0; !d->html && i < columns; i++)
		str_add(d->out, i == 0 ? "|---|" : "---|");
	str_add(d->out, d->html ? "" : "\n");
}

void
doc_table_end(struct doc *d)
{
	str_add(d->out, d->html ? "</table>\n" : "\n");
}

void
doc_pair(struct doc *d, const char *name, const char *value)
{
	const char *const cells[] = {name, value != NULL ? value : "-"};

	if (value != NULL)
		doc_row(d, cells, "td");
}

const char *
report_duration(const struct run_report *r, int64_t seconds)
{
	CLEANUP(str_done) struct str out = STR_INIT(64);

	if (seconds < 0)
		return "-";
	text_clock(&out, seconds);
	return arena_strdup(r->arena, str_text(&out));
}

const char *
report_moment(const struct run_report *r, int64_t ms)
{
	char text[CLOCK_TEXT];

	return ms < 0 ? "-" : arena_strdup(r->arena, clock_format(ms / 1000, text));
}

void
doc_list(struct doc *d, const char *const *items, size_t n)
{
	str_add(d->out, d->html ? "<ul>\n" : "");
	for (size_t i = 0; i < n; i++) {
		str_add(d->out, d->html ? "<li>" : "- ");
		doc_escaped(d, items[i]);
		str_add(d->out, d->html ? "</li>\n" : "\n");
	}
	str_add(d->out, d->html ? "</ul>\n" : "\n");
}
