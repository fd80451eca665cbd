/*
 * term: the terminal. Only the files of this folder know curses; they show a canvas, and turn
 * bytes into events.
 *
 * No query is ever sent, so nothing answers as if it were typed (F32). The mouse is never asked
 * for. NO_COLOR, when set and not empty, means no colour (no-color.org); empty means nothing, and
 * "0" counts as set. LINES and COLUMNS are ignored: the terminal's own size counts.
 */
#ifndef TUI_TERM_TERM_H
#define TUI_TERM_TERM_H

#include "base/err.h"
#include "tui/draw/canvas.h"
#include "tui/draw/event.h"
#include "tui/theme.h"

struct terminal;

/*
 * Takes standard input and output. ERR_UNSUPPORTED when they are no terminal, or of a kind that
 * no screen can be drawn on; the caller falls back to --plain. One at a time. From here on the
 * terminal is restored on every way out of the process that can be caught (restore.h).
 */
MUST_CHECK bool term_open(const struct theme *theme, struct terminal **ret, struct err *err);
void term_close(struct terminal *t); /* NULL is a no-op */

int term_fd(const struct terminal *t);        /* to poll for input */
int term_output_fd(const struct terminal *t); /* to poll for room, after term_show said false */
bool term_ascii(const struct terminal *t);    /* the locale is not UTF-8 */
/* Changes the colours; the next term_show draws everything. */
void term_set_theme(struct terminal *t, const struct theme *theme);

/* Takes what has arrived. False when the terminal is gone (hang-up, end of file): leave. */
MUST_CHECK bool term_read(struct terminal *t);
/* The next key or paste out of what was taken. */
bool term_next(struct terminal *t, struct event *ret);
/* Milliseconds after which term_next may know more (a lone ESC); -1: not before term_read. */
int64_t term_wait(const struct terminal *t);
/* Throws away what was typed ahead; for dialogs that open. */
void term_flush_input(struct terminal *t);

/* Asks for the size; true when it changed. */
bool term_resize(struct terminal *t);
int term_columns(const struct terminal *t);
int term_rows(const struct terminal *t);

/*
 * Makes the terminal look like the canvas, which should have its size, sending what differs.
 * False when the terminal takes no bytes just now: try again when term_output_fd is writable.
 */
bool term_show(struct terminal *t, const struct canvas *c);
/* The next term_show draws everything, and sets all modes again. */
void term_repaint(struct terminal *t);
/*
 * Asks the terminal to put the bytes into its clipboard (OSC 52). Whether it did can't be known:
 * many ignore it without a word.
 */
void term_copy(struct terminal *t, const void *bytes, size_t len);
/* Gives the terminal back and stops the process group (job control); returns when it goes on. */
void term_suspend(struct terminal *t);

#endif
