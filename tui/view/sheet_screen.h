/*
 * sheet_screen: a screen that is one text to read: a record, a report, a runbook, a plan.
 *
 * A screen's struct begins with struct sheet_screen. Its view_ops name the functions below, or
 * functions of its own that call them.
 */
#ifndef TUI_VIEW_SHEET_SCREEN_H
#define TUI_VIEW_SHEET_SCREEN_H

#include "tui/view.h"
#include "tui/view/sheet.h"

struct sheet_screen {
	struct view view;
	struct sheet sheet;
	const char *title; /* lives as long as the screen */
	unsigned contexts; /* besides CONTEXT_PAGER, while no search is typed */
};

/* `write` is called with the screen as its argument (sheet.h). */
void sheet_screen_init(struct sheet_screen *s, struct app *app, const struct view_ops *view,
	void (*write)(struct sheet *t, void *screen));

/* For view_ops. `close` is for a screen that owns nothing but its sheet. */
void sheet_screen_draw(struct view *v, struct area a);
unsigned sheet_screen_event(struct view *v, const struct event *ev);
unsigned sheet_screen_contexts(const struct view *v);
/* What pagers offer and texts have no use for: they neither grow nor have long lines. */
bool sheet_screen_offers(const struct view *v, enum action action);
const char *sheet_screen_title(const struct view *v);
bool sheet_screen_work(struct view *v);
void sheet_screen_close(struct view *v);

#endif
