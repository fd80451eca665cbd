/*
 * fill: a form over everything, whose fields its owner makes.
 *
 *     struct fill *f = fill_new(app, "A note", "Write it", on_done, me);
 *     *fill_item(f) = (struct form_item){FORM_TEXT, "note", ...};
 *     fill_open(f);
 */
#ifndef TUI_VIEW_FILL_H
#define TUI_VIEW_FILL_H

#include "base/arena.h"
#include "tui/draw/form.h"
#include "tui/view.h"

struct fill {
	struct view view;
	struct arena arena;                /* for the texts of the items */
	const char *title, *action, *text; /* text: a paragraph above the fields, or NULL */
	VEC(struct form_item) items;
	struct form form;
	bool (*check)(struct fill *f);               /* sets errors; NULL: all is well */
	void (*picked)(struct fill *f, size_t item); /* a PICK is to be picked */
	void (*changed)(struct fill *f);             /* a value changed; NULL */
	void (*done)(struct fill *f, bool accepted); /* once; values may be read in it */
	void *arg;
};

struct fill *fill_new(struct app *app, const char *title, const char *action,
	void (*done)(struct fill *f, bool accepted), void *arg);
struct form_item *fill_item(struct fill *f); /* a new one, before fill_open */
void fill_open(struct fill *f);

#endif
