/*
 * help: the ? screen: what the keys do here, as a list that can be filtered, from the table of
 * keys and of nothing else.
 */
#ifndef TUI_HELP_H
#define TUI_HELP_H

#include "tui/draw/keybar.h"
#include "tui/draw/list.h"

struct help {
	struct list list;
	enum action rows[ACTION_COUNT];
	size_t n;
};

/* The actions that hold in bar->contexts and are allowed; with those of forms and typing behind. */
void help_open(struct help *h, const struct keybar *bar);
void help_done(struct help *h);
void help_draw(struct help *h, struct area a);
/* ANSWER_CANCELLED closes it. Modal. */
unsigned help_event(struct help *h, const struct event *ev);

#endif
