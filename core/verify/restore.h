/*
 * restore: a PostgreSQL dump loaded into a throw-away server, and what it shows there. Proof
 * level "restored".
 *
 * Any format of pg_dump and pg_dumpall, compressed or not, recognized by content. The server is
 * of the dump's major version where that is installed, else the newest. Loading stops at the
 * first error: pg_restore --exit-on-error; psql -X, ON_ERROR_STOP, in a single transaction
 * (unless the dump makes databases). A plain dump must end with its end marker, and every table
 * must hold the rows that its COPY had: a dump that was cut loads without an error.
 *
 * Ownership and privileges are restored too, because they would fail on the day just as well:
 * the roles that a dump names are made on demand, empty and without login (superusers where
 * only those may own the object). Tablespaces are not: they name directories elsewhere.
 *
 * What the sandbox lacks (version, extension, locale, space) makes the result unknown, never a
 * failure of the backup. psql runs as the server's unprivileged user: a plain dump may tell it
 * to run programs.
 */
#ifndef VERIFY_RESTORE_H
#define VERIFY_RESTORE_H

#include "conf/site.h"
#include "verify/flow.h"
#include "verify/report.h"
#include "verify/sandbox.h"

#define RESTORE_S (12 * 3600LL)

struct restore_spec {
	const char *state; /* the state directory */
	/* Open already: the object, or a directory with a slash behind it or "". The source stays
	 * the caller's. A dump that is not on this machine is handed to the tools as it comes. */
	struct source *source;
	const char *name;
	const char *path;           /* else: a local file or directory, or file:// */
	const char *database;       /* of a dump of several: what the checks look at; NULL */
	const struct items *checks; /* struct check; NULL: only those that always apply */
	const struct site *site;    /* for checks that compare; NULL */
	const char *run;            /* owner of the sandbox; NULL: this process */
	int64_t keep_s;             /* > 0: leave the sandbox for so long, to be looked into */
	int64_t timeout_s;          /* for loading; 0: RESTORE_S */
	struct flow_meter *meter;   /* progress of reading; may be NULL */
};

struct restore_result {
	double seconds;       /* that loading took; negative when it did not finish */
	int major;            /* of the sandbox's server; 0 when none was started */
	const char *sandbox;  /* id, when it was kept */
	const char *conninfo; /* of the restored database in it, then */
};

/*
 * Everything is said in the report; false only when stopped (SIGINT, SIGTERM and SIGHUP are
 * taken while it runs), with ERR_STOPPED. The sandbox is removed in any case, unless kept.
 */
MUST_CHECK bool restore_dump(const struct restore_spec *spec, struct report *r,
	struct restore_result *ret, struct err *err);

#endif
