/*
 * menu_screen: a screen about one thing, a set or a backup: a sheet that says what is known of it,
 * and below it the menu of what can be done with it. Tab changes between the two.
 *
 * A screen's struct begins with struct menu_screen. Its view_ops name the functions below, or
 * functions of its own that call them.
 */
#ifndef TUI_VIEW_MENU_SCREEN_H
#define TUI_VIEW_MENU_SCREEN_H

#include "tui/view.h"
#include "tui/view/menu.h"
#include "tui/view/sheet.h"

struct menu_screen;

struct menu_screen_ops {
	unsigned contexts; /* besides those of sheet or menu, while no text is typed */
	void (*write)(struct sheet *t, void *screen); /* sheet.h */
	void (*load)(struct menu_screen *s); /* adds to the menu what can be done (menu.h) */
	/* Draws on the rows that the sheet leaves between itself and the menu. NULL: nothing. */
	void (*between)(struct menu_screen *s, struct area a);
};

struct menu_screen {
	struct view view;
	const struct menu_screen_ops *ops;
	const char *id; /* of the thing, for the parameter of a runbook; lives as long */
	struct sheet sheet;
	struct menu menu;
	bool reading; /* the keys are the sheet's, not the menu's */
};

/* `load` is called with what the screen holds by then. */
void menu_screen_init(struct menu_screen *s, struct app *app, const struct view_ops *view,
	const struct menu_screen_ops *ops, const char *id);

/* For view_ops. `close` is for a screen that owns nothing else. */
void menu_screen_draw(struct view *v, struct area a);
unsigned menu_screen_event(struct view *v, const struct event *ev);
bool menu_screen_act(struct view *v, enum action action);
unsigned menu_screen_contexts(const struct view *v);
bool menu_screen_offers(const struct view *v, enum action action);
bool menu_screen_work(struct view *v);
void menu_screen_changed(struct view *v, unsigned what);
void menu_screen_close(struct view *v);

#endif
