/*
 * list_screen: a screen that is one list, and below it what there is to say about the selected
 * row: sets, backups, runbooks, runs, records. What a list does by itself (cursor, pages, filter,
 * marks, order) is draw/list.h; here is how a screen uses it.
 *
 * A screen's struct begins with struct list_screen. Its view_ops name the functions below, or
 * functions of its own that call them.
 */
#ifndef TUI_VIEW_LIST_SCREEN_H
#define TUI_VIEW_LIST_SCREEN_H

#include "tui/draw/list.h"
#include "tui/view.h"

struct list_screen;

struct list_screen_ops {
	unsigned contexts; /* besides CONTEXT_LIST, while no filter is typed */
	bool copies;       /* `act` knows ACTION_COPY */
	/* Enter on a row */
	void (*open)(struct list_screen *s, size_t row);
	/*
	 * Draws what there is to say about the selected row below a line, on `foot_rows` rows with
	 * the line's; left out where there are fewer than `foot_from` for list and foot together.
	 * NULL: nothing.
	 */
	void (*foot)(struct list_screen *s, size_t row, struct area a);
	int foot_rows, foot_from;
};

struct list_screen {
	struct view view;
	const struct list_screen_ops *ops;
	struct list list;
};

/* The model is asked with the screen as its argument. */
void list_screen_init(struct list_screen *s, struct app *app, const struct view_ops *view,
	const struct list_screen_ops *ops, const struct list_model *model);
/* The rows came, went or moved. */
void list_screen_refresh(struct list_screen *s);

/* For view_ops. `close` is for a screen that owns nothing but its list. */
void list_screen_draw(struct view *v, struct area a);
unsigned list_screen_event(struct view *v, const struct event *ev);
unsigned list_screen_contexts(const struct view *v);
bool list_screen_offers(const struct view *v, enum action action);
bool list_screen_work(struct view *v);
void list_screen_close(struct view *v);

#endif
