/*
 * sqlwords: the words of one line of SQL as pg_dump writes it, and the roles that it names.
 */
#ifndef VERIFY_SQLWORDS_H
#define VERIFY_SQLWORDS_H

#include "base/arena.h"

#define SQLWORDS_MAX 256
#define SQLROLES_MAX 64

struct sqlword {
	const char *text; /* without its quotes */
	bool quoted;      /* a name in double or a text in single quotes: never a keyword */
};

/*
 * Splits into names, numbers, quoted things and single characters (",", ";", "(", "="); a
 * backslash begins a word. What is beyond max words is left out.
 */
size_t sqlword_split(struct arena *a, const char *line, struct sqlword *w, size_t max);
/* Whether the words begin with these, case ignored, none of them quoted. */
bool sqlword_is(const struct sqlword *w, size_t n, const char *words);
/* Whether the line may be of any interest at all; spares the splitting of most. */
bool sqlword_interesting(const char *line);
/* How long the name at the beginning of the text is: up to a blank outside of quotes. */
size_t sqlword_name_length(const char *text);

struct sqlword_roles {
	const char *names[SQLROLES_MAX];
	size_t n;
	bool super; /* only a superuser may own what the statement is about */
};
void sqlword_roles(const struct sqlword *w, size_t n, struct sqlword_roles *ret);

#endif
