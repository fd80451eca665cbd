/*
 * prune_wal: the WAL that no usable base backup needs. For prune.c only.
 */
#ifndef CATALOG_PRUNE_WAL_H
#define CATALOG_PRUNE_WAL_H

#include "catalog/prune.h"

/* Fills plan->wal, going and bytes, or plan->nothing. */
MUST_CHECK bool prune_wal_make(struct arena *a, const struct site *site, struct prune_plan *plan,
	int64_t now, struct err *err);

#endif
