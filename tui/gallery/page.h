/*
 * page: one page of the gallery of widgets. The gallery is for developers and for the tests of
 * the widgets: every widget on the screen, on data that is made up and says so.
 */
#ifndef TUI_GALLERY_PAGE_H
#define TUI_GALLERY_PAGE_H

#include "base/err.h"
#include "tui/draw/canvas.h"
#include "tui/draw/event.h"

struct gallery_options {
	int64_t rows;             /* of the list */
	const char *file;         /* for the pager; NULL: lines in memory */
	void (*flush)(void *arg); /* throws away what was typed ahead */
	void *arg;
};

struct gallery_page {
	const char *name;
	unsigned contexts; /* enum context, for the key bar and the help */
	MUST_CHECK bool (*open)(const struct gallery_options *o, void **ret, struct err *err);
	void (*draw)(void *page, struct area a);
	unsigned (*event)(void *page, const struct event *ev); /* enum answer */
	bool (*work)(void *page);                              /* NULL; as stage_ops.work */
	bool (*tick)(void *page);  /* NULL; once a second: whether to draw */
	bool (*modal)(void *page); /* NULL; whether it has all keys to itself */
	void (*close)(void *page);
};

extern const struct gallery_page gallery_list, gallery_text, gallery_ask, gallery_time;

#endif
