/*
 * prune: what retention would let go of a set, and doing it, confirmed and audited.
 *
 * A plan is made from a fresh look and changes nothing. pgBackRest and Barman expire their own
 * backups, because they know what builds on what; a plan names their command instead. WAL goes
 * only in front of the oldest base backup that can be used.
 */
#ifndef CATALOG_PRUNE_H
#define CATALOG_PRUNE_H

#include "catalog/catalog.h"
#include "catalog/retention.h"

struct prune_row {
	uint64_t index;   /* in the set's listing */
	unsigned kept_by; /* bits of enum retention_rule; 0: it goes */
};

/* WAL that goes: everything in front of a base backup, or what of it is old enough. */
struct prune_wal {
	const char *base;         /* the base backup that needs the first segment that stays */
	const char *first, *last; /* segments; NULL when none goes */
	const char **names;       /* in the source */
	size_t n;
};

struct prune_plan {
	const struct set *set;
	const struct set_facts *facts;
	struct retention retention;
	struct prune_row *rows; /* newest first */
	size_t n;
	size_t going;
	int64_t bytes; /* of those that go */
	bool is_wal;
	struct prune_wal wal;
	const char *nothing; /* why nothing can go, a sentence; NULL */
	const char *tool;    /* the command that does it instead; NULL */
};

/* Needs a catalog that was just collected: a place that could not be read lets nothing go. */
MUST_CHECK bool prune_make(struct arena *a, struct catalog *c, const struct site *site,
	const struct set *set, int64_t now, struct prune_plan *ret, struct err *err);

struct prune_done {
	size_t removed, failed, changed; /* changed: since the plan was made; left alone */
	int64_t bytes;
	const char *why; /* of the first failure; NULL */
};

/*
 * Does what the plan says. Before every batch its names are recorded and synced in the audit
 * log, afterwards what became of them; what can't be recorded is not done (ERR_AUDIT). An
 * object that is no longer the one that was planned is left alone.
 */
MUST_CHECK bool prune_execute(struct arena *a, struct catalog *c, const struct site *site,
	const struct prune_plan *p, const char *state, const char *actor, struct prune_done *ret,
	struct err *err);

void prune_json(struct json *j, struct arena *a, struct catalog *c, const struct prune_plan *p);

#endif
