/*
 * problems: everything that is wrong with a file, each with its line and column.
 *
 * A configuration is read to its end and all faults are reported at once, not only the first.
 */
#ifndef CONF_PROBLEMS_H
#define CONF_PROBLEMS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define PROBLEMS_MAX 100

enum problem_level { PROBLEM_ERROR, PROBLEM_WARNING };

struct problem {
	enum problem_level level;
	const char *file;
	int line, col;       /* from 1; 0 when the file as a whole is meant */
	const char *rule;    /* a lint rule's name; NULL for faults of form */
	const char *message; /* a sentence */
	const char *hint;    /* the way out, or NULL */
};

struct problems {
	struct arena *arena;
	const char *file; /* used for new ones */
	VEC(struct problem) list;
	size_t errors, warnings;
	size_t dropped; /* beyond PROBLEMS_MAX */
};

void problems_init(struct problems *p, struct arena *a, const char *file);

/* Returns the new problem, for its hint; never NULL. */
struct problem *problems_add(struct problems *p, enum problem_level level, int line, int col,
	const char *fmt, ...) PRINTF(5, 6);

/* "site.yaml:3:7: error: The key ... \n    hint" for each, in order of position. */
void problems_text(struct problems *p, struct str *out);
/* Errors as one struct err: the first in full, the rest counted. Returns false. */
bool problems_err(const struct problems *p, struct err *err);

#endif
