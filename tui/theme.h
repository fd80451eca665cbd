/*
 * theme: the colours and attributes of every role (draw/style.h), for terminals with 256 colours,
 * with 16 or 8, and with none.
 *
 * A file names only what differs from the built-in default. The format is in themes/README.md:
 *     breach.256 = 203 bold
 *     breach.16 = bright-red bold
 *     breach.mono = reverse bold
 */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include "conf/problems.h"
#include "tui/draw/style.h"

#define THEME_SIZE_MAX (64 * KIB)

enum theme_depth { THEME_256, THEME_16, THEME_MONO, THEME_DEPTHS };

enum look_attributes {
	LOOK_BOLD = 1 << 0,
	LOOK_DIM = 1 << 1,
	LOOK_UNDERLINE = 1 << 2,
	LOOK_REVERSE = 1 << 3,
	LOOK_ITALIC = 1 << 4,
};

#define LOOK_DEFAULT (-1) /* the terminal's own colour */

struct look {
	int16_t fg, bg; /* 0 to 255 (0 to 15 in THEME_16), or LOOK_DEFAULT */
	uint8_t attributes;
};

struct theme {
	struct look looks[ROLE_COUNT][THEME_DEPTHS];
};

/* The built-in default, which needs no file. */
void theme_default(struct theme *ret);

/*
 * The default changed by what the bytes say; all faults go to *p, with line and column. False
 * when there was an error: *ret is then still whole, with what could be read.
 */
bool theme_parse(const char *bytes, size_t len, struct theme *ret, struct problems *p);

/*
 * A theme by its name (in ~/.config/lifeboat/themes, then in the share directory's themes/), or
 * by a path with a slash in it.
 */
MUST_CHECK bool theme_load(struct arena *a, const char *name, struct theme *ret, struct err *err);
/* The names of all themes that can be loaded, sorted, each once; NULL at the end. */
const char **theme_names(struct arena *a);

const char *theme_role_name(enum role role);
const char *theme_role_doc(enum role role);

#endif
