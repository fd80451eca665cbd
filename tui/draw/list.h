/*
 * list: a table over rows that stay where they are. It asks for the few that are on the screen,
 * so a million rows cost what twenty do.
 *
 * The cursor sits on a row's identity, not on its number: after list_refresh it is on the same
 * row, at the same height of the screen. When that row is gone nothing is selected until the next
 * move, so that Enter never meets a row that slid under the cursor.
 *
 * Columns appear as the width allows, by priority. Keys are those of CONTEXT_LIST.
 */
#ifndef TUI_DRAW_LIST_H
#define TUI_DRAW_LIST_H

#include "tui/draw/entry.h"
#include "tui/draw/marks.h"
#include "tui/keys.h"

enum list_column_flags {
	LIST_RIGHT = 1 << 0,
	LIST_TAIL = 1 << 1, /* when cut, its end is shown */
	LIST_SORT = 1 << 2, /* the list can be sorted by it */
};

struct list_column {
	const char *title;
	int width;    /* at least */
	int most;     /* wider when there is room; 0: never */
	int priority; /* 0 is always there; higher ones appear as the width grows */
	unsigned flags;
};

/* All callbacks take the rows as they are sorted now, from 0. */
struct list_model {
	const struct list_column *columns;
	size_t ncolumns;   /* at most LIST_COLUMNS */
	const char *empty; /* what is said when there are no rows */
	size_t (*count)(void *arg);
	uint64_t (*id)(void *arg, size_t row);
	/* Appends the raw text of a cell; returns its style. */
	unsigned (*cell)(void *arg, size_t row, size_t column, struct str *out);
	/* Draws a cell itself and returns true; false leaves it to `cell`. May be NULL. */
	bool (*draw)(void *arg, size_t row, size_t column, struct area a);
	/* Whether the row holds the text. NULL: any of its cells does, which is slower. */
	bool (*match)(void *arg, size_t row, const char *text);
	bool marks; /* rows can be marked */
};

#define LIST_COLUMNS    24
#define LIST_FILTER_MAX 200

struct list {
	const struct list_model *model;
	void *arg;
	bool selected; /* `id` is the identity of the row at `at` */
	bool fresh;    /* nothing was ever selected: take the first row that comes */
	uint64_t id;
	size_t at;  /* position among the rows that are shown */
	size_t top; /* position of the first one on the screen */
	int page;   /* rows on the screen when it was drawn last */
	int sort;   /* column, or -1 */
	bool descending;
	struct marks marks;
	/* The filter and the rows that pass it */
	struct entry filter;
	bool typing;
	uint32_t *index;
	size_t nindex, index_cap;
	size_t scanned, to_scan; /* rows looked at; in a narrowing, old entries of the index */
	bool narrowing;
	char *applied; /* the text of the scan; NULL: no filter */
};

/* Whether an action of CONTEXT_LIST does anything here: not all lists sort, or have marks. */
bool list_offers(const struct list *l, enum action action);

void list_init(struct list *l, const struct list_model *model, void *arg);
void list_done(struct list *l);

void list_draw(struct list *l, struct area a, bool focus);
/*
 * ANSWER_CHOSEN for Enter on a row, ANSWER_MOVED, ANSWER_CHANGED for marks, filter and order
 * (after a change of `sort` or `descending` the owner sorts and calls list_refresh).
 */
unsigned list_event(struct list *l, const struct event *ev);

/* The rows changed: came, went, or moved. */
void list_refresh(struct list *l);
/* A slice of filtering, at most about 8 ms; true while more remains (stage_work). */
bool list_work(struct list *l);

/* The selected row; false when there is none. */
bool list_row(const struct list *l, size_t *ret);
bool list_select(struct list *l, uint64_t id); /* false when no such row is shown */
/* "12 of 10,000" */
void list_position(const struct list *l, struct str *out);
void list_count_text(struct str *out, size_t n); /* "10,000" */

#endif
