/*
 * input: bytes of a terminal decoded into keys and pastes. Pure: no descriptor, no clock, no
 * curses.
 *
 * Sequences come from terminfo (input_bind) and from what xterm-like terminals and the Linux
 * console send. What is not known is swallowed whole, so that its tail never acts as keys; so are
 * replies to queries, which nobody here asks. A paste in brackets (ESC [200~ to ESC [201~) is one
 * event, never keys. A lone ESC is known by the silence behind it.
 */
#ifndef TUI_TERM_INPUT_H
#define TUI_TERM_INPUT_H

#include "base/str.h"
#include "tui/draw/event.h"

#define INPUT_CHUNK     4096  /* bytes of one input_feed */
#define INPUT_PASTE_MAX 65536 /* bytes of a paste that are kept */
#define INPUT_ESC_MS    40    /* silence after which ESC is the key */
#define INPUT_STRING_MS 500   /* ... a control string is over */
#define INPUT_PASTE_MS  2000  /* ... a paste whose end was lost is over */

struct input_binding {
	char bytes[15];
	uint8_t len;
	uint32_t key;
};

struct input {
	char buf[INPUT_CHUNK + 256];
	size_t len;
	int64_t fed_ms;         /* when the last bytes came */
	bool pasting, dropping; /* inside a paste; inside a control string */
	struct str paste;
	struct input_binding bindings[64];
	size_t nbindings;
};

void input_init(struct input *in);
void input_done(struct input *in);
/* bytes: a terminfo capability; NULL, too long and one-byte ones are ignored. */
void input_bind(struct input *in, const char *bytes, uint32_t key);

/* At most INPUT_CHUNK bytes, and only after input_next has said false. */
void input_feed(struct input *in, const void *bytes, size_t len, int64_t now_ms);
/* The next event; false when there is none (yet). */
bool input_next(struct input *in, int64_t now_ms, struct event *ret);
/* Milliseconds until input_next may know more without new bytes; -1: never. */
int64_t input_wait(const struct input *in, int64_t now_ms);

#endif
