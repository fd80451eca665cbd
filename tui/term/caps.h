/*
 * caps: what terminfo knows of the terminal: whether screens can be drawn on it at all, what its
 * keys send, and the sequences beside curses' own.
 */
#ifndef TUI_TERM_CAPS_H
#define TUI_TERM_CAPS_H

#include "base/err.h"
#include "tui/term/input.h"

struct caps {
	int rows, cols; /* of a terminal that does not tell its size */
	bool hides_cursor;
	struct str enter;   /* keypad and bracketed paste on */
	struct str leave;   /* the same off */
	struct str full;    /* the alternate screen on: a full repaint begins with it */
	struct str restore; /* everything off, for a crash */
};

/*
 * Loads $TERM's description. ERR_UNSUPPORTED, with --plain as the way out, when TERM is not set,
 * not known, or of a terminal without cursor addressing.
 */
MUST_CHECK bool caps_load(int fd, struct caps *ret, struct input *keys, struct err *err);
void caps_done(struct caps *c);

#endif
