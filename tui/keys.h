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
	/* What is at hand on the screen */
	CONTEXT_SET = 1 << 6,
	CONTEXT_BACKUP = 1 << 7,
	CONTEXT_BACKUPS = 1 << 8, /* a list of them */
	CONTEXT_RUNBOOK = 1 << 9,
	CONTEXT_PLAN = 1 << 10, /* of a run that is not started */
	CONTEXT_RUN = 1 << 11,
	CONTEXT_AUDIT = 1 << 12,
	CONTEXT_HISTORY = 1 << 13, /* a list of runs */
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
#define ACTIONS(ACTION)                                                                            \
	ACTION(ITS_BACKUPS, "its-backups", "b", CONTEXT_SET, KEYS_BAR, NULL,                       \
		"list the backups of this set")                                                    \
	ACTION(RESTORE, "restore", "r", CONTEXT_SET | CONTEXT_BACKUP, KEYS_BAR, NULL,              \
		"choose a runbook that restores it")                                               \
	ACTION(VERIFY, "verify", "v", CONTEXT_BACKUP, KEYS_BAR | KEYS_UNSAFE, NULL,                \
		"read all of it in the background and prove it intact")                            \
	ACTION(ONLY, "only", "f", CONTEXT_BACKUPS, KEYS_BAR, NULL,                                 \
		"show only backups of a set, verdict, age or size")                                \
	ACTION(FILL_IN, "start", "s", CONTEXT_RUNBOOK, KEYS_BAR, NULL,                             \
		"fill in the runbook's parameters and see its plan; nothing runs yet")             \
	ACTION(START, "start-run", "s", CONTEXT_PLAN, KEYS_BAR | KEYS_UNSAFE, NULL,                \
		"start the run that the plan shows; asks first")                                   \
	ACTION(ANSWER, "answer", "a", CONTEXT_RUN, KEYS_BAR | KEYS_UNSAFE, NULL,                   \
		"open the question that the run waits with; approve or deny")                      \
	ACTION(PAUSE, "pause", "p", CONTEXT_RUN, KEYS_BAR | KEYS_UNSAFE, NULL,                     \
		"start no further step until this is pressed again")                               \
	ACTION(STOP, "stop", "s", CONTEXT_RUN, KEYS_BAR | KEYS_UNSAFE, NULL,                       \
		"end the run: its step is ended, then it cleans up; asks first")                   \
	ACTION(INTERRUPT_STEP, "interrupt-step", "i", CONTEXT_RUN, KEYS_UNSAFE, NULL,              \
		"end the step at hand and decide what then; asks first")                           \
	ACTION(RESUME, "resume", "r", CONTEXT_RUN, KEYS_BAR | KEYS_UNSAFE, NULL,                   \
		"go on with a run that was interrupted or not done")                               \
	ACTION(COMMENT, "comment", "c", CONTEXT_RUN, KEYS_BAR | KEYS_UNSAFE, NULL,                 \
		"write a note into the record of the run")                                         \
	ACTION(HAND_OVER, "hand-over", "H", CONTEXT_RUN, KEYS_UNSAFE, NULL,                        \
		"offer the wheel to somebody, or take it when it is offered")                      \
	ACTION(INJECT, "inject", "I", CONTEXT_RUN, KEYS_UNSAFE, NULL,                              \
		"in a drill: let a step fail, a backup vanish, an approver sleep")                 \
	ACTION(CLOCK, "clock", "C", CONTEXT_RUN, KEYS_UNSAFE, NULL,                                \
		"in a drill: stop its clock while people talk, or let it go on")                   \
	ACTION(REPORT, "report", "v", CONTEXT_RUN | CONTEXT_HISTORY, KEYS_BAR, NULL,               \
		"the report of the run: who did what and when, what deviated; a drill's "          \
		"scorecard")                                                                       \
	ACTION(EVENTS, "events", "e", CONTEXT_RUN, KEYS_BAR, NULL,                                 \
		"what happened in the run, or what its steps printed")                             \
	ACTION(VERIFY_LOG, "verify-log", "v", CONTEXT_AUDIT, KEYS_BAR, NULL,                       \
		"read the whole audit log and say how far it can be believed")                     \
	ACTION(OPEN, "open", "Enter", CONTEXT_LIST | CONTEXT_TIMELINE, KEYS_BAR, NULL,             \
		"open what is under the cursor")                                                   \
	ACTION(FILTER, "filter", "/", CONTEXT_LIST, KEYS_BAR, NULL,                                \
		"show only the rows that hold a text; Esc shows all again")                        \
	ACTION(SEARCH, "search", "/", CONTEXT_PAGER, KEYS_BAR, NULL, "search in the text")         \
	ACTION(NEXT_MATCH, "next-match", "n", CONTEXT_PAGER, 0, NULL, "go to the next match")      \
	ACTION(PREVIOUS_MATCH, "previous-match", "N", CONTEXT_PAGER, 0, NULL,                      \
		"go to the previous match")                                                        \
	ACTION(MARK, "mark", "Space", CONTEXT_LIST, KEYS_BAR, NULL,                                \
		"mark the row, or take the mark away")                                             \
	ACTION(SORT, "sort", "o", CONTEXT_LIST, KEYS_BAR, NULL, "sort by the next column")         \
	ACTION(REVERSE, "reverse", "O", CONTEXT_LIST, 0, NULL, "turn the order around")            \
	ACTION(FOLLOW, "follow", "F", CONTEXT_PAGER, KEYS_BAR, NULL,                               \
		"stay at the end while the text grows, or stop that")                              \
	ACTION(WRAP, "wrap", "w", CONTEXT_PAGER, KEYS_BAR, NULL,                                   \
		"break long lines, or cut them at the edge")                                       \
	ACTION(HARM, "transactions", "t", CONTEXT_TIMELINE, KEYS_BAR, NULL,                        \
		"find the transactions near the cursor that dropped, truncated or deleted")        \
	ACTION(ZOOM_IN, "zoom-in", "+ =", CONTEXT_TIMELINE, KEYS_BAR, NULL, "show less time")      \
	ACTION(ZOOM_OUT, "zoom-out", "-", CONTEXT_TIMELINE, KEYS_BAR, NULL, "show more time")      \
	ACTION(WHOLE, "all", "0", CONTEXT_TIMELINE, KEYS_BAR, NULL, "show all of the time")        \
	ACTION(NEXT_MARKER, "next-marker", "]", CONTEXT_TIMELINE, 0, NULL,                         \
		"go to the next backup, damage or edge")                                           \
	ACTION(PREVIOUS_MARKER, "previous-marker", "[", CONTEXT_TIMELINE, 0, NULL,                 \
		"go to the backup, damage or edge before")                                         \
	ACTION(COPY, "copy", "y", CONTEXT_MOVE, KEYS_BAR, NULL, "copy the command, name or line")  \
	ACTION(DOWN, "down", "j Down", CONTEXT_SCROLL, KEYS_KIOSK, NULL, "one row down")           \
	ACTION(UP, "up", "k Up", CONTEXT_SCROLL, KEYS_KIOSK, NULL, "one row up")                   \
	ACTION(LEFT, "left", "h Left", CONTEXT_PAGER | CONTEXT_TIMELINE, KEYS_KIOSK, NULL,         \
		"to the left; earlier")                                                            \
	ACTION(RIGHT, "right", "l Right", CONTEXT_PAGER | CONTEXT_TIMELINE, KEYS_KIOSK, NULL,      \
		"to the right; later")                                                             \
	ACTION(PAGE_DOWN, "page-down", "PgDn", CONTEXT_MOVE | CONTEXT_FORM, KEYS_KIOSK, NULL,      \
		"one page down; later")                                                            \
	ACTION(PAGE_UP, "page-up", "PgUp", CONTEXT_MOVE | CONTEXT_FORM, KEYS_KIOSK, NULL,          \
		"one page up; earlier")                                                            \
	ACTION(HALF_DOWN, "half-down", "Ctrl-D", CONTEXT_SCROLL, KEYS_KIOSK, NULL,                 \
		"half a page down")                                                                \
	ACTION(HALF_UP, "half-up", "Ctrl-U", CONTEXT_SCROLL, KEYS_KIOSK, NULL, "half a page up")   \
	ACTION(TOP, "top", "g Home", CONTEXT_MOVE, KEYS_KIOSK, NULL, "to the beginning")           \
	ACTION(BOTTOM, "bottom", "G End", CONTEXT_MOVE, KEYS_KIOSK, NULL, "to the end")            \
	ACTION(SHOW_BOARD, "board", "1", CONTEXT_GLOBAL, 0, NULL,                                  \
		"the board: can we recover, and how old would we be")                              \
	ACTION(SHOW_BACKUPS, "backups", "2", CONTEXT_GLOBAL, 0, NULL, "all backups")               \
	ACTION(SHOW_TIMELINE, "timeline", "3", CONTEXT_GLOBAL, 0, NULL,                            \
		"to which moments can we recover")                                                 \
	ACTION(SHOW_RUNBOOKS, "runbooks", "4", CONTEXT_GLOBAL, 0, NULL,                            \
		"the runbooks: what do we do now")                                                 \
	ACTION(SHOW_RUN, "run", "5", CONTEXT_GLOBAL, 0, NULL, "the run at hand")                   \
	ACTION(SHOW_HISTORY, "history", "6", CONTEXT_GLOBAL, 0, NULL, "all runs and drills")       \
	ACTION(SHOW_AUDIT, "audit", "7", CONTEXT_GLOBAL, 0, NULL,                                  \
		"the audit log: what was done, and by whom")                                       \
	ACTION(NEXT_PANE, "next-pane", "Tab", CONTEXT_GLOBAL, 0, NULL, "to the next pane")         \
	ACTION(PREVIOUS_PANE, "previous-pane", "Shift-Tab", CONTEXT_GLOBAL, 0, NULL,               \
		"to the pane before")                                                              \
	ACTION(REFRESH, "refresh", "R F5", CONTEXT_GLOBAL, 0, NULL, "look again, now")             \
	ACTION(BACK, "back", "q Esc", CONTEXT_GLOBAL, KEYS_BAR, NULL, "one level back")            \
	ACTION(PALETTE, "commands", ":", CONTEXT_GLOBAL, KEYS_BAR, NULL,                           \
		"choose an action by its name")                                                    \
	ACTION(THEME, "theme", "", CONTEXT_GLOBAL, 0, "theme", "change the colours")               \
	ACTION(REPAINT, "repaint", "Ctrl-L", CONTEXT_GLOBAL, KEYS_KIOSK, NULL,                     \
		"draw the whole screen again, after something wrote over it")                      \
	ACTION(INTERRUPT, "interrupt", "Ctrl-C", CONTEXT_GLOBAL, 0, NULL,                          \
		"leave a dialog; ask about the step that runs")                                    \
	ACTION(SUSPEND, "suspend", "Ctrl-Z", CONTEXT_GLOBAL, 0, NULL,                              \
		"back to the shell for a while; fg returns")                                       \
	ACTION(QUIT, "quit", "Q", CONTEXT_GLOBAL, 0, NULL, "leave the console; what runs goes on") \
	ACTION(HELP, "help", "? F1", CONTEXT_GLOBAL, KEYS_BAR, NULL, "what the keys do")           \
	ACTION(FIELD_NEXT, "next-field", "Tab Down", CONTEXT_FORM, KEYS_BAR, NULL,                 \
		"the next field")                                                                  \
	ACTION(FIELD_PREVIOUS, "previous-field", "Shift-Tab Up", CONTEXT_FORM, 0, NULL,            \
		"the field before")                                                                \
	ACTION(VALUE_NEXT, "next-value", "Right", CONTEXT_FORM, 0, NULL,                           \
		"the next choice, or button")                                                      \
	ACTION(VALUE_PREVIOUS, "previous-value", "Left", CONTEXT_FORM, 0, NULL,                    \
		"the choice or button before")                                                     \
	ACTION(PRESS, "press", "Space", CONTEXT_FORM, KEYS_BAR, NULL,                              \
		"press the button; the only way to confirm what destroys")                         \
	ACTION(SUBMIT, "submit", "Enter", CONTEXT_FORM, KEYS_BAR, NULL,                            \
		"the next field; press a button that destroys nothing")                            \
	ACTION(CANCEL, "cancel", "Esc Ctrl-C", CONTEXT_FORM, KEYS_BAR, NULL,                       \
		"leave without doing it")                                                          \
	ACTION(CURSOR_LEFT, "cursor-left", "Left Ctrl-B", CONTEXT_FIELD, 0, NULL,                  \
		"one character to the left")                                                       \
	ACTION(CURSOR_RIGHT, "cursor-right", "Right Ctrl-F", CONTEXT_FIELD, 0, NULL,               \
		"one character to the right")                                                      \
	ACTION(CURSOR_START, "cursor-start", "Home Ctrl-A", CONTEXT_FIELD, 0, NULL,                \
		"to the start of the text")                                                        \
	ACTION(CURSOR_END, "cursor-end", "End Ctrl-E", CONTEXT_FIELD, 0, NULL,                     \
		"to the end of the text")                                                          \
	ACTION(ERASE, "erase", "Backspace", CONTEXT_FIELD, 0, NULL, "erase the character before")  \
	ACTION(ERASE_NEXT, "erase-next", "Delete", CONTEXT_FIELD, 0, NULL,                         \
		"erase the character under the cursor")                                            \
	ACTION(ERASE_WORD, "erase-word", "Ctrl-W", CONTEXT_FIELD, 0, NULL,                         \
		"erase the word before")                                                           \
	ACTION(ERASE_ALL, "erase-all", "Ctrl-U", CONTEXT_FIELD, 0, NULL,                           \
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
