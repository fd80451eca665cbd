/*
 * prove: proves one backup of a set, where the site file says that it lies, and records what
 * came of it. What `lifeboat verify` and steps of kind verify share.
 */
#ifndef STEP_PROVE_H
#define STEP_PROVE_H

#include "catalog/catalog.h"
#include "verify/verify.h"

struct prove_target {
	const struct site *site;
	const struct set *set; /* of the site */
	const char *id;        /* asset/set/name: what the report calls it */
	struct backup backup;
};

/*
 * Adds to the options what is known of it: the set's checks and database (where none are given),
 * the digest that was recorded when it was proven before, the WAL archive of its asset. The
 * catalog gives the earlier proofs; NULL: none. Everything is in the report.
 */
void prove_backup(struct arena *a, struct prove_target *p, struct catalog *catalog,
	const struct verify_options *options, struct report *ret);

/* Adds the proof to the catalog's, and how long restoring took to the forecast's. */
MUST_CHECK bool prove_record(struct arena *a, const struct prove_target *p, const char *state,
	const struct report *r, const char *by, struct err *err);

#endif
