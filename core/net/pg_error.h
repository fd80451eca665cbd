/*
 * pg_error: what libpq and the server say, sorted into our codes. Pure.
 */
#ifndef NET_PG_ERROR_H
#define NET_PG_ERROR_H

#include "base/err.h"
#include "base/str.h"

/* Why a connection failed, in libpq's words (several lines, one for each host). */
struct pg_refusal {
	const char *message;
	bool needs_password; /* the server asked and we had none */
	bool used_password;  /* ... and we gave one */
};
bool pg_error_connect(const struct pg_refusal *r, struct err *err);

/* What the server said of a statement; NULL for what it did not say. */
struct pg_complaint {
	const char *sqlstate, *message, *detail, *hint;
};
bool pg_error_sql(const struct pg_complaint *c, struct err *err);
enum err_code pg_error_code(const char *sqlstate);

/* Appends text in one line, visible, without blanks at its ends. */
void pg_error_line(struct str *out, const char *text);

#endif
