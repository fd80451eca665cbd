/*
 * style: what a cell means. Colours and attributes are the theme's business (themes/README.md).
 *
 * A style is a role, plus attributes or-ed to it where a meaning must be heard in mono too.
 */
#ifndef TUI_DRAW_STYLE_H
#define TUI_DRAW_STYLE_H

#include "base/util.h"

/*
 * ROLE(name, its key in a theme file, with 256 colours, with 16, with none, what it is for)
 * The values are the default theme; themes/default.theme spells them out and a test compares.
 */
#define ROLES(ROLE)                                                                               \
	ROLE(TEXT, "text", "default", "default", "none", "everything without another meaning")    \
	ROLE(DIM, "dim", "245", "default dim", "dim", "what may be overlooked: units, hints")     \
	ROLE(TITLE, "title", "bold", "bold", "bold", "column titles and headings")                \
	ROLE(ACCENT, "accent", "75", "cyan", "bold", "worth a look, and not a verdict")           \
	ROLE(OK, "ok", "71", "green", "none", "verdict ok")                                       \
	ROLE(LATE, "late", "179", "yellow", "bold", "verdict late: due, not yet breached")        \
	ROLE(BREACH, "breach", "203 bold", "bright-red bold", "reverse bold", "verdict breach")   \
	ROLE(UNKNOWN, "unknown", "141", "magenta", "underline", "verdict unknown")                \
	ROLE(PRODUCTION, "production", "203 reverse bold", "red reverse bold", "reverse bold",    \
		"the word PRODUCTION; always in reverse video")                                   \
	ROLE(DRILL, "drill", "75 reverse bold", "cyan reverse bold", "reverse", "the word DRILL") \
	ROLE(HEADER, "header", "252 on 236", "reverse", "reverse", "the line at the top")         \
	ROLE(KEY, "key", "75", "cyan", "bold", "the name of a key")                               \
	ROLE(KEYBAR, "keybar", "245", "default", "none", "what the keys do, at the bottom")       \
	ROLE(SELECTED, "selected", "231 on 24", "bright-white on blue", "reverse",                \
		"the row under the cursor")                                                       \
	ROLE(INACTIVE, "inactive", "on 237", "bold", "bold",                                      \
		"the row under the cursor of a pane that has not the keys")                       \
	ROLE(MARKED, "marked", "222", "bright-yellow", "bold", "a marked row")                    \
	ROLE(BORDER, "border", "241", "default dim", "dim", "lines and boxes")                    \
	ROLE(FIELD, "field", "252 on 236", "underline", "underline", "where text can be typed")   \
	ROLE(FOCUS, "focus", "231 on 24 bold", "bright-white on blue bold", "reverse",            \
		"the field or button that has the keys")                                          \
	ROLE(BUTTON, "button", "252 on 238", "default", "none", "a button")                       \
	ROLE(DANGER, "danger", "203 bold", "bright-red bold", "bold",                             \
		"what destroys, and what can't be taken back")                                    \
	ROLE(ERROR, "error", "203", "bright-red", "bold", "something failed")                     \
	ROLE(MATCH, "match", "16 on 179", "black on yellow", "reverse", "what a search found")    \
	ROLE(ESCAPE, "escape", "141", "magenta", "underline",                                     \
		"a byte that was made visible; tells a real \\x1b from one that only looks so")

enum role {
#define ROLE(name, key, c256, c16, mono, doc) ROLE_##name,
	ROLES(ROLE)
#undef ROLE
		ROLE_COUNT,
};

enum style {
	STYLE_ROLE = 0xff, /* mask */
	STYLE_REVERSE = 1 << 8,
	STYLE_BOLD = 1 << 9,
	STYLE_UNDERLINE = 1 << 10,
};

#endif
