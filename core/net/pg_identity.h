/*
 * pg_identity: which server and database a live connection has reached.
 *
 * This, not the configuration, is what confirmations show and what a site's `expect:` is
 * compared with (DESIGN.md promise 2).
 */
#ifndef NET_PG_IDENTITY_H
#define NET_PG_IDENTITY_H

#include "conf/site.h"
#include "net/pg.h"

struct pg_identity {
	const char *database, *user;
	const char *address; /* as the server sees itself, "10.0.0.5:5432"; "socket DIR:5432" */
	const char *version; /* "15.18 (Debian 15.18-0+deb12u1)" */
	int version_num;     /* 150018 */
	bool in_recovery;
	const char *system_identifier; /* NULL: the server does not tell this user */
	const char *data_directory;    /* NULL: as above */
	int64_t database_bytes;        /* -1: not known */
	int64_t other_connections;     /* to this database; -1: not known */
};

/* What is forbidden or too slow to find out stays unknown; everything else must answer. */
MUST_CHECK bool pg_identify(
	struct pg *pg, struct arena *a, struct pg_identity *ret, struct err *err);

/* "aragora at 10.0.0.5:5432 as ops: PostgreSQL 15.18, 1.2 GiB, 14 other connections" */
const char *pg_identity_text(struct arena *a, const struct pg_identity *id);

/* ERR_REFUSED, naming both, when the server is not what the target's `expect:` says. */
MUST_CHECK bool pg_expect_match(
	const struct target *t, const struct pg_identity *id, struct err *err);

#endif
