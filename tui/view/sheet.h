/*
 * sheet: a text to read that a view writes line by line, wrapped at words to the width of the
 * screen, in a pager.
 */
#ifndef TUI_VIEW_SHEET_H
#define TUI_VIEW_SHEET_H

#include "base/arena.h"
#include "tui/draw/pager.h"

struct sheet {
	struct arena arena; /* of the lines */
	VEC(struct pages_line) lines;
	struct pager pager;
	int width;  /* that the lines were wrapped for */
	bool stale; /* what is said has changed */
	void (*write)(struct sheet *r, void *arg);
	void *arg;
};

/* `write` says all of it anew, with the functions below. */
void sheet_init(struct sheet *r, void (*write)(struct sheet *r, void *arg), void *arg);
void sheet_done(struct sheet *r);
void sheet_draw(struct sheet *r, struct area a, bool focus);
unsigned sheet_event(struct sheet *r, const struct event *ev);
/* How many rows it takes at this width. */
int sheet_rows(struct sheet *r, int width);

/* Texts are untrusted and copied. A heading has an empty line before it, unless it is the first. */
void sheet_heading(struct sheet *r, const char *text);
void sheet_blank(struct sheet *r);
/* Wrapped, from column `indent` on; newlines begin new lines. */
void sheet_text(struct sheet *r, unsigned style, int indent, const char *text);
void sheet_fmt(struct sheet *r, unsigned style, int indent, const char *fmt, ...) PRINTF(4, 5);
/* "name      value", the value wrapped beside the name; a NULL value is left out. */
void sheet_fact(struct sheet *r, const char *name, unsigned style, const char *value);
/* As it is, cut at the edge: what must not be broken, like a command line. */
void sheet_raw(struct sheet *r, unsigned style, int indent, const char *text);

#endif
