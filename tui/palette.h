/*
 * palette: the : prompt: actions by their names, with completion. It knows the table of keys and
 * nothing else; there is no way from here to a shell.
 */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

#include "tui/draw/entry.h"
#include "tui/draw/keybar.h"

#define PALETTE_SHOWN 10 /* matches on the screen */

struct palette {
	const struct keybar *bar; /* which actions there are */
	/* The words that may stand behind an action, ending with NULL; what: "theme". May be NULL.
	 */
	const char *const *(*complete)(void *arg, const char *what);
	void *arg;
	struct entry field;
	size_t at; /* the match that is selected */
};

void palette_open(struct palette *p, const struct keybar *bar,
	const char *const *(*complete)(void *arg, const char *what), void *arg);
void palette_done(struct palette *p);
void palette_draw(struct palette *p, struct area a);
/* ANSWER_ACCEPTED: palette_choice has it. ANSWER_CANCELLED. Modal. */
unsigned palette_event(struct palette *p, const struct event *ev);
/* The action, and its argument ("" when there is none); ACTION_NONE when nothing matches. */
enum action palette_choice(struct palette *p, const char **ret_argument);

#endif
