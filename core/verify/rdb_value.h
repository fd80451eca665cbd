/*
 * rdb_value: the lengths, strings and values that an RDB file is made of, from where it is read
 * now. Values are walked through, not kept. For rdb.c only.
 *
 * Errors are those of rdb_read. The encodings are those of Redis's src/rdb.h and rdb.c.
 */
#ifndef VERIFY_RDB_VALUE_H
#define VERIFY_RDB_VALUE_H

#include "verify/rdb.h"

#define RDB_VALUE_LAST                                                            \
	25 /* the last type of a value so far; bytes above it mark something else \
	    */

/* A string that went by: its length, its first bytes, its last one. */
struct rdb_text {
	uint64_t len;
	unsigned char head[RDB_TEXT];
	unsigned char last;
};

/* A length; or, when *ret_special, how a string is stored (2: a number of 32 bits). */
MUST_CHECK bool rdb_length(struct rdb *r, uint64_t *ret, bool *ret_special, struct err *err);
MUST_CHECK bool rdb_skip_lengths(struct rdb *r, int count, struct err *err);

/* A string with its length; of a number stored as one, ret->len is 0. */
MUST_CHECK bool rdb_string(struct rdb *r, struct rdb_text *ret, struct err *err);
/* The bytes of one whose length was read. */
MUST_CHECK bool rdb_plain_string(
	struct rdb *r, uint64_t len, struct rdb_text *ret, struct err *err);
MUST_CHECK bool rdb_skip_strings(struct rdb *r, uint64_t count, struct err *err);

/* The value of a key, of the type that stood before the key. */
MUST_CHECK bool rdb_value(struct rdb *r, unsigned char type, struct err *err);
/* What a module wrote: tagged values up to a tag of 0. */
MUST_CHECK bool rdb_module_values(struct rdb *r, struct err *err);

/* ERR_DAMAGED, and ERR_UNSUPPORTED for the byte read last. Both return false. */
bool rdb_nonsense(const struct rdb *r, const char *what, struct err *err);
bool rdb_unknown(const struct rdb *r, const char *what, unsigned char byte, struct err *err);

#endif
