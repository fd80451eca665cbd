/*
 * event: what a screen hears of (keys, pastes, a new size, the end of its terminal) and what a
 * widget answers. Plain data: tui/term makes events, tests make them by hand.
 */
#ifndef TUI_DRAW_EVENT_H
#define TUI_DRAW_EVENT_H

#include "base/util.h"

/*
 * A key is a Unicode code point, a control code (K_CTRL), or one of the names behind the last
 * code point; K_ALT, K_SHIFT and K_CONTROL may be or-ed to a key that has no code of its own.
 */
enum key {
	K_NONE = 0,
	K_TAB = '\t',
	K_ENTER = '\r',
	K_ESC = 27,
	K_SPACE = ' ',
	K_BACKSPACE = 127, /* Ctrl-H as well: terminals disagree which of the two they send */
	K_UP = 0x110000,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_INSERT,
	K_DELETE,
	K_BACKTAB,
	K_F1, /* to K_F1 + 11 */
	K_ALT = 1 << 24,
	K_SHIFT = 1 << 25,
	K_CONTROL = 1 << 26,
};
#define K_CTRL(letter) ((uint32_t)(letter)&0x1f)
#define K_F(n)         ((uint32_t)K_F1 + (n)-1)

enum event_type {
	EVENT_KEY,
	EVENT_PASTE,  /* never delivered as keys, so that it can't confirm anything */
	EVENT_RESIZE, /* the canvas has its new size already */
};

struct event {
	enum event_type type;
	uint32_t key;
	const char *text; /* of a paste; raw, untrusted bytes, valid until the next event */
	size_t len;
	bool cut;      /* the paste was longer than the bound, or its end never came */
	int64_t at_ms; /* monotonic; dialogs use it to tell a person from a key that repeats */
};

/* What a widget answers to an event. It never draws from there. */
enum answer {
	ANSWER_IGNORED = 0,
	ANSWER_HANDLED = 1 << 0, /* the event is used up; nothing may have changed */
	ANSWER_REDRAW = 1 << 1,
	ANSWER_MOVED = 1 << 2,     /* the selection or position is another one */
	ANSWER_CHANGED = 1 << 3,   /* a value, mark, filter or sort order changed */
	ANSWER_CHOSEN = 1 << 4,    /* Enter on a row */
	ANSWER_ACCEPTED = 1 << 5,  /* a form or dialog was confirmed */
	ANSWER_CANCELLED = 1 << 6, /* Esc, q or Cancel */
};

#define KEY_TEXT 32 /* room for any key's name */

/* "Ctrl-U", "PgUp", "Space", "j"; returns text, of KEY_TEXT bytes. */
const char *key_label(uint32_t key, char *text);
/* The other way round; false for what is no key's name. */
MUST_CHECK bool key_parse(const char *name, size_t len, uint32_t *ret);
/* Whether the key is a character that a text field takes. */
bool key_is_text(uint32_t key);

#endif
