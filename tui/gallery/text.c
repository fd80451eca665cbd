/*
 * The pager: on a file, or on lines in memory that hold what step output may hold.
 */
#include "base/banned.h"
#include "tui/gallery/page.h"
#include "tui/draw/pager.h"
#include "tui/keys.h"

struct page {
	struct pager pager;
	char line[200];
};

#define DIGITS "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "

static const char long_line[] = "a long line: " DIGITS DIGITS DIGITS;

static const char *const lines[] = {
	"pg_restore: connecting to database for restore",
	"pg_restore: creating TABLE \"public.users\"",
	"pg_restore: processing data for table \"public.users\"",
	"a colour that is not one: \033[31mred\033[0m, a bell: \a, a title: \033]0;owned\a",
	"tabs:\tone\ttwo\tthree",
	"wide: \xe5\x82\x99\xe4\xbb\xbd\xe5\xae\x8c\xe4\xba\x86, accents: e\xcc\x81, bad: \xff",
	"right to left: \xe2\x80\xaetxt.sql",
	"a line that ends with a carriage return\r",
	long_line,
	"",
};

static size_t
count(void *arg)
{
	return 500;
}

static void
line(void *arg, size_t index, struct pages_line *ret)
{
	struct page *p = arg;
	const char *text = lines[index % ARRAY_LEN(lines)];

	if (index % ARRAY_LEN(lines) == 9) {
		snprintf(p->line, sizeof(p->line), "sample line %zu of 500", index + 1);
		text = p->line;
	}
	ret->text = text;
	ret->len = strlen(text);
	ret->style = index % 50 == 1 ? ROLE_ERROR : ROLE_TEXT;
}

static bool
open(const struct gallery_options *o, void **ret, struct err *err)
{
	struct page *p = util_alloc(sizeof(*p));
	struct pages *pages;

	if (o->file == NULL) {
		pages = pages_of_memory(count, line, p);
	} else if (!pages_of_file(o->file, &pages, err)) {
		free(p);
		return false;
	}
	pager_init(&p->pager, pages);
	*ret = p;
	return true;
}

static void
close_page(void *page)
{
	struct page *p = page;

	pager_done(&p->pager);
	free(p);
}

static void
draw(void *page, struct area a)
{
	struct page *p = page;

	pager_draw(&p->pager, a, true);
}

static unsigned
event(void *page, const struct event *ev)
{
	struct page *p = page;

	return pager_event(&p->pager, ev);
}

static bool
work(void *page)
{
	struct page *p = page;

	return pager_work(&p->pager);
}

static bool
tick(void *page)
{
	struct page *p = page;

	return pager_refresh(&p->pager);
}

static bool
modal(void *page)
{
	struct page *p = page;

	return p->pager.typing;
}

const struct gallery_page gallery_text = {
	.name = "text",
	.contexts = CONTEXT_PAGER,
	.open = open,
	.draw = draw,
	.event = event,
	.work = work,
	.tick = tick,
	.modal = modal,
	.close = close_page,
};
