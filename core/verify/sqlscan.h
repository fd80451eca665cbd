/*
 * sqlscan: what a plain SQL dump (pg_dump's or pg_dumpall's text) needs and holds, found while
 * its bytes pass by on their way to psql.
 *
 * Reported before the bytes go on: roles that a statement names, extensions, and to which
 * database the dump connects. Counted: the rows of every COPY. Found out: whether the dump's
 * end marker stands at its end, which is the only thing that tells a whole dump from one that
 * was cut between two statements (psql loads both without complaint).
 *
 * It reads what pg_dump writes, one statement a line for everything of interest, and follows
 * quotes, dollar quotes and comments only far enough not to be fooled by what stands in them.
 * It is no judge of SQL: a role too many does no harm.
 */
#ifndef VERIFY_SQLSCAN_H
#define VERIFY_SQLSCAN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define SQLSCAN_LINE   ((size_t)(16 * KIB)) /* of a statement's line, what is looked at */
#define SQLSCAN_TABLES 100000

struct sqlscan_table {
	const char *database; /* "" for the one that psql was started with */
	const char *name;     /* as COPY has it: public.users, "my schema".t */
	int64_t rows;
};

/* Return false, with *err set, to end the scan. Names are unquoted. Any may be NULL. */
struct sqlscan_events {
	/* Must exist; `super` when it comes to own what only superusers may. */
	bool (*role)(void *arg, const char *name, bool super, struct err *err);
	/* The dump itself makes this role. */
	bool (*made_role)(void *arg, const char *name, struct err *err);
	bool (*extension)(void *arg, const char *name, struct err *err);
	bool (*database)(void *arg, const char *name, struct err *err);
	void *arg;
};

struct sqlscan {
	/* What was found */
	VEC(struct sqlscan_table) tables; /* with COPY, in order; one entry a COPY */
	int64_t rows;                     /* of all COPYs */
	bool complete;                    /* the end marker is the last thing of weight */
	bool in_copy;
	bool cluster;      /* pg_dumpall's */
	bool databases;    /* it makes or changes databases */
	bool defines;      /* it makes something: it holds more than data */
	char encoding[32]; /* of SET client_encoding; "" when it does not say */
	char server[32];   /* "15.18", of the header's comment; "" */
	/* Its own */
	struct arena *arena;
	const struct sqlscan_events *events;
	const char *current; /* database */
	struct str line;     /* the beginning of this line */
	char tail[16];       /* its end */
	uint64_t length;     /* of it */
	bool statement;      /* it began outside of any quote */
	int state;           /* enum lex in sqlscan.c */
	int depth;           /* of block comments */
	char before;         /* the character before, for E'' and $ in names */
	char tag[66];        /* of a dollar quote, with its dollars */
	size_t tag_len, matched;
};

void sqlscan_init(struct sqlscan *s, struct arena *a, const struct sqlscan_events *events);
MUST_CHECK bool sqlscan_feed(struct sqlscan *s, const void *bytes, size_t len, struct err *err);
/* There is no more. */
MUST_CHECK bool sqlscan_end(struct sqlscan *s, struct err *err);
void sqlscan_done(struct sqlscan *s);

#endif
