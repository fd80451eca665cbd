/*
 * menu: what can be done with a set or a backup, as a list at the foot of their views: the
 * runbooks that take them, and where else one may want to look.
 */
#ifndef TUI_VIEW_MENU_H
#define TUI_VIEW_MENU_H

#include "base/arena.h"
#include "tui/draw/list.h"
#include "tui/keys.h"
#include "tui/model/library.h"

struct menu_item {
	const char *text;
	const struct library_entry *runbook; /* NULL: an action of the view */
	const char *parameter;               /* of the runbook, that takes the set or backup */
	enum action action;
};

struct menu {
	struct arena arena;
	VEC(struct menu_item) items;
	struct list list;
	int preferred; /* enum library_use to put the cursor on once there is one; -1 */
};

void menu_init(struct menu *m);
void menu_done(struct menu *m);
void menu_clear(struct menu *m);
void menu_action(struct menu *m, enum action action, const char *text);
/* The runbooks that take this set, or with `backup` a backup of it; those that restore first. */
void menu_runbooks(struct menu *m, const struct library *l, const char *asset, const char *set,
	int type, bool backup);
/* After the last addition. */
void menu_ready(struct menu *m);

/* Puts the cursor on the first runbook of this use; when none is known yet, once one is. */
void menu_prefer(struct menu *m, enum library_use use);

void menu_draw(struct menu *m, struct area a, bool focus);
/* ANSWER_CHOSEN: menu_item is what was chosen. */
unsigned menu_event(struct menu *m, const struct event *ev);
const struct menu_item *menu_item(const struct menu *m); /* NULL: none */

#endif
