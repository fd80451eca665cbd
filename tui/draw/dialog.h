/*
 * dialog: asks before something is done, so that nothing is done by accident.
 *
 * Cancel has the focus. What was typed before the dialog stood there is not for it: the owner
 * calls term_flush_input when it opens one, and for DIALOG_DEAF_MS it listens to nothing but
 * cancel. It is accepted by Space on its button, which only Tab reaches; Enter presses the button
 * only where nothing is destroyed, and no key presses it within DIALOG_SETTLE_MS of another, so
 * that neither a paste nor a key that repeats ever confirms. A name that must be typed can't be
 * pasted. Nothing is accepted before all of the text was on the screen.
 */
#ifndef TUI_DRAW_DIALOG_H
#define TUI_DRAW_DIALOG_H

#include "tui/draw/entry.h"

#define DIALOG_DEAF_MS   300
#define DIALOG_SETTLE_MS 100
#define DIALOG_NAME_MAX  200

struct dialog_fact {
	const char *name, *value; /* "target", "prod-db = aragora@10.0.0.5:5432" */
	unsigned style;           /* of the value; 0 is ROLE_TEXT */
};

/* Texts are untrusted; the owner keeps all of it while the dialog stands. */
struct dialog_spec {
	const char *title;
	const char
		*environment; /* "PRODUCTION", "DRILL", read back from the live target; or NULL */
	unsigned environment_style;
	const struct dialog_fact *facts; /* what will run, where, as whom */
	size_t nfacts;
	const char *text;    /* a paragraph; NULL */
	const char *warning; /* what can't be taken back; NULL */
	const char *typed;   /* the name to type; NULL */
	const char *action;  /* the button: "Restore"; NULL: there is only Close */
	bool destroys;
};

enum dialog_focus { DIALOG_CANCEL, DIALOG_FIELD, DIALOG_ACTION };

struct dialog {
	const struct dialog_spec *spec;
	struct entry field;
	enum dialog_focus focus;
	int64_t opened_ms, key_ms; /* when it opened; when the last key came */
	int scroll, rows, page;    /* of the text: first row shown, all rows, rows on the screen */
	bool seen, cramped;        /* all was on the screen; there is no room for the dialog */
	const char *notice;        /* why the last key did nothing; NULL */
};

void dialog_open(struct dialog *d, const struct dialog_spec *spec, int64_t now_ms);
void dialog_done(struct dialog *d);
void dialog_draw(struct dialog *d, struct area a);
/* ANSWER_ACCEPTED or ANSWER_CANCELLED ends it; every event is handled, it is modal. */
unsigned dialog_event(struct dialog *d, const struct event *ev);

#endif
