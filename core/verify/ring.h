/*
 * ring: a bounded queue of large chunks between exactly two threads, one that fills and one
 * that empties. Chunks are filled and read in place; nothing is copied.
 */
#ifndef VERIFY_RING_H
#define VERIFY_RING_H

#include "base/err.h"

#include <sys/types.h>

#define RING_CHUNK ((size_t)(256 * KIB))

struct ring;

struct ring *ring_new(void);
void ring_free(struct ring *r); /* both sides must have left it */

/*
 * The filling side: ring_reserve waits for a free chunk of RING_CHUNK bytes; NULL means that
 * the other side has lost interest. ring_commit hands on its first len bytes (at least one).
 */
void *ring_reserve(struct ring *r);
void ring_commit(struct ring *r, size_t len);
/* Nothing more will come. With an err, because of it; the ring takes it over. */
void ring_finish(struct ring *r, struct err *err);

/*
 * The emptying side: the oldest chunk and its length, 0 at the end, -1 with *err (once). It
 * stays valid until ring_release.
 */
ssize_t ring_take(struct ring *r, unsigned char **ret, struct err *err);
void ring_release(struct ring *r);
void ring_abandon(struct ring *r); /* no more is wanted */

#endif
