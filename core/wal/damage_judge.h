/*
 * damage_judge: what a transaction that committed has dropped, truncated or deleted, out of what
 * was gathered of it. A part of damage.
 */
#ifndef WAL_DAMAGE_JUDGE_H
#define WAL_DAMAGE_JUDGE_H

#include "wal/actors.h"
#include "wal/damage.h"

struct damage_found {
	struct arena *arena;
	struct names *names;
	struct damage_filter filter;
	VEC(struct damage_transaction) list;
};

/* Adds the transaction to the list if it did harm; `commits` were seen before its own.
 * ERR_LIMIT when the list is full. */
MUST_CHECK bool damage_judge(struct damage_found *f, const struct record *r, const struct xact *x,
	struct actor *actor, bool partial, uint64_t commits, struct err *err);

/* Names what can be named now and could not be when it was judged. */
void damage_name(struct damage_found *f, struct damage_transaction *t);

#endif
