/*
 * checks: what a database must show after a restore: the facts that a site file lists, and two
 * that hold for every database (it answers, it has tables).
 *
 * Each check is one entry of the report: pass, fail, or unknown when it could not be found out
 * (the server compared with is down, no permission, out of time). A statement that names
 * something which does not exist is a failure: it is missing in what was restored.
 * Everything runs in read-only transactions with a time limit; values are bound, names quoted.
 */
#ifndef VERIFY_CHECKS_H
#define VERIFY_CHECKS_H

#include "conf/site.h"
#include "net/pg.h"
#include "verify/report.h"

#define CHECKS_MS (10 * 60 * 1000LL)

struct checks_place {
	struct pg *pg;
	const struct site *site; /* has the targets to compare with; may be NULL */
	bool throw_away;         /* a sandbox: amcheck may be installed into it */
	int64_t timeout_ms;      /* for each check; 0: CHECKS_MS */
	int interrupt_fd;        /* as in pg_options, for the connections made here */
};

/*
 * Runs the two built-in checks and then the list (struct check; may be NULL). False only when
 * interrupted (ERR_STOPPED).
 */
MUST_CHECK bool checks_run(const struct checks_place *place, const struct items *list,
	struct report *r, struct err *err);

/*
 * Takes a name like users, public.users or "my.schema"."t" apart, at most `max` parts. Parts in
 * double quotes may hold anything, a doubled quote stands for one; others are taken as they are.
 * Returns how many, 0 when it is malformed.
 */
size_t checks_name(struct arena *a, const char *text, const char **parts, size_t max);

#endif
