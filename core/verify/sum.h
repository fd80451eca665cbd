/*
 * sum: the checksums that backups come with, incremental: backup_manifest's CRC32C and SHA-2,
 * the MD5 and SHA-2 of sidecar files.
 */
#ifndef VERIFY_SUM_H
#define VERIFY_SUM_H

#include "base/util.h"

enum sum_kind {
	SUM_NONE, /* adds nothing up; its result is empty */
	SUM_CRC32C,
	SUM_MD5,
	SUM_SHA1,
	SUM_SHA224,
	SUM_SHA256,
	SUM_SHA384,
	SUM_SHA512,
	SUM_KINDS
};

#define SUM_MAX 64                /* bytes of the longest */
#define SUM_HEX (2 * SUM_MAX + 1) /* the same as text */

struct sum;

struct sum *sum_new(enum sum_kind kind);
void sum_add(struct sum *s, const void *data, size_t len);
/* Returns the length; starts anew after it. CRC32C comes in little-endian byte order, which is
 * how backup_manifest writes it on every machine that PostgreSQL is commonly run on. */
size_t sum_end(struct sum *s, unsigned char ret[SUM_MAX]);
void sum_free(struct sum *s); /* NULL is a no-op */

size_t sum_size(enum sum_kind kind);
const char *sum_name(enum sum_kind kind); /* as backup_manifest spells it */
/* Without regard to case. */
MUST_CHECK bool sum_by_name(const char *name, size_t len, enum sum_kind *ret);
/* By the number of hexadecimal digits, as in sidecars; CRC32C is not guessed. */
MUST_CHECK bool sum_by_digits(size_t digits, enum sum_kind *ret);

#endif
