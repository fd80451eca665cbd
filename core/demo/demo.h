/*
 * demo: the flight simulator's world: a real PostgreSQL with a believable application database,
 * real dumps of it over a believable history, a site file that names both, and an accident.
 *
 * Everything lives in the directory of one sandbox (verify/sandbox.h), which goes when the demo
 * ends, or with the next command's sweep when it was killed:
 *   site.yaml  backup/postgresql/daily/  state/ (catalog, runs, audit log)  data/  run/
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include "net/pg.h"
#include "verify/sandbox.h"

enum disaster { DISASTER_DROP_TABLE, DISASTER_WRONG_DELETE };
extern const char *const disaster_names[]; /* ends with NULL */
const char *disaster_story(enum disaster d);

struct demo_spec {
	const char *state;     /* where the sandbox is registered: the user's own state */
	const char *directory; /* NULL: a temporary one */
	int64_t keep_s;        /* > 0: outlives this process for so long */
	int interrupt_fd;      /* readable: give up; -1: none */
	void (*say)(void *arg, const char *line);
	void *arg;
};

struct demo {
	const struct demo_spec *spec;
	struct arena *arena;
	struct sandbox server;
	const char *directory, *state, *site, *backups;
	const char *conninfo; /* of the application's database, as its owner */
	int dumps;            /* how many there are */
	const char *newest;   /* name of the newest one */
	int64_t newest_at;
};

/* On failure nothing is left. ERR_STOPPED when interrupted. */
MUST_CHECK bool demo_make(
	const struct demo_spec *spec, struct arena *a, struct demo *ret, struct err *err);
MUST_CHECK bool demo_accident(struct demo *d, enum disaster which, struct err *err);

/* What is in the database: a line for each table, and a digest over every row and the view. */
struct demo_stock {
	const char *text; /* "users 2500, ..."; a table that is gone says so */
	const char *digest;
};
MUST_CHECK bool demo_take_stock(struct demo *d, struct demo_stock *ret, struct err *err);

/* Ends runs, sandboxes and the server, removes everything. */
MUST_CHECK bool demo_end(struct demo *d, struct err *err);

/* demo_data.c: the schema, and the rows that the application had written by a certain time. */
extern const char *const demo_tables[]; /* ends with NULL */
MUST_CHECK bool demo_create(struct demo *d, struct err *err);
/* History runs from `begin`; call with growing times. */
MUST_CHECK bool demo_grow(struct demo *d, int64_t begin, int64_t until, struct err *err);
MUST_CHECK bool demo_connect(
	struct demo *d, const char *user, const char *database, struct pg **ret, struct err *err);

/* demo_history.c: grows the database and dumps it, day after day. */
MUST_CHECK bool demo_history(struct demo *d, struct err *err);

/* demo_site.c */
MUST_CHECK bool demo_write_site(struct demo *d, struct err *err);

#endif
