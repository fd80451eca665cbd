/*
 * restore_private: one restore at work. For core/verify/restore*.c only.
 */
#ifndef VERIFY_RESTORE_PRIVATE_H
#define VERIFY_RESTORE_PRIVATE_H

#include "net/pg.h"
#include "verify/restore.h"
#include "verify/restore_feed.h"
#include "verify/sqlscan.h"

enum restore_shape { SHAPE_PLAIN, SHAPE_CUSTOM, SHAPE_TAR, SHAPE_DIRECTORY };

struct restore {
	const struct restore_spec *spec;
	struct report *report;
	struct restore_result *result;
	struct arena *a;
	int stop_fd; /* readable once we are asked to stop */
	/* What it is */
	struct source *source;
	const char *name; /* in the source */
	struct flow *flow;
	struct scan *scan;
	enum restore_shape shape;
	int dump_major;       /* 0: not known */
	const char *server;   /* version text; "" */
	const char *encoding; /* "" */
	bool databases;       /* it makes its own */
	/* Where it goes */
	struct sandbox sandbox;
	bool started;
	struct pg *admin;        /* on database postgres */
	const char *database;    /* in which the result is */
	VEC(const char *) roles; /* that exist, or that the dump makes */
	struct sqlscan sql;
	struct sqlscan_events events;
};

/* restore_shape.c: opens it and finds out what it is. */
MUST_CHECK bool restore_recognize(struct restore *x, struct err *err);
MUST_CHECK bool restore_open(struct restore *x, struct err *err);

/* restore_load.c: database, roles, and the tool that loads. */
MUST_CHECK bool restore_load(struct restore *x, struct err *err);
const char *restore_conninfo(struct restore *x, const char *database);
MUST_CHECK bool restore_connect(
	struct restore *x, const char *database, struct pg **ret, struct err *err);

/* restore_rows.c: every COPY's rows against the table's. */
MUST_CHECK bool restore_compare_rows(struct restore *x, struct err *err);

#endif
