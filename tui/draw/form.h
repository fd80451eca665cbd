/*
 * form: fields, choices and ticks with labels, a button that goes on and one that cancels; for the
 * parameters of a runbook, a reason, a password. It destroys nothing by itself, so Enter on its
 * button is fine; what comes behind it asks in a dialog.
 */
#ifndef TUI_DRAW_FORM_H
#define TUI_DRAW_FORM_H

#include "tui/draw/entry.h"

enum form_kind {
	FORM_TEXT,
	FORM_SECRET,
	FORM_CHOICE,
	FORM_CHECK,
	FORM_PICK, /* chosen elsewhere, by the owner: Enter and Space ask for that */
};

/* Texts are untrusted; the owner keeps them while the form stands. */
struct form_item {
	enum form_kind kind;
	const char *label;
	const char *help; /* a sentence, shown while it has the focus; NULL */
	size_t max;       /* TEXT, SECRET: bytes; 0: 1000 */
	const char *initial;
	const char *const *choices; /* CHOICE; ends with NULL */
};

struct form_value {
	struct entry field;
	size_t choice;
	bool checked;
	const char *shown; /* PICK: what was picked, the owner's; NULL: nothing yet */
	const char *error; /* why it can't stay like this; NULL. Gone with the next change */
};

struct form {
	const char *title, *action;
	const char *text; /* a paragraph above the items; NULL */
	const struct form_item *items;
	size_t n;
	struct form_value *values; /* one for each item */
	size_t focus;              /* an item; n: the button; n + 1: Cancel */
	size_t top;                /* first item on the screen */
	/* Sets `error` of what is wrong and returns false. NULL: all is well. */
	bool (*check)(struct form *f, void *arg);
	void *arg;
};

void form_init(struct form *f, const char *title, const char *action, const struct form_item *items,
	size_t n);
void form_done(struct form *f); /* wipes secrets */
void form_draw(struct form *f, struct area a);
/*
 * ANSWER_ACCEPTED when check agreed, ANSWER_CANCELLED, ANSWER_CHANGED, and ANSWER_CHOSEN when the
 * PICK that has the focus is to be picked. Modal.
 */
unsigned form_event(struct form *f, const struct event *ev);
const char *form_text(struct form *f, size_t item);

#endif
