/*
 * sketch: what the tests of widgets share: a canvas in a UTF-8 locale, its rows as text, and keys.
 */
#ifndef TESTS_SKETCH_H
#define TESTS_SKETCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tui/draw/canvas.h"
#include "tui/draw/event.h"

#include <locale.h>

static UNUSED int
sketch_locale(void **state)
{
	return setlocale(LC_CTYPE, "C.UTF-8") == NULL;
}

/* Row y as text; valid until the next call. */
static UNUSED const char *
sketch_row(const struct canvas *c, int y)
{
	static struct str row = STR_INIT(16 * KIB);

	str_cut(&row, 0);
	canvas_row(c, y, &row);
	return str_text(&row);
}

/* Whether any row holds the text. */
static UNUSED bool
sketch_has(const struct canvas *c, const char *text)
{
	for (int y = 0; y < c->h; y++)
		if (strstr(sketch_row(c, y), text) != NULL)
			return true;
	return false;
}

static UNUSED unsigned
sketch_style(const struct canvas *c, int x, int y)
{
	return c->cells[y * c->w + x].style;
}

static UNUSED struct event
sketch_key(const char *name, int64_t at_ms)
{
	struct event ev = {.type = EVENT_KEY, .at_ms = at_ms};

	assert_true(key_parse(name, strlen(name), &ev.key));
	return ev;
}

static UNUSED struct event
sketch_paste(const char *text, int64_t at_ms)
{
	return (struct event){
		.type = EVENT_PASTE, .text = text, .len = strlen(text), .at_ms = at_ms};
}

/* The same numbers every time. */
static UNUSED uint32_t
sketch_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

#endif
