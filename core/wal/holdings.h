/*
 * holdings: the WAL archives of an asset and the base backups that go with each, from the site
 * file or from paths.
 *
 * A `wal` set goes with all `pg_basebackup` sets of its asset; `pgbackrest` and `barman` sets
 * bring both themselves.
 */
#ifndef WAL_HOLDINGS_H
#define WAL_HOLDINGS_H

#include "wal/basebackup.h"

struct holding {
	const char *set; /* name of the set that holds the WAL; NULL for paths */
	int64_t rpo_s;   /* FIELD_ABSENT for paths */
	struct source *source;
	const char *prefix; /* of the WAL in the source */
	struct basebackups backups;
	bool base_wanted; /* base backups were named or configured: to have none is a fault */
};

struct holdings {
	struct arena *arena;
	VEC(struct holding) list;
	VEC(struct source *) sources;
};

/* Lists the base backups, too. Free with holdings_done, also after a failure. */
MUST_CHECK bool holdings_of_asset(struct arena *a, const struct site *site,
	const struct asset *asset, struct holdings *ret, struct err *err);
/* One archive and any number of places with base backups: paths or URIs. */
MUST_CHECK bool holdings_of_paths(struct arena *a, const char *wal, const char **bases,
	size_t nbases, struct holdings *ret, struct err *err);
void holdings_done(struct holdings *h);

#endif
