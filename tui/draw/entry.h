/*
 * entry: one line of text that can be typed, for forms, filters and the palette.
 *
 * It takes the actions of CONTEXT_FIELD and characters. A paste goes in up to its first line end,
 * without controls. A secret shows stars and is wiped.
 */
#ifndef TUI_DRAW_ENTRY_H
#define TUI_DRAW_ENTRY_H

#include "tui/draw/canvas.h"
#include "tui/draw/event.h"

struct entry {
	struct str text; /* valid UTF-8 */
	size_t cursor;   /* byte, at the start of a character */
	size_t first;    /* byte that is drawn first */
	bool secret;
};

void entry_init(struct entry *f, size_t max, bool secret);
void entry_done(struct entry *f);
void entry_set(struct entry *f, const char *text);
const char *entry_text(struct entry *f);

unsigned entry_event(struct entry *f, const struct event *ev);
/* On the first row of the area; shows the cursor when it has the focus. */
void entry_draw(struct entry *f, struct area a, bool focus);

#endif
