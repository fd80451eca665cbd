/*
 * tarhead: one small file out of the beginning of a tar, packed or not. pg_basebackup writes
 * backup_label first, so that a few kilobytes tell where a backup of any size starts.
 */
#ifndef WAL_TARHEAD_H
#define WAL_TARHEAD_H

#include "base/str.h"
#include "wal/packed.h"

/*
 * Appends the member `name` (in whatever directory of the tar) to *out, looking at no more than
 * the first `look` bytes of the unpacked tar. ERR_NOT_FOUND when it is not among them,
 * ERR_DAMAGED when this is no tar.
 */
MUST_CHECK bool tarhead_read(
	struct packed *p, const char *name, uint64_t look, struct str *out, struct err *err);

#endif
