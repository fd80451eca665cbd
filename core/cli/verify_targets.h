/*
 * verify_targets: what `lifeboat verify` was asked to prove: paths and URIs as they are, and
 * backups of the catalog by id, the newest of a set, or whatever is due by `prove: every`.
 */
#ifndef CLI_VERIFY_TARGETS_H
#define CLI_VERIFY_TARGETS_H

#include "cli/cli.h"
#include "step/prove.h"

struct verify_target {
	const char *label; /* as asked for, or the backup's id: "asset/set/name" */
	struct prove_target
		prove;   /* of a backup of the catalog; its set is NULL for paths and URIs */
	int level;       /* wanted by the set's `prove`; -1: none */
	const char *why; /* why there is nothing to verify, a sentence; NULL */
};

struct verify_targets {
	struct arena *arena;
	struct cli *cli;
	const struct site *site; /* NULL while none was needed */
	const char *state;
	struct catalog *catalog; /* NULL unless it was needed */
	VEC(struct verify_target) list;
};

/* An err is about the command line, the site file or the catalog as a whole. */
MUST_CHECK bool verify_targets_read(struct cli *cli, struct verify_targets *t, struct err *err);
void verify_targets_done(struct verify_targets *t);

/* Proves one; options are those of the command line. */
void verify_target_prove(struct verify_targets *t, struct verify_target *target,
	const struct verify_options *options, struct report *ret);
/* Adds what came of it to the proofs of the catalog, and the time of a restore for forecasts. */
MUST_CHECK bool verify_target_record(struct verify_targets *t, const struct verify_target *target,
	const struct report *r, const char *by, struct err *err);

#endif
