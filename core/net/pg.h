/*
 * pg: a connection to a PostgreSQL server, through libpq.
 *
 * Everything blocks, but never longer than it was told to: connecting (name resolution included),
 * a statement and its cancellation have deadlines. Not thread-safe; one user at a time.
 *
 * Errors: ERR_UNREACHABLE, ERR_TIMEOUT, ERR_AUTH (who we are is not accepted), ERR_PERMISSION
 * (who we are may not), ERR_NOT_FOUND (no such database), ERR_CONFIG (the connection string),
 * ERR_DAMAGED (the server found corruption), ERR_SQL (anything else that it said; SQLSTATE in
 * the message), ERR_STOPPED. What the server says is made visible before it enters a message;
 * passwords never do.
 */
#ifndef NET_PG_H
#define NET_PG_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/secret.h"

struct pg;

#define PG_CONNECT_MS 15000
#define PG_QUERY_MS   30000
#define PG_ROWS_MAX   10000
#define PG_BYTES_MAX  (4 * MIB)

struct pg_options {
	const char *conninfo; /* libpq's: keywords, a URI, or a database's name; NULL: none */
	const char *database; /* instead of the one in conninfo; may be NULL */
	const struct secret *password; /* may be NULL: ~/.pgpass and the like apply all the same */
	int64_t timeout_ms;            /* of connecting, however many hosts; 0: PG_CONNECT_MS */
	/*
	 * The server's own limit for every statement, so that it holds even when we die; 0: none.
	 * Set in the session: not for connections through a pooler that shares sessions.
	 */
	int64_t statement_timeout_ms;
	bool read_only;   /* transactions refuse to write unless they insist */
	int interrupt_fd; /* becomes readable: a statement is cancelled, ERR_STOPPED; 0 or -1: none
			   */
};

MUST_CHECK bool pg_connect(const struct pg_options *o, struct pg **ret, struct err *err);
void pg_free(struct pg *pg); /* NULL is a no-op */

/* "aragora at 10.0.0.5:5432", "app at socket /run/postgresql:5432": what libpq connected to */
const char *pg_name(const struct pg *pg);

struct pg_query {
	const char *sql;           /* one statement, values as $1, $2, ... */
	const char *const *params; /* text; NULL for SQL's NULL */
	size_t nparams;
	size_t rows_max, bytes_max; /* kept of the result; 0: PG_ROWS_MAX, PG_BYTES_MAX */
	int64_t timeout_ms;         /* 0: PG_QUERY_MS; then it is cancelled */
};

struct pg_result {
	size_t rows, cols;
	const char **names;  /* cols of them */
	const char **values; /* rows * cols, row by row; NULL for SQL's NULL */
	const char *tag;     /* "INSERT 0 5"; "" when none */
	int64_t affected;    /* rows that the tag counts; -1 when it does not */
	bool truncated;      /* there was more than the bounds allow; it was read and dropped */
};

/*
 * Runs one statement to its end. The result lives in the arena. A statement that was cancelled
 * at its deadline is ERR_TIMEOUT and leaves the connection usable; where even that had no
 * answer the connection is given up and every later query fails with ERR_UNREACHABLE.
 * COPY from or to the client is refused.
 */
MUST_CHECK bool pg_query(struct pg *pg, struct arena *a, const struct pg_query *q,
	struct pg_result *ret, struct err *err);
/* The same for a statement without parameters whose result does not matter. */
MUST_CHECK bool pg_exec(struct pg *pg, const char *sql, struct err *err);
/* Row 0, column 0; *ret is NULL when it is SQL's NULL or when there is no row. */
MUST_CHECK bool pg_text(struct pg *pg, struct arena *a, const char *sql, const char *const *params,
	size_t nparams, const char **ret, struct err *err);

/* SQLSTATE of the last statement that failed; "" when it did not come from the server. */
const char *pg_sqlstate(const struct pg *pg);
bool pg_usable(const struct pg *pg); /* false once the connection is gone */

const char *pg_value(const struct pg_result *r, size_t row, size_t col);

/* "Users" with its quotes, for a place where SQL takes no parameter */
const char *pg_quote(struct arena *a, const char *identifier);
/* A value inside a libpq connection string, quoted where it needs to be */
const char *pg_conninfo_value(struct arena *a, const char *value);

#endif
