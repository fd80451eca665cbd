/*
 * keys: every action of the console, one row each: its keys, where they hold, its help line, its
 * palette entry and its line in the manual. Nothing else in the program names a key.
 */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include "base/str.h"
#include "tui/draw/event.h"

/* Where a key holds. A screen looks keys up in the contexts of what has the focus. */
enum context {
	CONTEXT_GLOBAL = 1 << 0,
	CONTEXT_LIST = 1 << 1,
	CONTEXT_PAGER = 1 << 2,
	CONTEXT_TIMELINE = 1 << 3,
	CONTEXT_FORM = 1 << 4,  /* forms and dialogs */
	CONTEXT_FIELD = 1 << 5, /* while text is typed; asked before the form around it */
	CONTEXT_SCROLL = CONTEXT_LIST | CONTEXT_PAGER,
	CONTEXT_MOVE = CONTEXT_SCROLL | CONTEXT_TIMELINE,
};

enum keys_flags {
	KEYS_BAR = 1 << 0,    /* shown in the key bar */
	KEYS_KIOSK = 1 << 1,  /* harmless: allowed on a status board that nobody attends */
	KEYS_UNSAFE = 1 << 2, /* starts or changes something: refused when read-only */
};

/*
 * ACTION(id, name, default keys, contexts, flags, what completes its argument, summary)
 * The name is its entry in the palette and its word in the key bar.
 */
#define ACTIONS(ACTION)                                                                           \
	ACTION(OPEN, "open", "Enter", CONTEXT_LIST | CONTEXT_TIMELINE, KEYS_BAR, NULL,            \
		"open what is under the cursor")                                                  \
	ACTION(FILTER, "filter", "/", CONTEXT_LIST, KEYS_BAR, NULL,                               \
		"show only the rows that hold a text; Esc shows all again")                       \
	ACTION(SEARCH, "search", "/", CONTEXT_PAGER, KEYS_BAR, NULL, "search in the text")        \
	ACTION(NEXT_MATCH, "next-match", "n", CONTEXT_PAGER, 0, NULL, "go to the next match")     \
	ACTION(PREVIOUS_MATCH, "previous-match", "N", CONTEXT_PAGER, 0, NULL,                     \
		"go to the previous match")                                                       \
	ACTION(MARK, "mark", "Space", CONTEXT_LIST, KEYS_BAR, NULL,                               \
		"mark the row, or take the mark away")                                            \
	ACTION(SORT, "sort", "o", CONTEXT_LIST, KEYS_BAR, NULL, "sort by the next column")        \
	ACTION(REVERSE, "reverse", "O", CONTEXT_LIST, 0, NULL, "turn the order around")           \
	ACTION(FOLLOW, "follow", "F", CONTEXT_PAGER, KEYS_BAR, NULL,                              \
		"stay at the end while the text grows, or stop that")                             \
	ACTION(WRAP, "wrap", "w", CONTEXT_PAGER, KEYS_BAR, NULL,                                  \
		"break long lines, or cut them at the edge")                                      \
	ACTION(ZOOM_IN, "zoom-in", "+ =", CONTEXT_TIMELINE, KEYS_BAR, NULL, "show less time")     \
	ACTION(ZOOM_OUT, "zoom-out", "-", CONTEXT_TIMELINE, KEYS_BAR, NULL, "show more time")     \
	ACTION(WHOLE, "all", "0", CONTEXT_TIMELINE, KEYS_BAR, NULL, "show all of the time")       \
	ACTION(NEXT_MARKER, "next-marker", "]", CONTEXT_TIMELINE, 0, NULL,                        \
		"go to the next marker or edge")                                                  \
	ACTION(PREVIOUS_MARKER, "previous-marker", "[", CONTEXT_TIMELINE, 0, NULL,                \
		"go to the marker or edge before")                                                \
	ACTION(COPY, "copy", "y", CONTEXT_MOVE, KEYS_BAR, NULL, "copy the command, name or line") \
	ACTION(DOWN, "down", "j Down", CONTEXT_SCROLL, KEYS_KIOSK, NULL, "one row down")          \
	ACTION(UP, "up", "k Up", CONTEXT_SCROLL, KEYS_KIOSK, NULL, "one row up")                  \
	ACTION(LEFT, "left", "h Left", CONTEXT_PAGER | CONTEXT_TIMELINE, KEYS_KIOSK, NULL,        \
		"to the left; earlier")                                                           \
	ACTION(RIGHT, "right", "l Right", CONTEXT_PAGER | CONTEXT_TIMELINE, KEYS_KIOSK, NULL,     \
		"to the right; later")                                                            \
	ACTION(PAGE_DOWN, "page-down", "PgDn", CONTEXT_MOVE | CONTEXT_FORM, KEYS_KIOSK, NULL,     \
		"one page down; later")                                                           \
	ACTION(PAGE_UP, "page-up", "PgUp", CONTEXT_MOVE | CONTEXT_FORM, KEYS_KIOSK, NULL,         \
		"one page up; earlier")                                                           \
	ACTION(HALF_DOWN, "half-down", "Ctrl-D", CONTEXT_SCROLL, KEYS_KIOSK, NULL,                \
		"half a page down")                                                               \
	ACTION(HALF_UP, "half-up", "Ctrl-U", CONTEXT_SCROLL, KEYS_KIOSK, NULL, "half a page up")  \
	ACTION(TOP, "top", "g Home", CONTEXT_MOVE, KEYS_KIOSK, NULL, "to the beginning")          \
	ACTION(BOTTOM, "bottom", "G End", CONTEXT_MOVE, KEYS_KIOSK, NULL, "to the end")           \
	ACTION(NEXT_PANE, "next-pane", "Tab", CONTEXT_GLOBAL, 0, NULL, "to the next pane")        \
	ACTION(PREVIOUS_PANE, "previous-pane", "Shift-Tab", CONTEXT_GLOBAL, 0, NULL,              \
		"to the pane before")                                                             \
	ACTION(REFRESH, "refresh", "R F5", CONTEXT_GLOBAL, 0, NULL, "look again, now")            \
	ACTION(BACK, "back", "q Esc", CONTEXT_GLOBAL, KEYS_BAR, NULL, "one level back")           \
	ACTION(PALETTE, "commands", ":", CONTEXT_GLOBAL, KEYS_BAR, NULL,                          \
		"choose an action by its name")                                                   \
	ACTION(THEME, "theme", "", CONTEXT_GLOBAL, 0, "theme", "change the colours")              \
	ACTION(REPAINT, "repaint", "Ctrl-L", CONTEXT_GLOBAL, KEYS_KIOSK, NULL,                    \
		"draw the whole screen again, after something wrote over it")                     \
	ACTION(INTERRUPT, "interrupt", "Ctrl-C", CONTEXT_GLOBAL, 0, NULL,                         \
		"leave a dialog; ask about the step that runs")                                   \
	ACTION(SUSPEND, "suspend", "Ctrl-Z", CONTEXT_GLOBAL, 0, NULL,                             \
		"back to the shell for a while; fg returns")                                      \
	ACTION(HELP, "help", "? F1", CONTEXT_GLOBAL, KEYS_BAR, NULL, "what the keys do")          \
	ACTION(FIELD_NEXT, "next-field", "Tab Down", CONTEXT_FORM, KEYS_BAR, NULL,                \
		"the next field")                                                                 \
	ACTION(FIELD_PREVIOUS, "previous-field", "Shift-Tab Up", CONTEXT_FORM, 0, NULL,           \
		"the field before")                                                               \
	ACTION(VALUE_NEXT, "next-value", "Right", CONTEXT_FORM, 0, NULL,                          \
		"the next choice, or button")                                                     \
	ACTION(VALUE_PREVIOUS, "previous-value", "Left", CONTEXT_FORM, 0, NULL,                   \
		"the choice or button before")                                                    \
	ACTION(PRESS, "press", "Space", CONTEXT_FORM, KEYS_BAR, NULL,                             \
		"press the button; the only way to confirm what destroys")                        \
	ACTION(SUBMIT, "submit", "Enter", CONTEXT_FORM, KEYS_BAR, NULL,                           \
		"the next field; press a button that destroys nothing")                           \
	ACTION(CANCEL, "cancel", "Esc Ctrl-C", CONTEXT_FORM, KEYS_BAR, NULL,                      \
		"leave without doing it")                                                         \
	ACTION(CURSOR_LEFT, "cursor-left", "Left Ctrl-B", CONTEXT_FIELD, 0, NULL,                 \
		"one character to the left")                                                      \
	ACTION(CURSOR_RIGHT, "cursor-right", "Right Ctrl-F", CONTEXT_FIELD, 0, NULL,              \
		"one character to the right")                                                     \
	ACTION(CURSOR_START, "cursor-start", "Home Ctrl-A", CONTEXT_FIELD, 0, NULL,               \
		"to the start of the text")                                                       \
	ACTION(CURSOR_END, "cursor-end", "End Ctrl-E", CONTEXT_FIELD, 0, NULL,                    \
		"to the end of the text")                                                         \
	ACTION(ERASE, "erase", "Backspace", CONTEXT_FIELD, 0, NULL, "erase the character before") \
	ACTION(ERASE_NEXT, "erase-next", "Delete", CONTEXT_FIELD, 0, NULL,                        \
		"erase the character under the cursor")                                           \
	ACTION(ERASE_WORD, "erase-word", "Ctrl-W", CONTEXT_FIELD, 0, NULL,                        \
		"erase the word before")                                                          \
	ACTION(ERASE_ALL, "erase-all", "Ctrl-U", CONTEXT_FIELD, 0, NULL,                          \
		"erase up to the start of the text")

enum action {
	ACTION_NONE,
#define ACTION(id, name, keys, contexts, flags, complete, summary) ACTION_##id,
	ACTIONS(ACTION)
#undef ACTION
		ACTION_COUNT,
};

#define KEYS_MAX 4 /* keys of one action */

struct action_row {
	enum action id;
	const char *name, *summary;
	const char *complete; /* what its argument is: "theme"; NULL when it takes none */
	unsigned contexts, flags;
	uint32_t keys[KEYS_MAX];
	size_t nkeys;
};

/* Row i, from 1 to ACTION_COUNT - 1, in the order of the help screen. */
const struct action_row *keys_row(enum action id);
const struct action_row *keys_by_name(const char *name); /* NULL when there is none */

/* What a key means in any of these contexts; ACTION_NONE when nothing. */
enum action keys_find(unsigned contexts, uint32_t key);

/* "j, Down": all keys of a row into out. */
void keys_text(const struct action_row *row, struct str *out);
/* "list", "everywhere": where a row holds. */
const char *keys_place(const struct action_row *row);
/* The table as roff, for the manual. */
void keys_man(struct str *out);

#endif
