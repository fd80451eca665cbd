/*
 * xact: how transactions ended, from commit and abort records (PostgreSQL's xact.h).
 */
#ifndef WAL_XACT_H
#define WAL_XACT_H

#include "wal/record.h"

/* A list inside the record; its numbers are read with the functions below. */
struct xact_list {
	const unsigned char *at;
	uint32_t n;
};

struct xact {
	bool commit;               /* else it was aborted */
	uint32_t xid;              /* of the prepared transaction where it is one */
	int64_t at_us;             /* microseconds since 1970 */
	uint32_t database;         /* 0 when the record does not say */
	struct xact_list children; /* subtransactions */
	struct xact_list removed;  /* files of relations that are gone with it */
	struct xact_list messages; /* cache invalidations */
};

/* True when the record ends a transaction; a record whose inside makes no sense does not. */
MUST_CHECK bool xact_parse(const struct record *r, struct xact *ret);

uint32_t xact_child(const struct xact *x, uint32_t i);
struct rel_file xact_removed(const struct xact *x, uint32_t i);
/* Whether message i says that the description of a relation is no longer valid. */
bool xact_invalidates(const struct xact *x, uint32_t i, uint32_t *ret_relation);

/*
 * The moment that a record of any kind is sure to have been written at or after, microseconds
 * since 1970: ends of transactions, checkpoints, restore points, ends of recovery. False for
 * all others.
 */
MUST_CHECK bool xact_time(const struct record *r, int64_t *ret_us);

#endif
