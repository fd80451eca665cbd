/*
 * rdb: walks through a Redis RDB file: every opcode, key and value, compressed strings undone,
 * and the CRC-64 over all of it (versions 1 to 12; Redis's src/rdb.c, FACTS.md section 8).
 */
#ifndef VERIFY_RDB_H
#define VERIFY_RDB_H

#include "verify/scan.h"

#define RDB_TEXT 64

struct rdb {
	struct scan scan; /* over what is read; behind the end, over what follows */
	int version;
	uint64_t keys, databases, functions;
	uint64_t volatile_keys;                        /* those with a time to live */
	char redis_version[RDB_TEXT], ctime[RDB_TEXT]; /* "" when not recorded */
	uint64_t stored_crc, crc;                      /* stored 0: it was not computed */
	/* private: the pieces that go by, for the CRC */
	struct scan *from;
	const unsigned char *chunk; /* pulled last, and not yet in sum */
	size_t chunk_len;
	uint64_t sum; /* of all but the last 8 bytes in front of the chunk */
	unsigned char last[8];
	size_t last_len;
};

/* Whether these are the first bytes of one. */
bool rdb_is(const unsigned char *p, size_t len);

void rdb_init(struct rdb *r, struct scan *from);
/*
 * Reads one RDB up to its end. ERR_DAMAGED when it makes no sense or is cut off, ERR_UNSUPPORTED
 * where something stands that is not known here. A wrong CRC is no err: compare.
 */
MUST_CHECK bool rdb_read(struct rdb *r, struct err *err);
/*
 * After rdb_read failed: reads on to the end of everything, where *ret tells whether the last 8
 * bytes are the right CRC of all before them. Then the bytes are not to blame.
 */
MUST_CHECK bool rdb_only_sum(struct rdb *r, bool *ret, struct err *err);

#endif
