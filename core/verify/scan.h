/*
 * scan: a parser's cursor over bytes that are pulled piece by piece. What formats are read
 * with, whether the pieces come from an object, out of an archive or from memory.
 */
#ifndef VERIFY_SCAN_H
#define VERIFY_SCAN_H

#include "base/err.h"

#include <sys/types.h>

/* Gives the next bytes: their count, 0 at the end, -1 with *err. They stay valid until the
 * next call; after the end or an error there is none. */
typedef ssize_t (*pull_fn)(void *arg, const unsigned char **ret, struct err *err);

struct scan {
	pull_fn pull;
	void *arg;
	const unsigned char *p; /* what was pulled and not taken yet */
	size_t len;
	uint64_t offset; /* bytes taken */
	bool end;
};

struct scan scan_new(pull_fn pull, void *arg);
struct scan scan_memory(const void *p, size_t len);

/* The bytes that come next, without taking them: at least one, 0 at the end, -1 with *err. */
ssize_t scan_view(struct scan *s, const unsigned char **ret, struct err *err);
void scan_take(struct scan *s, size_t len); /* at most what scan_view gave */
/* Exactly len bytes; ERR_DAMAGED when it ends before. buf may be NULL to skip them. */
MUST_CHECK bool scan_read(struct scan *s, void *buf, uint64_t len, struct err *err);
MUST_CHECK bool scan_byte(struct scan *s, unsigned char *ret, struct err *err);
/* A pull_fn whose arg is a struct scan: what is left of one as the source of another. */
ssize_t scan_pull(void *scan, const unsigned char **ret, struct err *err);
/* Takes everything that is left. */
MUST_CHECK bool scan_drain(struct scan *s, struct err *err);
/* ERR_DAMAGED unless everything was taken. */
MUST_CHECK bool scan_at_end(struct scan *s, struct err *err);

#endif
