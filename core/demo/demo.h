/*
 * demo: the flight simulator's world: a real PostgreSQL with a believable application database,
 * real dumps of it over a believable history, a base backup and an archive of its WAL, a real
 * Redis and its snapshot, a real S3 server with copies off the site (where Swift is installed), a
 * site file that names them all, and an accident. Of the four verdicts each has a set.
 *
 * Everything lives in the directory of one sandbox (verify/sandbox.h), which goes when the demo
 * ends, or with the next command's sweep when it was killed:
 *   site.yaml
 *   backup/  postgresql/{daily,metabase,base,wal}/ redis/ configuration/
 *   state/   catalog, runs, audit log, and the other two sandboxes
 *   cache/   Redis      offsite/  S3      data/ run/  PostgreSQL
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include "net/pg.h"
#include "verify/sandbox.h"

enum disaster { DISASTER_DROP_TABLE, DISASTER_WRONG_DELETE };
extern const char *const disaster_names[]; /* ends with NULL */
const char *disaster_story(enum disaster d);

/* A file in its directory: the path of the state directory that has it on record. */
#define DEMO_OWNER "owner-state"

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
	struct sandbox server;  /* PostgreSQL */
	struct sandbox cache;   /* Redis; id NULL: not to be had on this machine */
	struct sandbox offsite; /* S3; the same */
	pid_t base_backup;      /* of pg_basebackup while it is at work, else 0 */
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

/* demo_tools.c: other people's programs, and files of the past. */
/* argv[0] is replaced by the path of `program`: PostgreSQL's of the server's version, or any. */
MUST_CHECK bool demo_run(struct demo *d, const char *program, const char **argv, struct err *err);
MUST_CHECK bool demo_age(const char *path, int64_t at, struct err *err); /* its last write */
bool demo_interrupted(const struct demo *d);
/* A server that is not installed is left out, with a word; anything else that is wrong is an error.
 */
MUST_CHECK bool demo_server(struct demo *d, const struct sandbox_spec *spec, const char *what,
	struct sandbox *ret, struct err *err);
/* PREFIX20261120_020000SUFFIX */
const char *demo_name(struct arena *a, const char *prefix, int64_t at, const char *suffix);

/* demo_wal.c: the archive of WAL, which the server fills by itself, and a base backup. */
extern const char *const demo_wal_settings[]; /* of the server; ends with NULL */
MUST_CHECK bool demo_wal_prepare(struct demo *d, struct err *err);
MUST_CHECK bool demo_base_begin(struct demo *d, struct err *err);
MUST_CHECK bool demo_base_end(struct demo *d, struct err *err);
void demo_base_stop(struct demo *d); /* where it is still at work */
/*
 * Something happens in a database that nobody uses: a transaction that changes nothing, and is
 * archived. Without it the archive would stand still, and its breach be nobody's fault. Failures
 * are nobody's, either: the server may be down for a restore. For every DEMO_BEAT_MS.
 */
#define DEMO_BEAT_MS 60000
void demo_beat(struct demo *d);

/* demo_cache.c: Redis, filled, with a snapshot. */
MUST_CHECK bool demo_cache(struct demo *d, struct err *err);

/* demo_others.c: sets in whose place nobody looks: a job that failed, one that is due, ... */
MUST_CHECK bool demo_others(struct demo *d, struct err *err);

/* demo_offsite.c: the S3 server is started early and filled late. */
MUST_CHECK bool demo_offsite_begin(struct demo *d, struct err *err);
MUST_CHECK bool demo_offsite_fill(struct demo *d, struct err *err);
#define DEMO_BUCKET "aragora-backups"
#define DEMO_PREFIX "production/"

/* demo_site.c */
MUST_CHECK bool demo_write_site(struct demo *d, struct err *err);

#endif
