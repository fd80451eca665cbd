/*
 * aof: a Redis append-only file: commands as arrays of strings in RESP, "#TS:" annotations
 * between them, MULTI and EXEC in pairs; and the manifest of a multi-part one (Redis 7).
 */
#ifndef VERIFY_AOF_H
#define VERIFY_AOF_H

#include "base/arena.h"
#include "verify/scan.h"

struct aof {
	uint64_t commands;
	int64_t timestamp; /* of the last annotation; 0: none */
	uint64_t whole;    /* offset behind the last whole command outside of a transaction */
};

/* Whether these are the first bytes of one (without an RDB in front). */
bool aof_is(const unsigned char *p, size_t len);
/* Reads to the end; ERR_DAMAGED where it is not RESP, is cut off, or leaves a MULTI open. */
MUST_CHECK bool aof_read(struct scan *s, struct aof *ret, struct err *err);

#define AOF_MANIFEST_MAX ((size_t)MIB)

struct aof_part {
	const char *name; /* a base name */
	uint64_t sequence;
	char type; /* 'b' base, 'i' increment, 'h' history */
};
struct aof_manifest {
	VEC(struct aof_part) parts; /* as they stand there */
};

bool aof_manifest_is(const unsigned char *p, size_t len);
MUST_CHECK bool aof_manifest_read(
	struct arena *a, const char *text, size_t len, struct aof_manifest *ret, struct err *err);

#endif
