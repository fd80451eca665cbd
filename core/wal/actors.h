/*
 * actors: what each running transaction has done so far, for damage. One for each xid, a
 * subtransaction's included, until its end; recycled, because most transactions are tiny.
 */
#ifndef WAL_ACTORS_H
#define WAL_ACTORS_H

#include "wal/names.h"

/* A growing array of its own; kept for the next owner when emptied. */
struct actor_list {
	void *v;
	size_t n, cap;
};

/* Rows deleted from one relation. */
struct actor_delete {
	struct rel_file rel;
	uint64_t rows;
	uint64_t measured; /* ... of which the size is known */
	uint64_t bytes;    /* of those */
};

/* A change of pg_class. */
struct actor_class {
	uint64_t lsn;
	enum heap_op op; /* HEAP_INSERT, HEAP_UPDATE, HEAP_DELETE */
	uint32_t database, old_block, block;
	unsigned old_slot, slot;
	const struct names_relation *old, *new; /* NULL: not known */
};

/* A new file. */
struct actor_file {
	struct rel_file rel;
	bool written;
};

/* A relation, by number. */
struct actor_relation {
	uint32_t database, oid;
};

struct actor {
	uint32_t xid;
	struct actor *next;
	uint64_t stop_lsn; /* before its first exclusive lock or dropped database; 0: neither */
	uint64_t commits;  /* of others, that had been seen there */
	struct actor_list deletes;   /* struct actor_delete */
	struct actor_list classes;   /* struct actor_class */
	struct actor_list files;     /* struct actor_file */
	struct actor_list locks;     /* struct actor_relation, exclusively locked, in order */
	struct actor_list truncates; /* struct actor_relation, by a record that says so */
	struct actor_list databases; /* struct actor_relation: dropped ones */
};

struct actors;

struct actors *actors_new(void);
void actors_free(struct actors *a); /* NULL is a no-op */

struct actor *actors_find(const struct actors *a, uint32_t xid); /* NULL when it did nothing */
struct actor *actors_get(struct actors *a, uint32_t xid);        /* made if need be */
/* All that `from` did is now `to`'s. */
void actors_merge(struct actors *a, struct actor *to, struct actor *from);
/* Forgets it and the new files that it still had. */
void actors_drop(struct actors *a, struct actor *actor);

/* A recovery that is to show the world without this actor had better stop at this LSN. */
void actors_stop(struct actor *actor, uint64_t lsn, uint64_t commits);

/* Appends one of `size` bytes, zeroed. */
void *actor_push(struct actor_list *l, size_t size);
#define actor_at(l, type, i) (&((type *)(l)->v)[i])

void actors_count_delete(struct actor *actor, struct rel_file rel, unsigned bytes);
void actors_new_file(struct actors *a, struct actor *actor, struct rel_file rel);
/* Something was written into this file, by whomever. */
void actors_written(struct actors *a, struct rel_file rel);

#endif
