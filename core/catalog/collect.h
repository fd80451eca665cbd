/*
 * collect: looks at every place where the site has backups, all at once, and replaces the
 * catalog atomically.
 *
 * Each place (a set's location, each copy's) is read by a child process of its own: this
 * program in its hidden role `__collect`. A child that shows no progress for its location's
 * timeout is killed; one that the kernel can't kill (a hung NFS mount) is left behind and its
 * place not asked again until it is gone. So a source that is down costs one row and delays
 * nothing else. What could not be read keeps its last known facts, and the reason beside them.
 */
#ifndef CATALOG_COLLECT_H
#define CATALOG_COLLECT_H

#include "catalog/catalog.h"

#include <sys/types.h>

struct collect_options {
	const char *only; /* one "asset/set"; NULL: all */
	bool watch;       /* somebody comes back every refresh_s */
	int64_t wait_ms;  /* how long to wait for another collector to finish */
};

struct collect_report {
	size_t places, failed;
	const char *thrown_away; /* why the old catalog was; NULL when it was not */
};

#define COLLECT_PARALLEL  8
#define COLLECT_REFRESH_S 60 /* of `collect --watch` where the site file says nothing */
#define COLLECT_STALE_S   900
/* However well it goes on, nobody lists for longer than this many timeouts. */
#define COLLECT_LONGEST 60

/*
 * ERR_LOCK_HELD when another collector is at work and does not finish in time. Places that could
 * not be read are no failure of the whole: they are counted. Strings go into the arena.
 */
MUST_CHECK bool collect_run(struct arena *a, const struct site *site, const char *state,
	const struct collect_options *o, struct collect_report *ret, struct err *err);

/* The pid of a collector that is at work now; 0 when none is, or none can be seen. */
pid_t collect_running(const char *state);

/*
 * Opens the catalog and, where there is none that can be used or `refresh` is set, collects
 * first. *ret_notice is a sentence when an old one was thrown away, else NULL.
 */
MUST_CHECK bool collect_open(struct arena *a, const struct site *site, const char *state,
	bool refresh, struct catalog **ret, const char **ret_notice, struct err *err);

#endif
