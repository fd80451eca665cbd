/*
 * confirm: a dialog over everything: a question with one answer that acts, or a message.
 *
 *     struct confirm *c = confirm_new(app, on_done, me);
 *     c->spec.title = ...; confirm_fact(c, "target", ...);
 *     confirm_open(c);
 */
#ifndef TUI_VIEW_CONFIRM_H
#define TUI_VIEW_CONFIRM_H

#include "base/arena.h"
#include "tui/draw/dialog.h"
#include "tui/view.h"

struct confirm {
	struct view view;
	struct arena arena; /* for the texts of spec */
	struct dialog_spec spec;
	VEC(struct dialog_fact) facts;
	struct dialog dialog;
	void (*done)(struct confirm *c, bool accepted); /* once; NULL for a message */
	void *arg;
};

struct confirm *confirm_new(
	struct app *app, void (*done)(struct confirm *c, bool accepted), void *arg);
/* Both are copied; a NULL value is left out. */
void confirm_fact(struct confirm *c, const char *name, const char *value, unsigned style);
void confirm_open(struct confirm *c);

/* A message with its title, and Close. */
void confirm_message(struct app *app, const char *title, const char *text);

#endif
