/*
 * pick: a list over everything, to pick one row of; and a paragraph above it, for menus that ask
 * what to do.
 */
#ifndef TUI_VIEW_PICK_H
#define TUI_VIEW_PICK_H

#include "base/arena.h"
#include "tui/draw/list.h"
#include "tui/view.h"

#define PICK_COLUMNS 6

struct pick_row {
	const char *cells[PICK_COLUMNS]; /* NULL: empty */
	unsigned style;                  /* of the first cell */
	const char *value;               /* what it stands for, the owner's business */
};

struct pick {
	struct view view;
	struct arena arena; /* for rows and texts */
	const char *title;
	const char *text; /* a paragraph above; NULL */
	unsigned text_style;
	const char *mark; /* a word above that in its own style: PRODUCTION; NULL */
	unsigned mark_style;
	struct list_column columns[PICK_COLUMNS];
	struct list_model model;
	VEC(struct pick_row) rows;
	struct list list;
	int width;  /* at most; 0: 76 */
	bool deaf;  /* opens by itself: what was being typed is not for it */
	int scroll; /* of the text, where it does not fit */
	int text_rows, text_page;
	void (*done)(struct pick *p, const struct pick_row *row); /* once; NULL: left */
	void *arg;
};

struct pick *pick_new(struct app *app, const char *title,
	void (*done)(struct pick *p, const struct pick_row *row), void *arg);
/* Columns in order, before pick_open; those without a title make a list without titles. */
void pick_column(struct pick *p, struct list_column column);
struct pick_row *pick_row(struct pick *p);
void pick_open(struct pick *p);
void pick_select(struct pick *p, size_t row);

#endif
