/*
 * pager: a text to read: in memory or a file of any size (draw/pages.h), with follow mode, search,
 * long lines cut at the edge (then left and right move) or wrapped. Keys: CONTEXT_PAGER.
 *
 * All text is untrusted: it is made visible as it is drawn, and searched as it is stored.
 */
#ifndef TUI_DRAW_PAGER_H
#define TUI_DRAW_PAGER_H

#include "tui/draw/entry.h"
#include "tui/draw/pages.h"

#define PAGER_SEARCH_MAX 200

struct pager {
	struct pages *pages;
	int64_t top;     /* the line at the top */
	int row;         /* of it, when wrapped: the row at the top */
	int left;        /* columns that are off to the left; not when wrapped */
	int width, page; /* of the text when it was drawn last */
	bool wrap, follow;
	bool bare; /* no last line while nothing is to be said there */
	/* Search */
	struct entry field;
	bool typing, backwards;
	char *needle;        /* what is looked for and shown; NULL */
	int64_t search_from; /* the search goes on here; -1: none is running */
	int64_t hit;         /* the line that was found last, or -1 */
	const char *notice;  /* "not found"; NULL */
};

/* The pager owns the pages from now on. */
void pager_init(struct pager *p, struct pages *pages);
void pager_done(struct pager *p);

void pager_draw(struct pager *p, struct area a, bool focus);
unsigned pager_event(struct pager *p, const struct event *ev);
/* The text may have grown: true when there is something to draw. */
bool pager_refresh(struct pager *p);
/* A slice of searching; true while more remains (stage_work). */
bool pager_work(struct pager *p);
void pager_bottom(struct pager *p);

#endif
