/*
 * damage: transactions that dropped, truncated or deleted in bulk, found in the records of WAL.
 *
 * What each running transaction does is gathered until its commit says that it counts; an abort
 * throws it away. How each accident looks in WAL (wal_level replica, versions 12 to 17):
 *   DROP      deletes the relation's row of pg_class; the commit names its files
 *   TRUNCATE  gives the relation a new file, in which nothing is written; the commit names the old
 *   DELETE    one record for each row
 *   DROP DATABASE has a record of its own
 * VACUUM FULL, CLUSTER, REINDEX and the like give new files too, but write into them.
 */
#ifndef WAL_DAMAGE_H
#define WAL_DAMAGE_H

#include "base/err.h"
#include "wal/names.h"
#include "wal/xact.h"

#define DAMAGE_FOUND_MAX 100000 /* transactions reported */

enum damage_kind { DAMAGE_DROP, DAMAGE_TRUNCATE, DAMAGE_DELETE, DAMAGE_DROP_DATABASE };

enum damage_count { DAMAGE_UNKNOWN, DAMAGE_COUNTED, DAMAGE_ESTIMATED, DAMAGE_AT_LEAST };

/* What was done to one relation (or database). */
struct damage_action {
	enum damage_kind kind;
	uint32_t database;
	uint32_t oid;              /* 0: not known */
	uint32_t file;             /* 0: not known, or of several relations */
	const char *schema, *name; /* NULL: not known (yet) */
	char relkind;              /* of names_relation; 0: not known */
	bool toast;                /* a table's own store for long values */
	double rows;               /* negative: not known */
	int64_t bytes;             /* negative: not known */
	enum damage_count rows_are, bytes_are;
	/* Of an action without a name: the files that went away, for who finds names later. */
	const uint32_t *files;
	size_t nfiles;
};

struct damage_transaction {
	uint32_t xid;
	uint64_t lsn; /* of the commit record */
	int64_t at_us;
	bool partial; /* may have begun before the WAL that was read */
	/*
	 * Where a recovery stops best: before the exclusive lock that DROP and TRUNCATE begin
	 * with, or nobody could read the table while the recovery is paused. The commit's own LSN
	 * where there is no lock. `between` other transactions committed from there to the commit.
	 */
	uint64_t stop_lsn;
	uint64_t between;
	bool gone_early; /* a database's files go before the commit: only stop_lsn saves them */
	struct damage_action *actions;
	size_t n;
};

struct damage;

/* Which deletions count; drops and truncations always do. */
struct damage_filter {
	uint64_t least; /* rows of one relation in one transaction */
	const char
		*table; /* "name" or "schema.name": here every row counts, elsewhere none; NULL */
};

/* `names` is learnt into, and asked at each commit; both must outlive what is found. */
struct damage *damage_new(struct arena *a, struct names *names, const struct damage_filter *filter);
void damage_free(struct damage *d); /* NULL is a no-op */

/* rmgrs that damage_record wants to see, for reader_init */
extern const uint64_t damage_rmgrs;
/*
 * Takes in the next record. Only commits whose time lies in from_us..to_us are kept. ERR_LIMIT
 * when too much was found.
 */
MUST_CHECK bool damage_record(
	struct damage *d, const struct record *r, int64_t from_us, int64_t to_us, struct err *err);

size_t damage_count(const struct damage *d);
struct damage_transaction *damage_at(struct damage *d, size_t i);

/* Whether the action is about the table; "name" or "schema.name". */
bool damage_is_about(const struct damage_action *a, const char *table);

/* Fills in what was not known when the commit was read: from names that were learnt later. */
void damage_resolve(struct damage *d);

#endif
